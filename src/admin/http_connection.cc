#include <qcc/admin/http_connection.h>

#include <algorithm>

#include <qcc/http/serialize.h>
#include <qcc/json/writer.h>

namespace qcc::admin {
namespace {

constexpr Duration kLingerTime = 2s;
constexpr size_t kLingerBytes = 64 * 1024;
constexpr size_t kAnswerHeadBytes = 4096;

http::HeadLimits head_limits(const HttpServerLimits& limits) {
  http::HeadLimits head;
  head.first_line_bytes = limits.head_bytes;
  head.field_bytes = limits.head_bytes;
  head.head_bytes = limits.head_bytes;
  head.content_length = limits.body_bytes;
  return head;
}

std::string_view type_of(int status) {
  switch (status) {
    case 400: return "bad_request";
    case 408: return "timeout";
    case 413: return "too_large";
    case 417: return "expectation_failed";
    case 431: return "head_too_large";
    default: return "refused";
  }
}

}  // namespace

std::string error_json(std::string_view type, std::string_view message) {
  std::string out;
  json::JsonWriter writer(out);
  writer.begin_object().key("error").begin_object();
  writer.member("type", type).member("message", message);
  writer.end_object().end_object();
  out += '\n';
  return out;
}

HttpConnection::HttpConnection(net::NetContext& context, int fd, const HttpServerLimits& limits)
    : context_(context),
      limits_(limits),
      stream_(context, fd, ErrorSource::client),
      parser_(head_limits(limits)) {}

rt::Task<bool> HttpConnection::next_request(rt::Scope& scope) {
  if (!keep_alive_) co_return false;
  input_.erase(0, consumed_);
  consumed_ = 0;
  body_.clear();
  parser_.reset();
  bool has_head = co_await read_head(scope);
  if (!has_head) co_return false;
  keep_alive_ = head().keep_alive && head().minor_version > 0;
  consumed_ = head().head_bytes;
  if (head().framing == http::BodyFraming::none) co_return true;
  bool has_body = co_await read_body(scope);
  co_return has_body;
}

rt::Task<bool> HttpConnection::read_head(rt::Scope& scope) {
  bool begun = first_ || !input_.empty();
  rt::Scope limit(context_.loop, &scope, begun ? limits_.head_timeout : limits_.keepalive_timeout);
  first_ = false;
  for (;;) {
    http::ParseStatus status = parser_.feed(input_);
    if (status == http::ParseStatus::done) co_return true;
    if (status == http::ParseStatus::error) {
      bool refused = co_await refuse(parser_.fault().status, parser_.fault().message, scope);
      co_return refused;
    }
    Result<net::Chunk> chunk = co_await stream_.read(limit);
    if (!chunk && limit.timed_out() && parser_.has_begun()) {
      bool refused = co_await refuse(408, "The request's head took too long.", scope);
      co_return refused;
    }
    if (!chunk || chunk->size == 0) co_return false;
    if (!begun) limit.set_limit(limits_.head_timeout);
    begun = true;
    input_.append(chunk->view());
  }
}

HttpConnection::BodyState HttpConnection::take_body(http::BodyDecoder& decoder, std::string_view in,
                                                    size_t& consumed) {
  for (;;) {
    http::BodyStep step = decoder.next(in.substr(consumed));
    body_.append(step.payload);
    consumed += step.consumed;
    if (step.status == http::ParseStatus::error) return BodyState::broken;
    if (step.status == http::ParseStatus::done) return BodyState::whole;
    if (consumed == in.size()) return BodyState::need_more;
  }
}

rt::Task<bool> HttpConnection::read_body(rt::Scope& scope) {
  http::BodyLimits body_limits;
  body_limits.body_bytes = limits_.body_bytes;
  http::BodyDecoder decoder(head().framing, head().content_length, body_limits);
  BodyState state = take_body(decoder, input_, consumed_);
  if (state == BodyState::need_more && head().expect_continue) {
    bool told = co_await write(http::kContinueHead, scope);
    if (!told) co_return false;
  }
  rt::Scope limit(context_.loop, &scope, limits_.body_timeout);
  while (state == BodyState::need_more) {
    Result<net::Chunk> chunk = co_await stream_.read(limit);
    if (!chunk && limit.timed_out()) {
      bool refused = co_await refuse(408, "The request's body took too long.", scope);
      co_return refused;
    }
    if (!chunk || chunk->size == 0) co_return false;
    size_t taken = 0;
    state = take_body(decoder, chunk->view(), taken);
    chunk->remove_prefix(taken);
    if (state == BodyState::whole) stream_.unread(std::move(*chunk));
  }
  if (state == BodyState::whole) co_return true;
  bool refused = co_await refuse(decoder.fault().status, decoder.fault().message, scope);
  co_return refused;
}

// Answers and ends the connection; false, for there is no request to serve.
rt::Task<bool> HttpConnection::refuse(int status, std::string_view message, rt::Scope& scope) {
  keep_alive_ = false;
  lingers_ = true;
  HttpAnswer refusal;
  refusal.status = status;
  refusal.body = error_json(type_of(status), message);
  std::string out;
  uint64_t length = refusal.body.size();
  if (!append_head(refusal, &length, out)) co_return false;
  out += refusal.body;
  co_await write(out, scope);
  co_return false;
}

bool HttpConnection::append_head(const HttpAnswer& answer, const uint64_t* content_length,
                                 std::string& out) {
  char buffer[kAnswerHeadBytes];
  http::HeadWriter writer(buffer);
  writer.status_line(answer.status);
  writer.add(http::KnownField::content_type, answer.content_type);
  for (const HttpAnswer::Field& field : answer.fields) writer.add(field.name, field.value);
  if (content_length)
    writer.content_length(*content_length);
  else if (chunked_)
    writer.chunked();
  if (!keep_alive_) writer.connection_close();
  writer.end();
  out.append(writer.text());
  return writer.ok();
}

rt::Task<bool> HttpConnection::write(std::string_view bytes, rt::Scope& scope) {
  rt::Scope limit(context_.loop, &scope, limits_.write_timeout);
  Result<Unit> written = co_await stream_.write(bytes, limit);
  if (!written) reset();
  if (!written) keep_alive_ = false;
  co_return written.has_value();
}

rt::Task<bool> HttpConnection::answer(const HttpAnswer& answer, rt::Scope& scope) {
  std::string out;
  uint64_t length = answer.body.size();
  if (!append_head(answer, &length, out)) co_return false;
  if (head().method != http::Method::head) out += answer.body;
  bool written = co_await write(out, scope);
  co_return written;
}

rt::Task<bool> HttpConnection::begin_stream(const HttpAnswer& stream_head, rt::Scope& scope) {
  chunked_ = head().minor_version > 0;
  std::string out;
  if (!append_head(stream_head, nullptr, out)) co_return false;
  bool written = co_await write(out, scope);
  co_return written;
}

rt::Task<bool> HttpConnection::write_piece(std::string_view piece, rt::Scope& scope) {
  if (piece.empty()) co_return true;
  std::string out;
  if (chunked_) {
    char size[http::kChunkHeaderBytesMax];
    out.append(size, http::write_chunk_header(size, piece.size()));
  }
  out.append(piece);
  if (chunked_) out.append(http::kChunkEnd);
  bool written = co_await write(out, scope);
  co_return written;
}

rt::Task<bool> HttpConnection::end_stream(rt::Scope& scope) {
  if (!chunked_) co_return true;
  bool written = co_await write(http::kLastChunk, scope);
  co_return written;
}

rt::Task<Unit> HttpConnection::close() {
  rt::Scope limit(context_.loop, nullptr, kLingerTime);
  if (lingers_) {
    co_await stream_.finish_writing(limit);
  }
  for (size_t dropped = 0; lingers_ && dropped < kLingerBytes;) {
    Result<net::Chunk> chunk = co_await stream_.read(limit);
    if (!chunk || chunk->size == 0) break;
    dropped += chunk->size;
  }
  co_await stream_.close();
  co_return Unit{};
}

}  // namespace qcc::admin
