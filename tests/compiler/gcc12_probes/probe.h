// What the compiler probes share: a small task with the library's way of starting a child, an
// operation that really suspends, and values that count their lives.
//
// A probe is one program of one code shape that the await rule allows. It runs its coroutine, then
// demands the right result, a completed coroutine, and as many destructions as constructions. A
// compiler that gets the shape wrong makes it abort, crash or hang, never pass.
#pragma once
#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace probe {

inline void demand(bool condition, const char* what, int line) {
  if (condition) return;
  std::fprintf(stderr, "probe failed at line %d: %s\n", line, what);
  std::abort();
}
#define DEMAND(condition) ::probe::demand((condition), #condition, __LINE__)

// Owns heap memory, so that a second destruction is a double free as well as a wrong count.
class Tracked {
 public:
  explicit Tracked(int tag) : value_(std::make_unique<int>(tag)) { ++alive; }
  Tracked(Tracked&& other) noexcept : value_(std::move(other.value_)) { ++alive; }
  Tracked(const Tracked& other) : value_(std::make_unique<int>(other.tag())) { ++alive; }
  Tracked& operator=(Tracked&& other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }
  Tracked& operator=(const Tracked&) = delete;
  ~Tracked() { --alive; }
  int tag() const { return value_ ? *value_ : -1; }

  static inline int alive = 0;

 private:
  std::unique_ptr<int> value_;
};

inline std::vector<std::coroutine_handle<>> suspended;

// Suspends until the driver resumes it, then yields `value`. Pinned, as an operation of the kernel
// is.
class Op {
 public:
  explicit Op(int value) : value_(value) {}
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) { suspended.push_back(waiter); }
  int await_resume() const noexcept { return value_; }

 private:
  int value_;
};

inline Op later(int value) { return Op(value); }

template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    std::optional<T> value;
    std::coroutine_handle<> waiter;

    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
      struct WakeWaiter {
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<promise_type> done) const noexcept {
          if (done.promise().waiter) suspended.push_back(done.promise().waiter);
        }
        void await_resume() const noexcept {}
      };
      return WakeWaiter{};
    }
    void return_value(T result) { value.emplace(std::move(result)); }
    void unhandled_exception() noexcept { std::abort(); }
  };

  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  // Starts the child here, without symmetric transfer; a child that is done leaves nothing to wait
  // for.
  bool await_suspend(std::coroutine_handle<> waiter) {
    frame_.resume();
    if (frame_.done()) return false;
    frame_.promise().waiter = waiter;
    return true;
  }
  T await_resume() { return std::move(*frame_.promise().value); }

  T run() {
    frame_.resume();
    for (int steps = 0; !suspended.empty(); ++steps) {
      DEMAND(steps < 1'000'000);
      std::coroutine_handle<> next = suspended.back();
      suspended.pop_back();
      next.resume();
    }
    DEMAND(frame_.done());
    return await_resume();
  }

 private:
  explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};

// main() of a probe: three runs, since a lost temporary may go unnoticed once.
template <class Coroutine>
int check(Coroutine coroutine, int expected) {
  for (int round = 0; round < 3; ++round) {
    int got = coroutine().run();
    DEMAND(got == expected);
    DEMAND(Tracked::alive == 0);
  }
  return 0;
}

}  // namespace probe
