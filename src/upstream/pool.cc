#include <qcc/upstream/connection.h>

#include <algorithm>

namespace qcc::upstream {
namespace {

constexpr Duration kSurplusIdle = std::chrono::seconds(1);

rt::Task<Unit> close_in_background(std::unique_ptr<Connection> connection) {
  co_await connection->stream.close();
  co_return Unit{};
}

}  // namespace

Connection::Connection(net::NetContext& net, int fd, endpoint::EndpointRef ref)
    : stream(net, fd, ErrorSource::upstream), endpoint(ref), idle_limit_(*this) {}

void Connection::IdleLimit::expire(rt::Timer& timer) {
  Connection& connection = static_cast<IdleLimit&>(timer).connection;
  connection.pool_->drop(connection);
}

// Nothing may come on an idle connection: its end, or bytes that nobody asked for.
void Connection::on_unread(net::Stream&) {
  if (!pool_) return;
  if (stream.has_unread())
    pool_->count_poisoned(endpoint);
  else
    ++pool_->stats_.dropped_at_eof;
  pool_->drop(*this);
}

Pool::~Pool() { QCC_ASSERT(stats_.idle == 0); }

std::unique_ptr<Connection> Pool::borrow(endpoint::EndpointRef endpoint) {
  auto& idle = idle_[endpoint.slot];
  while (!idle.empty()) {
    std::unique_ptr<Connection> connection = std::move(idle.back());
    idle.pop_back();
    --stats_.idle;
    connection->pool_ = nullptr;
    connection->stream.set_observer(nullptr);
    loop_.timers().disarm(connection->idle_limit_);
    bool poisoned = connection->stream.may_hold_unread();
    if (poisoned) count_poisoned(connection->endpoint);
    if (!poisoned && connection->endpoint == endpoint) return connection;
    discard(std::move(connection));
  }
  return nullptr;
}

void Pool::give_back(std::unique_ptr<Connection> connection,
                     const config::EndpointConfig& endpoint) {
  net::Stream& stream = connection->stream;
  if (stream.has_unread() || stream.ended() || endpoint.max_idle == 0) {
    if (stream.has_unread()) count_poisoned(connection->endpoint);
    discard(std::move(connection));
    return;
  }
  auto& idle = idle_[connection->endpoint.slot];
  Duration limit = idle.size() < endpoint.max_idle ? endpoint.idle_timeout
                                                   : std::min(kSurplusIdle, endpoint.idle_timeout);
  connection->pool_ = this;
  stream.set_observer(connection.get());
  loop_.timers().arm(connection->idle_limit_, add_saturated(loop_.now(), limit));
  ++stats_.idle;
  idle.push_back(std::move(connection));
}

void Pool::drop(Connection& connection) {
  auto& idle = idle_[connection.endpoint.slot];
  auto at = std::ranges::find(idle, &connection, &std::unique_ptr<Connection>::get);
  QCC_ASSERT(at != idle.end());
  std::unique_ptr<Connection> dropped = std::move(*at);
  idle.erase(at);
  --stats_.idle;
  discard(std::move(dropped));
}

void Pool::discard(std::unique_ptr<Connection> connection) {
  connection->pool_ = nullptr;
  connection->stream.set_observer(nullptr);
  loop_.timers().disarm(connection->idle_limit_);
  loop_.spawn(close_in_background(std::move(connection)));
}

void Pool::count_poisoned(endpoint::EndpointRef endpoint) {
  Poisoned& poisoned = poisoned_[endpoint.slot];
  if (endpoint.generation >= poisoned.since_generation) ++poisoned.count;
}

void Pool::drop_stale(const endpoint::Snapshot& snapshot) {
  for (size_t slot = 0; slot < idle_.size(); ++slot)
    for (size_t i = idle_[slot].size(); i-- > 0;) {
      Connection& connection = *idle_[slot][i];
      bool current = slot < snapshot.slots.size() && snapshot.slots[slot].config &&
                     snapshot.slots[slot].generation == connection.endpoint.generation;
      if (!current) drop(connection);
    }
}

void Pool::drop_all() {
  for (auto& idle : idle_)
    while (!idle.empty()) drop(*idle.back());
}

}  // namespace qcc::upstream
