// What the load generator counted, and how it is told: one line of JSON.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <qcc/base/time.h>

namespace qcc::bench {

// Every sample is kept: exact percentiles, 8 bytes each.
class Durations {
 public:
  void add(Duration duration) { samples_.push_back(duration); }
  // {"count":…,"p50":…,"p99":…,"p999":…,"max":…} in microseconds.
  std::string summary();

 private:
  double microseconds_at(double share) const;
  std::vector<Duration> samples_;
};

struct Results {
  static constexpr Duration kLate = std::chrono::milliseconds(10);

  uint64_t answers = 0;   // whole and 2xx
  uint64_t refusals = 0;  // whole, another status
  uint64_t errors = 0;    // connections that failed or broke
  uint64_t events = 0;
  uint64_t events_late = 0;            // older than kLate on arrival
  uint64_t events_least = UINT64_MAX;  // of an answer
  uint64_t events_most = 0;
  uint64_t open = 0;       // connections at the end
  int refusal_status = 0;  // of the last refusal
  Durations latency;       // from the planned instant to the end of the answer
  Durations first_byte;    // to the head of the answer
  Durations event_age;     // of stamped events on arrival

  void add_event_age(Duration age);
  void print(Duration window);
};

}  // namespace qcc::bench
