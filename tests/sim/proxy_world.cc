#include "proxy_world.h"

#include <cstdio>
#include <cstdlib>

#include "shard_unit.h"

namespace qcc::sim {
namespace {
using rt::Scope;
using rt::Task;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kPort = 7860;
constexpr Duration kRunLimit = std::chrono::hours(2);  // of virtual time
constexpr Duration kLastWords = seconds(2);            // spec R15: what a stopped request may take
constexpr Duration kLinger = seconds(2);

// Everything of one seed. Members end in the reverse of their order.
class World {
 public:
  World(uint64_t seed, bool trace);
  ProxyRun run();

 private:
  Task<Unit> control();
  Task<Unit> drain();
  Task<Unit> courier();
  Task<Unit> reload(size_t index);
  Task<Unit> wait_for_shards();
  bool shards_live() const;
  void stop_health();
  void judge_end(Outcome outcome, uint64_t frames);

  ProxyPlan plan_;
  Ledger ledger_;
  SimNet net_;
  health::HealthThread health_;
  std::atomic<int32_t> health_wake_{-1};
  SimIo health_io_;
  rt::Loop health_loop_;
  RefusedKeys keys_;
  std::vector<std::unique_ptr<ShardUnit>> shards_;
  SimIo outside_io_;
  rt::Loop outside_loop_;
  net::BlockPool outside_blocks_{16};
  net::NetContext outside_net_;
  Scope outside_scope_;
  Scope courier_scope_;
  Prng prng_;
  Outside outside_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  AnswerChecker answers_;
  Clients clients_;
};

World::World(uint64_t seed, bool trace)
    : plan_(ProxyPlan::draw(seed)),
      net_(seed, plan_.weather),
      health_({plan_.config, nullptr}, plan_.shards, plan_.shards + 1),
      health_io_(net_),
      health_loop_(health_io_, seed + 1),
      keys_(ledger_.findings,
            [this](const auto& fn) {
              health_.snapshots().read(plan_.shards, [&fn](const endpoint::Snapshot& snapshot) {
                fn(snapshot);
                return true;
              });
            }),
      outside_io_(net_, {.buffer_count = 512, .buffer_bytes = 4096}),
      outside_loop_(outside_io_, seed + 2),
      outside_net_{outside_loop_, outside_blocks_, 8 * 1024},
      outside_scope_(outside_loop_, nullptr),
      courier_scope_(health_loop_, nullptr),
      prng_(seed ^ 0x3017),
      outside_{outside_loop_, outside_net_, ledger_, plan_, outside_scope_},
      answers_(ledger_, plan_.config->limits),
      clients_(outside_, answers_, kPort) {
  if (trace) net_.set_trace(stdout);
  outside_loop_.set_stall_limit(kUnlimited);
  health_loop_.set_stall_limit(kUnlimited);
  ledger_.findings.set_clock([this] { return to_seconds(net_.elapsed()); });
  health_wake_ = health_io_.wake_handle().target;
  for (uint16_t i = 0; i < plan_.shards; ++i)
    shards_.push_back(
        std::make_unique<ShardUnit>(i, net_, plan_, ledger_, keys_, health_, health_wake_, kPort));
  for (auto& unit : shards_) unit->prints_log = trace;
  for (size_t i = 0; i < plan_.endpoints.size(); ++i)
    endpoints_.push_back(std::make_unique<Endpoint>(outside_, i, prng_.next()));
}

// ---- what a daemon would do ----

bool World::shards_live() const {
  for (const auto& unit : shards_)
    if (unit->loop.roots_live() > 0) return true;
  return false;
}

Task<Unit> World::wait_for_shards() {
  Scope forever(outside_loop_, nullptr);
  while (shards_live()) {
    co_await rt::sleep_for(forever, milliseconds(1));
  }
  co_return Unit{};
}

// SIGTERM: drain, and after drain_timeout cut what is left.
Task<Unit> World::drain() {
  Scope forever(outside_loop_, nullptr);
  clients_.note_drain();
  Instant begin = net_.now();
  for (auto& unit : shards_) unit->order(shard::Controls::kDrain, outside_io_);
  Instant cut_at = begin + plan_.config->server.drain_timeout;
  while (shards_live() && net_.now() < cut_at) {
    co_await rt::sleep_for(forever, milliseconds(1));
  }
  for (auto& unit : shards_) unit->watch.note_stop();
  for (auto& unit : shards_) unit->order(shard::Controls::kStop, outside_io_);
  co_await wait_for_shards();
  Duration limit = plan_.config->server.drain_timeout + kLastWords + kLinger +
                   3 * tolerance_of(plan_.weather) + milliseconds(200);
  Duration lasted = net_.now() - begin;
  ledger_.findings.demand(lasted <= limit, "drain_timeout",
                          "the drain lasted " + std::to_string(to_ms(lasted)) + " ms, at most " +
                              std::to_string(to_ms(limit)) + " were allowed");
  co_return Unit{};
}

Task<Unit> World::control() {
  Scope forever(outside_loop_, nullptr);
  Instant drain_at = add_saturated(net_.now(), plan_.drain_after);
  while (!clients_.all_gone() && net_.now() < drain_at) {
    co_await rt::sleep_for(forever, milliseconds(20));
  }
  if (clients_.all_gone()) {
    co_await rt::sleep_for(forever, seconds(prng_.below(10)));
  }
  co_await drain();
  stop_health();
  outside_scope_.cancel(rt::Why::shutdown);
  co_return Unit{};
}

void World::stop_health() {
  health_.stop();
  courier_scope_.cancel(rt::Why::shutdown);
  outside_io_.wake(health_io_.wake_handle());
}

// News reach the health thread some time after they were sent, those of one shard before or after
// those of another: between threads nothing else is certain.
Task<Unit> World::courier() {
  auto longest = static_cast<uint64_t>(plan_.courier_max.count()) + 1'000'000;
  while (!courier_scope_.cancelled()) {
    co_await rt::sleep_for(courier_scope_, Duration(static_cast<int64_t>(prng_.below(longest))));
    for (auto& unit : shards_) {
      if (prng_.chance(40)) continue;
      bool came = unit->deliver_reports(health_.inbox(unit->number));
      if (came) health_io_.wake(health_io_.wake_handle());
    }
  }
  for (auto& unit : shards_) unit->deliver_reports(health_.inbox(unit->number));
  co_return Unit{};
}

Task<Unit> World::reload(size_t index) {
  co_await rt::sleep_for(outside_scope_, plan_.reloads[index].after);
  if (outside_scope_.cancelled()) co_return Unit{};
  health_.reconfigure({plan_.reloads[index].config, nullptr});
  outside_io_.wake(health_io_.wake_handle());
  co_return Unit{};
}

// ---- the run ----

void World::judge_end(Outcome outcome, uint64_t frames) {
  Findings& findings = ledger_.findings;
  findings.demand(outcome == Outcome::finished, "the world ends", name_of(outcome));
  if (outcome != Outcome::finished) {  // nothing can be taken apart any more
    std::printf("seed %llu fails:\n%s", static_cast<unsigned long long>(plan_.seed),
                findings.text().c_str());
    std::fflush(stdout);
    std::_Exit(1);
  }
  for (auto& unit : shards_) {
    unit->watch.finish();
    unit->judge_end(findings);
  }
  for (auto& [number, request] : ledger_.all())
    findings.demand(request.exchanges <= 12, "attempts", "request " + std::to_string(number));
  findings.demand(net_.sockets_open() == 0, "nothing left",
                  std::to_string(net_.sockets_open()) + " sockets");
  findings.demand(rt::FramePool::live() == frames, "nothing left",
                  std::to_string(rt::FramePool::live() - frames) + " frames");
  findings.demand(health_io_.operations_live() == 0, "nothing left", "operations of health");
  findings.demand(outside_blocks_.live() == 0, "nothing left", "blocks outside");
}

ProxyRun World::run() {
  uint64_t frames = rt::FramePool::live();
  SimWorldDriver driver(net_);
  driver.add(health_loop_, health_io_);
  driver.add(outside_loop_, outside_io_);
  health_loop_.spawn(health_.run(health_loop_));
  health_loop_.spawn(courier());
  for (auto& unit : shards_) {
    driver.add(unit->loop, unit->sim_io);
    unit->loop.spawn(unit->shard->run());
  }
  for (auto& endpoint : endpoints_) outside_loop_.spawn(endpoint->run());
  for (size_t i = 0; i < plan_.reloads.size(); ++i) outside_loop_.spawn(reload(i));
  clients_.start();
  outside_loop_.spawn(control());
  Outcome outcome = driver.run_to_end(kRunLimit);
  judge_end(outcome, frames);
  ProxyRun run;
  run.seed = plan_.seed;
  run.requests = clients_.requests_sent();
  for (auto& [number, request] : ledger_.all())
    run.exchanges += static_cast<uint64_t>(request.exchanges);
  run.refused_keys = keys_.processed_count();
  run.publications = health_.publications();
  run.checksum = net_.checksum();
  run.elapsed = net_.elapsed();
  run.findings = ledger_.findings;
  run.findings.set_clock({});
  return run;
}

}  // namespace

ProxyRun run_proxy(uint64_t seed, bool trace) {
  World world(seed, trace);
  return world.run();
}

}  // namespace qcc::sim
