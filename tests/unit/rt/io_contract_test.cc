// What rt/io.h promises, on the kernel and on the simulator alike.
#include <poll.h>

#include "io_under_test.h"

namespace qcc::rt {
namespace {
using std::chrono::milliseconds;

#define FOR_BOTH_IOS(name) TEST_CASE_TEMPLATE(name, T, OnUring, OnSim)

FOR_BOTH_IOS("io: bytes come through in order and the receive stays armed below its limit") {
  T world;
  Pair pair(world.io);
  Inbox inbox(world.io);
  world.io.recv(pair.server, 1000, inbox);
  std::string sent;
  for (int i = 0; i < 9; ++i) {
    std::string part(10, static_cast<char>('a' + i));
    CHECK(send_all(world.io, pair.client, part) == 10);
    sent += part;
    REQUIRE(wait_until(world.io, [&] { return inbox.bytes.size() == sent.size(); }));
    if (!inbox.in_flight) world.io.recv(pair.server, 1000, inbox);
  }
  CHECK(inbox.bytes == sent);
  world.io.cancel(inbox);
  CHECK(wait_for_end(world.io, inbox));
  CHECK(inbox.last().res == -ECANCELED);
  CHECK_FALSE(inbox.last().more);
}

FOR_BOTH_IOS(
    "io: a receive ends when its limit is reached and goes past it by less than a buffer") {
  for (uint32_t limit : {1u, 100u, 4096u, 5000u, 8192u, 10'000u}) {
    CAPTURE(limit);
    T world({.entries = 64, .buffer_count = 16, .buffer_bytes = 4096});
    Pair pair(world.io);
    std::string sent(20'000, 'x');
    CHECK(send_all(world.io, pair.client, sent) == 20'000);
    Inbox inbox(world.io);
    world.io.recv(pair.server, limit, inbox);
    REQUIRE(wait_for_end(world.io, inbox));
    CHECK(inbox.bytes.size() >= std::min(limit, 4096u));
    CHECK(inbox.bytes.size() < limit + std::min(limit, 4096u));
    if (limit <= 4096) CHECK(inbox.bytes.size() == limit);
    for (size_t i = 0; i + 1 < inbox.arrivals.size(); ++i) CHECK(inbox.arrivals[i].more);
  }
}

FOR_BOTH_IOS("io: nothing arrives after the last arrival") {
  T world({.entries = 64, .buffer_count = 16, .buffer_bytes = 4096});
  Pair pair(world.io);
  Inbox inbox(world.io);
  world.io.recv(pair.server, 50, inbox);
  CHECK(send_all(world.io, pair.client, std::string(50, 'x')) == 50);
  REQUIRE(wait_for_end(world.io, inbox));
  size_t arrivals = inbox.arrivals.size();
  CHECK(send_all(world.io, pair.client, std::string(50, 'y')) == 50);
  wait_ms(world.io, 20);
  CHECK(inbox.arrivals.size() == arrivals);
}

FOR_BOTH_IOS("io: without a free buffer a receive ends with -ENOBUFS and loses nothing") {
  T world({.entries = 64, .buffer_count = 4, .buffer_bytes = 256});
  Pair pair(world.io);
  CHECK(send_all(world.io, pair.client, std::string(2000, 'x')) == 2000);
  Inbox hoarder(world.io);
  hoarder.keeps_buffers = true;
  for (int i = 0; i < 5 && hoarder.bytes.size() < 1024; ++i) {
    world.io.recv(pair.server, 100'000, hoarder);
    REQUIRE(
        wait_until(world.io, [&] { return !hoarder.in_flight || hoarder.bytes.size() == 1024; }));
  }
  CHECK(hoarder.bytes.size() == 1024);
  if (!hoarder.in_flight && hoarder.last().res > 0) world.io.recv(pair.server, 1000, hoarder);
  REQUIRE(wait_for_end(world.io, hoarder));
  CHECK(hoarder.last().res == -ENOBUFS);
  CHECK_FALSE(hoarder.last().has_buffer);
  hoarder.return_buffers();

  Inbox rest(world.io);
  while (rest.bytes.size() < 2000 - 1024) {
    if (!rest.in_flight) world.io.recv(pair.server, 2000, rest);
    size_t before = rest.bytes.size();
    REQUIRE(wait_until(world.io, [&] { return rest.bytes.size() > before || !rest.in_flight; }));
  }
  CHECK(rest.bytes == std::string(976, 'x'));
  world.io.cancel(rest);
  CHECK(wait_for_end(world.io, rest));
}

FOR_BOTH_IOS("io: bytes that wait are noticed and stay, an end is no byte") {
  T world;
  Pair pair(world.io);
  CHECK_FALSE(world.io.has_unread(pair.server));
  CHECK(send_all(world.io, pair.client, "x") == 1);
  wait_ms(world.io, 5);
  CHECK(world.io.has_unread(pair.server));
  CHECK(world.io.has_unread(pair.server));
  char to[4];
  Inbox inbox(world.io);
  world.io.recv_into(pair.server, to, inbox);
  REQUIRE(wait_for_end(world.io, inbox));
  CHECK(inbox.last().res == 1);
  world.io.shutdown_send(pair.client);
  wait_ms(world.io, 5);
  CHECK_FALSE(world.io.has_unread(pair.server));
}

FOR_BOTH_IOS("io: recv_into fills the caller's memory and may be short") {
  T world;
  Pair pair(world.io);
  CHECK(send_all(world.io, pair.client, "hello") == 5);
  char to[64];
  Inbox inbox(world.io);
  world.io.recv_into(pair.server, to, inbox);
  REQUIRE(wait_for_end(world.io, inbox));
  REQUIRE(inbox.last().res > 0);
  CHECK(inbox.last().res <= 5);
  CHECK_FALSE(inbox.last().has_buffer);
  CHECK(std::string_view("hello").starts_with({to, static_cast<size_t>(inbox.last().res)}));
}

FOR_BOTH_IOS("io: after the peer's FIN the other direction still works") {
  T world;
  Pair pair(world.io);
  CHECK(send_all(world.io, pair.client, "ask") == 3);
  world.io.shutdown_send(pair.client);
  Inbox asked(world.io);
  do {
    if (!asked.in_flight) world.io.recv(pair.server, 1000, asked);
    REQUIRE(wait_until(world.io, [&] { return !asked.arrivals.empty() && !asked.in_flight; }));
  } while (asked.last().res > 0);
  CHECK(asked.bytes == "ask");
  CHECK(asked.last().res == 0);
  CHECK_FALSE(asked.last().more);
  CHECK(send_all(world.io, pair.server, "answer") == 6);
  Inbox answer(world.io);
  world.io.recv(pair.client, 6, answer);
  REQUIRE(wait_for_end(world.io, answer));
  CHECK(answer.bytes == "answer");
}

FOR_BOTH_IOS("io: the peer's end is seen without reading up to it, and a break behind it") {
  T world;
  Pair pair(world.io);
  Inbox end(world.io);
  world.io.watch_end(pair.server, end);
  CHECK(send_all(world.io, pair.client, "unread") == 6);
  wait_ms(world.io, 5);
  CHECK(end.arrivals.empty());  // bytes are no end
  world.io.shutdown_send(pair.client);
  REQUIRE(wait_until(world.io, [&] { return !end.arrivals.empty(); }));
  CHECK(end.last().res == POLLRDHUP);
  CHECK(end.last().more);
  char to[16];
  Inbox inbox(world.io);
  world.io.recv_into(pair.server, to, inbox);
  REQUIRE(wait_for_end(world.io, inbox));
  CHECK(inbox.last().res == 6);
  wait_ms(world.io, 5);
  CHECK(end.last().res == POLLRDHUP);
  world.io.reset_on_close(pair.client);
  pair.close(pair.client);
  CHECK(wait_until(world.io, [&] { return (end.last().res & (POLLERR | POLLHUP)) != 0; }));
  world.io.cancel(end);
  REQUIRE(wait_for_end(world.io, end));
}

FOR_BOTH_IOS("io: an end that came before the watch is seen") {
  T world;
  Pair pair(world.io);
  world.io.shutdown_send(pair.client);
  wait_ms(world.io, 5);
  Inbox end(world.io);
  world.io.watch_end(pair.server, end);
  REQUIRE(wait_until(world.io, [&] { return !end.arrivals.empty(); }));
  CHECK(end.last().res == POLLRDHUP);
  world.io.cancel(end);
  REQUIRE(wait_for_end(world.io, end));
}

FOR_BOTH_IOS("io: a reset is seen without reading, and takes nothing from who reads") {
  T world;
  Pair pair(world.io);
  Inbox end(world.io);
  world.io.watch_end(pair.server, end);
  world.io.reset_on_close(pair.client);
  pair.close(pair.client);
  REQUIRE(wait_until(world.io, [&] { return !end.arrivals.empty(); }));
  CHECK((end.last().res & POLLERR) != 0);
  char to[16];
  Inbox inbox(world.io);
  world.io.recv_into(pair.server, to, inbox);
  REQUIRE(wait_for_end(world.io, inbox));
  CHECK(inbox.last().res == -ECONNRESET);
  world.io.cancel(end);
  REQUIRE(wait_for_end(world.io, end));
}

FOR_BOTH_IOS("io: a watch for the peer's end is cancelled alone beside a receive") {
  T world;
  Pair pair(world.io);
  Inbox end(world.io), inbox(world.io);
  world.io.recv(pair.server, 100, inbox);
  world.io.watch_end(pair.server, end);
  wait_ms(world.io, 5);
  world.io.cancel(end);
  REQUIRE(wait_for_end(world.io, end));
  CHECK(end.last().res == -ECANCELED);
  CHECK(inbox.in_flight);
  world.io.cancel(inbox);
  CHECK(wait_for_end(world.io, inbox));
}

FOR_BOTH_IOS("io: both ends know each other's address") {
  T world;
  Pair pair(world.io);
  for (bool from_client : {true, false}) {
    sockaddr_in local{}, peer{};
    socklen_t local_size = sizeof local, peer_size = sizeof peer;
    int here = from_client ? pair.client : pair.server;
    int there = from_client ? pair.server : pair.client;
    CHECK(world.io.local_address(here, reinterpret_cast<sockaddr*>(&local), &local_size) == 0);
    CHECK(world.io.peer_address(there, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0);
    CHECK(local.sin_port == peer.sin_port);
    CHECK(local.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    CHECK(peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
  }
  sockaddr_in nobody{};
  socklen_t size = sizeof nobody;
  CHECK(world.io.peer_address(pair.listener, reinterpret_cast<sockaddr*>(&nobody), &size) ==
        -ENOTCONN);
}

FOR_BOTH_IOS("io: close with reset_on_close breaks the peer, once with an error, then as an end") {
  T world;
  Pair pair(world.io);
  Inbox inbox(world.io);
  world.io.recv(pair.server, 1000, inbox);
  world.io.reset_on_close(pair.client);
  pair.close(pair.client);
  REQUIRE(wait_for_end(world.io, inbox));
  CHECK(inbox.last().res == -ECONNRESET);
  Inbox again(world.io);
  world.io.recv(pair.server, 1000, again);
  REQUIRE(wait_for_end(world.io, again));
  CHECK(again.last().res == 0);
  CHECK(send_all(world.io, pair.server, "x") == -EPIPE);
}

FOR_BOTH_IOS("io: close with unread bytes resets the connection") {
  T world;
  Pair pair(world.io);
  CHECK(send_all(world.io, pair.server, "nobody reads this") == 17);
  wait_ms(world.io, 5);
  Inbox inbox(world.io);
  world.io.recv(pair.server, 1000, inbox);
  pair.close(pair.client);
  REQUIRE(wait_for_end(world.io, inbox));
  CHECK(inbox.last().res == -ECONNRESET);
}

FOR_BOTH_IOS("io: sending to a closed peer breaks the connection") {
  T world;
  Pair pair(world.io);
  pair.close(pair.client);
  wait_ms(world.io, 5);
  CHECK(send_all(world.io, pair.server, "into the void") == 13);
  wait_ms(world.io, 5);
  CHECK(send_all(world.io, pair.server, "x") == -EPIPE);
}

FOR_BOTH_IOS("io: a send waits for a peer that does not read, and a cancelled one tells its part") {
  T world;
  Pair pair(world.io);
  std::string big(32 << 20, 'b');
  Inbox sent(world.io);
  world.io.send(pair.client, big, sent);
  wait_ms(world.io, 50);
  CHECK(sent.in_flight);
  world.io.cancel(sent);
  REQUIRE(wait_for_end(world.io, sent));
  int part = sent.last().res;
  CHECK(part > 0);
  CHECK(part < 32 << 20);
  world.io.shutdown_send(pair.client);
  Inbox inbox(world.io);
  do {
    if (!inbox.in_flight) world.io.recv(pair.server, 1 << 20, inbox);
    REQUIRE(wait_for_end(world.io, inbox));
  } while (inbox.last().res > 0 || inbox.last().res == -ENOBUFS);
  CHECK(inbox.bytes.size() == static_cast<size_t>(part));
}

FOR_BOTH_IOS("io: a big send arrives whole when the peer reads") {
  T world;
  Pair pair(world.io);
  std::string big(4 << 20, '\0');
  for (size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 31 / 7);
  Inbox sent(world.io), inbox(world.io);
  world.io.send(pair.client, big, sent);
  while (inbox.bytes.size() < big.size()) {
    if (!inbox.in_flight) world.io.recv(pair.server, 32 * 1024, inbox);
    REQUIRE(
        wait_until(world.io, [&] { return !inbox.in_flight || inbox.bytes.size() == big.size(); }));
    REQUIRE((inbox.last().res > 0 || inbox.last().res == -ENOBUFS));
  }
  world.io.cancel(inbox);
  CHECK(wait_for_end(world.io, inbox));
  REQUIRE(wait_for_end(world.io, sent));
  CHECK(sent.last().res == 4 << 20);
  CHECK(inbox.bytes == big);
}

FOR_BOTH_IOS("io: a connect that nobody listens for is refused") {
  T world;
  sockaddr_in nobody{};
  {
    nobody = Pair(world.io).address;
  }
  int fd = world.io.open_socket(AF_INET);
  Inbox inbox(world.io);
  world.io.connect(fd, raw(nobody), sizeof nobody, inbox);
  REQUIRE(wait_for_end(world.io, inbox));
  CHECK(inbox.last().res == -ECONNREFUSED);
  world.io.close(fd);
  world.io.wait(world.io.now());
}

FOR_BOTH_IOS("io: cancelling what is over changes nothing, also for the next one at its address") {
  T world;
  Pair pair(world.io);
  Inbox inbox(world.io);
  world.io.recv(pair.server, 1, inbox);
  CHECK(send_all(world.io, pair.client, "x") == 1);
  REQUIRE(wait_for_end(world.io, inbox));
  world.io.cancel(inbox);
  world.io.recv(pair.server, 1, inbox);
  world.io.wait(world.io.now() + milliseconds(10));
  CHECK(inbox.in_flight);
  CHECK(send_all(world.io, pair.client, "y") == 1);
  REQUIRE(wait_for_end(world.io, inbox));
  CHECK(inbox.bytes == "xy");
}

FOR_BOTH_IOS(
    "io: a cancel that races with data ends the operation exactly once and loses nothing") {
  T world;
  Pair pair(world.io);
  std::string sent, got;
  int cancelled = 0;
  for (int i = 0; i < 200; ++i) {
    Inbox inbox(world.io), sending(world.io);
    char byte = static_cast<char>('a' + i % 26);
    world.io.recv(pair.server, 1, inbox);
    if (i % 2) world.io.wait(world.io.now());
    world.io.send(pair.client, {&byte, 1}, sending);
    if (i % 3) world.io.wait(world.io.now());
    world.io.cancel(inbox);
    REQUIRE(wait_until(world.io, [&] { return !inbox.in_flight && !sending.in_flight; }));
    CHECK(inbox.arrivals.size() == 1);
    cancelled += inbox.last().res == -ECANCELED;
    sent += byte;
    got += inbox.bytes;
  }
  Inbox rest(world.io);
  while (got.size() + rest.bytes.size() < sent.size()) {
    if (!rest.in_flight) world.io.recv(pair.server, 10'000, rest);
    REQUIRE(wait_until(world.io, [&] {
      return !rest.in_flight || got.size() + rest.bytes.size() == sent.size();
    }));
  }
  world.io.cancel(rest);
  CHECK(wait_for_end(world.io, rest));
  CHECK((got + rest.bytes) == sent);
  MESSAGE("cancels that won: ", cancelled, " of 200");
}

FOR_BOTH_IOS(
    "io: wait returns at its time, and at once for a time gone by, with what has arrived") {
  T world;
  Instant start = world.io.now();
  world.io.wait(start + milliseconds(30));
  CHECK(world.io.now() >= start + milliseconds(30));
  CHECK(world.io.now() < start + milliseconds(500));
  Instant then = world.io.now();
  world.io.wait(then - milliseconds(1));
  CHECK(world.io.now() < then + milliseconds(20));

  Pair pair(world.io);
  Inbox inbox(world.io), sent(world.io);
  world.io.recv(pair.server, 1, inbox);
  world.io.wait(then);
  world.io.send(pair.client, std::string_view("x"), sent);
  if constexpr (std::is_same_v<T, OnSim>) wait_ms(world.io, 5);  // nothing moves its clock below
  for (int i = 0; i < 1000 && inbox.in_flight; ++i) world.io.wait(then);
  CHECK(inbox.bytes == "x");
  CHECK_FALSE(sent.in_flight);
}

FOR_BOTH_IOS("io: a wake reaches its own thread's Io through on_wake") {
  T world;
  int woken = 0;
  world.io.on_wake = [&] { ++woken; };
  world.io.wake(world.io.wake_handle());
  CHECK(wait_until(world.io, [&] { return woken > 0; }));
}

FOR_BOTH_IOS("io: several listeners share one address, and both accept") {
  T world;
  sockaddr_in address = loopback();
  int first = world.io.listen(raw(address), sizeof address, 64);
  REQUIRE(first >= 0);
  socklen_t size = sizeof address;
  REQUIRE(world.io.local_address(first, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  CHECK(ntohs(address.sin_port) != 0);
  int second = world.io.listen(raw(address), sizeof address, 64);
  REQUIRE(second >= 0);
  Inbox at_first(world.io), at_second(world.io);
  world.io.accept(first, at_first);
  world.io.accept(second, at_second);
  std::vector<int> clients;
  for (int i = 0; i < 40; ++i) {
    Inbox connected(world.io);
    clients.push_back(world.io.open_socket(AF_INET));
    world.io.connect(clients.back(), raw(address), sizeof address, connected);
    REQUIRE(wait_for_end(world.io, connected));
    CHECK(connected.last().res == 0);
  }
  CHECK(wait_until(world.io,
                   [&] { return at_first.arrivals.size() + at_second.arrivals.size() == 40; }));
  CHECK(at_first.arrivals.size() > 0);
  CHECK(at_second.arrivals.size() > 0);
  for (Inbox* inbox : {&at_first, &at_second}) {
    for (const Arrival& arrival : inbox->arrivals) world.io.close(arrival.res);
    world.io.cancel(*inbox);
    CHECK(wait_for_end(world.io, *inbox));
  }
  for (int fd : clients) world.io.close(fd);
  world.io.close(first);
  world.io.close(second);
  world.io.wait(world.io.now());
}

}  // namespace
}  // namespace qcc::rt
