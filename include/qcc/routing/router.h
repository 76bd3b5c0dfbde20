// Picks one endpoint from a snapshot. One Router per shard; its counters are that shard's own.
#pragma once
#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>

#include <qcc/endpoint/health_table.h>

namespace qcc::routing {

// Endpoints that this shard knows to be out before the snapshot says so (spec R5). A veto lifts
// only when a snapshot includes the very outcome that made it; a merely newer snapshot is not
// enough.
class VetoList {
 public:
  explicit VetoList(uint16_t shard) : shard_(shard) {}
  void add(endpoint::EndpointRef endpoint, uint64_t sequence) {
    Entry& entry = entries_[endpoint.slot];
    bool of_an_older_life = endpoint.generation < entry.generation;  // an attempt that took long
    if (!of_an_older_life) entry = {endpoint.generation, sequence};
  }
  bool vetoes(uint16_t slot, uint32_t generation, const endpoint::Snapshot& snapshot) const {
    const Entry& entry = entries_[slot];
    return entry.generation == generation && snapshot.included[shard_] < entry.sequence;
  }

 private:
  struct Entry {
    uint32_t generation = 0;
    uint64_t sequence = 0;
  };
  uint16_t shard_;
  std::array<Entry, endpoint::kSlotsMax> entries_{};
};

// The cluster whose endpoints speak `protocol`.
size_t cluster_for(const config::Config& config, config::Protocol protocol);

struct Query {
  size_t cluster = 0;  // of the snapshot's own configuration
  config::Protocol protocol = config::Protocol::anthropic;
  std::string_view model = {};
  bool needs_count_tokens = false;
  std::bitset<endpoint::kSlotsMax> excluded = {};  // already tried for this request
};

// Why an endpoint was passed over.
enum class Skip : uint8_t { none, disabled, protocol, auth_failed, vetoed, tried, count_tokens };
std::string_view name_of(Skip skip);

struct Choice {
  bool found = false;
  endpoint::EndpointRef endpoint;
  const config::EndpointConfig* config = nullptr;  // lives in the Config the request holds
};

class Router {
 public:
  Router(const VetoList& vetoes) : vetoes_(vetoes) {}

  // A plain call on a published snapshot; nothing of it is kept.
  Choice pick(const endpoint::Snapshot& snapshot, const Query& query);

  static Skip skip_reason(const endpoint::Snapshot& snapshot, const VetoList& vetoes, uint16_t slot,
                          const Query& query);

 private:
  Choice pick_weighted(const endpoint::Snapshot& snapshot, const std::vector<uint16_t>& group,
                       const Query& query);

  const VetoList& vetoes_;
  std::array<int64_t, endpoint::kSlotsMax> current_weight_{};
};

}  // namespace qcc::routing
