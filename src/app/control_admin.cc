// What the admin API shows of the running daemon.
#include <algorithm>

#include "control.h"

namespace qcc::app {
namespace {

metrics::EndpointState state_of(const endpoint::SlotView& slot) {
  if (!slot.config->enabled) return metrics::EndpointState::disabled;
  return slot.auth_failed ? metrics::EndpointState::unhealthy : metrics::EndpointState::healthy;
}

}  // namespace

std::string_view Control::not_ready_reason() {
  if (draining_) return "draining";
  return {};
}

std::vector<admin::EndpointFacts> Control::endpoints() {
  std::vector<admin::EndpointFacts> facts;
  for_each_endpoint([&](uint16_t, const endpoint::SlotView& slot, const endpoint::Snapshot& s) {
    admin::EndpointFacts& one = facts.emplace_back();
    one.name = slot.config->name;
    one.id = slot.config->id;
    for (const config::ClusterConfig& cluster : s.setup.config->clusters)
      if (std::ranges::find(cluster.endpoints, slot.config->id, &config::EndpointConfig::id) !=
          cluster.endpoints.end())
        one.cluster = cluster.name;
    one.state = state_of(slot);
    one.eligible = one.state == metrics::EndpointState::healthy;
    if (slot.auth_failed) one.reason = "auth_failed";
  });
  return facts;
}

void Control::append_metrics(std::string& out) {
  std::vector<const metrics::ShardMetrics*> cells;
  for (const auto& shard : shards_) cells.push_back(&shard->metrics);
  std::vector<std::string> names;
  std::vector<metrics::EndpointLabel> labels;
  metrics::ProcessFacts process;
  process.version = QCC_VERSION;
  process.start_time = start_time_;
  process.config_last_reload_successful = reload_ok_ ? 1 : 0;
  process.config_last_reload_time = reload_time_;
  for_each_endpoint(
      [&](uint16_t slot, const endpoint::SlotView& view, const endpoint::Snapshot& s) {
        names.push_back(view.config->name);
        labels.push_back({slot, {}, state_of(view), metrics::slot_owner(view.config->id)});
        process.config_generation = static_cast<double>(s.config_generation);
      });
  for (size_t i = 0; i < labels.size(); ++i) labels[i].name = names[i];
  metrics::write_prometheus(out, cells, labels, process);
}

admin::DaemonFacts Control::daemon() {
  admin::DaemonFacts facts;
  facts.version = QCC_VERSION;
  facts.uptime = loop_->now() - started_at_;
  for_each_endpoint([&](uint16_t, const endpoint::SlotView&, const endpoint::Snapshot& s) {
    facts.config_generation = s.config_generation;
  });
  return facts;
}

void Control::set_admin_options() {
  admin_->options.token = config_->admin.token;
  admin_->options.allowed_hosts = config_->server.allowed_hosts;
  admin_->options.allowed_origins = config_->server.allowed_origins;
}

void Control::start_admin() {
  admin_ = std::make_unique<admin::AdminContext>(
      admin::AdminContext{*net_, *this, *scope_, admin::AdminOptions{}});
  set_admin_options();
  for (const OpenListener& listener : admin_listeners_)
    loop_->spawn(admin::serve_admin(*admin_, listener.fds[0]));
}

}  // namespace qcc::app
