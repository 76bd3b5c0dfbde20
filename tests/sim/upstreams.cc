#include "upstreams.h"

#include "world_address.h"

namespace qcc::sim {
namespace {
using rt::Scope;
using rt::Task;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kChecker = "request bytes";

Duration up_to(Prng& prng, Duration longest) {
  return Duration(static_cast<int64_t>(prng.below(static_cast<uint64_t>(longest.count()) + 1)));
}

// Ends a wait when the peer is gone.
class PeerWatch final : public net::StreamObserver {
 public:
  PeerWatch(net::Stream& stream, Scope& scope) : stream_(stream), scope_(scope) {
    stream_.set_observer(this);
    on_unread(stream_);
  }
  ~PeerWatch() { stream_.set_observer(nullptr); }
  void on_unread(net::Stream&) override {
    if (stream_.ended()) scope_.cancel(rt::Why::client_gone);
  }

 private:
  net::Stream& stream_;
  Scope& scope_;
};

}  // namespace

Endpoint::Endpoint(Outside& outside, size_t index, uint64_t seed)
    : outside_(outside), plan_(outside.plan.endpoints[index]), index_(index), prng_(seed) {}

int Endpoint::listening_socket(int backlog) {
  sockaddr_in address = ipv4_address(plan_.own_address, plan_.port);
  return outside_.loop.io().listen(any(address), sizeof address, backlog);
}

Task<Unit> Endpoint::run() {
  if (plan_.mood.black_hole) {
    co_await black_hole();
    co_return Unit{};
  }
  while (!outside_.scope.cancelled()) {
    Duration period = milliseconds(100) + up_to(prng_, seconds(5));
    bool down = prng_.chance(plan_.mood.down);
    if (down) {
      co_await rt::sleep_for(outside_.scope, period);
    } else {
      co_await listen_for(period);
    }
  }
  co_return Unit{};
}

Task<Unit> Endpoint::listen_for(Duration period) {
  int fd = listening_socket(128);
  auto on_accept = [this](int accepted) { outside_.loop.spawn(serve(accepted)); };
  net::Listener listener(outside_.loop, fd, on_accept);
  if (plan_.mood.down == 0) period = kUnlimited;
  co_await rt::sleep_for(outside_.scope, period);
  co_await listener.close();
  co_return Unit{};
}

// Its backlog takes one connection that nobody accepts; those behind it get no answer at all.
Task<Unit> Endpoint::black_hole() {
  int fd = listening_socket(1);
  co_await rt::sleep_for(outside_.scope, kUnlimited);
  outside_.loop.io().close(fd);
  co_return Unit{};
}

Task<Unit> Endpoint::serve(int fd) {
  net::Stream stream(outside_.net, fd, ErrorSource::client);
  {
    Scope scope(outside_.loop, &outside_.scope);
    WireReader reader(Direction::requests, true);
    for (;;) {
      net::Chunk chunk;
      {
        Scope idle(outside_.loop, &scope, plan_.mood.idle_max);
        Result<net::Chunk> first = co_await stream.read(idle);
        if (!first || first->size == 0) break;
        chunk = std::move(*first);
      }
      bool goes_on = co_await serve_one(stream, chunk, reader, scope);
      if (!goes_on) break;
      reader.next();
      bool closes = prng_.chance(plan_.mood.closes);
      if (!closes) continue;
      Duration wait = up_to(prng_, milliseconds(200));
      co_await rt::sleep_for(scope, wait);
      if (!stream.has_unread()) break;
    }
    if (prng_.chance(plan_.mood.cut / 2)) stream.reset_on_close();
  }
  co_await stream.close();
  co_return Unit{};
}

// Reads a request and answers; false when the connection is over.
Task<bool> Endpoint::serve_one(net::Stream& stream, net::Chunk& chunk, WireReader& reader,
                               Scope& scope) {
  bool early = false;
  for (;;) {
    size_t taken = reader.feed(chunk.view());
    chunk.remove_prefix(taken);
    const WireMessage& message = reader.message();
    outside_.ledger.findings.demand(!message.broken, kChecker, "a malformed request went upstream");
    early = message.head_done && !message.done && prng_.chance(plan_.mood.early);
    if (message.done || message.broken || early) break;
    if (prng_.chance(plan_.mood.slow_read)) {
      Duration wait = up_to(prng_, milliseconds(300));
      co_await rt::sleep_for(scope, wait);
    }
    Result<net::Chunk> more = co_await stream.read(scope);
    bool over = !more || more->size == 0;
    if (over) judge_request(message, false);
    if (over) co_return false;
    chunk = std::move(*more);
  }
  if (reader.message().broken) co_return false;
  judge_request(reader.message(), !early);
  outside_.ledger.findings.demand(chunk.size == 0, kChecker, "bytes behind a request's end");
  chunk = net::Chunk{};
  Answer* answer = nullptr;
  Delivery delivery = answer_to(reader, answer);
  if (!answer) co_return false;
  bool sent = co_await send_answer(stream, delivery, scope);
  co_return sent && !early && !delivery.closes;
}

void Endpoint::judge_request(const WireMessage& message, bool whole) {
  Findings& findings = outside_.ledger.findings;
  if (!message.head_done) return;
  if (message.path.ends_with("/v1/models")) return;
  RequestLog* request = outside_.ledger.find(message.request_mark);
  if (!findings.demand(request != nullptr, kChecker, "nobody sent this request")) return;
  std::string who = "request " + message.request_mark + " at " + plan_.name;
  findings.demand(request->expectation == Expectation::relayed, kChecker,
                  who + " should have been answered without an endpoint");
  bool maps = !plan_.mapped_model.empty() && request->model == "model-a";
  std::string expected = maps ? body_with_model(*request, plan_.mapped_model) : request->body;
  bool same = whole ? message.body == expected : expected.starts_with(message.body);
  findings.demand(same, kChecker,
                  who + " has another body: " + std::to_string(message.body.size()) + " of " +
                      std::to_string(expected.size()) + " bytes");
  findings.demand(message.credential.starts_with("key-" + plan_.name + "-"), "credential",
                  who + " carries \"" + message.credential + "\"");
}

Delivery Endpoint::answer_to(const WireReader& reader, Answer*& answer) {
  RequestLog* request = outside_.ledger.find(reader.message().request_mark);
  if (!request) return {};
  answer = &request->answers.emplace_back();
  answer->request = request->number;
  answer->number = static_cast<int>(request->answers.size());
  answer->endpoint = index_;
  return draw_answer(prng_, plan_.mood, *request, *answer);
}

Task<bool> Endpoint::send_piece(net::Stream& stream, std::string_view piece, Scope& scope) {
  if (piece.empty()) co_return true;
  Result<Unit> sent = co_await stream.write(piece, scope);
  co_return sent.has_value();
}

Task<bool> Endpoint::send_answer(net::Stream& stream, const Delivery& delivery, Scope& parent) {
  Scope scope(outside_.loop, &parent);
  PeerWatch watch(stream, scope);
  std::string_view wire = delivery.wire;
  size_t end = std::min(delivery.cut_at, wire.size());
  size_t at = 0;
  bool stalled = false;
  while (at < end && !scope.cancelled()) {
    bool stalls = !stalled && delivery.stall_at <= at;
    if (stalls) {
      stalled = true;
      co_await rt::sleep_for(scope, delivery.stall);
    }
    size_t next = std::min(end, at + std::min(delivery.piece_bytes, end - at));
    if (!stalled && delivery.stall_at > at) next = std::min(next, delivery.stall_at);
    bool sent = co_await send_piece(stream, wire.substr(at, next - at), scope);
    if (!sent) break;
    at = next;
    if (at < end && delivery.piece_pause > Duration::zero()) {
      co_await rt::sleep_for(scope, delivery.piece_pause);
    }
  }
  bool cut = delivery.cut_at < wire.size();
  if (cut && delivery.cut_by_reset) stream.reset_on_close();
  co_return at == wire.size() && !cut;
}

}  // namespace qcc::sim
