// Checkers of limits, one for each: how long something may last, how many there may be at once.
// All times are virtual; a limit may be passed by one tick of the wheel and by what the simulated
// kernel takes for a cancel.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "ledger.h"

namespace qcc::sim {

// A span of time, by key, that must end within its limit.
class SpanLimit {
 public:
  SpanLimit(Findings& findings, const char* name, Duration tolerance)
      : findings_(findings), name_(name), tolerance_(tolerance) {}

  // Begins, or begins anew: nothing is judged.
  void begin(uint64_t key, Instant now, Duration limit) { open_[key] = {now, limit}; }
  bool is_open(uint64_t key) const { return open_.contains(key); }
  // Progress was made: what passed is judged, then the span begins anew.
  void restart(uint64_t key, Instant now);
  // Judges and ends; nothing when it was not open.
  void end(uint64_t key, Instant now);
  // Ends without judging: time that does not count.
  void suspend(uint64_t key) { open_.erase(key); }
  // The run is over: what is still open has had until now.
  void finish(Instant now);

  // How long the span has lasted; nothing when it is not open.
  Duration lasted(uint64_t key, Instant now) const;
  // Giving up is not too soon.
  bool reached(uint64_t key, Instant now) const;

 private:
  struct Span {
    Instant since;
    Duration limit;
  };
  void judge(uint64_t key, const Span& span, Instant now);

  Findings& findings_;
  const char* name_;
  Duration tolerance_;
  std::map<uint64_t, Span> open_;
};

// A number of things that must not be exceeded at any moment.
class CountLimit {
 public:
  CountLimit(Findings& findings, const char* name, uint64_t most)
      : findings_(findings), name_(name), most_(most) {}
  void set(uint64_t key, uint64_t count);

 private:
  Findings& findings_;
  const char* name_;
  uint64_t most_;
};

}  // namespace qcc::sim
