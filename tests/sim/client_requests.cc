#include "client_requests.h"

#include <algorithm>

#include <qcc/http/serialize.h>

namespace qcc::sim {
namespace {

using protocol::ApiKind;

size_t body_size(Prng& prng, const ProxyPlan& plan) {
  size_t size = prng.chance(plan.clients.big_body) ? prng.below(200'000) : prng.below(3000);
  size_t most = plan.config->limits.max_body - 400;
  return std::min(size, most);
}

void make_body(Prng& prng, const ProxyPlan& plan, RequestLog& log) {
  static constexpr const char* kModels[] = {"model-a", "model-b"};
  log.model = kModels[prng.below(2)];
  log.stream = log.kind != ApiKind::count_tokens && prng.chance(65);
  std::string text = "<" + std::to_string(log.number) + ">";
  size_t size = body_size(prng, plan);
  uint64_t letters = prng.next();
  while (text.size() < size) {
    text += static_cast<char>('A' + (letters + text.size() * 7) % 26);
    if (text.size() % 64 == 0) letters = prng.next();
  }
  log.body = "{\"model\":\"" + log.model + "\",\"max_tokens\":64" +
             (log.stream ? ",\"stream\":true" : "") +
             ",\"messages\":[{\"role\":\"user\",\"content\":\"" + text + "\"}]}";
}

std::string chunked(Prng& prng, std::string_view body) {
  std::string out;
  while (!body.empty()) {
    size_t size = std::min<size_t>(body.size(), 1 + prng.below(prng.chance(50) ? 300 : 20'000));
    char header[http::kChunkHeaderBytesMax];
    out.append(header, http::write_chunk_header(header, size));
    out.append(body.substr(0, size)).append(http::kChunkEnd);
    body.remove_prefix(size);
  }
  return out.append(http::kLastChunk);
}

std::string head_of(const std::string& line, const RequestLog& log, const std::string& more) {
  return line + " HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: the-client's-own\r\nx-sim-request: " +
         std::to_string(log.number) + "\r\nanthropic-version: 2023-06-01\r\n" + more;
}

void add_body(Prng& prng, const std::string& head, const std::string& body, std::string& wire) {
  if (prng.chance(35))
    wire = head + "transfer-encoding: chunked\r\n\r\n" + chunked(prng, body);
  else
    wire = head + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string line_of(ApiKind kind) {
  switch (kind) {
    case ApiKind::count_tokens: return "POST /v1/messages/count_tokens";
    case ApiKind::chat_completions: return "POST /v1/chat/completions";
    default: return "POST /v1/messages?beta=true";
  }
}

void make_usual(Prng& prng, const ProxyPlan& plan, ClientRequest& request) {
  RequestLog& log = *request.log;
  bool openai = std::ranges::any_of(plan.config->clusters, [](const config::ClusterConfig& c) {
    return std::ranges::any_of(c.endpoints, [](const config::EndpointConfig& e) {
      return e.protocol == config::Protocol::openai;
    });
  });
  log.kind = openai && prng.chance(40) ? ApiKind::chat_completions : ApiKind::messages;
  if (prng.chance(5)) log.kind = ApiKind::count_tokens;
  make_body(prng, plan, log);
  std::string more = prng.chance(10) ? "connection: close\r\n" : "";
  if (prng.chance(5)) more += "expect: 100-continue\r\n";
  add_body(prng, head_of(line_of(log.kind), log, more), log.body, request.wire);
}

void refuse_with(RequestLog& log, std::vector<int> statuses) {
  log.expectation = Expectation::refused;
  log.statuses = std::move(statuses);
}

void make_odd(Prng& prng, const ProxyPlan& plan, ClientRequest& request) {
  RequestLog& log = *request.log;
  const config::Limits& limits = plan.config->limits;
  switch (prng.below(9)) {
    case 0:
      log.expectation = Expectation::local;
      request.method = prng.chance(50) ? http::Method::get : http::Method::head;
      request.wire = head_of(std::string(http::name_of(request.method)) + " /", log, "\r\n");
      return;
    case 1:
      refuse_with(log, {404});
      add_body(prng, head_of("POST /v1/nothing/here", log, ""), "{}", request.wire);
      return;
    case 2:
      refuse_with(log, {405});
      request.method = http::Method::get;
      request.wire = head_of("GET /v1/messages", log, "\r\n");
      return;
    case 3:
      refuse_with(log, {400});
      log.body = "{\"model\":\"model-a\",,}";
      add_body(prng, head_of("POST /v1/messages", log, ""), log.body, request.wire);
      return;
    case 4:
      refuse_with(log, {413});
      log.body.assign(limits.max_body + 1 + prng.below(3000), ' ');
      add_body(prng, head_of("POST /v1/messages", log, ""), log.body, request.wire);
      return;
    case 5:
      refuse_with(log, {431});
      request.method = http::Method::get;
      request.wire = head_of("GET /v1/models", log,
                             "x-long: " + std::string(limits.max_head, 'h') + "\r\n\r\n");
      return;
    case 6:
      refuse_with(log, {400, 505, 501});
      request.wire =
          "POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 3\r\n"
          "content-length: 4\r\n\r\nabc";
      return;
    case 7:
      log.kind = ApiKind::models;
      request.method = http::Method::get;
      request.wire = head_of("GET /v1/models", log, "\r\n");
      return;
    default:
      refuse_with(log, {400});
      request.wire = head_of("POST /v1/messages", log, "transfer-encoding: chunked\r\n\r\n") +
                     "5\r\n{\"a\":\r\nnonsense\r\n";
      return;
  }
}

}  // namespace

ClientRequest draw_request(Prng& prng, const ProxyPlan& plan, Ledger& ledger) {
  ClientRequest request;
  request.log = &ledger.add();
  if (prng.chance(plan.clients.odd))
    make_odd(prng, plan, request);
  else
    make_usual(prng, plan, request);
  return request;
}

}  // namespace qcc::sim
