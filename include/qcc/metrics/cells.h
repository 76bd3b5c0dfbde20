// Numbers that one thread writes and any thread reads. Adding is a load and a store without a lock,
// about 1 ns; a reader sees each number whole, but not several at one moment.
//
// Thread rule: each cell has one writing thread; the const functions are anyone's.
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <qcc/base/assert.h>
#include <qcc/base/time.h>

namespace qcc::metrics {

namespace detail {

inline void add_to(std::atomic<uint64_t>& cell, uint64_t n) {
  cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

}  // namespace detail

// Only grows.
class Counter {
 public:
  void add(uint64_t n = 1) { detail::add_to(value_, n); }
  // Takes over a total that is counted elsewhere.
  void mirror(uint64_t total) { value_.store(total, std::memory_order_relaxed); }
  void reset() { mirror(0); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void add(int64_t n = 1) { set(value() + n); }
  void subtract(int64_t n = 1) { set(value() - n); }
  void set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void reset() { set(0); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

class DurationGauge {
 public:
  void set(Duration value) { nanoseconds_.store(value.count(), std::memory_order_relaxed); }
  void reset() { set(Duration::zero()); }
  Duration value() const { return Duration(nanoseconds_.load(std::memory_order_relaxed)); }

 private:
  std::atomic<int64_t> nanoseconds_{0};
};

// Upper bounds of a histogram's buckets, ascending; a last bucket without bound follows.
template <size_t N>
struct Scale {
  std::array<Duration, N> bounds;
  std::array<uint8_t, 65> first;  // by bit width of the value in ns: where the search begins

  explicit constexpr Scale(const std::array<Duration, N>& ascending) : bounds(ascending), first{} {
    for (size_t width = 1; width < first.size(); ++width) {
      uint64_t smallest = uint64_t{1} << (width - 1);
      uint8_t at = first[width - 1];
      while (at < N && static_cast<uint64_t>(bounds[at].count()) < smallest) ++at;
      first[width] = at;
    }
  }
  // The first bucket whose bound is not below the value; N for the last one.
  constexpr size_t bucket_of(Duration value) const {
    auto nanoseconds = static_cast<uint64_t>(std::max(value, Duration::zero()).count());
    size_t at = first[static_cast<size_t>(std::bit_width(nanoseconds))];
    while (at < N && value > bounds[at]) ++at;
    return at;
  }
};

using namespace std::chrono_literals;

// For what QCC itself adds.
inline constexpr Scale<19> kShortScale(std::array<Duration, 19>{
    1us, 2us, 5us, 10us, 20us, 50us, 100us, 200us, 500us, 1ms, 2ms, 5ms, 10ms, 20ms, 50ms, 100ms,
    200ms, 500ms, 1s});
// For what endpoints and networks take.
inline constexpr Scale<21> kLongScale(std::array<Duration, 21>{
    1ms, 2ms, 5ms, 10ms, 20ms, 50ms, 100ms, 200ms, 500ms, 1s,  2s,
    5s,  10s, 20s, 30s,  45s,  60s,  90s,   120s,  180s,  300s});

template <const auto& kScale>
class Histogram {
 public:
  static constexpr auto& scale = kScale;
  static constexpr size_t kBuckets = kScale.bounds.size() + 1;

  // A negative time counts as zero.
  void observe(Duration value) {
    Duration counted = std::max(value, Duration::zero());
    detail::add_to(counts_[kScale.bucket_of(counted)], 1);
    detail::add_to(nanoseconds_, static_cast<uint64_t>(counted.count()));
  }
  void reset() {
    for (std::atomic<uint64_t>& count : counts_) count.store(0, std::memory_order_relaxed);
    nanoseconds_.store(0, std::memory_order_relaxed);
  }
  // Of this bucket alone, without those below it.
  uint64_t count_in(size_t bucket) const { return counts_[bucket].load(std::memory_order_relaxed); }
  uint64_t nanoseconds() const { return nanoseconds_.load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<uint64_t>, kBuckets> counts_{};
  std::atomic<uint64_t> nanoseconds_{0};
};

using ShortHistogram = Histogram<kShortScale>;
using LongHistogram = Histogram<kLongScale>;

// What a counter may be split by. Values come from this list and from nowhere else, so that no peer
// can grow the number of series (http rule S5).
template <class Label>
struct LabelTraits;

// Who ended a request: the first letter of its termination code.
enum class RequestOutcome : uint8_t { ok, client, upstream, limit, shutdown };
template <>
struct LabelTraits<RequestOutcome> {
  static constexpr std::string_view kName = "outcome";
  static constexpr std::array<std::string_view, 5> kValues{"ok", "client", "upstream", "limit",
                                                           "shutdown"};
};

enum class StatusClass : uint8_t { none, success, redirect, client_error, server_error };
template <>
struct LabelTraits<StatusClass> {
  static constexpr std::string_view kName = "status";
  static constexpr std::array<std::string_view, 5> kValues{"none", "2xx", "3xx", "4xx", "5xx"};
};
// `none` for anything that is no final status.
constexpr StatusClass status_class(int status) {
  return status < 200 || status > 599 ? StatusClass::none
                                      : static_cast<StatusClass>(status / 100 - 1);
}

// Disjoint: what counts as `reasoning` does not count as `output`.
enum class TokenClass : uint8_t {
  input,
  output,
  cache_write_5m,
  cache_write_1h,
  cache_read,
  reasoning
};
template <>
struct LabelTraits<TokenClass> {
  static constexpr std::string_view kName = "class";
  static constexpr std::array<std::string_view, 6> kValues{
      "input", "output", "cache_write_5m", "cache_write_1h", "cache_read", "reasoning"};
};

// One counter for each value of a label.
template <class Label>
class CounterBy {
 public:
  static constexpr size_t kSize = LabelTraits<Label>::kValues.size();
  Counter& operator()(Label label) { return cells_[static_cast<size_t>(label)]; }
  const Counter& at(size_t index) const { return cells_[index]; }
  void reset() {
    for (Counter& cell : cells_) cell.reset();
  }

 private:
  std::array<Counter, kSize> cells_;
};

// One counter for each pair of values.
template <class First, class Second>
class CounterByTwo {
 public:
  static constexpr size_t kFirst = LabelTraits<First>::kValues.size();
  static constexpr size_t kSecond = LabelTraits<Second>::kValues.size();
  Counter& operator()(First first, Second second) {
    return cells_[static_cast<size_t>(first) * kSecond + static_cast<size_t>(second)];
  }
  const Counter& at(size_t first, size_t second) const { return cells_[first * kSecond + second]; }
  void reset() {
    for (Counter& cell : cells_) cell.reset();
  }

 private:
  std::array<Counter, kFirst * kSecond> cells_;
};

// How an attempt ended, by an enumeration of a module above; its names are told to ShardMetrics.
class AttemptCounters {
 public:
  static constexpr size_t kMax = 16;
  // REQUIRES: an index below kMax.
  Counter& operator()(auto attempt_class) {
    auto index = static_cast<size_t>(attempt_class);
    QCC_ASSERT(index < kMax);
    return cells_[index];
  }
  const Counter& at(size_t index) const { return cells_[index]; }
  void reset() {
    for (Counter& cell : cells_) cell.reset();
  }

 private:
  std::array<Counter, kMax> cells_;
};

using OutcomeCounters = CounterByTwo<RequestOutcome, StatusClass>;
using TokenCounters = CounterBy<TokenClass>;

// Shown for each shard by itself instead of as a sum.
template <class Cell>
class PerShard : public Cell {};

}  // namespace qcc::metrics
