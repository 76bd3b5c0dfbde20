// One simulated shard with everything that is its own, and the wire that its news take to the
// health thread.
#pragma once
#include <memory>

#include <qcc/health/health_thread.h>
#include <qcc/shard/shard.h>

#include "shard_watch.h"
#include "sim_world_driver.h"

namespace qcc::sim {

// Addresses of the plan's hosts; now and then an answer is not there yet.
class SimAddresses final : public upstream::AddressSource {
 public:
  SimAddresses(SimNet& net, const ProxyPlan& plan, ShardWatch& watch, uint64_t seed)
      : net_(net), plan_(plan), watch_(watch), prng_(seed) {}
  net::ResolvedHost lookup(std::string_view host, uint16_t port) override;

 private:
  SimNet& net_;
  const ProxyPlan& plan_;
  ShardWatch& watch_;
  Prng prng_;
  std::map<size_t, Instant> asked_again_by_;  // by endpoint: who got no answer is back until then
};

// Stands between the proxy and its reporter and tells the checker what was processed.
class WatchedSink final : public proxy::OutcomeSink {
 public:
  WatchedSink(uint16_t shard, proxy::OutcomeSink& reporter, RefusedKeys& keys)
      : shard_(shard), reporter_(reporter), keys_(keys) {}
  void report(endpoint::EndpointRef endpoint, const endpoint::Verdict& verdict) override;

 private:
  uint16_t shard_;
  proxy::OutcomeSink& reporter_;
  RefusedKeys& keys_;
};

struct ShardUnit {
  ShardUnit(uint16_t number, SimNet& net, const ProxyPlan& plan, Ledger& ledger, RefusedKeys& keys,
            health::HealthThread& health, std::atomic<int32_t>& health_wake, int listener_port);
  ~ShardUnit();

  void order(uint32_t what, rt::Io& from);
  // Carries reports on to the health thread's inbox; true when there were any.
  bool deliver_reports(endpoint::Inbox& inbox);
  // Every request that began has ended once, and nothing is left.
  void judge_end(Findings& findings);

  const uint16_t number;
  ShardWatch watch;
  SimIo sim_io;
  WatchedIo io;
  rt::Loop loop;
  SimAddresses addresses;
  metrics::ShardMetrics metrics;
  LogRing log{size_t{1} << 18};
  shard::Controls controls;
  endpoint::Inbox wire;  // what the shard has reported and the health thread cannot see yet
  int listener = -1;
  bool prints_log = false;
  std::unique_ptr<shard::Shard> shard;
  std::unique_ptr<WatchedSink> sink;

 private:
  void judge_log(Findings& findings, uint64_t ended);
};

}  // namespace qcc::sim
