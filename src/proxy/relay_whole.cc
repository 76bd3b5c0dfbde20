#include <qcc/http/serialize.h>
#include <qcc/protocol/inspect.h>
#include <qcc/protocol/usage.h>

#include "attempt.h"

namespace qcc::proxy {
namespace {

constexpr uint64_t kAnswerBytesMax = uint64_t{1} << 40;

http::BodyLimits answer_limits() {
  http::BodyLimits limits;
  limits.body_bytes = kAnswerBytesMax;
  return limits;
}

void note_last_byte(Attempt& a, std::string_view payload) {
  size_t at = payload.find_last_not_of(" \t\r\n");
  if (at != std::string_view::npos) a.last_byte = payload[at];
}

// Moves what the chunk holds of the body into `held`. What follows the body poisons the connection.
http::ParseStatus take_body(Attempt& a, http::BodyDecoder& decoder) {
  while (a.input.size > 0 && !decoder.done()) {
    http::BodyStep step = decoder.next(a.input.view());
    a.held->append(step.payload);
    note_last_byte(a, step.payload);
    a.input.remove_prefix(step.consumed);
    if (step.status == http::ParseStatus::error) return step.status;
  }
  if (a.input.size > 0) a.reusable = false;
  a.input = net::Chunk{};  // its buffer must not wait with us
  return decoder.done() ? http::ParseStatus::done : http::ParseStatus::need_more;
}

// Where the end of the connection is the end of the body, only the JSON can tell a cut; of what is
// no longer held, only its last byte.
bool is_cut(Attempt& a) {
  if (!a.answer.is_json) return false;
  if (a.committed) return a.last_byte != '}' && a.last_byte != ']';
  return a.held->empty() || protocol::is_cut_json(*a.held);
}

// Reads until the body has ended or `held` has reached `limit`.
rt::Task<Result<Unit>> hold_body(Attempt& a, http::BodyDecoder& decoder, size_t limit,
                                 rt::Scope& scope) {
  for (;;) {
    http::ParseStatus status = take_body(a, decoder);
    if (status == http::ParseStatus::error)
      co_return fail(ErrorKind::protocol, ErrorSource::upstream, "response body");
    a.held_whole = status == http::ParseStatus::done;
    if (a.held_whole || a.held->size() > limit) co_return Unit{};
    Result<net::Chunk> chunk = co_await a.connection->stream.read(scope);
    if (!chunk) co_return std::unexpected(chunk.error());
    a.input = std::move(*chunk);
    if (a.input.size > 0) continue;
    a.reusable = false;
    a.held_whole = decoder.on_eof() == http::BodyEnd::complete && !is_cut(a);
    if (a.held_whole) co_return Unit{};
    co_return fail(ErrorKind::eof, ErrorSource::upstream, "response body");
  }
}

ClientFraming framing_of_rest(const Attempt& a) {
  if (a.framing == http::BodyFraming::length)
    return {ClientFraming::Kind::length, a.content_length};
  if (a.request.minor_version == 0) return {ClientFraming::Kind::close, 0};
  return {ClientFraming::Kind::chunked, 0};
}

void append_framed(std::string& out, const ClientFraming& framing, std::string_view bytes) {
  if (framing.kind != ClientFraming::Kind::chunked) {
    out.append(bytes);
    return;
  }
  if (bytes.empty()) return;
  char header[http::kChunkHeaderBytesMax];
  out.append(header, http::write_chunk_header(header, bytes.size()));
  out.append(bytes).append(http::kChunkEnd);
}

EndedBy who_ended(const Attempt& a, const Error& error) {
  if (error.kind == ErrorKind::timeout) return EndedBy::limit;
  if (error.kind != ErrorKind::cancelled) return EndedBy::upstream;
  bool client_left = a.session.work->why() == rt::Why::client_gone;
  return client_left ? EndedBy::client : EndedBy::shutdown;
}

// An answer too large to hold: from here on a failure is the client's to see. A cut is made visible
// by ending the connection without the end of the body (RFC 9112 §8).
rt::Task<Unit> pass_on(Attempt& a, http::BodyDecoder& decoder, rt::Scope& scope) {
  ClientFraming framing = framing_of_rest(a);
  bool close = !a.session.keep_alive || framing.kind == ClientFraming::Kind::close;
  note_commit(a);
  scope.set_limit(kUnlimited);
  rt::Scope silence(a.proxy.loop, &scope);
  PooledText out(a.proxy.texts);
  append_client_head(*out, a.answer, framing, a.request, close);
  for (;;) {
    append_framed(*out, framing, *a.held);
    if (a.held_whole && framing.kind == ClientFraming::Kind::chunked) out->append(http::kLastChunk);
    a.held->clear();
    bool written = co_await write_client(a.session, a.request, *out);
    out->clear();
    if (!written) break;
    if (a.held_whole) {
      if (close) a.session.keep_alive = false;
      co_return Unit{};
    }
    silence.set_limit(a.endpoint.timeouts.read_timeout);
    Result<Unit> more = co_await hold_body(a, decoder, 0, silence);
    silence.set_limit(kUnlimited);
    if (more) continue;
    a.broke(more.error());
    a.request.record.ended_by = who_ended(a, more.error());
    break;
  }
  a.reusable = false;
  a.session.cut();
  co_return Unit{};
}

}  // namespace

rt::Task<Unit> relay_whole(Attempt& a, rt::Scope& scope) {
  http::BodyDecoder decoder(a.framing, a.content_length, answer_limits());
  size_t limit = a.setup.config->limits.hold_json;
  Result<Unit> held = co_await hold_body(a, decoder, limit, scope);
  if (!held) {
    a.broke(held.error());
    co_return Unit{};
  }
  if (a.held_whole) co_return Unit{};
  endpoint::Verdict verdict = endpoint::classify(a.facts);
  if (verdict.try_elsewhere) {
    a.reusable = false;  // the rest stays unread
    co_return Unit{};
  }
  co_await pass_on(a, decoder, scope);
  co_return Unit{};
}

rt::Task<Unit> deliver(Attempt& a) {
  note_commit(a);
  if (a.succeeded() && !a.answer.compressed)
    a.request.record.usage = protocol::read_answer(a.request.kind, *a.held).usage;
  bool no_body =
      a.request.method == http::Method::head || a.answer.status == 204 || a.answer.status == 304;
  ClientFraming framing{ClientFraming::Kind::length, a.held->size()};
  if (no_body) framing.kind = ClientFraming::Kind::none;
  PooledText out(a.proxy.texts);
  append_client_head(*out, a.answer, framing, a.request, !a.session.keep_alive);
  constexpr size_t kCopyMax = 8 * 1024;
  bool one_piece = a.held->size() <= kCopyMax;
  if (one_piece) out->append(*a.held);
  bool written = co_await write_client(a.session, a.request, *out);
  if (written && !one_piece) {
    written = co_await write_client(a.session, a.request, *a.held);
  }
  co_return Unit{};
}

}  // namespace qcc::proxy
