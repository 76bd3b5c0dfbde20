// The metric cells of one shard, those of each endpoint slot among them.
//
// Owner: the daemon; outlives the shard's thread. Thread rule: the shard's thread writes, any
// thread reads. The cells are listed in metric_list.h.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include <qcc/metrics/cells.h>
#include <qcc/metrics/metric_list.h>

namespace qcc::metrics {

inline constexpr size_t kEndpointSlotsMax = 256;

#define QCC_METRIC_CELL(kind, cell, name, unit, help) kind cell{};

struct EndpointMetrics {
  QCC_ENDPOINT_METRICS(QCC_METRIC_CELL)

  // For a slot that another endpoint takes over. Writing thread only.
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

  QCC_SHARD_METRICS(QCC_METRIC_CELL)

 private:
  std::span<const std::string_view> attempt_classes_;
  std::unique_ptr<EndpointMetrics[]> endpoints_;
};

#undef QCC_METRIC_CELL

}  // namespace qcc::metrics
