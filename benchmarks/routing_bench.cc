// What it costs to choose among 32 endpoints, to judge an attempt, and to fold a judgement in.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>

#include <qcc/base/published.h>
#include <qcc/config/load.h>
#include <qcc/endpoint/health_table.h>
#include <qcc/routing/router.h>

namespace qcc::routing {
namespace {

using endpoint::AttemptClass;
using endpoint::HealthTable;
using endpoint::Snapshot;

constexpr size_t kShards = 4;

// Two priorities, weights of three kinds.
std::shared_ptr<const config::Config> config_of(size_t endpoints) {
  std::string text = "[[cluster]]\n";
  for (size_t i = 0; i < endpoints; ++i) {
    std::string number = std::to_string(i);
    text +=
        "[[cluster.endpoint]]\nname = \"e" + number +
        "\"\nprotocol = \"anthropic\"\nbase_url = \"http://127.0.0.1:" + std::to_string(9000 + i) +
        "\"\nweight = " + std::to_string(50 + i % 3 * 50) +
        "\npriority = " + std::to_string(1 + i % 2) + "\n";
  }
  auto loaded = config::load(text, "routing_bench", {});
  if (!loaded.config) std::abort();
  return loaded.config;
}

HealthTable table_of(size_t endpoints) { return {{config_of(endpoints), nullptr}, kShards}; }

void pick(benchmark::State& state) {
  HealthTable table = table_of(static_cast<size_t>(state.range(0)));
  Published<Snapshot> published(table.make_snapshot(), 1);
  VetoList vetoes(0);
  Router router(vetoes);
  Query query;
  for (auto _ : state) {
    Choice choice =
        published.read(0, [&](const Snapshot& snapshot) { return router.pick(snapshot, query); });
    benchmark::DoNotOptimize(choice);
  }
}
BENCHMARK(pick)->ArgName("endpoints")->Arg(1)->Arg(4)->Arg(32)->Arg(256);

// The whole first priority was tried already: its endpoints are passed over one by one.
void pick_fallback(benchmark::State& state) {
  HealthTable table = table_of(static_cast<size_t>(state.range(0)));
  Published<Snapshot> published(table.make_snapshot(), 1);
  VetoList vetoes(0);
  Router router(vetoes);
  Query query;
  published.read(0, [&](const Snapshot& snapshot) {
    for (uint16_t slot : snapshot.clusters[0].groups[0]) query.excluded.set(slot);
  });
  for (auto _ : state) {
    Choice choice =
        published.read(0, [&](const Snapshot& snapshot) { return router.pick(snapshot, query); });
    benchmark::DoNotOptimize(choice);
  }
}
BENCHMARK(pick_fallback)->ArgName("endpoints")->Arg(32);

void classify(benchmark::State& state, endpoint::AttemptFacts facts) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(facts);
    endpoint::Verdict verdict = endpoint::classify(facts);
    benchmark::DoNotOptimize(verdict);
  }
}
BENCHMARK_CAPTURE(classify, success,
                  endpoint::AttemptFacts{
                      .stage = endpoint::Stage::body, .status = 200, .is_json = true});
BENCHMARK_CAPTURE(classify, overloaded,
                  endpoint::AttemptFacts{.stage = endpoint::Stage::head,
                                         .status = 529,
                                         .is_json = true,
                                         .error_type = "overloaded_error"});
BENCHMARK_CAPTURE(classify, no_credit,
                  endpoint::AttemptFacts{.stage = endpoint::Stage::head,
                                         .status = 429,
                                         .is_json = true,
                                         .error_type = "insufficient_quota",
                                         .error_code = "insufficient_quota"});
BENCHMARK_CAPTURE(classify, refused,
                  endpoint::AttemptFacts{
                      .stage = endpoint::Stage::connect,
                      .error = Error{ErrorKind::refused, ErrorSource::upstream}});

// What nearly every report is: nothing to publish.
void apply_success(benchmark::State& state) {
  HealthTable table = table_of(32);
  endpoint::EndpointRef endpoint{5, table.make_snapshot()->slots[5].generation};
  for (auto _ : state) {
    bool changed = table.apply({endpoint, AttemptClass::success});
    benchmark::DoNotOptimize(changed);
  }
}
BENCHMARK(apply_success);

// A change of state, from the report to the shards' next read.
void apply_and_publish(benchmark::State& state) {
  HealthTable table = table_of(32);
  Published<Snapshot> published(table.make_snapshot(), kShards);
  endpoint::EndpointRef endpoint{5, table.make_snapshot()->slots[5].generation};
  uint64_t sequence = 0;
  for (auto _ : state) {
    bool changed = table.apply({endpoint, AttemptClass::auth, 0, ++sequence});
    if (changed) published.publish(table.make_snapshot());
  }
}
BENCHMARK(apply_and_publish)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace qcc::routing

BENCHMARK_MAIN();
