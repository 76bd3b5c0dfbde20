#include <qcc/rt/loop.h>

#include <algorithm>

namespace qcc::rt {

// A detached coroutine that destroys itself at its end.
struct Loop::Root {
  struct promise_type {
    static void* operator new(size_t bytes) { return FramePool::get(bytes); }
    static void operator delete(void* frame, size_t bytes) { FramePool::put(frame, bytes); }
    Root get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    [[noreturn]] void unhandled_exception() noexcept {
      assertion_failed("no exception leaves a root task", __FILE__, __LINE__);
    }
  };
  std::coroutine_handle<promise_type> handle;
};

Loop::Root Loop::run_root(Loop& loop, Task<Unit> task) {
  co_await task;
  --loop.roots_live_;
}

Loop::Loop(Io& io, uint64_t seed) : io_(io), now_(io.now()), timers_(now_), prng_(seed) {
  ready_.reserve(256);
  running_.reserve(256);
}

Loop::~Loop() {
  QCC_ASSERT(roots_live_ == 0);
  QCC_ASSERT(operations_live_ == 0);
}

void Loop::spawn(Task<Unit> task) {
  ++roots_live_;
  Root root = run_root(*this, std::move(task));
  make_ready(root.handle);
}

void Loop::run_ready() {
  Instant before = now_;
  while (!ready_.empty()) {
    running_.swap(ready_);
    for (std::coroutine_handle<> handle : running_) {
      ++stats_.resumes;
      handle.resume();
    }
    running_.clear();
  }
  if (Duration ran = read_clock() - before; ran > stall_limit_) {
    ++stats_.stalls;
    stats_.stall_longest = std::max(stats_.stall_longest, ran);
  }
}

bool Loop::turn(Instant until) {
  ++stats_.turns;
  if (!ready_.empty()) run_ready();
  if (roots_live_ == 0) return true;
  bool alive = io_.wait(std::min(until, timers_.next_deadline()));
  read_clock();
  timers_.advance(now_);
  return alive || !ready_.empty();
}

void Loop::run() {
  read_clock();  // the loop may have been made long ago
  while (roots_live_ > 0) {
    bool alive = turn(kNever);
    QCC_ASSERT(alive);  // a loop that waits for nothing is a bug, not a wait
  }
  io_.wait(now_);  // what the last task asked for, a close or a wake, must leave too
}

}  // namespace qcc::rt
