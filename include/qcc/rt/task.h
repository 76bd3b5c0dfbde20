// Task<T>: a lazy coroutine with one owner. It starts when awaited and ends before its owner does.
// No symmetric transfer: a child is started inside await_suspend, and one that finishes at once
// does not suspend its parent (gcc 12 would grow the stack otherwise).
//
// Rule for callers (tests/tidy/lint_co_await.py): a co_await is the whole right-hand side of one
// statement, its operand is a call with named values, conditions test a variable.
#pragma once
#include <coroutine>
#include <optional>
#include <utility>

#include <qcc/base/assert.h>
#include <qcc/base/error.h>
#include <qcc/rt/frame_pool.h>

namespace qcc::rt {

struct PromiseBase {
  std::coroutine_handle<> parent;
  bool suspended_parent = false;

  static void* operator new(size_t bytes) { return FramePool::get(bytes); }
  static void operator delete(void* frame, size_t bytes) { FramePool::put(frame, bytes); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  [[noreturn]] void unhandled_exception() noexcept {
    assertion_failed("no exception leaves a coroutine", __FILE__, __LINE__);
  }

  struct Final {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) noexcept {
      PromiseBase& promise = self.promise();
      if (promise.suspended_parent) promise.parent.resume();
    }
    void await_resume() noexcept {}
  };
  Final final_suspend() noexcept { return {}; }
};

template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type : PromiseBase {
    std::optional<T> value;
    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    template <class U>
    void return_value(U&& v) {
      value.emplace(std::forward<U>(v));
    }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (!handle_) return;
    QCC_ASSERT(handle_.done());
    handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> parent) noexcept {
    promise_type& promise = handle_.promise();
    promise.parent = parent;
    handle_.resume();
    if (handle_.done()) return false;
    promise.suspended_parent = true;
    return true;
  }
  T await_resume() { return std::move(*handle_.promise().value); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

// A coroutine that answers nothing still returns a Unit: one shape for all.
using TaskUnit = Task<Unit>;

}  // namespace qcc::rt
