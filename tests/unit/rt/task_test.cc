// Task, Loop::spawn and frames, on both kinds of Io.
#include <memory>

#include "io_under_test.h"

namespace qcc::rt {
namespace {
using std::chrono::milliseconds;

#define FOR_BOTH_IOS(name) TEST_CASE_TEMPLATE(name, T, OnUring, OnSim)

Task<int> give(int value) { co_return value; }

Task<int> give_late(Scope& scope, int value) {
  co_await sleep_for(scope, milliseconds(2));
  co_return value;
}

Task<std::unique_ptr<int>> give_owned(int value) { co_return std::make_unique<int>(value); }

Task<int> depth(Scope& scope, int levels, bool sleeps) {
  if (levels == 0) {
    if (sleeps) {
      co_await sleep_for(scope, milliseconds(1));
    }
    co_return 0;
  }
  int below = co_await depth(scope, levels - 1, sleeps);
  co_return below + 1;
}

Task<Unit> sum_many(Loop& loop, int64_t& sum) {
  Scope scope(loop, nullptr);
  for (int i = 0; i < 200'000; ++i) {  // would overflow a growing stack
    int one = co_await give(1);
    sum += one;
  }
  for (int i = 0; i < 20; ++i) {
    int one = co_await give_late(scope, 1);
    sum += one;
  }
  co_return Unit{};
}

Task<Unit> use_owned(int& seen) {
  std::unique_ptr<int> owned = co_await give_owned(7);
  seen = *owned;
  co_return Unit{};
}

Task<Unit> dig(Loop& loop, int& sum) {
  Scope scope(loop, nullptr);
  int at_once = co_await depth(scope, 500, false);
  int late = co_await depth(scope, 500, true);
  sum = at_once + late;
  co_return Unit{};
}

Task<Unit> note(std::string& log, char letter) {
  log += letter;
  co_return Unit{};
}

Task<Unit> spawn_more(Loop& loop, std::string& log) {
  log += '[';
  loop.spawn(note(log, 'x'));
  loop.spawn(note(log, 'y'));
  log += ']';
  co_return Unit{};
}

Task<Unit> sleep_long(Loop& loop, Duration wait, int& done) {
  Scope scope(loop, nullptr);
  bool slept = co_await sleep_for(scope, wait);
  done += slept;
  co_return Unit{};
}

FOR_BOTH_IOS("task: children that finish at once and late, many times, on a flat stack") {
  T world;
  uint64_t frames = FramePool::live();
  {
    Loop loop(world.io, 1);
    int64_t sum = 0;
    loop.spawn(sum_many(loop, sum));
    loop.run();
    CHECK(sum == 200'020);
    CHECK(loop.timers().armed_count() == 0);
  }
  CHECK(FramePool::live() == frames);
}

FOR_BOTH_IOS("task: results may be move-only") {
  T world;
  Loop loop(world.io, 1);
  int seen = 0;
  loop.spawn(use_owned(seen));
  loop.run();
  CHECK(seen == 7);
}

FOR_BOTH_IOS("task: deep calls, with and without a wait at the bottom") {
  T world;
  uint64_t frames = FramePool::live();
  Loop loop(world.io, 1);
  int sum = 0;
  loop.spawn(dig(loop, sum));
  loop.run();
  CHECK(sum == 1000);
  CHECK(FramePool::live() == frames);
}

FOR_BOTH_IOS("loop: spawn starts nothing by itself, and later spawns run later") {
  T world;
  Loop loop(world.io, 1);
  std::string log;
  loop.spawn(spawn_more(loop, log));
  loop.spawn(note(log, 'z'));
  CHECK(log.empty());
  CHECK(loop.roots_live() == 2);
  CHECK(loop.has_ready());
  loop.run();
  CHECK(log == "[]zxy");
  CHECK(loop.roots_live() == 0);
}

FOR_BOTH_IOS("loop: run returns when the last root has ended, not before") {
  T world;
  Loop loop(world.io, 1);
  int done = 0;
  Instant start = loop.read_clock();
  for (int ms : {30, 5, 10}) loop.spawn(sleep_long(loop, milliseconds(ms), done));
  loop.run();
  CHECK(done == 3);
  CHECK(loop.now() >= start + milliseconds(30));
  CHECK(loop.now() < start + milliseconds(300));
}

FOR_BOTH_IOS("loop: a turn ends at its time, with the loop's own deadline in view") {
  T world;
  Loop loop(world.io, 1);
  int done = 0;
  loop.spawn(sleep_long(loop, milliseconds(50), done));
  Instant start = loop.read_clock();
  loop.turn(start + milliseconds(5));
  CHECK(loop.now() >= start + milliseconds(5));
  CHECK(loop.now() < start + milliseconds(50));
  CHECK(loop.next_deadline() > loop.now());
  CHECK(loop.next_deadline() <= start + milliseconds(53));
  CHECK(done == 0);
  while (loop.roots_live() > 0) loop.turn(kNever);
  CHECK(done == 1);
}

Task<Unit> hog(Loop& loop, Duration busy) {
  Instant end = loop.io().now() + busy;
  while (loop.io().now() < end) {
  }
  co_return Unit{};
}

TEST_CASE("loop: a coroutine that holds the thread too long counts as a stall") {
  OnUring world;
  Loop loop(world.io, 1);
  loop.set_stall_limit(milliseconds(5));
  loop.read_clock();
  std::string log;
  loop.spawn(note(log, 'x'));
  loop.run();
  CHECK(loop.stats().stalls == 0);
  loop.spawn(hog(loop, milliseconds(10)));
  loop.run();
  CHECK(loop.stats().stalls == 1);
  CHECK(loop.stats().stall_longest >= milliseconds(10));
  CHECK(loop.stats().resumes == 2);
}

TEST_CASE("frame pool: counts what lives, and gives memory that does not overlap") {
  uint64_t live = FramePool::live();
  std::vector<std::pair<char*, size_t>> frames;
  for (size_t bytes : {1u, 63u, 64u, 65u, 500u, 8128u, 8192u, 100'000u})
    for (int i = 0; i < 3; ++i) {
      auto* frame = static_cast<char*>(FramePool::get(bytes));
      std::fill_n(frame, bytes, static_cast<char>(frames.size()));
      frames.emplace_back(frame, bytes);
    }
  CHECK(FramePool::live() == live + frames.size());
  for (size_t i = 0; i < frames.size(); ++i) {
    CHECK(frames[i].first[0] == static_cast<char>(i));
    CHECK(frames[i].first[frames[i].second - 1] == static_cast<char>(i));
    FramePool::put(frames[i].first, frames[i].second);
  }
  CHECK(FramePool::live() == live);
}

}  // namespace
}  // namespace qcc::rt
