// What a seed's network is like: latencies, faults and how odd the kernel behaves. Percentages are
// whole numbers of 100.
#pragma once
#include <cstdint>

#include <qcc/base/prng.h>
#include <qcc/base/time.h>

namespace qcc::sim {

struct Weather {
  Duration latency_min = std::chrono::microseconds(20);  // one way
  Duration latency_max = std::chrono::microseconds(300);
  uint32_t window_bytes = 64 * 1024;   // that a peer takes before it reads
  uint32_t segment_bytes = 16 * 1024;  // the most that travels as one

  // Of all connects:
  unsigned refused_percent = 0;
  unsigned unreachable_percent = 0;
  unsigned black_hole_percent = 0;  // no answer; -ETIMEDOUT after kConnectPatience
  // Of all connections:
  unsigned breaks_percent = 0;    // reset at a random moment within `breaks_within`
  unsigned vanishes_percent = 0;  // goes silent both ways within `breaks_within`, and for good
  unsigned stalls_percent = 0;    // now and then a segment is late by up to `stall_max`
  Duration breaks_within = std::chrono::seconds(2);
  Duration stall_max = std::chrono::seconds(30);

  // The kernel:
  unsigned short_read_percent = 0;     // of arrivals
  unsigned one_shot_percent = 0;       // of receives: end after their first arrival
  unsigned starved_percent = 0;        // of arrivals: -ENOBUFS although a buffer is free
  unsigned accept_ends_percent = 0;    // of accepts: the last of its operation
  unsigned accept_fails_percent = 0;   // of accepts: -EMFILE first, and the operation ends
  unsigned no_descriptor_percent = 0;  // of open_socket: -EMFILE
  unsigned part_batch_percent = 0;     // of waits: only the first few arrivals are handed out
  Duration cancel_delay_max = std::chrono::microseconds(50);
  // A thread that is not scheduled for a while (SimWorldDriver).
  unsigned pause_percent = 0;
  Duration pause_max = std::chrono::milliseconds(5);

  static Weather calm() { return {}; }
  // Most seeds get a few kinds of fault, some none, some many.
  static Weather draw(Prng& prng);
};

}  // namespace qcc::sim
