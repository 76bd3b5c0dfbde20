// Wake-ups to the microsecond. The timers of rt::Loop tick in milliseconds, which would bunch the
// events of many streams into few batches and make every proxy look cheaper than it is.
//
// Owner: a benchmark program, beside its loop; outlives all sleepers. Thread: its loop's.
#pragma once
#include <set>
#include <utility>

#include <qcc/rt/ops.h>

namespace qcc::bench {

class Metronome {
 public:
  explicit Metronome(rt::Loop& loop) : loop_(loop) {}

  // False when the scope ended first. An instant that has passed does not suspend.
  rt::Task<bool> sleep_until(Instant at, rt::Scope& scope) {
    if (at <= loop_.now()) co_return !scope.cancelled();
    rt::Event rung(loop_);
    due_.emplace(at, &rung);
    bool slept = co_await rt::wait_for(rung, scope);
    if (!slept) due_.erase({at, &rung});
    co_return slept;
  }

  // Runs the loop until no root task is left.
  void run() {
    loop_.read_clock();
    while (loop_.roots_live() > 0) {
      // What runs in a turn may want to be woken before the turn's wait would end.
      bool may_wait = !loop_.has_ready();
      loop_.turn(may_wait ? next() : loop_.now());
      ring();
    }
  }

 private:
  Instant next() const { return due_.empty() ? kNever : due_.begin()->first; }
  void ring() {
    while (next() <= loop_.now()) {
      rt::Event* sleeper = due_.begin()->second;
      due_.erase(due_.begin());
      sleeper->set();
    }
  }

  rt::Loop& loop_;
  std::set<std::pair<Instant, rt::Event*>> due_;
};

}  // namespace qcc::bench
