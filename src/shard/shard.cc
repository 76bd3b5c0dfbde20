#include <qcc/shard/shard.h>

#include <sys/socket.h>

#include <qcc/net/address.h>

namespace qcc::shard {
namespace {
constexpr Duration kTick = std::chrono::milliseconds(100);
// How long a stopped request may take to tell its client.
constexpr Duration kLastWords = std::chrono::seconds(2);

constexpr std::string_view kNoRoom =
    "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n"
    "content-length: 115\r\nconnection: close\r\n\r\n"
    "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":"
    "\"This proxy has no room for another connection; try again.\"}}";

// The address without its port; empty when the system cannot tell.
std::string peer_of(rt::Io& io, int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* any = reinterpret_cast<sockaddr*>(&storage);
  if (io.peer_address(fd, any, &size) != 0) return {};
  std::string text = net::SocketAddress::from_system(any, size).format();
  return text.substr(0, text.rfind(':'));
}
}  // namespace

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
  std::string address = local ? std::string() : peer_of(parts_.loop.io(), fd);
  if (!local && !admit(address)) {
    cells.client_connections_refused.add(1);
    parts_.loop.io().close(fd);
  } else if (proxy_.sessions_live >= parts_.connections_max) {
    cells.client_connections_refused.add(1);
    parts_.loop.spawn(turn_away(fd));
  } else if (local) {
    cells.client_connections_accepted.add(1);
    parts_.loop.spawn(proxy::serve_client(proxy_, fd, local));
  } else {
    cells.client_connections_accepted.add(1);
    ++per_address_[address];
    rt::Task<Unit> session = proxy::serve_client(proxy_, fd, false);
    parts_.loop.spawn(serve_counted(std::move(session), std::move(address)));
  }
}

bool Shard::admit(const std::string& address) {
  uint32_t limit = proxy_.setup().config->limits.max_connections_per_ip;
  auto at = per_address_.find(address);
  return limit == 0 || at == per_address_.end() || at->second < limit;
}

rt::Task<Unit> Shard::serve_counted(rt::Task<Unit> session, std::string address) {
  co_await session;
  auto at = per_address_.find(address);
  if (--at->second == 0) per_address_.erase(at);
  co_return Unit{};
}

// No room: says so instead of leaving the client to guess.
rt::Task<Unit> Shard::turn_away(int fd) {
  bool speechless = turning_away_ >= kTurnedAwayMax;
  ++turning_away_;
  net::Stream stream(proxy_.net, fd, ErrorSource::client);
  rt::Scope scope(parts_.loop, &proxy_.root, kLastWords);
  if (!speechless) {
    Result<Unit> told = co_await stream.write(kNoRoom, scope);
    if (told) {
      co_await stream.finish_writing(scope);
    }
    while (told && !stream.ended()) {
      Result<net::Chunk> ignored = co_await stream.read(scope);
      if (!ignored || ignored->size == 0) break;
    }
  }
  co_await stream.close();
  --turning_away_;
  co_return Unit{};
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
  for (uint16_t slot = 0; slot < endpoint::kSlotsMax; ++slot) {
    metrics::EndpointMetrics& of_endpoint = cells.endpoint(slot);
    of_endpoint.connections_idle.set(static_cast<int64_t>(proxy_.pool.idle_of(slot)));
    of_endpoint.connections_poisoned.mirror(proxy_.pool.poisoned_of(slot));
  }
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
    if (draining_ && proxy_.sessions_live == 0 && turning_away_ == 0) break;
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
