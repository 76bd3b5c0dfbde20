// All health state and every rule that changes it: pure, no I/O. Owned by the health thread, which
// folds outcomes in and publishes a Snapshot after each change (spec R5).
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <qcc/config/config.h>
#include <qcc/endpoint/outcome.h>

namespace qcc::endpoint {

// What upper modules hang onto a configuration, made before it is taken over (TLS contexts).
struct Attachment {
  virtual ~Attachment() = default;
};

// A configuration with all that was built for it.
struct Setup {
  std::shared_ptr<const config::Config> config;
  std::shared_ptr<const Attachment> attachment;
};

// One endpoint as the shards see it.
struct SlotView {
  const config::EndpointConfig* config = nullptr;  // null: the slot is not in use
  uint32_t generation = 0;
  bool auth_failed = false;
};

struct ClusterView {
  // Slots by priority, best group first.
  std::vector<std::vector<uint16_t>> groups;
};

// Immutable. Configuration and health under one pointer, so that nobody sees half of a change.
struct Snapshot {
  Setup setup;
  uint64_t version = 0;
  uint64_t config_generation = 0;
  std::vector<SlotView> slots;
  std::vector<ClusterView> clusters;  // in the order of the configuration
  // Per shard: the last outcome that this snapshot includes.
  std::vector<uint64_t> included;
};

class HealthTable {
 public:
  HealthTable(Setup setup, size_t shards);

  // True when the change must be published.
  bool apply(const Outcome& outcome);

  // Takes a new configuration over. Endpoints keep slot and state by their stable id; a changed
  // credential starts a new generation. Fails, changing nothing, when the slots run out.
  Result<Unit> reconfigure(Setup setup);

  std::unique_ptr<const Snapshot> make_snapshot();

  struct Counts {
    uint64_t failures = 0;
    uint64_t failures_in_row = 0;
    AttemptClass last_failure = AttemptClass::success;
  };
  const Counts& counts(uint16_t slot) const { return entries_[slot].counts; }

 private:
  struct Entry {
    std::string id;
    const config::EndpointConfig* config = nullptr;
    uint64_t credential_hash = 0;
    uint32_t generation = 0;
    bool auth_failed = false;
    Counts counts;
  };
  Entry* entry_of(const std::string& id);
  Entry* free_entry();
  void adopt(Entry& entry, const config::EndpointConfig& endpoint);

  Setup setup_;
  std::vector<Entry> entries_;
  std::vector<uint64_t> included_;
  uint32_t generation_last_ = 0;
  uint64_t version_ = 0;
  uint64_t config_generation_ = 0;
};

}  // namespace qcc::endpoint
