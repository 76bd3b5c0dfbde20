#include <qcc/rt/timer_wheel.h>

#include <algorithm>
#include <bit>

namespace qcc::rt {

void TimerWheel::arm(Timer& timer, Instant at) {
  QCC_ASSERT(!timer.armed());
  timer.at = at;
  if (at == kNever) return;
  ++armed_;
  place(timer);
}

void TimerWheel::disarm(Timer& timer) {
  if (!timer.armed()) return;
  --armed_;
  timer.unlink();
  if (!slots_[timer.slot].empty()) return;  // also right for a timer that waits in `due_`
  occupied_[timer.slot / kSlots] &= ~(uint64_t{1} << (timer.slot % kSlots));
}

// The level is where the timer's tick first differs from the present one, so that a slot is reached
// exactly when all higher digits agree.
void TimerWheel::place(Timer& timer) {
  constexpr uint64_t kHorizon = (uint64_t{1} << (kSlotBits * kLevels)) - 1;
  uint64_t due = tick_of(timer.at) + 1;  // round up: never early
  due = std::clamp(due, tick_ + 1, tick_ + (kHorizon >> 1));
  int level = (63 - std::countl_zero(due ^ tick_)) / kSlotBits;
  if (level >= kLevels) level = kLevels - 1;
  uint64_t position = (due >> (level * kSlotBits)) & (kSlots - 1);
  timer.slot = static_cast<uint16_t>(static_cast<uint64_t>(level) * kSlots + position);
  slots_[timer.slot].push_back(timer);
  occupied_[static_cast<size_t>(level)] |= uint64_t{1} << position;
}

void TimerWheel::collect(int level, uint64_t position, IntrusiveList<Timer>& to) {
  occupied_[static_cast<size_t>(level)] &= ~(uint64_t{1} << position);
  to.splice(slots_[static_cast<size_t>(level) * kSlots + position]);
}

Instant TimerWheel::next_deadline() const {
  if (armed_ == 0) return kNever;
  uint64_t best = UINT64_MAX;
  for (int level = 0; level < kLevels; ++level) {
    uint64_t bits = occupied_[static_cast<size_t>(level)];
    if (!bits) continue;
    int shift = level * kSlotBits;
    uint64_t here = (tick_ >> shift) & (kSlots - 1);
    uint64_t distance = std::countr_zero(std::rotr(bits, static_cast<int>(here)));
    uint64_t start = ((tick_ >> shift) + distance) << shift;
    best = std::min(best, std::max(start, tick_ + 1));
  }
  if (best == UINT64_MAX) return kNever;
  return Instant(Duration(static_cast<int64_t>(best << kTickBits)));
}

void TimerWheel::advance(Instant now) {
  uint64_t target = tick_of(now);
  while (tick_ < target) {
    Instant next = next_deadline();
    uint64_t step = next == kNever ? target : std::min(target, tick_of(next));
    tick_ = std::max(step, tick_ + 1);
    IntrusiveList<Timer> moved;
    for (int level = kLevels - 1; level >= 0; --level) {
      int shift = level * kSlotBits;
      if (level > 0 && (tick_ & ((uint64_t{1} << shift) - 1)) != 0) continue;
      collect(level, (tick_ >> shift) & (kSlots - 1), level == 0 ? due_ : moved);
      while (Timer* timer = moved.pop_front()) {
        if (tick_of(timer->at) + 1 <= tick_)
          due_.push_back(*timer);
        else
          place(*timer);
      }
    }
  }
  while (Timer* timer = due_.pop_front()) {
    --armed_;
    timer->fire(*timer);
  }
}

}  // namespace qcc::rt
