// The loop of one thread: ready coroutines, timers, and the Io it waits on. Coroutines of
// operations are resumed in exactly one place, `run_ready`, where stalls are measured.
#pragma once
#include <coroutine>
#include <cstdint>
#include <functional>
#include <vector>

#include <qcc/base/prng.h>
#include <qcc/rt/io.h>
#include <qcc/rt/task.h>
#include <qcc/rt/timer_wheel.h>

namespace qcc::rt {

struct LoopStats {
  uint64_t turns = 0;
  uint64_t resumes = 0;
  uint64_t operations = 0;
  uint64_t stalls = 0;  // turns whose coroutines ran longer than the stall limit
  Duration stall_longest{0};
};

class Loop {
 public:
  Loop(Io& io, uint64_t seed);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The time of this turn, read once per turn.
  Instant now() const { return now_; }
  Instant read_clock() { return now_ = io_.now(); }
  Io& io() { return io_; }
  Prng& prng() { return prng_; }
  TimerWheel& timers() { return timers_; }

  // Runs until no root task is left.
  void run();
  // One turn: resume what is ready, wait at most until `until`, fire what arrived. For callers that
  // step several loops. False when nothing can ever happen on this loop.
  bool turn(Instant until);

  // Starts a root task that the loop owns.
  void spawn(Task<Unit> task);
  uint64_t roots_live() const { return roots_live_; }
  uint64_t operations_live() const { return operations_live_; }
  // When this loop next has something to do by itself.
  Instant next_deadline() const { return ready_.empty() ? timers_.next_deadline() : now_; }
  bool has_ready() const { return !ready_.empty(); }
  const LoopStats& stats() const { return stats_; }
  void set_stall_limit(Duration limit) { stall_limit_ = limit; }

  // For operations.
  void make_ready(std::coroutine_handle<> handle) { ready_.push_back(handle); }
  void operation_began() {
    ++operations_live_;
    ++stats_.operations;
  }
  void operation_ended() {
    QCC_ASSERT(operations_live_ > 0);
    --operations_live_;
  }

 private:
  struct Root;
  static Root run_root(Loop& loop, Task<Unit> task);
  void run_ready();

  Io& io_;
  Instant now_;
  TimerWheel timers_;
  Prng prng_;
  std::vector<std::coroutine_handle<>> ready_;
  std::vector<std::coroutine_handle<>> running_;
  uint64_t roots_live_ = 0;
  uint64_t operations_live_ = 0;
  Duration stall_limit_ = std::chrono::milliseconds(5);
  LoopStats stats_;
};

}  // namespace qcc::rt
