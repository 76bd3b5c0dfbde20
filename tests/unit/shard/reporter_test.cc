// What reaches the health thread, in which order, and what a full queue does to it (spec R5).
#include <doctest/doctest.h>

#include <qcc/shard/shard.h>

#include <vector>

#include "../../sim/sim_io.h"
#include "../../sim/sim_net.h"

using namespace qcc;
using endpoint::AttemptClass;

namespace {

endpoint::Verdict verdict_of(AttemptClass attempt_class) {
  return {attempt_class, true, attempt_class == AttemptClass::auth};
}

struct Fixture {
  sim::SimNet net{1, sim::Weather::calm()};
  sim::SimIo io{net};
  rt::Loop loop{io, 1};
  endpoint::Inbox inbox;
  std::atomic<int32_t> wake_target{-1};
  routing::VetoList vetoes{0};
  shard::Reporter reporter{loop, vetoes, 0, {&inbox, &wake_target}};

  std::vector<endpoint::Outcome> received() {
    std::vector<endpoint::Outcome> all;
    while (auto outcome = inbox.outcomes.pop()) all.push_back(*outcome);
    return all;
  }
  void fill() {
    while (inbox.outcomes.push({{9, 9}, AttemptClass::transient, 0, 0})) {
    }
  }
};

}  // namespace

TEST_CASE("R5: a refused key is vetoed before anybody else knows, successes are no news") {
  Fixture f;
  endpoint::Snapshot snapshot;
  snapshot.included = {0};
  f.reporter.report({3, 1}, verdict_of(AttemptClass::success));
  CHECK(f.received().empty());
  f.reporter.report({3, 1}, verdict_of(AttemptClass::auth));
  CHECK(f.vetoes.vetoes(3, 1, snapshot));
  CHECK_FALSE(f.vetoes.vetoes(3, 2, snapshot));
  auto received = f.received();
  REQUIRE(received.size() == 1);
  CHECK(received[0].sequence == 1);
}

TEST_CASE("R5: a full queue drops ordinary news and keeps what changes a state, in order") {
  Fixture f;
  f.fill();
  f.reporter.report({1, 1}, verdict_of(AttemptClass::transient));
  CHECK(f.reporter.dropped() == 1);
  f.reporter.report({1, 1}, verdict_of(AttemptClass::auth));
  f.reporter.report({2, 1}, verdict_of(AttemptClass::auth));
  f.reporter.report({1, 1}, verdict_of(AttemptClass::auth));  // coalesces with the first
  CHECK(f.reporter.has_pending());
  f.received();
  f.reporter.flush();
  CHECK_FALSE(f.reporter.has_pending());
  auto received = f.received();
  REQUIRE(received.size() == 2);
  CHECK(received[0].endpoint.slot == 2);
  CHECK(received[0].sequence == 2);
  CHECK(received[1].endpoint.slot == 1);
  CHECK(received[1].sequence == 3);
}

TEST_CASE("R5: nothing overtakes what waits, or a snapshot would claim to include it") {
  Fixture f;
  f.fill();
  f.reporter.report({1, 1}, verdict_of(AttemptClass::auth));
  f.inbox.outcomes.pop();
  f.inbox.outcomes.pop();
  f.reporter.report({2, 1}, verdict_of(AttemptClass::auth));
  std::vector<uint64_t> sequences;
  for (const endpoint::Outcome& outcome : f.received())
    if (outcome.sequence > 0) sequences.push_back(outcome.sequence);
  CHECK(sequences == std::vector<uint64_t>{1, 2});
}
