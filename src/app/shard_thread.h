// A shard on a thread of its own, and the health thread: started, watched and joined by the daemon.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include <qcc/base/log_ring.h>
#include <qcc/health/health_thread.h>
#include <qcc/metrics/shard_metrics.h>
#include <qcc/net/resolver.h>
#include <qcc/rt/uring_io.h>
#include <qcc/shard/shard.h>

namespace qcc::app {

enum class ThreadState : uint8_t { starting, running, failed, ended };

// What every serving thread tells the daemon.
struct ThreadStatus {
  std::atomic<ThreadState> state{ThreadState::starting};
  std::atomic<int32_t> wake_target{-1};  // of its ring, while it runs
  std::string error;                     // written before `failed`
};

// Names looked up by one shard: its reader number of the resolver. Answers that should be newer are
// counted, and the daemon's first of each is told.
class ShardAddresses final : public upstream::AddressSource {
 public:
  ShardAddresses(const net::Resolver& resolver, rt::Loop& loop, size_t reader,
                 metrics::ShardMetrics& metrics, LogRing& log)
      : resolver_(resolver), loop_(loop), reader_(reader), metrics_(metrics), log_(log) {}
  net::ResolvedHost lookup(std::string_view host, uint16_t port) override;

 private:
  void tell_stale(std::string_view host, int error);

  const net::Resolver& resolver_;
  rt::Loop& loop_;
  size_t reader_;
  metrics::ShardMetrics& metrics_;
  LogRing& log_;
};

struct ShardSetup {
  uint16_t number = 0;
  uint64_t seed = 0;
  rt::UringOptions ring;
  std::vector<shard::ShardListener> listeners;
  uint32_t connections_max = 0;
  size_t body_budget = 0;
  std::string instance_id;
};

class ShardThread {
 public:
  ShardThread(ShardSetup setup, health::HealthThread& health, ThreadStatus& health_status,
              const net::Resolver& resolver);
  ~ShardThread();

  void start();
  void join();
  void order(uint32_t what) { controls.orders.fetch_or(what, std::memory_order_release); }
  // Wakes the thread's loop through `from`, a ring of the calling thread.
  void wake(rt::Io& from) const;

  ThreadStatus status;
  shard::Controls controls;
  metrics::ShardMetrics metrics;
  LogRing log;

 private:
  void main();

  ShardSetup setup_;
  health::HealthThread& health_;
  ThreadStatus& health_status_;
  const net::Resolver& resolver_;
  std::thread thread_;
};

class HealthRunner {
 public:
  explicit HealthRunner(health::HealthThread& health) : health_(health) {}
  ~HealthRunner();
  void start(const rt::UringOptions& ring, uint64_t seed);
  void join();
  ThreadStatus status;

 private:
  health::HealthThread& health_;
  std::thread thread_;
};

// Blocks until the thread serves or has failed.
bool wait_until_running(const ThreadStatus& status);

}  // namespace qcc::app
