// What all requests of one shard share, and the way in: `serve_client`.
//
// Owner: the shard. Thread: the shard's. Everything here but the published snapshot and the metric
// cells belongs to that one thread.
#pragma once
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <qcc/base/log_ring.h>
#include <qcc/base/published.h>
#include <qcc/endpoint/health_table.h>
#include <qcc/http/request_parser.h>
#include <qcc/http/response_parser.h>
#include <qcc/metrics/shard_metrics.h>
#include <qcc/net/stream.h>
#include <qcc/proxy/body.h>
#include <qcc/routing/router.h>
#include <qcc/upstream/connection.h>

namespace qcc::proxy {

class Session;

// Told what became of an attempt; vetoes the endpoint locally before it returns when it must not be
// chosen again.
class OutcomeSink {
 public:
  virtual void report(endpoint::EndpointRef endpoint, const endpoint::Verdict& verdict) = 0;

 protected:
  ~OutcomeSink() = default;
};

// Strings for bytes on their way out, reused with their capacity.
class TextPool {
 public:
  std::string take();
  void give_back(std::string text);

 private:
  static constexpr size_t kKept = 128, kCapacityMax = 40 * 1024;
  std::vector<std::string> free_;
};

class PooledText {
 public:
  explicit PooledText(TextPool& pool) : pool_(&pool), text_(pool.take()) {}
  PooledText(PooledText&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), text_(std::move(other.text_)) {}
  PooledText& operator=(PooledText&&) = delete;
  ~PooledText() {
    if (pool_) pool_->give_back(std::move(text_));
  }
  std::string& operator*() { return text_; }
  std::string* operator->() { return &text_; }

 private:
  TextPool* pool_;
  std::string text_;
};

struct ProxyParts {
  rt::Loop& loop;
  upstream::AddressSource& addresses;
  const Published<endpoint::Snapshot>& snapshots;
  metrics::ShardMetrics& metrics;
  LogRing& log;
  uint16_t shard = 0;
  std::string instance_id;  // names this process, 8 hex digits
  size_t body_budget = 0;   // bytes of request bodies held at once by this shard
};

class Proxy {
 public:
  explicit Proxy(const ProxyParts& parts);
  ~Proxy();

  rt::Loop& loop;
  metrics::ShardMetrics& metrics;
  LogRing& log;
  const uint16_t shard;
  const std::string instance_id;
  const std::string request_id_prefix;  // "req_<instance>-<shard>-"

  net::BlockPool blocks;
  net::NetContext net;
  BodyMemory bodies;
  TextPool texts;
  upstream::UpstreamContext upstream;
  upstream::Pool pool;
  routing::VetoList vetoes;
  routing::Router router;
  OutcomeSink* outcomes = nullptr;  // set before the first client
  rt::Scope root;                   // cancelled when the shard stops
  bool draining = false;
  uint32_t sessions_live = 0;
  IntrusiveList<Session> sessions;

  // No request is taken any more after those in hand; connections without one are closed.
  void drain();
  // Ends the requests in hand: streams get their error event, others a 503. `root` is the last
  // word.
  void stop_work();

  // Parsers for heads that come in one piece; others get their own.
  std::optional<http::RequestParser> request_parser;
  http::ResponseParser response_parser;

  // The configuration in force. Its reference count is this shard's own.
  endpoint::Setup setup();
  struct Picked {
    routing::Choice choice;
    endpoint::Setup setup;  // keeps choice.config alive
  };
  // Finds `query.cluster` anew: a reload may have moved it since the request came.
  Picked pick(routing::Query& query);
  template <class Fn>
  auto read_snapshot(Fn&& fn) const {
    return snapshots_.read(shard, std::forward<Fn>(fn));
  }
  uint64_t prng_percent() { return loop.prng().below(101); }
  uint64_t next_request_number() { return ++requests_; }
  // Called now and then: follows a new snapshot with the pools.
  void follow_snapshot();
  // Where an attempt is counted; nowhere that is shown when another endpoint has its slot by now.
  metrics::EndpointMetrics& cells_of(endpoint::EndpointRef endpoint) {
    bool is_current = endpoint.generation >= slot_since_[endpoint.slot];
    return is_current ? metrics.endpoint(endpoint.slot) : departed_;
  }

 private:
  void adopt(const endpoint::Snapshot& snapshot);
  void hand_over_slots(const endpoint::Snapshot& snapshot);

  const Published<endpoint::Snapshot>& snapshots_;
  endpoint::Setup setup_;
  const config::Config* adopted_ = nullptr;
  std::array<uint32_t, endpoint::kSlotsMax> slot_since_{};  // the owner's first generation
  metrics::EndpointMetrics departed_;
  uint64_t requests_ = 0;
};

http::HeadLimits head_limits(const config::Config& config);

// Serves one client connection from its accept to its close. `local`: it came in on a loopback
// listener.
rt::Task<Unit> serve_client(Proxy& proxy, int fd, bool local);

}  // namespace qcc::proxy
