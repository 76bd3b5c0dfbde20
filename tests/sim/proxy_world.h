// The whole proxy in one process and one thread: real shards and the real health thread on
// simulated ones, real listeners on a simulated net, endpoints and clients around them.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include <qcc/health/health_thread.h>
#include <qcc/shard/shard.h>

#include "clients.h"
#include "shard_watch.h"
#include "sim_world_driver.h"

namespace qcc::sim {

struct ProxyRun {
  uint64_t seed = 0;
  Findings findings;
  uint64_t requests = 0;
  uint64_t exchanges = 0;
  uint64_t refused_keys = 0;
  uint64_t publications = 0;
  uint64_t checksum = 0;
  Duration elapsed{0};
};

// Plays one seed from its plan to the last descriptor. `trace`: prints every event of the net.
ProxyRun run_proxy(uint64_t seed, bool trace = false);

}  // namespace qcc::sim
