// The simulator itself: an echo service over two threads in all weathers, and the single promises
// that worlds build on. tests/unit/rt/io_contract_test.cc holds it against the kernel.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <qcc/rt/ops.h>

#include "echo_world.h"
#include "sim_world_driver.h"

namespace qcc::sim {
namespace {
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("echo: in calm weather every byte comes back") {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    EchoResult result = run_echo_in_calm(seed);
    CHECK(result.problems == "");
    CHECK(result.outcome == Outcome::finished);
    CHECK(result.clients_done == result.clients);
  }
}

TEST_CASE("echo: 500 seeds of weather; what comes back is right, what ends leaves nothing") {
  SimCounters sum;
  int done = 0, clients = 0;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    EchoResult result = run_echo(seed);
    CHECK(result.problems == "");
    CHECK(name_of(result.outcome) == std::string("finished"));
    if (seed % 8 == 0) CHECK(run_echo(seed).checksum == result.checksum);
    done += result.clients_done;
    clients += result.clients;
    add_up(sum, result.counters);
  }
  CHECK(done > clients / 4);
  CHECK(done < clients);
  MESSAGE("clients ", clients, ", unharmed ", done, ", events ", sum.events);
  CHECK(sum.connects_failed > 0);
  CHECK(sum.resets > 0);
  CHECK(sum.connections_vanished > 0);
  CHECK(sum.short_reads > 0);
  CHECK(sum.starved > 0);
  CHECK(sum.cancels_won > 0);
  CHECK(sum.cancels_lost > 0);
  CHECK(sum.sends_cut > 0);
  CHECK(sum.sends_blocked > 0);
}

TEST_CASE("echo: another seed is another run") {
  CHECK(run_echo(1).checksum != run_echo(2).checksum);
}

// ---- single promises ----

struct Log : rt::Completion {
  explicit Log(rt::Io& i) : Completion(&arrived), io(i) {}
  static void arrived(rt::Completion& completion, const rt::Arrival& arrival) {
    auto& self = static_cast<Log&>(completion);
    self.arrivals.push_back(arrival);
    if (arrival.has_buffer) self.io.return_buffer(arrival.buffer_id);
  }
  rt::Io& io;
  std::vector<rt::Arrival> arrivals;
};

void wait_for(SimIo& io, Log& log, Duration limit = seconds(300)) {
  Instant end = io.now() + limit;
  while (log.in_flight && io.now() < end) io.wait(end);
}

int connect_once(SimIo& io, const sockaddr_in& address) {
  int fd = io.open_socket(AF_INET);
  Log log(io);
  io.connect(fd, raw(address), sizeof address, log);
  wait_for(io, log);
  io.close(fd);
  return log.arrivals.back().res;
}

TEST_CASE("connect: refused, unreachable, black hole and a full backlog") {
  struct Row {
    unsigned Weather::* fault;
    int result;
    Duration at_least;
  };
  for (const Row& row : {Row{&Weather::refused_percent, -ECONNREFUSED, microseconds(40)},
                         Row{&Weather::unreachable_percent, -EHOSTUNREACH, microseconds(20)},
                         Row{&Weather::black_hole_percent, -ETIMEDOUT, kConnectPatience}}) {
    CAPTURE(row.result);
    Weather weather;
    weather.*row.fault = 100;
    SimNet net(1, weather);
    SimIo io(net);
    sockaddr_in address = ipv4(80);
    int listener = io.listen(raw(address), sizeof address, 8);
    CHECK(connect_once(io, address) == row.result);
    CHECK(net.elapsed() >= row.at_least);
    io.close(listener);
    CHECK(net.sockets_open() == 0);
  }
  SimNet net(1, Weather::calm());
  SimIo io(net);
  sockaddr_in address = ipv4(80);
  int listener = io.listen(raw(address), sizeof address, 2);
  std::vector<int> fds;
  std::vector<std::unique_ptr<Log>> logs;
  for (int i = 0; i < 3; ++i) {
    fds.push_back(io.open_socket(AF_INET));
    logs.push_back(std::make_unique<Log>(io));
    io.connect(fds.back(), raw(address), sizeof address, *logs.back());
  }
  io.wait(io.now() + milliseconds(500));
  io.wait(io.now() + milliseconds(500));
  CHECK(logs[0]->in_flight + logs[1]->in_flight + logs[2]->in_flight == 1);
  for (auto& log : logs) wait_for(io, *log);
  for (int fd : fds) io.close(fd);
  io.close(listener);
}

TEST_CASE("listen: several threads at one address share the connections") {
  SimNet net(5, Weather::calm());
  SimIo client(net), first(net), second(net);
  sockaddr_in any = ipv4(8080, INADDR_ANY), address = ipv4(8080);
  int at_first = first.listen(raw(any), sizeof any, 100);
  int at_second = second.listen(raw(any), sizeof any, 100);
  Log first_log(first), second_log(second);
  first.accept(at_first, first_log);
  second.accept(at_second, second_log);
  for (int i = 0; i < 60; ++i) CHECK(connect_once(client, address) == 0);
  first.wait(net.now() + seconds(1));
  second.wait(net.now());
  CHECK(first_log.arrivals.size() + second_log.arrivals.size() == 60);
  CHECK(first_log.arrivals.size() > 10);
  CHECK(second_log.arrivals.size() > 10);
  first.cancel(first_log);
  second.cancel(second_log);
  wait_for(first, first_log);
  wait_for(second, second_log);
  for (const rt::Arrival& a : first_log.arrivals)
    if (a.res >= 0) first.close(a.res);
  for (const rt::Arrival& a : second_log.arrivals)
    if (a.res >= 0) second.close(a.res);
  first.close(at_first);
  second.close(at_second);
  CHECK(net.sockets_open() == 0);
}

TEST_CASE("descriptors are not used again") {
  SimNet net(1, Weather::calm());
  SimIo io(net);
  int last = -1;
  for (int i = 0; i < 1000; ++i) {
    int fd = io.open_socket(AF_INET);
    CHECK(fd > last);
    last = fd;
    io.close(fd);
  }
}

TEST_CASE("wake: reaches the other thread, several may become one") {
  SimNet net(1, Weather::calm());
  SimIo io(net), other(net);
  int woken = 0;
  other.on_wake = [&] { ++woken; };
  for (int i = 0; i < 3; ++i) io.wake(other.wake_handle());
  CHECK(woken == 0);
  other.wait(net.now() + seconds(1));
  while (other.has_arrivals() || net.next_event() != kNever) other.wait(net.now() + seconds(1));
  CHECK(woken >= 1);
  CHECK(woken <= 3);
}

TEST_CASE("clock: wall time follows, and may jump") {
  SimNet net(1, Weather::calm());
  SimIo io(net);
  WallTime before = io.wall_now();
  io.wait(io.now() + hours(2));
  CHECK(io.wall_now() - before == hours(2));
  net.jump_wall_clock(-hours(1));
  CHECK(io.wall_now() - before == hours(1));
}

TEST_CASE("wait: false only when nothing can ever arrive") {
  SimNet net(1, Weather::calm());
  SimIo io(net);
  CHECK_FALSE(io.wait(kNever));
  CHECK(io.wait(io.now() + seconds(1)));
  bool acted = false;
  net.at(net.now() + seconds(1), [&] { acted = true; });
  CHECK_FALSE(io.wait(kNever));
  CHECK(acted);
}

// ---- the driver's verdicts ----

rt::Task<Unit> sleep_until(rt::Loop& loop, Duration wait, rt::Event* then) {
  rt::Scope scope(loop, nullptr);
  co_await rt::sleep_for(scope, wait);
  if (then) then->set();
  co_return Unit{};
}

rt::Task<Unit> wait_on(rt::Loop& loop, rt::Event& event) {
  rt::Scope scope(loop, nullptr);
  co_await rt::wait_for(event, scope);
  co_return Unit{};
}

// Asks again at once whenever nothing came: the bug of a missing back-off.
rt::Task<Unit> spin(rt::Loop& loop, const bool& over) {
  rt::Scope scope(loop, nullptr);
  int fd = loop.io().open_socket(AF_INET);
  char to[1];
  while (!over) {
    co_await rt::receive_into(scope, fd, to);
  }
  loop.io().close(fd);
  co_return Unit{};
}

TEST_CASE("driver: stopped, finished, time limit, hung and busy") {
  SimNet net(3, Weather::calm());
  SimIo io(net), other_io(net);
  rt::Loop loop(io, 1), other(other_io, 2);
  SimWorldDriver driver(net);
  driver.add(loop, io);
  driver.add(other, other_io);
  CHECK(driver.run_to_end(seconds(1)) == Outcome::finished);
  loop.spawn(sleep_until(loop, seconds(10), nullptr));
  CHECK(driver.run_to_end(seconds(5)) == Outcome::time_limit);
  CHECK(net.elapsed() == seconds(5));
  CHECK(driver.run([&] { return net.elapsed() >= seconds(8); }, seconds(60)) == Outcome::stopped);
  CHECK(driver.run_to_end(seconds(60)) == Outcome::finished);

  rt::Event event(loop);
  loop.spawn(wait_on(loop, event));
  CHECK(driver.run_to_end(seconds(60)) == Outcome::hung);
  other.spawn(sleep_until(other, seconds(1), &event));
  CHECK(driver.run_to_end(seconds(60)) == Outcome::finished);

  bool over = false;
  other.spawn(spin(other, over));
  CHECK(driver.run_to_end(seconds(1)) == Outcome::busy);
  over = true;
  CHECK(driver.run_to_end(seconds(1)) == Outcome::finished);
}

TEST_CASE("driver: pauses of a thread delay it, and nothing else") {
  Weather weather;
  weather.pause_percent = 90;
  SimNet net(3, weather);
  SimIo io(net);
  rt::Loop loop(io, 1);
  SimWorldDriver driver(net);
  driver.add(loop, io);
  loop.spawn(sleep_until(loop, seconds(1), nullptr));
  CHECK(driver.run_to_end(seconds(60)) == Outcome::finished);
  CHECK(net.elapsed() >= seconds(1));
  CHECK(net.elapsed() < seconds(2));
}

// ---- what may not be done ----

// Runs `misuse` in a child process; true when an assertion ended it.
bool dies(void (*misuse)(SimNet&, SimIo&)) {
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // doctest would report it as this test's failure
    if (!freopen("/dev/null", "w", stderr)) _exit(1);
    SimNet net(1, Weather::calm());
    SimIo io(net);
    misuse(net, io);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

TEST_CASE("misuse is caught: closing under an operation, using what is closed or another's") {
  CHECK_FALSE(dies([](SimNet&, SimIo& io) { io.close(io.open_socket(AF_INET)); }));
  CHECK(dies([](SimNet&, SimIo& io) {
    int fd = io.open_socket(AF_INET);
    Log* log = new Log(io);
    char byte;
    io.recv_into(fd, {&byte, 1}, *log);
    io.close(fd);
  }));
  CHECK(dies([](SimNet&, SimIo& io) {
    int fd = io.open_socket(AF_INET);
    io.close(fd);
    io.close(fd);
  }));
  CHECK(dies([](SimNet& net, SimIo& io) { SimIo(net).close(io.open_socket(AF_INET)); }));
  CHECK(dies([](SimNet&, SimIo& io) {
    std::optional<uint16_t> id = io.lease_buffer("x");
    io.return_buffer(*id);
    io.return_buffer(*id);
  }));
  CHECK(dies([](SimNet&, SimIo& io) {
    int fd = io.open_socket(AF_INET);
    Log* first = new Log(io);
    Log* second = new Log(io);
    io.recv(fd, 1, *first);
    io.recv(fd, 1, *second);
  }));
}

TEST_CASE("buffers: counted, and returned ones no longer hold what came") {
  SimNet net(1, Weather::calm());
  SimIo io(net, {.buffer_count = 2, .buffer_bytes = 64});
  std::optional<uint16_t> first = io.lease_buffer("secret"), second = io.lease_buffer("other");
  REQUIRE((first && second));
  CHECK(std::string_view(io.buffer(*first).data(), 6) == "secret");
  CHECK(io.buffer(*first).size() == 64);
  CHECK(io.buffers_leased() == 2);
  CHECK_FALSE(io.lease_buffer("more").has_value());
  io.return_buffer(*first);
  std::optional<uint16_t> again = io.lease_buffer("");
  REQUIRE(again == first);
  CHECK(std::string_view(io.buffer(*again).data(), 6) == "\xdb\xdb\xdb\xdb\xdb\xdb");
  io.return_buffer(*again);
  io.return_buffer(*second);
  CHECK(io.buffers_leased() == 0);
}

}  // namespace
}  // namespace qcc::sim
