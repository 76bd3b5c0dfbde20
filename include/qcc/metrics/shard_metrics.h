// The metric cells of one shard, those of each endpoint slot among them.
//
// Owner: the daemon; outlives the shard's thread. Thread rule: the shard's thread writes, any
// thread reads. The cells are listed in metric_list.h.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <qcc/base/hash.h>
#include <qcc/metrics/cells.h>
#include <qcc/metrics/metric_list.h>

namespace qcc::metrics {

inline constexpr size_t kEndpointSlotsMax = 256;

// Stands for an endpoint; 0 for none.
using SlotOwner = uint64_t;
constexpr SlotOwner slot_owner(std::string_view endpoint_id) { return fnv1a(endpoint_id); }

#define QCC_METRIC_CELL(kind, cell, name, unit, help) kind cell{};

struct EndpointMetrics {
  QCC_ENDPOINT_METRICS(QCC_METRIC_CELL)

  void reset();
};

class ShardMetrics {
 public:
  // The names of attempt classes by their index; the views must last as long as this.
  // REQUIRES: at most AttemptCounters::kMax names.
  explicit ShardMetrics(std::span<const std::string_view> attempt_classes);

  // REQUIRES: slot < kEndpointSlotsMax.
  EndpointMetrics& endpoint(size_t slot) { return endpoints_[slot]; }
  const EndpointMetrics& endpoint(size_t slot) const { return endpoints_[slot]; }
  std::span<const std::string_view> attempt_classes() const { return attempt_classes_; }

  // Another endpoint has the slot from now on: its cells begin at zero. Writing thread only.
  void hand_over(size_t slot, SlotOwner owner);
  // What the cells of a slot count is this endpoint's. False until the shard has followed a change.
  bool is_owned_by(size_t slot, SlotOwner owner) const {
    return owners_[slot].load(std::memory_order_acquire) == owner;
  }

  QCC_SHARD_METRICS(QCC_METRIC_CELL)

 private:
  std::span<const std::string_view> attempt_classes_;
  std::unique_ptr<EndpointMetrics[]> endpoints_;
  std::array<std::atomic<SlotOwner>, kEndpointSlotsMax> owners_{};
};

#undef QCC_METRIC_CELL

}  // namespace qcc::metrics
