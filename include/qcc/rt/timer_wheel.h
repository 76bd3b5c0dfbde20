// Timers of one thread: a hierarchical wheel, O(1) to arm and disarm, in ticks of 2^20 ns, a good
// millisecond. A timer never fires early; it fires at most one tick late.
#pragma once
#include <array>
#include <cstdint>

#include <qcc/base/intrusive_list.h>
#include <qcc/base/time.h>

namespace qcc::rt {

// Lives in its owner; disarmed before it is destroyed.
struct Timer : ListNode {
  using Fire = void (*)(Timer&);
  explicit Timer(Fire f) : fire(f) {}
  bool armed() const { return linked(); }
  Fire fire;
  Instant at = kNever;
  uint16_t slot = 0;  // the wheel's note of where it was placed
};

class TimerWheel {
 public:
  explicit TimerWheel(Instant now) : tick_(tick_of(now)) {}

  // kNever is allowed and arms nothing. REQUIRES: not armed.
  void arm(Timer& timer, Instant at);
  void disarm(Timer& timer);
  // Fires every timer whose time has come. Timers armed while firing wait for the next call.
  void advance(Instant now);
  // No timer fires before this instant; kNever when none is armed.
  Instant next_deadline() const;
  uint64_t armed_count() const { return armed_; }

 private:
  static constexpr int kTickBits = 20, kSlotBits = 6, kSlots = 1 << kSlotBits, kLevels = 6;

  static uint64_t tick_of(Instant at) {
    return static_cast<uint64_t>(at.time_since_epoch().count()) >> kTickBits;
  }
  void place(Timer& timer);
  void collect(int level, uint64_t position, IntrusiveList<Timer>& to);

  uint64_t tick_;
  uint64_t armed_ = 0;
  std::array<uint64_t, kLevels> occupied_{};
  std::array<IntrusiveList<Timer>, kLevels * kSlots> slots_;
  IntrusiveList<Timer> due_;
};

}  // namespace qcc::rt
