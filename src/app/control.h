// The daemon's state on the control thread.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <qcc/admin/admin_server.h>
#include <qcc/app/daemon.h>
#include <qcc/net/resolver.h>

#include "log_writer.h"
#include "notify.h"
#include "shard_thread.h"
#include "sockets.h"

namespace qcc::app {

class Control final : private admin::AdminFacts {
 public:
  explicit Control(const DaemonOptions& options);
  ~Control();

  // Opens the listeners and starts all threads. The error is a sentence for the user.
  std::expected<Unit, std::string> start();
  // Serves until all shards have ended.
  void run();

 private:
  std::expected<endpoint::Setup, std::string> build_setup(
      std::shared_ptr<const config::Config> config);
  std::expected<Unit, std::string> open_listeners();
  std::expected<Unit, std::string> start_threads();
  void set_names(const config::Config& config);
  void announce();
  rt::Task<Unit> follow_signals(int fd);
  rt::Task<Unit> tick();
  void on_signal(int number);
  void reload();
  bool take_new_config();
  void set_log_wishes();
  void begin_drain();
  void stop_now();
  void wake_shards();
  bool all_ended() const;
  void check_heartbeats();
  void write_logs();
  void tell_changes();
  void tell_status();
  void start_admin();
  void set_admin_options();
  std::string_view not_ready_reason() override;
  std::vector<admin::EndpointFacts> endpoints() override;
  void append_metrics(std::string& out) override;
  admin::DaemonFacts daemon() override;
  // Calls fn(slot, view, snapshot) for every endpoint in use.
  template <class Fn>
  void for_each_endpoint(Fn&& fn) const {
    health_->snapshots().read(shard_count_, [&](const endpoint::Snapshot& snapshot) {
      for (uint16_t slot = 0; slot < snapshot.slots.size(); ++slot)
        if (snapshot.slots[slot].config) fn(slot, snapshot.slots[slot], snapshot);
      return true;
    });
  }
  void say(LogLevel level, const std::string& text);

  // What the log has said of an endpoint.
  struct Told {
    std::string id;
    uint32_t generation = 0;
    bool auth_failed = false;
  };
  struct Heart {
    uint64_t beat = 0;
    Instant seen;
    bool reported = false;
  };

  DaemonOptions options_;
  std::shared_ptr<const config::Config> config_;
  size_t shard_count_ = 1;
  std::string instance_id_;
  size_t descriptors_ = 0;
  std::vector<OpenListener> client_listeners_;
  std::vector<OpenListener> admin_listeners_;
  std::unique_ptr<rt::Io> io_;
  std::unique_ptr<rt::Loop> loop_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<health::HealthThread> health_;
  std::unique_ptr<HealthRunner> health_runner_;
  std::vector<std::unique_ptr<ShardThread>> shards_;
  net::BlockPool blocks_{16};
  std::unique_ptr<net::NetContext> net_;
  std::unique_ptr<rt::Scope> scope_;
  LogRing log_;  // of the control thread itself
  std::unique_ptr<LogWriter> log_writer_;
  Notifier notify_;
  std::unique_ptr<admin::AdminContext> admin_;
  bool draining_ = false;
  Instant drain_at_ = kNever;
  Instant stop_at_ = kNever;
  bool reload_ok_ = true;
  double reload_time_ = 0;
  double start_time_ = 0;
  Instant started_at_;
  std::vector<Heart> hearts_;
  std::map<uint16_t, Told> told_;
};

}  // namespace qcc::app
