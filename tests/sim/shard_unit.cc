#include "shard_unit.h"

#include <cstdio>
#include <set>

#include "world_address.h"

namespace qcc::sim {
namespace {

constexpr Duration kLookupPause = std::chrono::milliseconds(5);  // the proxy's own
constexpr const char* kOneEnd = "one end";
constexpr const char* kNothingLeft = "nothing left";

std::span<const std::string_view> class_names() {
  static const auto kNames = [] {
    std::array<std::string_view, endpoint::kAttemptClasses> names;
    for (size_t i = 0; i < names.size(); ++i)
      names[i] = endpoint::name_of(static_cast<endpoint::AttemptClass>(i));
    return names;
  }();
  return kNames;
}

int listen_at(rt::Io& io, int port) {
  sockaddr_in address = ipv4_address(INADDR_LOOPBACK, static_cast<uint16_t>(port));
  return io.listen(any(address), sizeof address, 64);
}

}  // namespace

net::ResolvedHost SimAddresses::lookup(std::string_view host, uint16_t port) {
  net::ResolvedHost answer;
  for (size_t i = 0; i < plan_.endpoints.size(); ++i) {
    const EndpointPlan& endpoint = plan_.endpoints[i];
    if (endpoint.host != host) continue;
    watch_.on_lookup(i, net_.now() <= asked_again_by_[i]);
    if (prng_.chance(5)) {
      asked_again_by_[i] = net_.now() + kLookupPause + tolerance_of(plan_.weather);
      return answer;
    }
    answer.state = net::ResolveState::fresh;
    for (uint32_t address : endpoint.addresses) {
      sockaddr_in raw = ipv4_address(address, port);
      answer.addresses[answer.count++] = net::SocketAddress::from_system(any(raw), sizeof raw);
    }
    return answer;
  }
  answer.state = net::ResolveState::failed;
  return answer;
}

void WatchedSink::report(endpoint::EndpointRef endpoint, const endpoint::Verdict& verdict) {
  reporter_.report(endpoint, verdict);
  if (verdict.takes_out) keys_.processed(shard_, endpoint);
}

ShardUnit::ShardUnit(uint16_t n, SimNet& net, const ProxyPlan& plan, Ledger& ledger,
                     RefusedKeys& keys, health::HealthThread& health,
                     std::atomic<int32_t>& health_wake, int listener_port)
    : number(n),
      watch(n, net, plan, ledger, keys),
      sim_io(net),
      io(sim_io, watch),
      loop(io, plan.seed * 31 + n),
      addresses(net, plan, watch, plan.seed ^ (0xadd0u + n)),
      metrics(class_names()) {
  loop.set_stall_limit(kUnlimited);
  listener = listen_at(io, listener_port);
  proxy::ProxyParts parts{loop, addresses, health.snapshots(), metrics,
                          log,  number,    "simulated",        plan.body_budget};
  shard::HealthLine line{&wire, &health_wake};
  shard = std::make_unique<shard::Shard>(
      shard::ShardParts{loop, controls, parts, line, {{listener, true}}, plan.connections_max});
  sim_io.on_peer_end = [this](int fd, bool broken) { watch.on_peer_end(fd, broken); };
  watch.body_bytes = [this] { return uint64_t{shard->proxy().bodies.charged()}; };
  watch.sessions_live = [this] { return uint64_t{shard->proxy().sessions_live}; };
  sink = std::make_unique<WatchedSink>(number, shard->reporter(), keys);
  shard->proxy().outcomes = sink.get();
}

ShardUnit::~ShardUnit() = default;

void ShardUnit::order(uint32_t what, rt::Io& from) {
  controls.orders.fetch_or(what, std::memory_order_release);
  from.wake(io.wake_handle());
}

bool ShardUnit::deliver_reports(endpoint::Inbox& inbox) {
  bool any_came = false;
  while (std::optional<endpoint::Outcome> outcome = wire.outcomes.pop()) {
    any_came = true;
    QCC_ASSERT(inbox.outcomes.push(*outcome));
  }
  return any_came;
}

// One line in the log for every request that ended, each with an id of its own.
void ShardUnit::judge_log(Findings& findings, uint64_t ended) {
  std::set<std::string> ids;
  std::string line;
  LogLevel level{};
  uint64_t lines = 0;
  while (log.pop(line, level)) {
    size_t at = line.find("req_");
    if (at != std::string::npos) {
      ++lines;
      std::string id = line.substr(at, line.find_first_of(" \"\n", at) - at);
      findings.demand(ids.insert(id).second, kOneEnd, id + " ended twice");
    }
    if (prints_log) std::fputs(line.c_str(), stdout);
    line.clear();
  }
  if (log.dropped() > 0) return;
  findings.demand(lines == ended, kOneEnd,
                  std::to_string(lines) + " lines for " + std::to_string(ended) + " requests");
}

void ShardUnit::judge_end(Findings& findings) {
  proxy::Proxy& proxy = shard->proxy();
  uint64_t ended = 0;
  for (int o = 0; o < 5; ++o)
    for (int s = 0; s < 5; ++s)
      ended += metrics
                   .requests(static_cast<metrics::RequestOutcome>(o),
                             static_cast<metrics::StatusClass>(s))
                   .value();
  judge_log(findings, ended);
  findings.demand(metrics.requests_in_flight.value() == 0, kOneEnd, "requests are in flight");
  findings.demand(ended >= watch.requests_served(), kOneEnd,
                  std::to_string(watch.requests_served()) + " requests were served, " +
                      std::to_string(ended) + " ended");
  for (size_t slot = 0; slot < endpoint::kSlotsMax; ++slot)
    findings.demand(metrics.endpoint(slot).attempts_in_flight.value() == 0, kOneEnd,
                    "attempts are in flight");
  auto none = [&findings](uint64_t count, const char* what) {
    findings.demand(count == 0, kNothingLeft, std::to_string(count) + " " + what);
  };
  none(proxy.sessions_live, "sessions");
  none(proxy.blocks.live(), "blocks");
  none(proxy.bodies.charged(), "bytes of bodies");
  none(proxy.bodies.regions_live(), "regions of bodies");
  none(proxy.pool.stats().idle, "idle connections");
  none(shard->reporter().has_pending(), "reports that wait");
  none(sim_io.operations_live(), "operations");
  none(sim_io.buffers_leased(), "buffers");
  none(loop.roots_live(), "tasks");
}

}  // namespace qcc::sim
