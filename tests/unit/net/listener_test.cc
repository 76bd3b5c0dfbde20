#include <doctest/doctest.h>

#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <vector>

#include <qcc/net/listener.h>
#include <qcc/rt/uring_io.h>

namespace qcc::net {
namespace {

using namespace std::chrono_literals;

struct Bench {
  std::unique_ptr<rt::Io> io;
  std::unique_ptr<rt::Loop> loop;
  int listening = -1;
  sockaddr_in address{};
  std::vector<int> clients;
  std::vector<int> accepted;

  Bench() {
    rt::UringOptions options;
    options.entries = 64;
    options.buffer_count = 8;
    auto made = rt::make_uring_io(options);
    REQUIRE(made.has_value());
    io = std::move(*made);
    loop = std::make_unique<rt::Loop>(*io, 1);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listening = io->listen(reinterpret_cast<sockaddr*>(&address), sizeof address, 128);
    REQUIRE(listening >= 0);
    socklen_t size = sizeof address;
    REQUIRE(io->local_address(listening, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  }
  ~Bench() {
    for (int fd : clients) ::close(fd);
    for (int fd : accepted) ::close(fd);
  }

  // Returns when the kernel has put the connection into the backlog.
  void connect_client() {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(fd >= 0);
    clients.push_back(fd);
    REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  Listener::OnAccept collect() {
    return [this](int fd) { accepted.push_back(fd); };
  }
};

rt::Task<Unit> wait(rt::Loop& loop, Duration time) {
  rt::Scope scope(loop, nullptr);
  co_await rt::sleep_for(scope, time);
  co_return Unit{};
}

rt::Task<Unit> accept_many(Bench& bench, size_t wanted) {
  Listener listener(*bench.loop, bench.listening, bench.collect());
  for (size_t i = 0; i < wanted; ++i) {
    bench.connect_client();
    if (i % 7 == 0) {
      co_await wait(*bench.loop, 1ms);
    }
  }
  for (int round = 0; round < 100 && bench.accepted.size() < wanted; ++round) {
    co_await wait(*bench.loop, 5ms);
  }
  co_await listener.close();
  CHECK(listener.pauses() == 0);
  co_return Unit{};
}

rt::Task<Unit> close_at_once(Bench& bench, size_t waiting) {
  Listener listener(*bench.loop, bench.listening, bench.collect());
  for (size_t i = 0; i < waiting; ++i) bench.connect_client();
  co_await listener.close();
  co_await listener.close();
  co_return Unit{};
}

rlim_t descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

void set_descriptor_limit(rlim_t value) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = value;
  setrlimit(RLIMIT_NOFILE, &limit);
}

struct Exhaustion {
  uint64_t pauses = 0;
  int failure = 0;
  uint64_t turns = 0;
  size_t accepted_meanwhile = 0;
};

rt::Task<Unit> run_out_of_descriptors(Bench& bench, Exhaustion& seen) {
  Listener listener(*bench.loop, bench.listening, bench.collect());
  bench.connect_client();
  rlim_t before = descriptor_limit();
  int lowest_free = ::dup(0);
  ::close(lowest_free);
  set_descriptor_limit(static_cast<rlim_t>(lowest_free));
  uint64_t turns = bench.loop->stats().turns;
  co_await wait(*bench.loop, 350ms);
  seen.turns = bench.loop->stats().turns - turns;
  seen.pauses = listener.pauses();
  seen.failure = listener.last_failure();
  seen.accepted_meanwhile = bench.accepted.size();
  set_descriptor_limit(before);
  for (int round = 0; round < 100 && bench.accepted.empty(); ++round) {
    co_await wait(*bench.loop, 10ms);
  }
  co_await listener.close();
  co_return Unit{};
}

rt::Task<Unit> close_while_pausing(Bench& bench, uint64_t& pauses) {
  Listener listener(*bench.loop, bench.listening, bench.collect());
  bench.connect_client();
  rlim_t before = descriptor_limit();
  int lowest_free = ::dup(0);
  ::close(lowest_free);
  set_descriptor_limit(static_cast<rlim_t>(lowest_free));
  co_await wait(*bench.loop, 20ms);
  pauses = listener.pauses();
  set_descriptor_limit(before);
  co_await listener.close();
  co_return Unit{};
}

}  // namespace

TEST_CASE("every connection is handed over once") {
  Bench bench;
  bench.loop->spawn(accept_many(bench, 50));
  bench.loop->run();
  CHECK(bench.accepted.size() == 50);
}

TEST_CASE("closing hands over what waits in the backlog, and resets nobody") {
  Bench bench;
  bench.loop->spawn(close_at_once(bench, 5));
  bench.loop->run();
  CHECK(bench.accepted.size() == 5);
  for (int fd : bench.clients) CHECK(::send(fd, "x", 1, MSG_NOSIGNAL) == 1);
  int late = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(::connect(late, reinterpret_cast<sockaddr*>(&bench.address), sizeof bench.address) != 0);
  ::close(late);
}

TEST_CASE("a full descriptor table pauses accepting without spinning, then it goes on") {
  Bench bench;
  Exhaustion seen;
  bench.loop->spawn(run_out_of_descriptors(bench, seen));
  bench.loop->run();
  CHECK(seen.failure == -EMFILE);
  CHECK(seen.pauses >= 2);
  CHECK(seen.pauses <= 5);
  CHECK(seen.turns < 50);
  CHECK(seen.accepted_meanwhile == 0);
  CHECK(bench.accepted.size() == 1);
}

TEST_CASE("closing while it pauses still empties the backlog") {
  Bench bench;
  uint64_t pauses = 0;
  bench.loop->spawn(close_while_pausing(bench, pauses));
  bench.loop->run();
  CHECK(pauses == 1);
  CHECK(bench.accepted.size() == 1);
}

}  // namespace qcc::net
