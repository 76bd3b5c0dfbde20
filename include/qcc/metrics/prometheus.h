// Metrics as text: Prometheus' exposition format 0.0.4, and a table for the documentation.
// Any thread; the cells may be written meanwhile.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <qcc/metrics/shard_metrics.h>

namespace qcc::metrics {

inline constexpr std::string_view kPrometheusContentType =
    "text/plain; version=0.0.4; charset=utf-8";

// The words people see for an endpoint's state (spec R5).
enum class EndpointState : uint8_t { unknown, healthy, degraded, unhealthy, disabled };
template <>
struct LabelTraits<EndpointState> {
  static constexpr std::string_view kName = "state";
  static constexpr std::array<std::string_view, 5> kValues{"unknown", "healthy", "degraded",
                                                           "unhealthy", "disabled"};
};
constexpr std::string_view name_of(EndpointState state) {
  return LabelTraits<EndpointState>::kValues[static_cast<size_t>(state)];
}

// An endpoint to show: its slot's cells, where they are its own, are labelled with its configured
// name.
struct EndpointLabel {
  uint16_t slot = 0;
  std::string_view name;
  EndpointState state = EndpointState::unknown;
  SlotOwner owner = 0;
};

struct ProcessFacts {
  std::string_view version;
  double start_time = 0;
  double config_generation = 0;
  double config_last_reload_successful = 1;
  double config_last_reload_time = 0;
};

// Appends. The shards' cells are summed. REQUIRES: endpoint names are unique.
void write_prometheus(std::string& out, std::span<const ShardMetrics* const> shards,
                      std::span<const EndpointLabel> endpoints, const ProcessFacts& process);

// Appends all metrics as a Markdown table: name, type, labels, unit, meaning.
void write_metrics_table(std::string& out);

}  // namespace qcc::metrics
