// Server-sent events on their way to the client: nothing before the commit point, whole events
// only, and an end that tells the truth (spec R10).
#include <qcc/http/serialize.h>
#include <qcc/protocol/stream_tap.h>
#include <qcc/sse/scanner.h>

#include "attempt.h"

namespace qcc::proxy {
namespace {

// A stream that has stopped may take so long to say that it is over (spec R10).
constexpr Duration kRepairAfter = std::chrono::seconds(10);
// A stream that said that it is over may take so long to end its body: the client waits for it.
constexpr Duration kEndAfter = std::chrono::seconds(2);

constexpr size_t kCoalescedBytes = 16 * 1024;

http::BodyLimits stream_limits() {
  http::BodyLimits limits;
  limits.body_bytes = uint64_t{1} << 40;
  return limits;
}

struct StreamRelay {
  explicit StreamRelay(Attempt& a)
      : decoder(a.framing, a.content_length, stream_limits()),
        tap(a.request.kind),
        out(a.proxy.texts),
        content_left(a.endpoint.timeouts.content_timeout) {}
  http::BodyDecoder decoder;
  sse::SseScanner scanner;
  protocol::StreamTap tap;
  PooledText out;             // whole events that wait to go to the client
  bool malformed = false;     // the framing of the body broke
  bool content_came = false;  // since the last look
  Duration content_left;      // that we may yet read without content
  ClientFraming framing{ClientFraming::Kind::chunked, 0};
};

void take_events(StreamRelay& relay, std::string_view piece) {
  relay.scanner.feed(piece);
  size_t from = 0;
  for (sse::SseEvent event; relay.scanner.next(event);) {
    relay.out->append(event.carried).append(piece.substr(from, event.end_offset - from));
    from = event.end_offset;
    if (relay.tap.on_event(event) == protocol::EventNews::content) relay.content_came = true;
  }
}

void take_chunk(Attempt& a, StreamRelay& relay) {
  while (a.input.size > 0 && !relay.decoder.done() && !relay.malformed) {
    http::BodyStep step = relay.decoder.next(a.input.view());
    take_events(relay, step.payload);
    a.input.remove_prefix(step.consumed);
    relay.malformed = step.status == http::ParseStatus::error;
  }
  if (a.input.size > 0) a.reusable = false;
  a.input = net::Chunk{};
}

// Takes what was received, and what came meanwhile up to a limit: a burst leaves in few pieces.
void take_input(Attempt& a, StreamRelay& relay) {
  take_chunk(a, relay);
  net::Stream& stream = a.connection->stream;
  while (stream.has_unread() && relay.out->size() < kCoalescedBytes && !relay.decoder.done() &&
         !relay.malformed && !relay.tap.has_error()) {
    a.input = stream.take_unread();
    take_chunk(a, relay);
  }
}

void append_framed(std::string& out, const StreamRelay& relay, std::string_view bytes) {
  if (bytes.empty()) return;
  if (relay.framing.kind != ClientFraming::Kind::chunked) {
    out.append(bytes);
    return;
  }
  char header[http::kChunkHeaderBytesMax];
  out.append(header, http::write_chunk_header(header, bytes.size()));
  out.append(bytes).append(http::kChunkEnd);
}

void begin_answer(Attempt& a, StreamRelay& relay, std::string& out) {
  bool old_client = a.request.minor_version == 0;
  if (old_client) relay.framing.kind = ClientFraming::Kind::close;
  if (old_client) a.session.keep_alive = false;
  append_client_head(out, a.answer, relay.framing, a.request, !a.session.keep_alive);
}

// Sends what waits, with the head before it the first time and the body's end behind the last.
rt::Task<bool> flush(Attempt& a, StreamRelay& relay, bool last) {
  PooledText framed(a.proxy.texts);
  if (!a.committed) {
    note_commit(a);
    begin_answer(a, relay, *framed);
  }
  append_framed(*framed, relay, *relay.out);
  relay.out->clear();
  bool ends_body = last && relay.framing.kind == ClientFraming::Kind::chunked;
  if (ends_body) framed->append(http::kLastChunk);
  if (framed->empty()) co_return true;
  bool written = co_await write_client(a.session, a.request, *framed);
  co_return written;
}

// Why reading ended before the body did.
const char* reason_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::timeout: return "The endpoint fell silent within its answer.";
    case ErrorKind::cancelled: return "This proxy is shutting down.";
    case ErrorKind::protocol: return "The endpoint's answer became malformed.";
    default: return "The endpoint's connection broke within its answer.";
  }
}

// The stream is over, one way or another: says so in the client's protocol and notes how.
rt::Task<Unit> end_stream(Attempt& a, StreamRelay& relay, std::optional<Error> error) {
  RequestRecord& record = a.request.record;
  record.usage = relay.tap.usage();
  const char*& end = record.stream_end;
  if (relay.tap.has_error()) {
    end = "error";
    a.said = relay.tap.error();
    a.facts.in_band_error = true;
  } else if (relay.tap.has_ended()) {
    end = "complete";
    error.reset();
  } else if (relay.tap.is_repairable() && !protocol::terminal_event(a.request.kind).empty()) {
    end = "repaired";
    relay.out->append(protocol::terminal_event(a.request.kind));
    error.reset();
  } else {
    end = "truncated";
    Error cut{ErrorKind::eof, ErrorSource::upstream, 0, "event stream"};
    a.broke(error.value_or(cut));
    record.ended_by = a.facts.error->kind == ErrorKind::timeout     ? EndedBy::limit
                      : a.facts.error->kind == ErrorKind::cancelled ? EndedBy::shutdown
                                                                    : EndedBy::upstream;
    // An event that streams through because of its size is ended by the blank line.
    bool within_long_event = !relay.scanner.at_boundary() && relay.scanner.pending_bytes() == 0;
    if (within_long_event) relay.out->append("\n\n");
    protocol::ErrorText text;
    text.message = reason_of(*a.facts.error);
    relay.out->append(protocol::error_event(a.request.kind, text));
    a.session.keep_alive = false;
  }
  if (!relay.decoder.done()) a.reusable = false;
  co_await flush(a, relay, true);
  co_return Unit{};
}

// Before the commit point an endpoint's failure is not the client's.
void fail_before_commit(Attempt& a, StreamRelay& relay, std::optional<Error> error) {
  a.reusable = a.reusable && relay.decoder.done();
  if (relay.tap.has_error()) {
    a.said = relay.tap.error();
    a.facts.in_band_error = true;
    return;
  }
  Error empty{ErrorKind::protocol, ErrorSource::upstream, 0, "empty event stream"};
  a.broke(error.value_or(empty));
}

bool may_commit(const Attempt& a, StreamRelay& relay) {
  if (relay.tap.has_error()) return false;
  return relay.tap.has_content() || relay.out->size() > a.setup.config->limits.commit_buffer;
}

// The next bytes, or why there are none. Nothing and no error: the body ended.
rt::Task<std::optional<Error>> read_more(Attempt& a, StreamRelay& relay, rt::Scope& wait) {
  const config::Timeouts& limits = a.endpoint.timeouts;
  if (relay.content_came) relay.content_left = limits.content_timeout;
  relay.content_came = false;
  Duration longest = std::min(limits.read_timeout, relay.content_left);
  if (relay.tap.is_repairable()) longest = std::min(longest, kRepairAfter);
  if (relay.tap.has_ended()) longest = std::min(longest, kEndAfter);
  Instant began = a.proxy.loop.now();
  wait.set_limit(longest);
  Result<net::Chunk> chunk = co_await a.connection->stream.read(wait);
  wait.set_limit(kUnlimited);  // time in which we do not read is not the endpoint's
  relay.content_left -= std::min(relay.content_left, a.proxy.loop.now() - began);
  if (!chunk) co_return chunk.error();
  a.input = std::move(*chunk);
  if (a.input.size > 0) co_return std::nullopt;
  a.reusable = false;
  bool whole = relay.decoder.on_eof() == http::BodyEnd::complete;
  co_return Error{ErrorKind::eof, ErrorSource::upstream, 0,
                  whole ? "event stream" : "event stream, cut"};
}

bool client_is_gone(const Attempt& a) { return a.session.work->why() == rt::Why::client_gone; }

void note_client_gone(Attempt& a, const StreamRelay& relay) {
  a.request.record.ended_by = EndedBy::client;
  a.request.record.stream_end = "client_cancelled";
  a.request.record.usage = relay.tap.usage();
  a.reusable = false;
  a.session.keep_alive = false;
}

}  // namespace

rt::Task<Unit> relay_stream(Attempt& a, rt::Scope& scope) {
  StreamRelay relay(a);
  rt::Scope wait(a.proxy.loop, &scope);
  std::optional<Error> error;
  for (;;) {
    take_input(a, relay);
    bool over = relay.decoder.done() || relay.malformed || error || relay.tap.has_error();
    if (relay.malformed)
      error = Error{ErrorKind::protocol, ErrorSource::upstream, 0, "event stream"};
    bool sends = !over && (a.committed || may_commit(a, relay)) && !relay.out->empty();
    if (sends) {
      bool written = co_await flush(a, relay, false);
      if (!written) break;
    }
    if (over) break;
    error = co_await read_more(a, relay, wait);
  }
  bool gone = client_is_gone(a) || a.request.record.ended_by == EndedBy::client;
  bool commits = a.committed || may_commit(a, relay);
  if (gone) {
    note_client_gone(a, relay);
    a.broke({ErrorKind::cancelled, ErrorSource::client, 0, "client left"});
  } else if (commits) {
    co_await end_stream(a, relay, error);
  } else {
    fail_before_commit(a, relay, error);
  }
  co_return Unit{};
}

}  // namespace qcc::proxy
