#include <doctest/doctest.h>

#include <qcc/routing/router.h>

#include <map>
#include <memory>

#include "../endpoint/some_config.h"

using namespace qcc;
using namespace qcc::endpoint;
using namespace qcc::routing;
using test::some_endpoint;
using test::some_setup;

namespace {

struct Fixture {
  explicit Fixture(std::vector<config::EndpointConfig> endpoints)
      : table(some_setup(std::move(endpoints)), 2) {
    snapshot = table.make_snapshot();
  }
  std::map<std::string, int> picks(int n, const Query& query = {}) {
    std::map<std::string, int> counts;
    for (int i = 0; i < n; ++i) {
      Choice choice = router.pick(*snapshot, query);
      ++counts[choice.found ? choice.config->name : "nobody"];
    }
    return counts;
  }
  HealthTable table;
  std::unique_ptr<const Snapshot> snapshot;
  VetoList vetoes{0};
  Router router{vetoes};
};

}  // namespace

TEST_CASE("R2: weighted shares are exact and smooth") {
  Fixture f({some_endpoint("a", 1, 5), some_endpoint("b", 1, 1), some_endpoint("c", 1, 1)});
  CHECK(f.picks(700) == std::map<std::string, int>{{"a", 500}, {"b", 100}, {"c", 100}});
  std::string sequence;
  for (int i = 0; i < 7; ++i) sequence += f.router.pick(*f.snapshot, {}).config->name;
  CHECK(sequence == "aabacaa");
}

TEST_CASE("R2: a lower group serves only when nobody above can") {
  Fixture f({some_endpoint("first", 1), some_endpoint("second", 2)});
  CHECK(f.picks(10) == std::map<std::string, int>{{"first", 10}});
  Query query;
  query.excluded.set(0);
  CHECK(f.picks(10, query) == std::map<std::string, int>{{"second", 10}});
  query.excluded.set(1);
  CHECK(f.picks(1, query) == std::map<std::string, int>{{"nobody", 1}});
}

TEST_CASE("R2: weight 0 serves only as the last of its group") {
  Fixture f({some_endpoint("spare", 1, 0), some_endpoint("main", 1, 10)});
  CHECK(f.picks(20) == std::map<std::string, int>{{"main", 20}});
  Query query;
  query.excluded.set(1);
  CHECK(f.picks(3, query) == std::map<std::string, int>{{"spare", 3}});
}

TEST_CASE("R2: who is not eligible, and why") {
  config::EndpointConfig disabled = some_endpoint("disabled");
  disabled.enabled = false;
  config::EndpointConfig openai = some_endpoint("openai");
  openai.protocol = config::Protocol::openai;
  config::EndpointConfig no_count = some_endpoint("no count");
  no_count.count_tokens = false;
  Fixture f({disabled, openai, no_count, some_endpoint("refused"), some_endpoint("well")});
  f.table.apply({{3, f.snapshot->slots[3].generation}, AttemptClass::auth, 0, 1});
  f.snapshot = f.table.make_snapshot();
  Query query;
  query.needs_count_tokens = true;
  auto reason = [&](uint16_t slot) {
    return Router::skip_reason(*f.snapshot, f.vetoes, slot, query);
  };
  CHECK(reason(0) == Skip::disabled);
  CHECK(reason(1) == Skip::protocol);
  CHECK(reason(2) == Skip::count_tokens);
  CHECK(reason(3) == Skip::auth_failed);
  CHECK(reason(4) == Skip::none);
  query.excluded.set(4);
  CHECK(reason(4) == Skip::tried);
  for (int i = 0; i <= static_cast<int>(Skip::count_tokens); ++i)
    CHECK_FALSE(name_of(static_cast<Skip>(i)).empty());
}

TEST_CASE("R5: a veto holds until a snapshot includes its own outcome, not merely a newer one") {
  Fixture f({some_endpoint("a"), some_endpoint("b")});
  uint32_t generation = f.snapshot->slots[0].generation;
  f.vetoes.add({0, generation}, 4);
  CHECK(f.picks(4) == std::map<std::string, int>{{"b", 4}});

  // News of the other shard, and older news of this one, make newer snapshots that lift nothing.
  f.table.apply({{1, f.snapshot->slots[1].generation}, AttemptClass::transient, 1, 9});
  f.table.apply({{1, f.snapshot->slots[1].generation}, AttemptClass::transient, 0, 3});
  f.snapshot = f.table.make_snapshot();
  CHECK(f.picks(4) == std::map<std::string, int>{{"b", 4}});

  // Its own outcome: now the snapshot decides.
  f.table.apply({{0, generation}, AttemptClass::auth, 0, 4});
  f.snapshot = f.table.make_snapshot();
  CHECK_FALSE(f.vetoes.vetoes(0, generation, *f.snapshot));
  CHECK(f.picks(4) == std::map<std::string, int>{{"b", 4}});

  // A new credential is a new generation: the veto means somebody else.
  f.table.reconfigure(some_setup({some_endpoint("a", 1, 100, 2), some_endpoint("b")}));
  f.snapshot = f.table.make_snapshot();
  CHECK(f.picks(4) == std::map<std::string, int>{{"a", 2}, {"b", 2}});
}

TEST_CASE("R5: late news of an older credential do not lift the veto of the present one") {
  Fixture f({some_endpoint("a"), some_endpoint("b")});
  uint32_t older = f.snapshot->slots[0].generation;
  f.table.reconfigure(some_setup({some_endpoint("a", 1, 100, 2), some_endpoint("b")}));
  f.snapshot = f.table.make_snapshot();
  uint32_t present = f.snapshot->slots[0].generation;
  f.vetoes.add({0, present}, 1);
  f.vetoes.add({0, older}, 2);
  CHECK(f.vetoes.vetoes(0, present, *f.snapshot));
  CHECK(f.picks(4) == std::map<std::string, int>{{"b", 4}});
}
