// The one place that decides about endpoints: folds the shards' outcomes into the health table and
// publishes snapshots (spec R5).
//
// Owner: the daemon. `run` lives on the health thread's loop; an Inbox is written by one shard
// each; `reconfigure` may be called from the control thread.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include <qcc/base/published.h>
#include <qcc/endpoint/health_table.h>
#include <qcc/endpoint/inbox.h>
#include <qcc/rt/ops.h>

namespace qcc::health {

class HealthThread {
 public:
  // `readers_max` threads read the snapshot, the shards first.
  HealthThread(endpoint::Setup setup, size_t shards, size_t readers_max);

  const Published<endpoint::Snapshot>& snapshots() const { return snapshots_; }
  endpoint::Inbox& inbox(size_t shard) { return *inboxes_[shard]; }

  // Asks for a new configuration; taken over on the health thread. Control thread only.
  void reconfigure(endpoint::Setup setup);
  // Asks `run` to end.
  void stop() { stopping_.store(true, std::memory_order_release); }

  // Serves until `stop`; wakes are the loop's Io's `on_wake`.
  rt::Task<Unit> run(rt::Loop& loop);

  // One round of work: drains the inboxes and publishes when something changed.
  void work();
  uint64_t publications() const { return publications_.load(std::memory_order_relaxed); }
  // Configurations that were asked for and could not be taken over.
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  bool drain();
  bool take_configuration();

  endpoint::HealthTable table_;
  std::vector<std::unique_ptr<endpoint::Inbox>> inboxes_;
  Published<endpoint::Snapshot> snapshots_;
  std::atomic<endpoint::Setup*> next_setup_{nullptr};
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> publications_{0};
  std::atomic<uint64_t> refused_{0};
};

}  // namespace qcc::health
