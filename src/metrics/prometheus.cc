#include <qcc/metrics/prometheus.h>

#include <charconv>

namespace qcc::metrics {
namespace {

void append_number(std::string& out, auto value) {
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_seconds(std::string& out, uint64_t nanoseconds) {
  append_number(out, static_cast<double>(nanoseconds) / 1e9);
}

void append_label(std::string& labels, std::string_view name, std::string_view value) {
  if (!labels.empty()) labels += ',';
  labels.append(name).append("=\"");
  for (char c : value) {
    if (c == '"' || c == '\\') labels += '\\';
    if (c == '\n')
      labels += "\\n";
    else
      labels += c;
  }
  labels += '"';
}

// Labels of a series: those of its owner and one more.
std::string with_label(std::string labels, std::string_view name, std::string_view value) {
  append_label(labels, name, value);
  return labels;
}

// Writes the series of one family. `each(fn)` calls fn(cell) for the cell of every shard.
class FamilyWriter {
 public:
  FamilyWriter(std::string& out, std::string_view name,
               std::span<const std::string_view> attempt_classes)
      : out_(out), name_(name), attempt_classes_(attempt_classes) {}

  void begin(std::string_view type, std::string_view help) {
    out_.append("# HELP ").append(name_).append(" ").append(help);
    out_.append("\n# TYPE ").append(name_).append(" ").append(type).append("\n");
  }

  void write(const Counter*, const std::string& labels, auto&& each) {
    uint64_t sum = 0;
    each([&](const Counter& cell) { sum += cell.value(); });
    sample("", labels);
    append_number(out_, sum);
    out_ += '\n';
  }

  void write(const Gauge*, const std::string& labels, auto&& each) {
    int64_t sum = 0;
    each([&](const Gauge& cell) { sum += cell.value(); });
    sample("", labels);
    append_number(out_, sum);
    out_ += '\n';
  }

  template <class Cell>
  void write(const PerShard<Cell>*, const std::string& labels, auto&& each) {
    size_t shard = 0;
    each([&](const PerShard<Cell>& cell) {
      write_one(cell, with_label(labels, "shard", std::to_string(shard++)));
    });
  }

  template <class Label>
  void write(const CounterBy<Label>*, const std::string& labels, auto&& each) {
    using Traits = LabelTraits<Label>;
    for (size_t i = 0; i < Traits::kValues.size(); ++i)
      write_indexed(with_label(labels, Traits::kName, Traits::kValues[i]), each, i);
  }

  template <class First, class Second>
  void write(const CounterByTwo<First, Second>*, const std::string& labels, auto&& each) {
    for (size_t i = 0; i < LabelTraits<First>::kValues.size(); ++i) {
      std::string outer =
          with_label(labels, LabelTraits<First>::kName, LabelTraits<First>::kValues[i]);
      for (size_t k = 0; k < LabelTraits<Second>::kValues.size(); ++k) {
        std::string both =
            with_label(outer, LabelTraits<Second>::kName, LabelTraits<Second>::kValues[k]);
        write_indexed(both, each, i, k);
      }
    }
  }

  void write(const AttemptCounters*, const std::string& labels, auto&& each) {
    for (size_t i = 0; i < attempt_classes_.size(); ++i)
      write_indexed(with_label(labels, "class", attempt_classes_[i]), each, i);
  }

  template <const auto& kScale>
  void write(const Histogram<kScale>*, const std::string& labels, auto&& each) {
    using Cell = Histogram<kScale>;
    std::array<uint64_t, Cell::kBuckets> counts{};
    uint64_t nanoseconds = 0;
    each([&](const Cell& cell) {
      for (size_t i = 0; i < counts.size(); ++i) counts[i] += cell.count_in(i);
      nanoseconds += cell.nanoseconds();
    });
    uint64_t below = 0;
    for (size_t i = 0; i < counts.size(); ++i) {
      below += counts[i];
      std::string bound;
      if (i < kScale.bounds.size())
        append_seconds(bound, static_cast<uint64_t>(kScale.bounds[i].count()));
      else
        bound = "+Inf";
      sample("_bucket", with_label(labels, "le", bound));
      append_number(out_, below);
      out_ += '\n';
    }
    sample("_sum", labels);
    append_seconds(out_, nanoseconds);
    out_ += '\n';
    sample("_count", labels);
    append_number(out_, below);
    out_ += '\n';
  }

  void write_value(const std::string& labels, double value) {
    sample("", labels);
    append_number(out_, value);
    out_ += '\n';
  }

 private:
  void sample(std::string_view suffix, const std::string& labels) {
    out_.append(name_).append(suffix);
    if (!labels.empty()) out_.append("{").append(labels).append("}");
    out_ += ' ';
  }
  void write_one(const Counter& cell, const std::string& labels) {
    write_value(labels, static_cast<double>(cell.value()));
  }
  void write_one(const DurationGauge& cell, const std::string& labels) {
    write_value(labels, to_seconds(cell.value()));
  }
  void write_indexed(const std::string& labels, auto&& each, auto... index) {
    uint64_t sum = 0;
    each([&](const auto& cells) { sum += cells.at(index...).value(); });
    sample("", labels);
    append_number(out_, sum);
    out_ += '\n';
  }

  std::string& out_;
  std::string_view name_;
  std::span<const std::string_view> attempt_classes_;
};

// ---- what a kind of cell is called, and its labels in the documentation ----

constexpr std::string_view type_of(const Counter*) { return "counter"; }
constexpr std::string_view type_of(const AttemptCounters*) { return "counter"; }
constexpr std::string_view type_of(const Gauge*) { return "gauge"; }
constexpr std::string_view type_of(const DurationGauge*) { return "gauge"; }
template <class Label>
constexpr std::string_view type_of(const CounterBy<Label>*) {
  return "counter";
}
template <class First, class Second>
constexpr std::string_view type_of(const CounterByTwo<First, Second>*) {
  return "counter";
}
template <const auto& kScale>
constexpr std::string_view type_of(const Histogram<kScale>*) {
  return "histogram";
}

std::string labels_of(const void*) { return ""; }
std::string labels_of(const AttemptCounters*) { return "class"; }
template <class Cell>
std::string labels_of(const PerShard<Cell>*) {
  return "shard";
}
template <class Label>
std::string labels_of(const CounterBy<Label>*) {
  return std::string(LabelTraits<Label>::kName);
}
template <class First, class Second>
std::string labels_of(const CounterByTwo<First, Second>*) {
  return std::string(LabelTraits<First>::kName) + ", " + std::string(LabelTraits<Second>::kName);
}

template <class Kind>
constexpr const Kind* kKind = nullptr;

constexpr std::string_view kBuildInfoHelp = "Always 1; the version is in its label.";
constexpr std::string_view kEndpointStateHelp =
    "1 for the state an endpoint is in, 0 for the others.";

void write_shard_metrics(std::string& out, std::span<const ShardMetrics* const> shards,
                         std::span<const std::string_view> attempt_classes) {
#define QCC_METRIC_WRITE(kind, cell, family_name, unit, help)     \
  {                                                               \
    FamilyWriter family(out, family_name, attempt_classes);       \
    family.begin(type_of(kKind<kind>), help);                     \
    family.write(kKind<kind>, "", [&](auto&& take) {              \
      for (const ShardMetrics* shard : shards) take(shard->cell); \
    });                                                           \
  }
  QCC_SHARD_METRICS(QCC_METRIC_WRITE)
#undef QCC_METRIC_WRITE
}

void write_endpoint_metrics(std::string& out, std::span<const ShardMetrics* const> shards,
                            std::span<const EndpointLabel> endpoints,
                            std::span<const std::string_view> attempt_classes) {
#define QCC_METRIC_WRITE(kind, cell, family_name, unit, help)                                 \
  {                                                                                           \
    FamilyWriter family(out, family_name, attempt_classes);                                   \
    family.begin(type_of(kKind<kind>), help);                                                 \
    for (const EndpointLabel& endpoint : endpoints)                                           \
      family.write(kKind<kind>, with_label("", "endpoint", endpoint.name), [&](auto&& take) { \
        for (const ShardMetrics* shard : shards)                                              \
          if (shard->is_owned_by(endpoint.slot, endpoint.owner))                              \
            take(shard->endpoint(endpoint.slot).cell);                                        \
      });                                                                                     \
  }
  QCC_ENDPOINT_METRICS(QCC_METRIC_WRITE)
#undef QCC_METRIC_WRITE
}

void write_endpoint_states(std::string& out, std::span<const EndpointLabel> endpoints) {
  using States = LabelTraits<EndpointState>;
  FamilyWriter family(out, "qcc_endpoint_state", {});
  family.begin("gauge", kEndpointStateHelp);
  for (const EndpointLabel& endpoint : endpoints) {
    std::string labels = with_label("", "endpoint", endpoint.name);
    for (size_t i = 0; i < States::kValues.size(); ++i)
      family.write_value(with_label(labels, States::kName, States::kValues[i]),
                         static_cast<size_t>(endpoint.state) == i ? 1 : 0);
  }
}

void write_process_metrics(std::string& out, const ProcessFacts& process) {
  FamilyWriter build(out, "qcc_build_info", {});
  build.begin("gauge", kBuildInfoHelp);
  build.write_value(with_label("", "version", process.version), 1);
#define QCC_METRIC_WRITE(fact, family_name, unit, help) \
  {                                                     \
    FamilyWriter family(out, family_name, {});          \
    family.begin("gauge", help);                        \
    family.write_value("", process.fact);               \
  }
  QCC_PROCESS_METRICS(QCC_METRIC_WRITE)
#undef QCC_METRIC_WRITE
}

void append_row(std::string& out, std::string_view name, std::string_view type,
                std::string_view labels, std::string_view unit, std::string_view help) {
  out.append("| `").append(name).append("` | ").append(type).append(" | ").append(labels);
  out.append(" | ").append(unit).append(" | ").append(help).append(" |\n");
}

}  // namespace

void write_prometheus(std::string& out, std::span<const ShardMetrics* const> shards,
                      std::span<const EndpointLabel> endpoints, const ProcessFacts& process) {
  std::span<const std::string_view> attempt_classes;
  if (!shards.empty()) attempt_classes = shards.front()->attempt_classes();
  write_process_metrics(out, process);
  write_shard_metrics(out, shards, attempt_classes);
  write_endpoint_states(out, endpoints);
  write_endpoint_metrics(out, shards, endpoints, attempt_classes);
}

void write_metrics_table(std::string& out) {
  out += "| metric | type | labels | unit | meaning |\n| --- | --- | --- | --- | --- |\n";
  append_row(out, "qcc_build_info", "gauge", "version", "", kBuildInfoHelp);
#define QCC_METRIC_ROW(fact, name, unit, help) append_row(out, name, "gauge", "", unit, help);
  QCC_PROCESS_METRICS(QCC_METRIC_ROW)
#undef QCC_METRIC_ROW
#define QCC_METRIC_ROW(kind, cell, name, unit, help) \
  append_row(out, name, type_of(kKind<kind>), labels_of(kKind<kind>), unit, help);
  QCC_SHARD_METRICS(QCC_METRIC_ROW)
#undef QCC_METRIC_ROW
  append_row(out, "qcc_endpoint_state", "gauge", "endpoint, state", "", kEndpointStateHelp);
#define QCC_METRIC_ROW(kind, cell, name, unit, help)                                  \
  {                                                                                   \
    std::string labels = "endpoint";                                                  \
    if (std::string own = labels_of(kKind<kind>); !own.empty()) labels += ", " + own; \
    append_row(out, name, type_of(kKind<kind>), labels, unit, help);                  \
  }
  QCC_ENDPOINT_METRICS(QCC_METRIC_ROW)
#undef QCC_METRIC_ROW
}

}  // namespace qcc::metrics
