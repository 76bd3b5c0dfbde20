// What may be borrowed again: nothing on which bytes came that nobody asked for (http rule U6).
#include <doctest/doctest.h>

#include <qcc/upstream/connection.h>

#include "../endpoint/some_config.h"
#include "../rt/io_under_test.h"

using namespace qcc;
using std::chrono::milliseconds;

namespace {

constexpr endpoint::EndpointRef kEndpoint{3, 1};

// A pool, and a connection whose endpoint is played by the test.
struct Fixture {
  Fixture() { connection.reset(new upstream::Connection(context, take_server(), kEndpoint)); }
  ~Fixture() {
    if (connection) pool.discard(std::move(connection));
    pool.drop_all();
    while (loop.roots_live() > 0) loop.turn(net.now() + milliseconds(1));
  }

  int take_server() { return std::exchange(pair.server, -1); }

  void give_back() { pool.give_back(std::move(connection), config); }
  void endpoint_says(std::string_view bytes) {
    CHECK(rt::send_all(io, pair.client, bytes) == static_cast<int>(bytes.size()));
    rt::wait_ms(io, 1);
  }
  void starve(bool on) {
    sim::Weather weather = net.weather();
    weather.starved_percent = on ? 100 : 0;
    net.set_weather(weather);
  }
  // Takes the bytes from the kernel while the stream still waits for a buffer.
  void receive_at_last() {
    char to[16];
    rt::Inbox inbox(io);
    io.recv_into(connection->stream.descriptor(), to, inbox);
    CHECK(rt::wait_for_end(io, inbox));
    CHECK(inbox.last().res > 0);
  }
  // What came before is taken, as an answer would be.
  void take_answer() {
    while (connection->stream.has_unread()) connection->stream.take_unread();
  }

  sim::SimNet net{1, sim::Weather::calm()};
  sim::SimIo io{net};
  rt::Pair pair{io};
  rt::Loop loop{io, 1};
  net::BlockPool blocks{4};
  net::NetContext context{loop, blocks};
  upstream::Pool pool{loop};
  config::EndpointConfig config = test::some_endpoint("a");
  std::unique_ptr<upstream::Connection> connection;
};

}  // namespace

TEST_CASE("U6: a connection on which all is quiet is borrowed again") {
  Fixture f;
  f.endpoint_says("answer");
  f.take_answer();
  f.give_back();
  CHECK(f.pool.idle_of(kEndpoint.slot) == 1);
  f.connection = f.pool.borrow(kEndpoint);
  CHECK(f.connection);
  CHECK(f.pool.poisoned_of(kEndpoint.slot) == 0);
}

TEST_CASE("U6: bytes that came between the answer and the giving back poison") {
  Fixture f;
  f.endpoint_says("answer");
  f.take_answer();
  f.endpoint_says("more");
  f.give_back();
  CHECK(f.pool.idle_of(kEndpoint.slot) == 0);
  CHECK(f.pool.poisoned_of(kEndpoint.slot) == 1);
}

TEST_CASE("U6: bytes that come on an idle connection poison") {
  Fixture f;
  f.give_back();
  f.endpoint_says("x");
  CHECK(f.pool.idle_of(kEndpoint.slot) == 0);
  CHECK(f.pool.poisoned_of(kEndpoint.slot) == 1);
  f.connection = f.pool.borrow(kEndpoint);
  CHECK_FALSE(f.connection);
}

TEST_CASE("U6: bytes that wait for a free buffer poison too") {
  Fixture f;
  f.give_back();
  f.starve(true);
  f.endpoint_says("x");
  CHECK(f.pool.idle_of(kEndpoint.slot) == 1);  // nobody has seen them yet
  f.connection = f.pool.borrow(kEndpoint);
  CHECK_FALSE(f.connection);
  CHECK(f.pool.poisoned_of(kEndpoint.slot) == 1);
}

TEST_CASE("R7: a quiet connection is borrowed also while no buffer is free") {
  Fixture f;
  f.starve(true);
  f.endpoint_says("answer");
  f.receive_at_last();
  f.give_back();
  f.connection = f.pool.borrow(kEndpoint);
  CHECK(f.connection);
}

TEST_CASE("R7: an endpoint that ends an idle connection poisons nothing, it is gone") {
  Fixture f;
  f.give_back();
  f.io.shutdown_send(f.pair.client);
  rt::wait_ms(f.io, 1);
  CHECK(f.pool.idle_of(kEndpoint.slot) == 0);
  CHECK(f.pool.poisoned_of(kEndpoint.slot) == 0);
  CHECK(f.pool.stats().dropped_at_eof == 1);
}
