#include <cstring>

#include "attempt.h"

namespace qcc::proxy {
namespace {

constexpr Duration kAnswerBehindSend = std::chrono::milliseconds(50);

// Ends a send that is under way when the endpoint answers before it has read the request: its
// answer counts then (RFC 9112 §9.3).
class EarlyAnswer final : public net::StreamObserver {
 public:
  EarlyAnswer(net::Stream& stream, rt::Scope& send_scope) : stream_(stream), scope_(send_scope) {
    stream_.set_observer(this);
  }
  ~EarlyAnswer() { stream_.set_observer(nullptr); }
  void on_unread(net::Stream&) override { scope_.cancel(rt::Why::given_up); }

 private:
  net::Stream& stream_;
  rt::Scope& scope_;
};

struct Pieces {
  std::array<std::string_view, 4> parts;
  size_t count = 0;
  void add(std::string_view part) {
    if (!part.empty()) parts[count++] = part;
  }
};

const std::string* mapped_model(const Attempt& a) {
  auto at = a.endpoint.models.find(a.request.facts.model.view());
  return at == a.endpoint.models.end() ? nullptr : &at->second;
}

// Head and body in one piece: the head is written into the room before the body.
Result<Pieces> compose_in_place(Attempt& a) {
  Body& body = a.request.body;
  std::span<char> room = body.headroom(Body::kHeadroom);
  Result<std::string_view> head =
      compose_upstream_head(room, a.request, a.endpoint, a.proxy.instance_id, body.size());
  if (!head) return std::unexpected(head.error());
  char* start = room.data() + (room.size() - head->size());
  std::memmove(start, head->data(), head->size());
  Pieces pieces;
  pieces.add({start, head->size() + body.size()});
  return pieces;
}

// Head in `text`; with a mapped model its new name is spliced between the body's two parts, whose
// bytes stay as they are.
Result<Pieces> compose_apart(Attempt& a, const std::string* model, std::string& text) {
  std::string_view body = a.request.body.view();
  protocol::SplicedBody splice{body, {}, {}};
  if (model) splice = protocol::splice_model(body, a.request.facts.model_range, *model);
  uint64_t size = splice.size();
  size_t head_max = upstream_head_bytes_max(a.request, a.endpoint);
  text.resize(head_max);
  Result<std::string_view> head =
      compose_upstream_head(text, a.request, a.endpoint, a.proxy.instance_id, size);
  if (!head) return std::unexpected(head.error());
  size_t head_size = head->size();
  text.resize(head_size);
  constexpr size_t kCopyMax = 8 * 1024;  // below, a copy costs less than another send
  bool copies = splice.before.size() <= kCopyMax;
  if (copies) text.append(splice.before);
  text.append(splice.model);
  std::string_view own = text;  // `splice.before` and `after` are views of the held body
  Pieces pieces;
  pieces.add(copies ? own : own.substr(0, head_size));
  if (!copies) {
    pieces.add(splice.before);
    pieces.add(own.substr(head_size));
  }
  pieces.add(splice.after);
  return pieces;
}

Error why_ended(const net::Stream& stream) {
  return stream.failure().value_or(Error{ErrorKind::reset, ErrorSource::upstream, 0, "send"});
}

// After a send that did not end well: the endpoint may have answered and closed, and its answer may
// be received a moment after the send has failed.
rt::Task<bool> has_answered(net::Stream& stream, rt::Scope& scope) {
  rt::Scope moment(scope.loop(), &scope, kAnswerBehindSend);
  Result<net::Chunk> chunk = co_await stream.read(moment);
  if (chunk) stream.unread(std::move(*chunk));
  co_return stream.has_unread();
}

rt::Task<Result<Unit>> send_request(Attempt& a, rt::Scope& scope) {
  const std::string* model = mapped_model(a);
  a.request.record.model_sent = model ? std::string_view(*model) : a.request.facts.model.view();
  PooledText text(a.proxy.texts);
  bool in_place = !model && a.request.body.has_memory() &&
                  upstream_head_bytes_max(a.request, a.endpoint) <= Body::kHeadroom;
  Result<Pieces> pieces = in_place ? compose_in_place(a) : compose_apart(a, model, *text);
  if (!pieces) co_return std::unexpected(pieces.error());

  rt::Scope send_scope(a.proxy.loop, &scope);
  net::Stream& stream = a.connection->stream;
  EarlyAnswer early(stream, send_scope);
  a.wrote = true;
  for (size_t i = 0; i < pieces->count; ++i) {
    std::string_view piece = pieces->parts[i];
    Result<Unit> sent = co_await stream.write(piece, send_scope);
    if (sent) continue;
    bool answers = co_await has_answered(stream, scope);
    // The answer's own limit may have struck while the send was being given up.
    if (scope.cancelled())
      co_return std::unexpected(rt::error_of(scope, ErrorSource::upstream, "send"));
    bool peer_broke = !answers && stream.peer_end() != net::PeerEnd::none;
    if (peer_broke) co_return std::unexpected(why_ended(stream));
    if (!answers) co_return sent;
    a.upstream_keeps_alive = false;
    a.reusable = false;
    a.request.record.sent_last = a.proxy.loop.now();
    co_return Unit{};
  }
  a.request.record.sent_last = a.proxy.loop.now();
  a.reusable = true;  // until something says otherwise
  co_return Unit{};
}

enum class HeadStep : uint8_t { done, need_more, failed };

// Skips informational heads; on `done` the parser holds the final one and `bytes` what follows it.
HeadStep advance(http::ResponseParser& parser, std::string_view& bytes) {
  for (;;) {
    http::ParseStatus status = parser.feed(bytes);
    if (status == http::ParseStatus::error) return HeadStep::failed;
    if (status == http::ParseStatus::need_more) return HeadStep::need_more;
    const http::ResponseHead& head = parser.head();
    if (head.status == 101) return HeadStep::failed;  // nobody asked for an upgrade
    bytes.remove_prefix(head.head_bytes);
    if (head.status >= 200) return HeadStep::done;
    parser.skip_informational();
  }
}

void keep(Attempt& a, const http::ResponseHead& head) {
  keep_answer_head(head, a.answer);
  a.framing = head.framing;
  a.content_length = head.content_length;
  a.upstream_keeps_alive = head.keep_alive;
  a.facts.status = head.status;
  a.facts.is_json = a.answer.is_json;
  a.facts.is_html = a.answer.is_html;
}

// The usual head lies in one buffer and costs no copy; others are gathered.
struct GatheredHead {
  explicit GatheredHead(http::Method method) : parser(method) {}
  http::ResponseParser parser;
  std::string bytes;
  size_t skipped = 0;
};

void note_first_byte(Attempt& a) {
  a.facts.stage = endpoint::Stage::head;
  Duration waited = a.proxy.loop.now() - a.request.record.sent_last;
  a.proxy.cells_of(a.ref).ttft.observe(waited);
}

rt::Task<Result<Unit>> read_head(Attempt& a, rt::Scope& scope) {
  std::unique_ptr<GatheredHead> gathered;
  for (;;) {
    Result<net::Chunk> chunk = co_await a.connection->stream.read(scope);
    if (!chunk) co_return std::unexpected(chunk.error());
    if (chunk->size == 0) co_return fail(ErrorKind::eof, ErrorSource::upstream, "response head");
    if (a.facts.stage != endpoint::Stage::head) note_first_byte(a);
    if (!gathered) {
      std::string_view rest = chunk->view();
      a.proxy.response_parser.reset(a.request.method);
      HeadStep step = advance(a.proxy.response_parser, rest);
      if (step == HeadStep::failed)
        co_return fail(ErrorKind::protocol, ErrorSource::upstream, "response head");
      if (step == HeadStep::done) {
        keep(a, a.proxy.response_parser.head());
        chunk->remove_prefix(chunk->size - rest.size());
        a.input = std::move(*chunk);
        co_return Unit{};
      }
      gathered = std::make_unique<GatheredHead>(a.request.method);
    }
    gathered->bytes.append(chunk->view());
    std::string_view all = std::string_view(gathered->bytes).substr(gathered->skipped);
    HeadStep step = advance(gathered->parser, all);
    gathered->skipped = gathered->bytes.size() - all.size();
    if (step == HeadStep::failed)
      co_return fail(ErrorKind::protocol, ErrorSource::upstream, "response head");
    if (step == HeadStep::need_more) continue;
    keep(a, gathered->parser.head());
    chunk->remove_prefix(chunk->size - all.size());  // the head ends within the last chunk
    a.input = std::move(*chunk);
    co_return Unit{};
  }
}

}  // namespace

rt::Task<Result<Unit>> exchange_heads(Attempt& a, rt::Scope& answer_scope, rt::Scope& scope) {
  const config::Timeouts& limits = a.endpoint.timeouts;
  Duration limit = a.request.is_stream() ? limits.timeout : limits.nonstream_timeout;
  ++a.connection->uses;
  a.facts.stage = endpoint::Stage::send;
  answer_scope.set_limit(limit);
  Result<Unit> sent = co_await send_request(a, answer_scope);
  if (!sent) co_return sent;
  answer_scope.set_limit(limit);
  Result<Unit> got = co_await read_head(a, answer_scope);
  if (!got || scope.cancelled()) co_return got;
  if (a.is_event_stream())
    answer_scope.set_limit(kUnlimited);  // the relay has limits of its own
  else if (a.request.is_stream())
    answer_scope.set_limit(limits.nonstream_timeout);
  co_return got;
}

}  // namespace qcc::proxy
