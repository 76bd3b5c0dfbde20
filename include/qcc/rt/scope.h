// A Scope bounds work in time and carries cancellation down a tree. The first reason wins.
// Cancelling resumes nobody by itself: each waiter below is asked to end, and its own completion
// resumes it. A new wait under a cancelled scope fails at once, without a submission.
//
// Owner: a coroutine frame. Children end before their parents because frames nest.
#pragma once
#include <cstdint>

#include <qcc/base/error.h>
#include <qcc/base/intrusive_list.h>
#include <qcc/rt/timer_wheel.h>

namespace qcc::rt {

class Loop;

enum class Why : uint8_t { none, timeout, client_gone, shutdown, given_up };

// Something that waits under a scope.
class Waiter : public ListNode {
 public:
  virtual void on_cancel() = 0;

 protected:
  ~Waiter() = default;
};

class Scope final : public Waiter {
 public:
  // `limit` counts from now; kUnlimited for none. `parent` may be null (a root).
  Scope(Loop& loop, Scope* parent, Duration limit = kUnlimited);
  ~Scope();

  void cancel(Why why);
  // Replaces the deadline; no effect once cancelled.
  void set_limit(Duration limit);
  bool cancelled() const { return why_ != Why::none; }
  Why why() const { return why_; }
  // True when it is this scope's own limit, or a parent's, that ended the work.
  bool timed_out() const { return why_ == Why::timeout; }
  // The earliest deadline of this scope and those above it.
  Instant deadline() const;
  Duration left() const;

  void add(Waiter& waiter) { waiters_.push_back(waiter); }
  Loop& loop() const { return loop_; }

 private:
  struct Deadline : Timer {
    explicit Deadline(Scope& s) : Timer(&fire_deadline), scope(s) {}
    static void fire_deadline(Timer& timer) {
      static_cast<Deadline&>(timer).scope.cancel(Why::timeout);
    }
    Scope& scope;
  };
  void on_cancel() override;

  Loop& loop_;
  Scope* parent_;
  Why why_ = Why::none;
  Deadline deadline_;
  IntrusiveList<Waiter> waiters_;
};

// What a wait that a scope ended reports.
Error error_of(const Scope& scope, ErrorSource source, const char* where);

}  // namespace qcc::rt
