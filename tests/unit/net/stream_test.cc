// What a stream tells of its peer while nobody reads it. Both Ios.
#include <qcc/net/stream.h>

#include "../rt/io_under_test.h"

namespace qcc::net {
namespace {

#define FOR_BOTH_IOS(name) TEST_CASE_TEMPLATE(name, T, rt::OnUring, rt::OnSim)

struct Observer final : StreamObserver {
  void on_unread(Stream& stream) override {
    ++told;
    end = stream.peer_end();
  }
  int told = 0;
  PeerEnd end = PeerEnd::none;
};

// A stream over the server's end of a pair; the client's end is played by the test.
template <class T>
struct StreamPair {
  static constexpr size_t kWindow = 4096;

  StreamPair() : stream(context, std::exchange(pair.server, -1), ErrorSource::client) {}
  ~StreamPair() {
    bool over = false;
    loop.spawn(close(over));
    turn_until([&] { return over; });
    CHECK(over);
  }

  rt::Task<Unit> close(bool& over) {
    co_await stream.close();
    over = true;
    co_return Unit{};
  }

  // Everything up to the end of the peer, which must be orderly.
  rt::Task<Unit> read_all(std::string& bytes, bool& over) {
    rt::Scope scope(loop, nullptr);
    for (;;) {
      Result<Chunk> chunk = co_await stream.read(scope);
      bool more = chunk && chunk->size > 0;
      if (!more) break;
      bytes.append(chunk->view());
    }
    over = true;
    co_return Unit{};
  }

  template <class Done>
  bool turn_until(Done done) {
    Instant end = world.io.now() + std::chrono::seconds(2);
    loop.spawn(idle(end));  // a loop without a task does not turn
    while (!done() && world.io.now() < end)
      loop.turn(world.io.now() + std::chrono::milliseconds(5));
    over_ = true;
    while (loop.roots_live() > 0) loop.turn(world.io.now() + std::chrono::milliseconds(5));
    return done();
  }

  void fill_window(size_t bytes) {
    CHECK(rt::send_all(world.io, pair.client, std::string(bytes, 'x')) == static_cast<int>(bytes));
    turn_until([&] { return stream.bytes_received() >= kWindow; });
    REQUIRE(stream.bytes_received() >= kWindow);
    REQUIRE(stream.bytes_received() < bytes);
  }

  T world;
  rt::Pair pair{world.io};
  rt::Loop loop{world.io, 1};
  BlockPool blocks{4};
  NetContext context{loop, blocks, kWindow};
  Stream stream;

 private:
  rt::Task<Unit> idle(Instant until) {
    rt::Scope scope(loop, nullptr);
    over_ = false;
    while (!over_ && loop.now() < until) {
      co_await rt::sleep_for(scope, std::chrono::milliseconds(1));
    }
    co_return Unit{};
  }
  bool over_ = false;
};

constexpr size_t kMoreThanTheWindow = 30'000;

FOR_BOTH_IOS("stream: an observer is told of the end behind a full window, and nothing is lost") {
  StreamPair<T> at;
  Observer observer;
  at.stream.set_observer(&observer);
  at.fill_window(kMoreThanTheWindow);
  int told_of_bytes = observer.told;
  CHECK(observer.end == PeerEnd::none);
  at.world.io.shutdown_send(at.pair.client);
  CHECK(at.turn_until([&] { return observer.told > told_of_bytes; }));
  CHECK(observer.end == PeerEnd::orderly);
  CHECK_FALSE(at.stream.ended());
  at.stream.set_observer(nullptr);
  std::string bytes;
  bool over = false;
  at.loop.spawn(at.read_all(bytes, over));
  CHECK(at.turn_until([&] { return over; }));
  CHECK(bytes.size() == kMoreThanTheWindow);
  CHECK(at.stream.peer_end() == PeerEnd::orderly);
  CHECK_FALSE(at.stream.failure());
}

FOR_BOTH_IOS("stream: a reset behind a full window is a broken end") {
  StreamPair<T> at;
  Observer observer;
  at.stream.set_observer(&observer);
  at.fill_window(kMoreThanTheWindow);
  int told_of_bytes = observer.told;
  at.world.io.reset_on_close(at.pair.client);
  at.pair.close(at.pair.client);
  CHECK(at.turn_until([&] { return observer.told > told_of_bytes; }));
  CHECK(observer.end == PeerEnd::broken);
}

FOR_BOTH_IOS("stream: an observer set later is told when reading is resumed") {
  StreamPair<T> at;
  at.fill_window(kMoreThanTheWindow);
  at.world.io.shutdown_send(at.pair.client);
  rt::wait_ms(at.world.io, 5);
  CHECK(at.stream.peer_end() == PeerEnd::none);
  Observer observer;
  at.stream.set_observer(&observer);
  at.stream.resume_reading();
  CHECK(at.turn_until([&] { return observer.told > 0; }));
  CHECK(observer.end == PeerEnd::orderly);
}

FOR_BOTH_IOS("stream: the end is watched only behind a full window and for an observer") {
  StreamPair<T> at;
  Observer observer;
  at.stream.set_observer(&observer);
  CHECK(rt::send_all(at.world.io, at.pair.client, "some") == 4);
  CHECK(at.turn_until([&] { return at.stream.bytes_received() == 4; }));
  CHECK(at.loop.operations_live() == 1);  // the receive
  at.stream.set_observer(nullptr);
  at.fill_window(kMoreThanTheWindow);
  CHECK(at.loop.operations_live() == 0);
  at.stream.set_observer(&observer);
  at.stream.resume_reading();
  at.stream.resume_reading();
  CHECK(at.loop.operations_live() == 1);  // the watch, once
}

}  // namespace
}  // namespace qcc::net
