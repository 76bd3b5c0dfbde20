#include <doctest/doctest.h>

#include <qcc/metrics/shard_metrics.h>

#include <string_view>
#include <thread>

namespace qcc::metrics {

TEST_CASE("a value falls into the first bucket whose bound is not below it") {
  struct Row {
    Duration value;
    size_t bucket;
  };
  const size_t last = kLongScale.bounds.size();
  const Row rows[] = {
      {0ns, 0},         {1ns, 0},           {1ms, 0},    {1ms + 1ns, 1},          {2ms, 1},
      {2ms + 1ns, 2},   {999ms, 9},         {1s, 9},     {1s + 1ns, 10},          {30s, 14},
      {300s, last - 1}, {300s + 1ns, last}, {24h, last}, {Duration::max(), last}, {-5s, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value.count());
    CHECK(kLongScale.bucket_of(row.value) == row.bucket);
  }
}

template <size_t N>
size_t bucket_by_walking(const Scale<N>& scale, Duration value) {
  size_t at = 0;
  while (at < N && value > scale.bounds[at]) ++at;
  return at;
}

TEST_CASE("the search finds what a plain walk finds, around every bound") {
  auto check = [](const auto& scale) {
    for (Duration bound : scale.bounds)
      for (int64_t off : {-1, 0, 1}) {
        Duration value = bound + Duration(off);
        CHECK(scale.bucket_of(value) == bucket_by_walking(scale, value));
      }
    for (int bit = 0; bit < 63; ++bit) {
      Duration value(int64_t{1} << bit);
      CHECK(scale.bucket_of(value) == bucket_by_walking(scale, value));
    }
  };
  check(kShortScale);
  check(kLongScale);
}

TEST_CASE("a histogram counts each value once and sums them") {
  LongHistogram histogram;
  histogram.observe(500us);
  histogram.observe(1500us);
  histogram.observe(400s);
  histogram.observe(-3s);
  CHECK(histogram.count_in(0) == 2);
  CHECK(histogram.count_in(1) == 1);
  CHECK(histogram.count_in(LongHistogram::kBuckets - 1) == 1);
  CHECK(histogram.nanoseconds() == 400'002'000'000u);
  histogram.reset();
  CHECK(histogram.count_in(0) == 0);
  CHECK(histogram.nanoseconds() == 0);
}

TEST_CASE("status codes fall into classes") {
  CHECK(status_class(0) == StatusClass::none);
  CHECK(status_class(101) == StatusClass::none);
  CHECK(status_class(200) == StatusClass::success);
  CHECK(status_class(304) == StatusClass::redirect);
  CHECK(status_class(499) == StatusClass::client_error);
  CHECK(status_class(529) == StatusClass::server_error);
  CHECK(status_class(600) == StatusClass::none);
}

TEST_CASE("each label value has a counter of its own") {
  constexpr std::string_view kClasses[] = {"success", "transient"};
  ShardMetrics shard(kClasses);
  shard.requests(RequestOutcome::client, StatusClass::none).add();
  shard.requests(RequestOutcome::ok, StatusClass::success).add(2);
  shard.tokens(TokenClass::cache_read).add(7);
  CHECK(shard.requests.at(1, 0).value() == 1);
  CHECK(shard.requests.at(0, 1).value() == 2);
  CHECK(shard.requests.at(0, 0).value() == 0);
  CHECK(shard.tokens.at(4).value() == 7);
  CHECK(shard.tokens.at(0).value() == 0);
}

TEST_CASE("resetting one slot leaves the others alone") {
  ShardMetrics shard({});
  shard.endpoint(3).attempts(1).add(5);
  shard.endpoint(3).connections_idle.set(2);
  shard.endpoint(3).ttft.observe(1s);
  shard.endpoint(255).connections_opened.add(9);
  shard.endpoint(3).reset();
  CHECK(shard.endpoint(3).attempts.at(1).value() == 0);
  CHECK(shard.endpoint(3).connections_idle.value() == 0);
  CHECK(shard.endpoint(3).ttft.nanoseconds() == 0);
  CHECK(shard.endpoint(255).connections_opened.value() == 9);
}

TEST_CASE("a gauge goes both ways, a mirrored counter follows its source") {
  Gauge gauge;
  gauge.add(3);
  gauge.subtract();
  CHECK(gauge.value() == 2);
  gauge.subtract(5);
  CHECK(gauge.value() == -3);
  Counter counter;
  counter.mirror(41);
  counter.add();
  CHECK(counter.value() == 42);
}

TEST_CASE("a reader sees a counter only grow while its thread writes") {
  ShardMetrics shard({});
  constexpr uint64_t kRounds = 200'000;
  std::thread writer([&shard] {
    for (uint64_t i = 0; i < kRounds; ++i) shard.retries.add();
  });
  uint64_t seen = 0;
  while (seen < kRounds) {
    uint64_t now = shard.retries.value();
    REQUIRE(now >= seen);
    seen = now;
  }
  writer.join();
  CHECK(shard.retries.value() == kRounds);
}

}  // namespace qcc::metrics
