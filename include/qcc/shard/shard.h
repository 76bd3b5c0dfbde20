// One thread that serves: its ring, listeners, client connections and upstream pools.
//
// Owner: the thread it runs on. Orders come through its Controls.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <qcc/endpoint/inbox.h>
#include <qcc/net/listener.h>
#include <qcc/proxy/proxy.h>

namespace qcc::shard {

// Where the health thread is woken; known once its ring exists.
struct HealthLine {
  endpoint::Inbox* inbox = nullptr;
  std::atomic<int32_t>* wake_target = nullptr;  // -1 while there is none
};

// Reports outcomes to the health thread and vetoes at once what must not be chosen again (spec R5).
// Reports that change state are never dropped: while the queue is full they wait here, one for each
// endpoint, in the order of their numbers.
class Reporter final : public proxy::OutcomeSink {
 public:
  Reporter(rt::Loop& loop, routing::VetoList& vetoes, uint16_t shard, HealthLine line)
      : loop_(loop), vetoes_(vetoes), shard_(shard), line_(line) {}

  void report(endpoint::EndpointRef endpoint, const endpoint::Verdict& verdict) override;
  // Sends what waits. Called once a tick.
  void flush();
  uint64_t dropped() const { return dropped_; }
  bool has_pending() const { return !pending_.empty(); }

 private:
  void wake_health();

  rt::Loop& loop_;
  routing::VetoList& vetoes_;
  uint16_t shard_;
  HealthLine line_;
  uint64_t sequence_ = 0;
  uint64_t dropped_ = 0;
  std::map<uint64_t, endpoint::Outcome> pending_;  // by sequence; at most one for each endpoint
};

struct ShardListener {
  int fd = -1;
  bool local = true;  // loopback or unix
};

// What the control thread and a shard tell each other; outlives the shard.
struct Controls {
  static constexpr uint32_t kDrain = 1, kStop = 2;
  std::atomic<uint32_t> orders{0};     // followed at the next wake
  std::atomic<uint64_t> heartbeat{0};  // grows with every tick: a stuck shard's stands still
};

struct ShardParts {
  rt::Loop& loop;
  Controls& controls;
  proxy::ProxyParts proxy;
  HealthLine health;
  std::vector<ShardListener> listeners;
  uint32_t connections_max = 0;
};

// How many connections may be told at once that there is no room; more are closed without a word.
inline constexpr uint32_t kTurnedAwayMax = 64;

class Shard {
 public:
  explicit Shard(ShardParts parts);
  ~Shard();

  // Serves until `drain` has ended all requests, or `stop`.
  rt::Task<Unit> run();
  proxy::Proxy& proxy() { return proxy_; }
  Reporter& reporter() { return reporter_; }

 private:
  void accept(int fd, bool local);
  bool admit(const std::string& address);
  rt::Task<Unit> serve_counted(rt::Task<Unit> session, std::string address);
  rt::Task<Unit> turn_away(int fd);
  rt::Task<Unit> begin_drain();
  void copy_gauges();

  ShardParts parts_;
  proxy::Proxy proxy_;
  Reporter reporter_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  rt::Event woken_;
  std::unordered_map<std::string, uint32_t> per_address_;  // of listeners others can reach
  uint32_t turning_away_ = 0;
  bool draining_ = false;
  Instant cut_at_ = kNever;
};

}  // namespace qcc::shard
