#include <qcc/routing/router.h>

namespace qcc::routing {

std::string_view name_of(Skip skip) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "eligible",      "disabled",       "other protocol", "key refused", "key refused (just now)",
      "already tried", "no count_tokens"};
  return kNames[static_cast<size_t>(skip)];
}

size_t cluster_for(const config::Config& config, config::Protocol protocol) {
  for (size_t i = 0; i < config.clusters.size(); ++i)
    for (const config::EndpointConfig& endpoint : config.clusters[i].endpoints)
      if (endpoint.protocol == protocol) return i;
  return 0;
}

Skip Router::skip_reason(const endpoint::Snapshot& snapshot, const VetoList& vetoes, uint16_t slot,
                         const Query& query) {
  const endpoint::SlotView& view = snapshot.slots[slot];
  if (!view.config || !view.config->enabled) return Skip::disabled;
  if (view.config->protocol != query.protocol) return Skip::protocol;
  if (query.needs_count_tokens && !view.config->count_tokens) return Skip::count_tokens;
  if (view.auth_failed) return Skip::auth_failed;
  if (vetoes.vetoes(slot, view.generation, snapshot)) return Skip::vetoed;
  if (query.excluded.test(slot)) return Skip::tried;
  return Skip::none;
}

Choice Router::pick(const endpoint::Snapshot& snapshot, const Query& query) {
  for (const std::vector<uint16_t>& group : snapshot.clusters[query.cluster].groups) {
    Choice choice = pick_weighted(snapshot, group, query);
    if (choice.found) return choice;
  }
  return {};
}

// Smooth weighted round robin: each eligible endpoint gains its weight, the richest is chosen and
// pays what all gained. Weight 0 serves only when nobody else in the group can.
Choice Router::pick_weighted(const endpoint::Snapshot& snapshot, const std::vector<uint16_t>& group,
                             const Query& query) {
  int64_t total = 0;
  const endpoint::SlotView* best = nullptr;
  uint16_t best_slot = 0;
  for (uint16_t slot : group) {
    if (skip_reason(snapshot, vetoes_, slot, query) != Skip::none) continue;
    const endpoint::SlotView& view = snapshot.slots[slot];
    int64_t weight = view.config->weight;
    total += weight;
    current_weight_[slot] += weight;
    bool richer = !best || (best->config->weight == 0 && weight > 0) ||
                  (weight > 0 && current_weight_[slot] > current_weight_[best_slot]);
    if (!richer) continue;
    best = &view;
    best_slot = slot;
  }
  if (!best) return {};
  current_weight_[best_slot] -= total;
  return {true, {best_slot, best->generation}, best->config};
}

}  // namespace qcc::routing
