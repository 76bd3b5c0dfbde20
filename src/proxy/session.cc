#include <qcc/http/serialize.h>
#include <qcc/http/url.h>

#include "conclude.h"
#include "read_body.h"

namespace qcc::proxy {
namespace {

// Many clients read no answer before they have sent their body.
constexpr Duration kLingerTime = std::chrono::seconds(2);
constexpr size_t kLingerBytes = 32 * 1024 * 1024;

// Heads that come in several pieces.
struct GatheredHead {
  explicit GatheredHead(const config::Config& config) : parser(head_limits(config)) {}
  http::RequestParser parser;
  std::string bytes;
};

enum class HeadEnd : uint8_t { accepted, refused, silent };

struct HeadOutcome {
  HeadEnd end = HeadEnd::silent;
  Refusal refusal;
};

HeadOutcome judge(Session& session, Request& request, const http::RequestHead& head) {
  auto refusal = accept_head(session.proxy, head, request, session.local);
  if (!refusal) return {HeadEnd::accepted, {}};
  bool body_unread = head.framing != http::BodyFraming::none;
  if (body_unread) refusal->close = true;
  return {HeadEnd::refused, std::move(*refusal)};
}

HeadOutcome refused(const http::HttpFault& fault) {
  return {HeadEnd::refused, {fault.status, fault.message, true}};
}

rt::Task<HeadOutcome> gather_head(Session& session, Request& request, net::Chunk& chunk,
                                  rt::Scope& scope) {
  GatheredHead gathered(*request.setup.config);
  for (;;) {
    gathered.bytes.append(chunk.view());
    http::ParseStatus status = gathered.parser.feed(gathered.bytes);
    if (status == http::ParseStatus::error) co_return refused(gathered.parser.fault());
    if (status == http::ParseStatus::done) break;
    chunk = net::Chunk{};
    Result<net::Chunk> more = co_await session.stream.read(scope);
    bool timed_out = !more && more.error().kind == ErrorKind::timeout;
    if (timed_out && gathered.parser.has_begun())
      co_return HeadOutcome{HeadEnd::refused, {408, "The request head came too slowly.", true}};
    if (!more || more->size == 0) co_return HeadOutcome{};
    chunk = std::move(*more);
  }
  const http::RequestHead& head = gathered.parser.head();
  size_t rest = gathered.bytes.size() - head.head_bytes;
  chunk.remove_prefix(chunk.size - rest);
  co_return judge(session, request, head);
}

// The usual head lies in one buffer: no copy, no parser of its own.
rt::Task<HeadOutcome> read_head(Session& session, Request& request, net::Chunk& chunk) {
  http::RequestParser& parser = *session.proxy.request_parser;
  parser.reset();
  http::ParseStatus status = parser.feed(chunk.view());
  if (status == http::ParseStatus::error) co_return refused(parser.fault());
  if (status == http::ParseStatus::done) {
    HeadOutcome outcome = judge(session, request, parser.head());
    chunk.remove_prefix(parser.head().head_bytes);
    co_return outcome;
  }
  Duration limit = request.setup.config->limits.head_timeout;
  rt::Scope head_scope(session.proxy.loop, &session.scope, limit);
  HeadOutcome outcome = co_await gather_head(session, request, chunk, head_scope);
  co_return outcome;
}

// What follows the request waits in the stream, which bounds what waits.
void put_back(Session& session, net::Chunk& chunk) {
  net::Chunk rest = std::move(chunk);
  chunk = net::Chunk{};
  session.stream.unread(std::move(rest));
}

rt::Task<Unit> answer_probe(Session& session, Request& request) {
  request.record.status = 200;
  constexpr std::string_view kBody = "{\"service\":\"qcc\",\"status\":\"ok\"}";
  std::string answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " +
                       std::to_string(kBody.size()) + "\r\n";
  if (!session.keep_alive) answer += "connection: close\r\n";
  answer += "\r\n";
  if (request.method == http::Method::get) answer += kBody;
  co_await write_client(session, request, answer);
  co_return Unit{};
}

// Whether nobody who could count is configured.
bool needs_estimate(const Request& request) {
  if (request.kind != protocol::ApiKind::count_tokens) return false;
  for (const config::ClusterConfig& cluster : request.setup.config->clusters)
    for (const config::EndpointConfig& endpoint : cluster.endpoints)
      if (endpoint.protocol == config::Protocol::anthropic && endpoint.enabled &&
          endpoint.count_tokens)
        return false;
  return true;
}

// From an accepted head to the end of the answer.
rt::Task<Unit> handle_request(Session& session, Request& request, net::Chunk& chunk) {
  if (is_local_probe(request)) {
    // A body that nobody reads must not be taken for the next request.
    if (request.framing != http::BodyFraming::none) session.keep_alive = false;
    put_back(session, chunk);
    co_await answer_probe(session, request);
    co_return Unit{};
  }
  std::optional<Refusal> refusal = co_await read_body(session, request, chunk);
  put_back(session, chunk);
  if (!refusal) refusal = inspect_body(request);
  if (refusal && refusal->status > 0) {
    co_await refuse(session, request, *refusal);
  } else if (refusal) {
    session.keep_alive = false;  // the client left within its own request
    request.record.ended_by = EndedBy::client;
  } else if (needs_estimate(request)) {
    co_await answer_estimate(session, request);
  } else {
    co_await serve_from_endpoints(session, request);
  }
  co_return Unit{};
}

// One request, beginning with `chunk`; what follows it is put back.
rt::Task<Unit> serve_request(Session& session, net::Chunk chunk) {
  Proxy& proxy = session.proxy;
  Request request(proxy);
  request.setup = proxy.setup();
  request.record.number = proxy.next_request_number();
  request.record.arrived = proxy.loop.now();
  proxy.metrics.requests_in_flight.add(1);
  HeadOutcome head = co_await read_head(session, request, chunk);
  if (head.end == HeadEnd::silent) {
    session.keep_alive = false;
    proxy.metrics.requests_in_flight.subtract(1);
    co_return Unit{};
  }
  session.keep_alive = request.keep_alive && !proxy.draining && head.end == HeadEnd::accepted;
  if (head.end == HeadEnd::refused) {
    session.keep_alive = !head.refusal.close && request.keep_alive && !proxy.draining;
    put_back(session, chunk);
    co_await refuse(session, request, head.refusal);
  } else {
    co_await handle_request(session, request, chunk);
  }
  finish(session, request);
  bool unexpected_close = request.keep_alive && !session.keep_alive;
  session.lingers = session.lingers || unexpected_close;
  put_back(session, chunk);
  co_return Unit{};
}

// Ends our side first and reads on for a moment, or a reset would eat the answer (RFC 9112 §9.6).
rt::Task<Unit> linger(Session& session) {
  bool unread = session.lingers || session.stream.has_unread();
  if (session.is_cut || session.stream.ended() || !unread) co_return Unit{};
  rt::Scope scope(session.proxy.loop, nullptr, kLingerTime);
  Result<Unit> ended = co_await session.stream.finish_writing(scope);
  size_t read = 0;
  while (ended && read < kLingerBytes) {
    Result<net::Chunk> chunk = co_await session.stream.read(scope);
    if (!chunk || chunk->size == 0) break;
    read += chunk->size;
  }
  co_return Unit{};
}

rt::Task<Unit> serve_requests(Session& session) {
  Proxy& proxy = session.proxy;
  while (session.keep_alive && !session.scope.cancelled()) {
    const config::Limits& limits = proxy.setup().config->limits;
    Duration idle = session.requests == 0 ? limits.head_timeout : limits.keepalive_timeout;
    net::Chunk chunk;
    {
      rt::Scope idle_scope(proxy.loop, &session.scope, idle);
      session.idle = &idle_scope;
      Result<net::Chunk> first = co_await session.stream.read(idle_scope);
      session.idle = nullptr;
      if (!first || first->size == 0) break;
      chunk = std::move(*first);
    }
    ++session.requests;
    co_await serve_request(session, std::move(chunk));
  }
  co_return Unit{};
}

rt::Task<Unit> serve_session(Proxy& proxy, int fd, bool local) {
  {
    Session session(proxy, fd, local);
    session.half_close_allowed = proxy.setup().config->server.allow_half_close;
    proxy.sessions.push_back(session);
    co_await serve_requests(session);
    session.unlink();
    co_await linger(session);
    co_await session.stream.close();
  }
  --proxy.sessions_live;
  co_return Unit{};
}

}  // namespace

// Counted at once: many connections may be accepted before the first of them is served.
rt::Task<Unit> serve_client(Proxy& proxy, int fd, bool local) {
  ++proxy.sessions_live;
  return serve_session(proxy, fd, local);
}

}  // namespace qcc::proxy
