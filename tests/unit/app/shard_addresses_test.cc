// Serving on with old addresses is counted and told (spec R7).
#include <doctest/doctest.h>

#include <netdb.h>

#include <thread>

#include "../../../src/app/shard_thread.h"
#include "../../sim/sim_io.h"
#include "../../sim/sim_net.h"

namespace qcc::app {
namespace {

using namespace std::chrono_literals;

// The addresses of "old.test" were fresh once; the name service has been silent since.
struct World {
  static net::LookupAnswer known(const std::string&, uint16_t port) {
    return {{*net::SocketAddress::from_ip("192.0.2.1", port)}, 0};
  }

  sim::SimNet net{1, sim::Weather::calm()};
  sim::SimIo io{net};
  rt::Loop loop{io, 1};
  net::Resolver resolver;
  metrics::ShardMetrics one{{}}, two{{}};
  LogRing log;
  ShardAddresses first{resolver, loop, 0, one, log};
  ShardAddresses second{resolver, loop, 1, two, log};

  explicit World(Duration age)
      : resolver(
            {.readers_max = 3, .clock = [at = net.now() - age] { return at; }, .lookup = &known}) {
    resolver.set_names(std::vector<net::HostName>{{"old.test", 443}});
    auto is_answered = [this] { return resolver.lookup("old.test", 443, Instant{}, 2).count == 1; };
    for (int i = 0; i < 5000 && !is_answered(); ++i) std::this_thread::sleep_for(1ms);
  }
  std::string told() {
    std::string lines;
    std::string line;
    for (LogLevel level{}; log.pop(line, level); line.clear()) lines += line;
    return lines;
  }
};

}  // namespace

TEST_CASE("stale addresses: every use is counted, the first is told") {
  World world(301s);
  CHECK(world.first.lookup("old.test", 443).state == net::ResolveState::stale);
  std::string told = world.told();
  CHECK(told.find("level=warn") != told.npos);
  CHECK(told.find("host=old.test") != told.npos);
  CHECK(world.second.lookup("old.test", 443).count == 1);
  CHECK(world.first.lookup("old.test", 443).count == 1);
  CHECK(world.told() == "");
  CHECK(world.one.dns_stale.value() == 2);
  CHECK(world.two.dns_stale.value() == 1);
}

TEST_CASE("stale addresses: fresh ones, literals and names nobody knows are none") {
  World world(299s);
  CHECK(world.first.lookup("old.test", 443).state == net::ResolveState::fresh);
  world.first.lookup("192.0.2.7", 443);
  world.first.lookup("unknown.test", 443);
  CHECK(world.one.dns_stale.value() == 0);
  CHECK(world.told() == "");
}

}  // namespace qcc::app
