#include <qcc/metrics/shard_metrics.h>

namespace qcc::metrics {

void EndpointMetrics::reset(){
#define QCC_METRIC_RESET(kind, cell, name, unit, help) cell.reset();
    QCC_ENDPOINT_METRICS(QCC_METRIC_RESET)
#undef QCC_METRIC_RESET
}

ShardMetrics::ShardMetrics(std::span<const std::string_view> attempt_classes)
    : attempt_classes_(attempt_classes),
      endpoints_(std::make_unique<EndpointMetrics[]>(kEndpointSlotsMax)) {
  QCC_ASSERT(attempt_classes.size() <= AttemptCounters::kMax);
}

void ShardMetrics::hand_over(size_t slot, SlotOwner owner) {
  owners_[slot].store(0, std::memory_order_release);
  endpoints_[slot].reset();
  owners_[slot].store(owner, std::memory_order_release);
}

}  // namespace qcc::metrics
