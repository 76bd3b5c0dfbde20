// Slots change hands at a reload; what is counted belongs to the endpoint that did it.
#include <doctest/doctest.h>

#include <qcc/proxy/proxy.h>

#include "../../sim/sim_io.h"
#include "../../sim/sim_net.h"
#include "../endpoint/some_config.h"

using namespace qcc;
using endpoint::AttemptClass;
using test::some_endpoint;

namespace {

constexpr std::string_view kClasses[] = {"success"};

struct NoAddresses final : upstream::AddressSource {
  net::ResolvedHost lookup(std::string_view, uint16_t) override { return {}; }
};

// A snapshot of one slot.
std::unique_ptr<const endpoint::Snapshot> one_slot(const char* name, uint32_t generation) {
  auto snapshot = std::make_unique<endpoint::Snapshot>();
  snapshot->setup = test::some_setup({some_endpoint(name)});
  snapshot->slots.push_back({&snapshot->setup.config->clusters[0].endpoints[0], generation, false});
  snapshot->clusters.push_back({{{0}}});
  snapshot->included = {0};
  return snapshot;
}

struct Fixture {
  sim::SimNet net{1, sim::Weather::calm()};
  sim::SimIo io{net};
  rt::Loop loop{io, 1};
  NoAddresses addresses;
  Published<endpoint::Snapshot> snapshots{one_slot("a", 1), 1};
  metrics::ShardMetrics metrics{kClasses};
  LogRing log;
  proxy::Proxy proxy{{loop, addresses, snapshots, metrics, log, 0, "test", 1 << 20}};

  void publish(const char* name, uint32_t generation) {
    snapshots.publish(one_slot(name, generation));
    proxy.follow_snapshot();
  }
  uint64_t shown() { return metrics.endpoint(0).connections_opened.value(); }
  bool is_of(const char* name) const {
    return metrics.is_owned_by(0, metrics::slot_owner(config::endpoint_id(name)));
  }
};

}  // namespace

TEST_CASE("slots: an endpoint's counters outlive its keys, not its stay in the slot") {
  Fixture f;
  f.proxy.follow_snapshot();
  f.proxy.cells_of({0, 1}).connections_opened.add(3);
  f.publish("a", 2);
  CHECK(f.shown() == 3);
  f.proxy.cells_of({0, 1}).connections_opened.add(1);
  f.proxy.cells_of({0, 2}).connections_opened.add(1);
  CHECK(f.shown() == 5);
  f.publish("b", 3);
  CHECK(f.shown() == 0);
}

TEST_CASE("slots: a late attempt of the endpoint before is not counted for the next") {
  Fixture f;
  f.proxy.follow_snapshot();
  f.proxy.cells_of({0, 1}).attempts_in_flight.add(1);
  f.publish("b", 2);
  f.proxy.cells_of({0, 2}).attempts_in_flight.add(1);
  f.proxy.cells_of({0, 1}).attempts_in_flight.subtract(1);
  f.proxy.cells_of({0, 1}).connections_opened.add(1);
  CHECK(f.metrics.endpoint(0).attempts_in_flight.value() == 1);
  CHECK(f.shown() == 0);
}

TEST_CASE("slots: the cells say whose they are, and change hands with the first pick") {
  Fixture f;
  CHECK_FALSE(f.is_of("a"));
  f.proxy.follow_snapshot();
  CHECK(f.is_of("a"));
  f.snapshots.publish(one_slot("b", 2));
  CHECK(f.is_of("a"));
  routing::Query query;
  CHECK(f.proxy.pick(query).choice.endpoint == endpoint::EndpointRef{0, 2});
  CHECK(f.is_of("b"));
}
