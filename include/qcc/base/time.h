// Time as the program knows it. Waits use boot time, which goes on while a laptop sleeps; dates use
// wall time. Nobody but an `rt::Io` asks the system for either.
#pragma once
#include <chrono>
#include <cstdint>

namespace qcc {

struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};

using Duration = std::chrono::nanoseconds;
using Instant = BootClock::time_point;
using WallTime = std::chrono::sys_time<Duration>;

inline constexpr Instant kNever = Instant::max();
inline constexpr Duration kUnlimited = Duration::max();

// Saturates, so that an unlimited wait never wraps into the past.
constexpr Instant add_saturated(Instant at, Duration wait) {
  return wait >= kNever - at ? kNever : at + wait;
}

constexpr int64_t to_ms(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}
constexpr double to_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace qcc
