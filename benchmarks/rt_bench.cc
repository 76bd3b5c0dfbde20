// What the runtime costs: tasks, wake-ups, timers, scopes, and turns of a real ring.
#include <benchmark/benchmark.h>
#include <sys/socket.h>

#include <cstdlib>

#include <qcc/base/published.h>
#include <qcc/rt/ops.h>
#include <qcc/rt/uring_io.h>

namespace qcc::rt {
namespace {
using std::chrono::seconds;

std::unique_ptr<Io> make_io() {
  auto io = make_uring_io({.entries = 256, .buffer_count = 16, .buffer_bytes = 4096});
  if (!io) std::abort();
  return std::move(*io);
}

Task<int> answer() { co_return 42; }

Task<Unit> call_tasks(benchmark::State& state) {
  for (auto _ : state) {
    int value = co_await answer();
    benchmark::DoNotOptimize(value);
  }
  co_return Unit{};
}

void task_call(benchmark::State& state) {
  std::unique_ptr<Io> io = make_io();
  Loop loop(*io, 1);
  loop.spawn(call_tasks(state));
  loop.run();
}
BENCHMARK(task_call);

Task<Unit> set_event(Event& event) {
  event.set();
  co_return Unit{};
}

Task<Unit> spawn_and_wait(Loop& loop, benchmark::State& state) {
  Scope scope(loop, nullptr);
  Event done(loop);
  for (auto _ : state) {
    done.clear();
    loop.spawn(set_event(done));
    co_await wait_for(done, scope);
  }
  co_return Unit{};
}

// A root task from its start to the wake-up of who waits for it.
void spawn(benchmark::State& state) {
  std::unique_ptr<Io> io = make_io();
  Loop loop(*io, 1);
  loop.spawn(spawn_and_wait(loop, state));
  loop.run();
}
BENCHMARK(spawn);

Task<Unit> serve(benchmark::State& state, Event& mine, Event& theirs, Scope& scope) {
  for (auto _ : state) {
    theirs.set();
    co_await wait_for(mine, scope);
    mine.clear();
  }
  scope.cancel(Why::shutdown);
  co_return Unit{};
}

Task<Unit> return_serves(Event& mine, Event& theirs, Scope& scope) {
  for (;;) {
    bool happened = co_await wait_for(mine, scope);
    if (!happened) break;
    mine.clear();
    theirs.set();
  }
  co_return Unit{};
}

// There and back: two wake-ups.
void event_round_trip(benchmark::State& state) {
  std::unique_ptr<Io> io = make_io();
  Loop loop(*io, 1);
  Scope scope(loop, nullptr);
  Event ping(loop), pong(loop);
  loop.spawn(return_serves(ping, pong, scope));
  loop.spawn(serve(state, pong, ping, scope));
  loop.run();
}
BENCHMARK(event_round_trip);

struct Quiet : Timer {
  Quiet() : Timer([](Timer&) {}) {}
};

void timer_arm_disarm(benchmark::State& state) {
  TimerWheel wheel(Instant(seconds(1000)));
  std::vector<Quiet> others(static_cast<size_t>(state.range(0)));
  for (size_t i = 0; i < others.size(); ++i) wheel.arm(others[i], Instant(seconds(1001 + i % 300)));
  Quiet timer;
  for (auto _ : state) {
    wheel.arm(timer, Instant(seconds(1060)));
    wheel.disarm(timer);
  }
  for (Quiet& other : others) wheel.disarm(other);
}
BENCHMARK(timer_arm_disarm)->Arg(0)->Arg(10'000);

void timer_next_deadline(benchmark::State& state) {
  TimerWheel wheel(Instant(seconds(1000)));
  std::vector<Quiet> timers(1000);
  for (size_t i = 0; i < timers.size(); ++i) wheel.arm(timers[i], Instant(seconds(1001 + i)));
  for (auto _ : state) benchmark::DoNotOptimize(wheel.next_deadline());
  for (Quiet& timer : timers) wheel.disarm(timer);
}
BENCHMARK(timer_next_deadline);

void scope_with_limit(benchmark::State& state) {
  std::unique_ptr<Io> io = make_io();
  Loop loop(*io, 1);
  Scope parent(loop, nullptr, seconds(300));
  for (auto _ : state) {
    Scope scope(loop, &parent, seconds(60));
    benchmark::DoNotOptimize(scope.cancelled());
  }
}
BENCHMARK(scope_with_limit);

// A turn that finds nothing: what the ring itself costs.
void ring_empty_turn(benchmark::State& state) {
  std::unique_ptr<Io> io = make_io();
  Instant past = io->now();
  for (auto _ : state) io->wait(past);
}
BENCHMARK(ring_empty_turn);

void read_clock(benchmark::State& state) {
  std::unique_ptr<Io> io = make_io();
  for (auto _ : state) benchmark::DoNotOptimize(io->now());
}
BENCHMARK(read_clock);

Task<Unit> echo(Loop& loop, int fd) {
  Scope scope(loop, nullptr);
  char bytes[64];
  for (;;) {
    int got = co_await receive_into(scope, fd, bytes);
    if (got <= 0) break;
    std::span<const char> back(bytes, static_cast<size_t>(got));
    co_await send(scope, fd, back);
  }
  loop.io().close(fd);
  co_return Unit{};
}

Task<Unit> ask(Loop& loop, int fd, benchmark::State& state) {
  Scope scope(loop, nullptr);
  char bytes[64] = {};
  for (auto _ : state) {
    co_await send(scope, fd, bytes);
    co_await receive_into(scope, fd, bytes);
  }
  loop.io().close(fd);
  co_return Unit{};
}

// 64 bytes there and back through a socket pair: four operations.
void ring_echo(benchmark::State& state) {
  std::unique_ptr<Io> io = make_io();
  Loop loop(*io, 1);
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) std::abort();
  loop.spawn(echo(loop, pair[0]));
  loop.spawn(ask(loop, pair[1], state));
  loop.run();
  state.counters["turns"] = benchmark::Counter(static_cast<double>(loop.stats().turns),
                                               benchmark::Counter::kAvgIterations);
}
BENCHMARK(ring_echo);

void published_read(benchmark::State& state) {
  Published<int> published(std::make_unique<int>(7), 1);
  for (auto _ : state)
    benchmark::DoNotOptimize(published.read(0, [](const int& value) { return value; }));
}
BENCHMARK(published_read);

}  // namespace
}  // namespace qcc::rt

BENCHMARK_MAIN();
