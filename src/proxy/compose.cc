#include "compose.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <qcc/base/ascii.h>
#include <qcc/http/forward.h>
#include <qcc/http/serialize.h>
#include <qcc/http/status.h>
#include <qcc/protocol/errors.h>

namespace qcc::proxy {
namespace {

using http::KnownField;

constexpr size_t kOwnFieldsMax = 512;  // what we add besides headers of the configuration
constexpr int64_t kRetryAfterMax = int64_t{365} * 24 * 3600;  // longer is never; bounds the sums

void add_credential(http::HeadWriter& writer, const config::EndpointConfig& endpoint) {
  if (endpoint.key.empty()) return;
  bool as_key =
      endpoint.auth == config::AuthMode::x_api_key || endpoint.auth == config::AuthMode::both;
  bool as_bearer =
      endpoint.auth == config::AuthMode::bearer || endpoint.auth == config::AuthMode::both;
  if (as_key) writer.add(KnownField::x_api_key, endpoint.key.reveal());
  if (!as_bearer) return;
  std::string value = "Bearer ";
  value.append(endpoint.key.reveal());
  writer.add(KnownField::authorization, value);
}

void append_number(std::string& out, uint64_t number) {
  char digits[20];
  auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

void append_framing(std::string& out, const ClientFraming& framing) {
  switch (framing.kind) {
    case ClientFraming::Kind::length:
      out.append("content-length: ");
      append_number(out, framing.length);
      out.append("\r\n");
      break;
    case ClientFraming::Kind::chunked: out.append("transfer-encoding: chunked\r\n"); break;
    case ClientFraming::Kind::none:
    case ClientFraming::Kind::close: break;
  }
}

void append_status_line(std::string& out, int status) {
  std::string_view known = http::status_line(status);
  if (!known.empty()) {
    out.append(known);
    return;
  }
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<uint64_t>(status));
  out.append(" \r\n");
}

bool media_type_is(std::string_view content_type, std::string_view wanted) {
  std::string_view type = trim_ows(content_type.substr(0, content_type.find(';')));
  return iequals(type, wanted);
}

}  // namespace

size_t upstream_head_bytes_max(const Request& request, const config::EndpointConfig& endpoint) {
  size_t bytes = kOwnFieldsMax + request.path.size() + request.query.size() +
                 request.fields.size() + endpoint.base_url.base_path.size() +
                 endpoint.base_url.host.size() + 2 * endpoint.key.reveal().size();
  if (endpoint.auth == config::AuthMode::client) bytes += request.credentials.size();
  for (const config::ExtraHeader& header : endpoint.headers)
    bytes += header.name.size() + header.value.size() + 4;
  return bytes;
}

Result<std::string_view> compose_upstream_head(std::span<char> out, const Request& request,
                                               const config::EndpointConfig& endpoint,
                                               const std::string& instance_id,
                                               uint64_t body_bytes) {
  http::HeadWriter first(out);
  first.request_line(http::name_of(request.method),
                     {endpoint.base_url.base_path, request.path, request.query});
  first.add(KnownField::host, endpoint.base_url.host_header());
  size_t used = first.text().size();
  bool forwards_credentials = endpoint.auth == config::AuthMode::client;
  size_t copied = request.fields.size() + (forwards_credentials ? request.credentials.size() : 0);
  if (!first.ok() || used + copied > out.size())
    return fail(ErrorKind::limit, ErrorSource::local, "request head");
  std::memcpy(out.data() + used, request.fields.data(), request.fields.size());
  if (forwards_credentials)
    std::memcpy(out.data() + used + request.fields.size(), request.credentials.data(),
                request.credentials.size());

  http::HeadWriter rest(out.subspan(used + copied));
  if (!forwards_credentials) add_credential(rest, endpoint);
  for (const config::ExtraHeader& header : endpoint.headers) rest.add(header.name, header.value);
  rest.add(KnownField::accept_encoding, "identity");
  rest.add(KnownField::via, "1.1 qcc");
  rest.add(KnownField::x_qcc_hop, instance_id);
  if (request.method == http::Method::post) rest.content_length(body_bytes);
  rest.end();
  if (!rest.ok()) return fail(ErrorKind::limit, ErrorSource::local, "request head");
  return std::string_view(out.data(), used + copied + rest.text().size());
}

void keep_answer_head(const http::ResponseHead& head, AnswerHead& answer) {
  answer.status = head.status;
  answer.fields.clear();
  for (const http::Field& field : head.fields)
    if (http::forwards_to_client(field, head.connection))
      answer.fields.append(field.name).append(": ").append(field.value).append("\r\n");
  std::string_view type = head.fields.value_of(KnownField::content_type);
  answer.is_json = media_type_is(type, "application/json");
  answer.is_html = media_type_is(type, "text/html");
  answer.is_event_stream = media_type_is(type, "text/event-stream");
  std::string_view encoding = head.fields.value_of(KnownField::content_encoding);
  answer.has_request_id =
      head.fields.has(KnownField::request_id) || head.fields.has(KnownField::x_request_id);
  answer.compressed = !encoding.empty() && !iequals(encoding, "identity");
  std::string_view retry = head.fields.value_of(KnownField::retry_after);
  int64_t seconds = 0;
  auto parsed = std::from_chars(retry.data(), retry.data() + retry.size(), seconds);
  bool whole = parsed.ec == std::errc() && parsed.ptr == retry.data() + retry.size();
  answer.retry_after_seconds = whole && seconds >= 0 ? std::min(seconds, kRetryAfterMax) : -1;
}

void append_client_head(std::string& out, const AnswerHead& answer, const ClientFraming& framing,
                        const Request& request, bool close) {
  append_status_line(out, answer.status);
  out.append(answer.fields);
  bool nameless_error = answer.status >= 400 && !answer.has_request_id;
  if (nameless_error)
    out.append("request-id: ")
        .append(request_id(request.proxy(), request.record).view())
        .append("\r\n");
  out.append("x-qcc-attempts: ");
  append_number(out, request.record.attempts);
  out.append("\r\n");
  append_framing(out, framing);
  if (close || framing.kind == ClientFraming::Kind::close) out.append("connection: close\r\n");
  out.append("\r\n");
}

void append_refusal(std::string& out, const Refusal& refusal, const Request& request, bool close) {
  const RequestId own_id = request_id(request.proxy(), request.record);
  std::string_view id = own_id.view();
  std::string body = protocol::error_body(request.dialect, refusal.status, refusal.message, id);
  append_status_line(out, refusal.status);
  out.append("content-type: application/json\r\nrequest-id: ").append(id).append("\r\n");
  if (request.record.attempts > 0) {
    out.append("x-qcc-attempts: ");
    append_number(out, request.record.attempts);
    out.append("\r\n");
  }
  if (!refusal.allow.empty()) out.append("allow: ").append(refusal.allow).append("\r\n");
  if (refusal.retry_after_seconds >= 0) {
    out.append("retry-after: ");
    append_number(out, static_cast<uint64_t>(refusal.retry_after_seconds));
    out.append("\r\n");
  }
  if (refusal.final) out.append("x-should-retry: false\r\n");
  append_framing(out, {ClientFraming::Kind::length, body.size()});
  if (close) out.append("connection: close\r\n");
  out.append("\r\n");
  if (request.method != http::Method::head) out.append(body);
}

RequestId request_id(const Proxy& proxy, const RequestRecord& record) {
  RequestId id(proxy.request_id_prefix);
  size_t prefix = id.view().size();
  char* begin = id.room().data();
  char* end = std::to_chars(begin + prefix, begin + id.capacity(), record.number, 16).ptr;
  id.set_size(static_cast<size_t>(end - begin));
  return id;
}

}  // namespace qcc::proxy
