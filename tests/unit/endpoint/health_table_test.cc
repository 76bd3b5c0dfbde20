#include <doctest/doctest.h>

#include <qcc/endpoint/health_table.h>

#include "some_config.h"

using namespace qcc;
using namespace qcc::endpoint;
using test::some_endpoint;
using test::some_setup;

namespace {

Outcome refusal(uint16_t slot, uint32_t generation, uint16_t shard, uint64_t sequence) {
  return {{slot, generation}, AttemptClass::auth, shard, sequence};
}

}  // namespace

TEST_CASE("R5: a 401 takes an endpoint out and the snapshot says whose news it includes") {
  HealthTable table(some_setup({some_endpoint("a"), some_endpoint("b")}), 2);
  auto before = table.make_snapshot();
  CHECK_FALSE(before->slots[0].auth_failed);
  CHECK(before->included == std::vector<uint64_t>{0, 0});

  CHECK(table.apply(refusal(0, before->slots[0].generation, 1, 7)));
  auto after = table.make_snapshot();
  CHECK(after->slots[0].auth_failed);
  CHECK_FALSE(after->slots[1].auth_failed);
  CHECK(after->included == std::vector<uint64_t>{0, 7});
  CHECK(after->version > before->version);
}

TEST_CASE("R5: ordinary failures are counted and change nothing that must be published") {
  HealthTable table(some_setup({some_endpoint("a")}), 1);
  uint32_t generation = table.make_snapshot()->slots[0].generation;
  Outcome failure{{0, generation}, AttemptClass::transient, 0, 0};
  CHECK_FALSE(table.apply(failure));
  CHECK_FALSE(table.apply(failure));
  CHECK(table.counts(0).failures == 2);
  CHECK(table.counts(0).failures_in_row == 2);
  CHECK_FALSE(table.make_snapshot()->slots[0].auth_failed);
}

TEST_CASE("R5: news of another generation changes no state, but is included") {
  HealthTable table(some_setup({some_endpoint("a", 1, 100, 1)}), 1);
  uint32_t old_generation = table.make_snapshot()->slots[0].generation;
  CHECK(table.reconfigure(some_setup({some_endpoint("a", 1, 100, 2)})));
  auto renewed = table.make_snapshot();
  CHECK(renewed->slots[0].generation != old_generation);
  CHECK(table.apply(refusal(0, old_generation, 0, 3)));
  auto after = table.make_snapshot();
  CHECK_FALSE(after->slots[0].auth_failed);
  CHECK(after->included[0] == 3);
}

TEST_CASE("R5: a reload keeps state by name; only a new credential clears a refused key") {
  HealthTable table(some_setup({some_endpoint("a"), some_endpoint("b")}), 1);
  auto first = table.make_snapshot();
  table.apply(refusal(1, first->slots[1].generation, 0, 1));

  SUBCASE("same key, other order and weight") {
    CHECK(table.reconfigure(some_setup({some_endpoint("b", 1, 5), some_endpoint("a")})));
    auto next = table.make_snapshot();
    CHECK(next->slots[1].config->name == "b");
    CHECK(next->slots[1].auth_failed);
    CHECK(next->slots[1].generation == first->slots[1].generation);
    CHECK(next->config_generation == first->config_generation + 1);
  }
  SUBCASE("new key") {
    CHECK(table.reconfigure(some_setup({some_endpoint("a"), some_endpoint("b", 1, 100, 9)})));
    CHECK_FALSE(table.make_snapshot()->slots[1].auth_failed);
  }
  SUBCASE("gone, and its slot taken by a stranger") {
    CHECK(table.reconfigure(some_setup({some_endpoint("a")})));
    CHECK(table.make_snapshot()->slots[1].config == nullptr);
    CHECK(table.reconfigure(some_setup({some_endpoint("a"), some_endpoint("c")})));
    auto next = table.make_snapshot();
    CHECK(next->slots[0].config->name == "a");
    uint16_t slot = next->slots[1].config ? 1 : 2;
    CHECK(next->slots[slot].config->name == "c");
    CHECK_FALSE(next->slots[slot].auth_failed);
    CHECK(next->slots[slot].generation != first->slots[1].generation);
  }
}

TEST_CASE("a configuration with more endpoints than slots is refused whole") {
  HealthTable table(some_setup({some_endpoint("a")}), 1);
  std::vector<config::EndpointConfig> many;
  for (size_t i = 0; i <= kSlotsMax; ++i) many.push_back(some_endpoint("e" + std::to_string(i)));
  CHECK_FALSE(table.reconfigure(some_setup(many)));
  CHECK(table.make_snapshot()->slots[0].config->name == "a");
}

TEST_CASE("R2: groups are in the order of their priority") {
  HealthTable table(
      some_setup({some_endpoint("far", 3), some_endpoint("near", 1), some_endpoint("near too", 1)}),
      1);
  auto snapshot = table.make_snapshot();
  REQUIRE(snapshot->clusters[0].groups.size() == 2);
  CHECK(snapshot->clusters[0].groups[0] == std::vector<uint16_t>{1, 2});
  CHECK(snapshot->clusters[0].groups[1] == std::vector<uint16_t>{0});
}
