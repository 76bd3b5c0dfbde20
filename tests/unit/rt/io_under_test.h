// The two kinds of Io that a test runs on, and completions that write down what arrived.
#pragma once
#include <doctest/doctest.h>
#include <netinet/in.h>

#include <memory>
#include <string>
#include <vector>

#include <qcc/rt/loop.h>
#include <qcc/rt/ops.h>
#include <qcc/rt/uring_io.h>

#include "../../sim/sim_io.h"

namespace qcc::rt {

struct OnUring {
  explicit OnUring(const UringOptions& options = {.entries = 64, .buffer_count = 16})
      : owner(std::move(*make_uring_io(options))) {}
  std::unique_ptr<Io> owner;
  Io& io = *owner;
};

struct OnSim {
  explicit OnSim(const UringOptions& options = {.buffer_count = 16})
      : io(net, {options.buffer_count, options.buffer_bytes}) {}
  sim::SimNet net{1, sim::Weather::calm()};
  sim::SimIo io;
};

// One arrival after the other, buffers given back unless `keeps_buffers`.
struct Inbox : Completion {
  explicit Inbox(Io& i) : Completion(&arrived), io(i) {}
  static void arrived(Completion& completion, const Arrival& arrival) {
    auto& self = static_cast<Inbox&>(completion);
    self.arrivals.push_back(arrival);
    if (!arrival.has_buffer) return;
    self.bytes.append(self.io.buffer(arrival.buffer_id).data(), static_cast<size_t>(arrival.res));
    if (!self.keeps_buffers) self.io.return_buffer(arrival.buffer_id);
  }
  const Arrival& last() const { return arrivals.back(); }
  void return_buffers() {
    for (const Arrival& arrival : arrivals)
      if (arrival.has_buffer) io.return_buffer(arrival.buffer_id);
  }
  Io& io;
  bool keeps_buffers = false;
  std::vector<Arrival> arrivals;
  std::string bytes;
};

// Waits until `done` or two seconds have gone by.
template <class Done>
bool wait_until(Io& io, Done done) {
  Instant end = io.now() + std::chrono::seconds(2);
  while (!done() && io.now() < end) io.wait(std::min(end, io.now() + std::chrono::milliseconds(5)));
  return done();
}
inline bool wait_for_end(Io& io, Completion& c) {
  return wait_until(io, [&] { return !c.in_flight; });
}
inline void wait_ms(Io& io, int ms) {
  Instant end = io.now() + std::chrono::milliseconds(ms);
  while (io.now() < end) io.wait(end);
}

inline sockaddr_in loopback(uint16_t port = 0) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}
inline const sockaddr* raw(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// A listener and a connected pair on one Io.
struct Pair {
  explicit Pair(Io& i) : io(i), accepted(i) {
    sockaddr_in wanted = loopback();
    listener = io.listen(raw(wanted), sizeof wanted, 8);
    REQUIRE(listener >= 0);
    socklen_t size = sizeof address;
    REQUIRE(io.local_address(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    io.accept(listener, accepted);
    client = io.open_socket(AF_INET);
    REQUIRE(client >= 0);
    Inbox connected(io);
    io.connect(client, raw(address), sizeof address, connected);
    REQUIRE(wait_until(io, [&] { return !connected.in_flight && !accepted.arrivals.empty(); }));
    REQUIRE(connected.last().res == 0);
    REQUIRE(accepted.last().more);
    server = accepted.last().res;
    REQUIRE(server >= 0);
  }
  ~Pair() {
    io.cancel(accepted);
    CHECK(wait_for_end(io, accepted));
    close(client);
    close(server);
    io.close(listener);
    io.wait(io.now());
  }
  void close(int& fd) {
    if (fd >= 0) io.close(std::exchange(fd, -1));
    io.wait(io.now());
  }

  Io& io;
  Inbox accepted;
  sockaddr_in address{};
  int listener = -1, client = -1, server = -1;
};

// `send` as a plain call.
inline int send_all(Io& io, int fd, std::string_view bytes) {
  Inbox sent(io);
  io.send(fd, {bytes.data(), bytes.size()}, sent);
  REQUIRE(wait_for_end(io, sent));
  return sent.last().res;
}

}  // namespace qcc::rt
