#include "load_results.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace qcc::bench {

double Durations::microseconds_at(double share) const {
  if (samples_.empty()) return 0;
  auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(samples_.size())));
  return static_cast<double>(samples_[std::max<size_t>(rank, 1) - 1].count()) / 1000;
}

std::string Durations::summary() {
  std::ranges::sort(samples_);
  char text[160];
  std::snprintf(text, sizeof text,
                "{\"count\":%zu,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}",
                samples_.size(), microseconds_at(0.5), microseconds_at(0.99),
                microseconds_at(0.999), microseconds_at(1));
  return text;
}

void Results::add_event_age(Duration age) {
  event_age.add(age);
  if (age > kLate) ++events_late;
}

void Results::print(Duration window) {
  if (answers == 0) events_least = 0;
  std::printf(
      "{\"seconds\":%.3f,\"answers\":%ju,\"refusals\":%ju,\"refusal_status\":%d,"
      "\"errors\":%ju,\"events\":%ju,\"events_late\":%ju,"
      "\"events_per_answer\":[%ju,%ju],\"open\":%ju,",
      to_seconds(window), answers, refusals, refusal_status, errors, events, events_late,
      events_least, events_most, open);
  std::printf("\"latency_us\":%s,\"first_byte_us\":%s,\"event_age_us\":%s}\n",
              latency.summary().c_str(), first_byte.summary().c_str(), event_age.summary().c_str());
}

}  // namespace qcc::bench
