#include "echo_world.h"

#include <cerrno>
#include <deque>
#include <memory>

#include <qcc/rt/ops.h>

namespace qcc::sim {
namespace {
using rt::Scope;
using rt::Task;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint16_t kPort = 7;

// Arrivals of one armed operation, for a coroutine to take one by one.
class Arrivals : public rt::Completion {
 public:
  explicit Arrivals(rt::Loop& loop) : Completion(&arrived), loop_(loop), changed_(loop) {}
  ~Arrivals() { QCC_ASSERT(queue_.empty()); }

  rt::Io& began() {
    loop_.operation_began();
    return loop_.io();
  }
  // False when the scope ended first.
  Task<bool> next(Scope& scope, rt::Arrival& arrival) {
    while (queue_.empty()) {
      changed_.clear();
      bool changed = co_await rt::wait_for(changed_, scope);
      if (!changed) co_return false;
    }
    arrival = queue_.front();
    queue_.pop_front();
    co_return true;
  }
  // Cancels, waits for the end, and gives back what nobody took.
  Task<std::deque<rt::Arrival>> end() {
    Scope unbounded(loop_, nullptr);
    if (in_flight) loop_.io().cancel(*this);
    while (in_flight) {
      changed_.clear();
      co_await rt::wait_for(changed_, unbounded);
    }
    co_return std::exchange(queue_, {});
  }

 private:
  static void arrived(rt::Completion& completion, const rt::Arrival& arrival) {
    auto& self = static_cast<Arrivals&>(completion);
    if (!arrival.more) self.loop_.operation_ended();
    self.queue_.push_back(arrival);
    self.changed_.set();
  }
  rt::Loop& loop_;
  rt::Event changed_;
  std::deque<rt::Arrival> queue_;
};

struct EchoWorld {
  EchoWorld(uint64_t seed, const Weather& weather, bool c)
      : calm(c),
        net(seed, weather),
        client_io(net, {.buffer_count = 8, .buffer_bytes = 4096}),
        server_io(net, {.buffer_count = 4, .buffer_bytes = 2048}),
        client_loop(client_io, seed + 1),
        server_loop(server_io, seed + 2),
        server_scope(server_loop, nullptr) {}

  void problem(const std::string& what) { problems += what + "; "; }

  bool calm;  // nobody gives up, nobody resets
  SimNet net;
  SimIo client_io, server_io;
  rt::Loop client_loop, server_loop;
  Scope server_scope;
  int clients = 0, clients_over = 0, clients_done = 0;
  std::string problems;
};

// The next bytes of the connection; empty at its end, or when the scope ended.
Task<std::string> read_some(Arrivals& arrivals, int fd, Scope& scope) {
  rt::Io& io = scope.loop().io();
  for (;;) {
    if (!arrivals.in_flight) arrivals.began().recv(fd, 5000, arrivals);
    rt::Arrival arrival;
    bool came = co_await arrivals.next(scope, arrival);
    if (!came) co_return std::string();
    if (arrival.has_buffer) {
      std::string bytes(io.buffer(arrival.buffer_id).data(), static_cast<size_t>(arrival.res));
      io.return_buffer(arrival.buffer_id);
      co_return bytes;
    }
    if (arrival.res != -ENOBUFS) co_return std::string();
    bool slept = co_await rt::sleep_for(scope, milliseconds(1));
    if (!slept) co_return std::string();
  }
}

Task<Unit> finish(Arrivals& arrivals, rt::Io& io, int fd) {
  std::deque<rt::Arrival> left = co_await arrivals.end();
  for (const rt::Arrival& arrival : left)
    if (arrival.has_buffer) io.return_buffer(arrival.buffer_id);
  io.close(fd);
  co_return Unit{};
}

Task<Unit> serve(EchoWorld& world, int fd) {
  Scope scope(world.server_loop, &world.server_scope, seconds(200));
  {
    Arrivals arrivals(world.server_loop);
    for (;;) {
      std::string bytes = co_await read_some(arrivals, fd, scope);
      if (bytes.empty()) break;
      int sent = co_await rt::send(scope, fd, bytes);
      if (sent != static_cast<int>(bytes.size())) break;
    }
    if (!world.calm && world.net.prng().chance(10)) world.server_io.reset_on_close(fd);
    co_await finish(arrivals, world.server_io, fd);
  }
  co_return Unit{};
}

Task<Unit> listen_and_serve(EchoWorld& world) {
  sockaddr_in address = ipv4(kPort);
  rt::Io& io = world.server_io;
  int listener = -1;
  while (listener < 0) listener = io.listen(raw(address), sizeof address, 16);
  Arrivals arrivals(world.server_loop);
  for (;;) {
    if (!arrivals.in_flight) arrivals.began().accept(listener, arrivals);
    rt::Arrival arrival;
    bool came = co_await arrivals.next(world.server_scope, arrival);
    if (!came) break;
    if (arrival.res >= 0) world.server_loop.spawn(serve(world, arrival.res));
    if (arrival.res < 0) {
      co_await rt::sleep_for(world.server_scope, milliseconds(10));
    }
  }
  std::deque<rt::Arrival> left = co_await arrivals.end();
  for (const rt::Arrival& arrival : left)
    if (arrival.res >= 0) io.close(arrival.res);
  io.close(listener);
  co_return Unit{};
}

Task<Unit> send_all(EchoWorld& world, Scope& scope, int fd, const std::string& bytes, bool& over) {
  int sent = co_await rt::send(scope, fd, bytes);
  if (sent > static_cast<int>(bytes.size())) world.problem("sent more than there was");
  world.client_io.shutdown_send(fd);
  over = true;
  co_return Unit{};
}

// Sends and reads at the same time, or else both sides could wait for each other's window.
Task<Unit> talk(EchoWorld& world, Scope& scope, int fd, const std::string& bytes) {
  std::string back;
  bool sent = false;
  Arrivals arrivals(world.client_loop);
  world.client_loop.spawn(send_all(world, scope, fd, bytes, sent));
  for (;;) {
    std::string more = co_await read_some(arrivals, fd, scope);
    if (more.empty()) break;
    back += more;
    if (!bytes.starts_with(back)) world.problem("wrong bytes came back");
  }
  if (back == bytes) ++world.clients_done;
  scope.cancel(rt::Why::given_up);
  Scope unbounded(world.client_loop, nullptr);
  while (!sent) {
    co_await rt::sleep_for(unbounded, milliseconds(1));
  }
  co_await finish(arrivals, world.client_io, fd);
  co_return Unit{};
}

Task<Unit> be_client(EchoWorld& world, uint64_t seed) {
  Prng prng(seed);
  Duration patience = world.calm ? kUnlimited : milliseconds(1 + prng.below(100'000));
  Scope scope(world.client_loop, nullptr, patience);
  co_await rt::sleep_for(scope, milliseconds(prng.below(50)));
  std::string bytes(1 + prng.below(prng.chance(10) ? 300'000 : 3000), '\0');
  for (char& c : bytes) c = static_cast<char>(prng.next());
  int fd = world.client_io.open_socket(AF_INET);
  if (fd >= 0) {
    sockaddr_in address = ipv4(kPort);
    int connected = co_await rt::connect(scope, fd, raw(address), sizeof address);
    if (connected == 0) {
      co_await talk(world, scope, fd, bytes);
    } else {
      world.client_io.close(fd);
    }
  }
  ++world.clients_over;
  co_return Unit{};
}

// The server ends when the last client has.
Task<Unit> end_server(EchoWorld& world) {
  Scope scope(world.server_loop, nullptr);
  while (world.clients_over < world.clients) {
    co_await rt::sleep_for(scope, seconds(1));
  }
  world.server_scope.cancel(rt::Why::shutdown);
  co_return Unit{};
}

void check_nothing_left(EchoWorld& world) {
  if (world.net.sockets_open() > 0) world.problem("sockets left");
  for (SimIo* io : {&world.client_io, &world.server_io}) {
    if (io->buffers_leased() > 0) world.problem("buffers left");
    if (io->operations_live() > 0) world.problem("operations left");
  }
  for (rt::Loop* loop : {&world.client_loop, &world.server_loop})
    if (loop->timers().armed_count() > 0) world.problem("timers left");
}

EchoResult run(uint64_t seed, const Weather& weather, bool calm) {
  uint64_t frames = rt::FramePool::live();
  EchoWorld world(seed, weather, calm);
  SimWorldDriver driver(world.net);
  driver.add(world.client_loop, world.client_io);
  driver.add(world.server_loop, world.server_io);
  Prng prng(seed);
  world.clients = 1 + static_cast<int>(prng.below(20));
  world.server_loop.spawn(listen_and_serve(world));
  world.server_loop.spawn(end_server(world));
  for (int i = 0; i < world.clients; ++i) world.client_loop.spawn(be_client(world, prng.next()));
  EchoResult result;
  result.outcome = driver.run_to_end(seconds(3600));
  check_nothing_left(world);
  if (rt::FramePool::live() != frames) world.problem("frames left");
  result.problems = world.problems;
  result.clients = world.clients;
  result.clients_done = world.clients_done;
  result.checksum = world.net.checksum();
  result.counters = world.net.counters();
  return result;
}

}  // namespace

EchoResult run_echo_in_calm(uint64_t seed) { return run(seed, Weather::calm(), true); }

EchoResult run_echo(uint64_t seed) {
  Prng prng(seed ^ 0x5eed);
  return run(seed, Weather::draw(prng), false);
}

void add_up(SimCounters& sum, const SimCounters& more) {
  sum.events += more.events;
  sum.connects_failed += more.connects_failed;
  sum.resets += more.resets;
  sum.connections_vanished += more.connections_vanished;
  sum.short_reads += more.short_reads;
  sum.starved += more.starved;
  sum.cancels_won += more.cancels_won;
  sum.cancels_lost += more.cancels_lost;
  sum.sends_cut += more.sends_cut;
  sum.sends_blocked += more.sends_blocked;
}

}  // namespace qcc::sim
