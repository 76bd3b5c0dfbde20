#include <qcc/shard/shard.h>

namespace qcc::shard {
namespace {
constexpr Duration kTick = std::chrono::milliseconds(100);
// How long a stopped request may take to tell its client.
constexpr Duration kLastWords = std::chrono::seconds(2);
}

Shard::Shard(ShardParts parts)
    : parts_(std::move(parts)),
      proxy_(parts_.proxy),
      reporter_(parts_.loop, proxy_.vetoes, parts_.proxy.shard, parts_.health),
      woken_(parts_.loop) {
  proxy_.outcomes = &reporter_;
}

Shard::~Shard() = default;

void Shard::accept(int fd, bool local) {
  metrics::ShardMetrics& cells = proxy_.metrics;
  if (proxy_.sessions_live >= parts_.connections_max) {
    cells.client_connections_refused.add(1);
    parts_.loop.io().close(fd);
    return;
  }
  cells.client_connections_accepted.add(1);
  parts_.loop.spawn(proxy::serve_client(proxy_, fd, local));
}

// The backlog is emptied by the listeners' last arrivals; then nothing new comes.
rt::Task<Unit> Shard::begin_drain() {
  draining_ = true;
  proxy_.drain();
  for (auto& listener : listeners_) {
    co_await listener->close();
  }
  listeners_.clear();
  co_return Unit{};
}

void Shard::copy_gauges() {
  metrics::ShardMetrics& cells = proxy_.metrics;
  const rt::LoopStats& loop = parts_.loop.stats();
  cells.loop_turns.mirror(loop.turns);
  cells.loop_stalls.mirror(loop.stalls);
  cells.loop_stall_longest.set(loop.stall_longest);
  cells.client_connections_open.set(proxy_.sessions_live);
  cells.buffers_starved.mirror(proxy_.net.stats.buffers_starved);
  cells.outcomes_dropped.mirror(reporter_.dropped());
  cells.log_lines_dropped.mirror(proxy_.log.dropped());
}

rt::Task<Unit> Shard::run() {
  rt::Loop& loop = parts_.loop;
  loop.io().on_wake = [this] { woken_.set(); };
  for (const ShardListener& listener : parts_.listeners) {
    bool local = listener.local;
    auto on_accept = [this, local](int fd) { accept(fd, local); };
    listeners_.push_back(std::make_unique<net::Listener>(loop, listener.fd, on_accept));
  }
  rt::Scope forever(loop, nullptr);
  for (;;) {
    uint32_t orders = parts_.controls.orders.exchange(0, std::memory_order_acquire);
    if ((orders & Controls::kStop) != 0) {
      proxy_.stop_work();
      cut_at_ = std::min(cut_at_, loop.now() + kLastWords);
    }
    if (loop.now() >= cut_at_) proxy_.root.cancel(rt::Why::shutdown);
    bool drain_now = orders != 0 && !draining_;
    if (drain_now) {
      co_await begin_drain();
    }
    if (draining_ && proxy_.sessions_live == 0) break;
    reporter_.flush();
    proxy_.follow_snapshot();
    copy_gauges();
    parts_.controls.heartbeat.fetch_add(1, std::memory_order_relaxed);
    rt::Scope tick(loop, &forever, kTick);
    co_await rt::wait_for(woken_, tick);
    woken_.clear();
  }
  proxy_.pool.drop_all();
  copy_gauges();
  loop.io().on_wake = nullptr;
  co_return Unit{};
}

}  // namespace qcc::shard
