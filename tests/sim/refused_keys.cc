#include "refused_keys.h"

namespace qcc::sim {
namespace {
constexpr const char* kChecker = "refused key";
}

void RefusedKeys::processed(uint16_t shard, endpoint::EndpointRef endpoint) {
  out_[shard].insert({endpoint.slot, endpoint.generation});
  ++processed_count_;
}

void RefusedKeys::selected(uint16_t shard, const std::string& name) {
  view_([&](const endpoint::Snapshot& snapshot) {
    for (uint16_t slot = 0; slot < snapshot.slots.size(); ++slot) {
      const endpoint::SlotView& view = snapshot.slots[slot];
      if (!view.config || view.config->name != name) continue;
      std::string who = name + " was chosen by shard " + std::to_string(shard);
      findings_.demand(!out_[shard].contains({slot, view.generation}), kChecker,
                       who + ", which had processed its 401");
      findings_.demand(!view.auth_failed, kChecker, who + ", although the snapshot takes it out");
      findings_.demand(view.config->enabled, kChecker, who + ", although it is disabled");
      return;
    }
    findings_.demand(false, kChecker, name + " was chosen, but no configuration names it");
  });
}

bool RefusedKeys::is_out(uint16_t shard, const std::string& name) {
  bool out = true;
  view_([&](const endpoint::Snapshot& snapshot) {
    for (uint16_t slot = 0; slot < snapshot.slots.size(); ++slot) {
      const endpoint::SlotView& view = snapshot.slots[slot];
      if (!view.config || view.config->name != name) continue;
      out = view.auth_failed || !view.config->enabled ||
            out_[shard].contains({slot, view.generation});
    }
  });
  return out;
}

}  // namespace qcc::sim
