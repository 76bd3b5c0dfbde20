#include <qcc/endpoint/health_table.h>

#include <qcc/base/assert.h>
#include <algorithm>
#include <map>

namespace qcc::endpoint {

HealthTable::HealthTable(Setup setup, size_t shards) : included_(shards, 0) {
  entries_.reserve(kSlotsMax);
  Result<Unit> taken = reconfigure(std::move(setup));
  QCC_ASSERT(taken);  // the loader bounds the number of endpoints
}

bool HealthTable::apply(const Outcome& outcome) {
  QCC_ASSERT(outcome.shard < included_.size());
  bool changes_state = outcome.sequence != 0;
  if (changes_state)
    included_[outcome.shard] = std::max(included_[outcome.shard], outcome.sequence);
  if (outcome.endpoint.slot >= entries_.size()) return changes_state;
  Entry& entry = entries_[outcome.endpoint.slot];
  if (entry.generation != outcome.endpoint.generation) return changes_state;  // of another life

  if (outcome.attempt_class == AttemptClass::auth) entry.auth_failed = true;
  if (outcome.attempt_class == AttemptClass::success) {
    entry.counts.failures_in_row = 0;
  } else {
    ++entry.counts.failures;
    ++entry.counts.failures_in_row;
    entry.counts.last_failure = outcome.attempt_class;
  }
  return changes_state;
}

HealthTable::Entry* HealthTable::entry_of(const std::string& id) {
  auto at = std::ranges::find(entries_, id, &Entry::id);
  return at == entries_.end() ? nullptr : &*at;
}

// A slot that no configuration names any more may serve again: its generation tells the lives
// apart.
HealthTable::Entry* HealthTable::free_entry() {
  if (entries_.size() < kSlotsMax) return &entries_.emplace_back();
  auto at = std::ranges::find(entries_, nullptr, &Entry::config);
  return at == entries_.end() ? nullptr : &*at;
}

void HealthTable::adopt(Entry& entry, const config::EndpointConfig& endpoint) {
  bool same_life = entry.id == endpoint.id && entry.credential_hash == endpoint.credential_hash &&
                   entry.generation != 0;
  entry.config = &endpoint;
  if (same_life) return;
  entry.id = endpoint.id;
  entry.credential_hash = endpoint.credential_hash;
  entry.generation = ++generation_last_;
  entry.auth_failed = false;
  entry.counts = {};
}

Result<Unit> HealthTable::reconfigure(Setup setup) {
  const config::Config& config = *setup.config;
  size_t wanted = 0;
  for (const config::ClusterConfig& cluster : config.clusters) wanted += cluster.endpoints.size();
  if (wanted > kSlotsMax)
    return fail(ErrorKind::limit, ErrorSource::local, "endpoints in the configuration",
                static_cast<int32_t>(wanted));

  for (Entry& entry : entries_) entry.config = nullptr;
  std::vector<const config::EndpointConfig*> strangers;
  for (const config::ClusterConfig& cluster : config.clusters)
    for (const config::EndpointConfig& endpoint : cluster.endpoints) {
      if (Entry* entry = entry_of(endpoint.id))
        adopt(*entry, endpoint);
      else
        strangers.push_back(&endpoint);
    }
  for (const config::EndpointConfig* endpoint : strangers) adopt(*free_entry(), *endpoint);
  setup_ = std::move(setup);
  ++config_generation_;
  return Unit{};
}

std::unique_ptr<const Snapshot> HealthTable::make_snapshot() {
  auto snapshot = std::make_unique<Snapshot>();
  snapshot->setup = setup_;
  snapshot->version = ++version_;
  snapshot->config_generation = config_generation_;
  snapshot->included = included_;
  for (const Entry& entry : entries_)
    snapshot->slots.push_back({entry.config, entry.generation, entry.auth_failed});
  for (const config::ClusterConfig& cluster : setup_.config->clusters) {
    std::map<uint32_t, std::vector<uint16_t>> by_priority;
    for (const config::EndpointConfig& endpoint : cluster.endpoints) {
      Entry* entry = entry_of(endpoint.id);
      by_priority[endpoint.priority].push_back(static_cast<uint16_t>(entry - entries_.data()));
    }
    ClusterView& view = snapshot->clusters.emplace_back();
    for (auto& [priority, slots] : by_priority) view.groups.push_back(std::move(slots));
  }
  return snapshot;
}

}  // namespace qcc::endpoint
