// Awaitable operations. Each lives in the awaiting frame, pinned, until its completion has arrived.
//
//   int sent = co_await send(scope, fd, bytes);       // bytes sent, or -errno; -ECANCELED when the
//   int fd = co_await connect(scope, fd, address);    // scope ended first
//   bool slept = co_await sleep_for(scope, wait);
#pragma once
#include <cerrno>
#include <coroutine>
#include <span>
#include <utility>

#include <qcc/rt/loop.h>
#include <qcc/rt/scope.h>

namespace qcc::rt {

// Base of one-shot operations on the Io.
class Operation : public Completion, public Waiter {
 public:
  bool await_ready() {
    if (!scope_.cancelled()) return false;
    result_ = -ECANCELED;
    return true;
  }
  int await_resume() {
    if (linked()) unlink();
    return result_;
  }

 protected:
  explicit Operation(Scope& scope) : Completion(&arrived), scope_(scope) {}
  ~Operation() = default;

  Io& begin(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    scope_.add(*this);
    scope_.loop().operation_began();
    return scope_.loop().io();
  }

 private:
  static void arrived(Completion& completion, const Arrival& arrival) {
    auto& self = static_cast<Operation&>(completion);
    self.result_ = arrival.res;
    self.scope_.loop().operation_ended();
    self.scope_.loop().make_ready(self.waiter_);
  }
  void on_cancel() override { scope_.loop().io().cancel(*this); }

  Scope& scope_;
  std::coroutine_handle<> waiter_;
  int result_ = 0;
};

class SendOperation final : public Operation {
 public:
  SendOperation(Scope& scope, int fd, std::span<const char> bytes)
      : Operation(scope), fd_(fd), bytes_(bytes) {}
  void await_suspend(std::coroutine_handle<> waiter) { begin(waiter).send(fd_, bytes_, *this); }

 private:
  int fd_;
  std::span<const char> bytes_;
};

class ReceiveIntoOperation final : public Operation {
 public:
  ReceiveIntoOperation(Scope& scope, int fd, std::span<char> to)
      : Operation(scope), fd_(fd), to_(to) {}
  void await_suspend(std::coroutine_handle<> waiter) { begin(waiter).recv_into(fd_, to_, *this); }

 private:
  int fd_;
  std::span<char> to_;
};

class ConnectOperation final : public Operation {
 public:
  ConnectOperation(Scope& scope, int fd, const sockaddr* address, socklen_t size)
      : Operation(scope), fd_(fd), address_(address), size_(size) {}
  void await_suspend(std::coroutine_handle<> waiter) {
    begin(waiter).connect(fd_, address_, size_, *this);
  }

 private:
  int fd_;
  const sockaddr* address_;
  socklen_t size_;
};

// A wait for time alone: no operation of the Io.
class SleepOperation final : public Waiter {
 public:
  SleepOperation(Scope& scope, Duration wait) : timer_(*this), scope_(scope), wait_(wait) {}
  bool await_ready() const { return scope_.cancelled(); }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    scope_.add(*this);
    Loop& loop = scope_.loop();
    loop.timers().arm(timer_, add_saturated(loop.now(), wait_));
  }
  // False when the scope ended first.
  bool await_resume() {
    if (linked()) unlink();
    return slept_;
  }

 private:
  struct Alarm : Timer {
    explicit Alarm(SleepOperation& o) : Timer(&ring), owner(o) {}
    static void ring(Timer& timer) {
      SleepOperation& owner = static_cast<Alarm&>(timer).owner;
      owner.slept_ = true;
      owner.scope_.loop().make_ready(owner.waiter_);
    }
    SleepOperation& owner;
  };
  void on_cancel() override {
    if (slept_) return;
    scope_.loop().timers().disarm(timer_);
    scope_.loop().make_ready(waiter_);
  }

  Alarm timer_;
  Scope& scope_;
  Duration wait_;
  std::coroutine_handle<> waiter_;
  bool slept_ = false;
};

// A level that one coroutine may wait for: `set` wakes it, `clear` makes the next wait wait again.
class Event {
 public:
  explicit Event(Loop& loop) : loop_(loop) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { QCC_ASSERT(!wait_); }

  bool is_set() const { return set_; }
  bool has_waiter() const { return wait_ != nullptr; }
  void clear() { set_ = false; }
  void set() {
    set_ = true;
    if (wait_) wait_->finish(true);
  }

  class Wait final : public Waiter {
   public:
    Wait(Event& event, Scope& scope) : event_(event), scope_(scope) {}
    bool await_ready() {
      happened_ = event_.set_;
      return happened_ || scope_.cancelled();
    }
    void await_suspend(std::coroutine_handle<> waiter) {
      QCC_ASSERT(!event_.wait_);
      event_.wait_ = this;
      waiter_ = waiter;
      scope_.add(*this);
    }
    // False when the scope ended first.
    bool await_resume() {
      if (linked()) unlink();
      return happened_;
    }

   private:
    friend class Event;
    void on_cancel() override {
      if (waiter_) finish(false);  // else on its way already, and the event may be gone
    }
    void finish(bool happened) {
      event_.wait_ = nullptr;
      happened_ = happened;
      event_.loop_.make_ready(std::exchange(waiter_, nullptr));
    }
    Event& event_;
    Scope& scope_;
    std::coroutine_handle<> waiter_;
    bool happened_ = false;
  };

 private:
  Loop& loop_;
  Wait* wait_ = nullptr;
  bool set_ = false;
};

inline SendOperation send(Scope& scope, int fd, std::span<const char> bytes) {
  return {scope, fd, bytes};
}
inline ReceiveIntoOperation receive_into(Scope& scope, int fd, std::span<char> to) {
  return {scope, fd, to};
}
inline ConnectOperation connect(Scope& scope, int fd, const sockaddr* address, socklen_t size) {
  return {scope, fd, address, size};
}
inline SleepOperation sleep_for(Scope& scope, Duration wait) { return {scope, wait}; }
inline Event::Wait wait_for(Event& event, Scope& scope) { return {event, scope}; }

}  // namespace qcc::rt
