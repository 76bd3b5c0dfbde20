#include <qcc/config/reference.h>

#include "keys.h"

namespace qcc::config {
namespace {

constexpr const char* kTableHead =
    "\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n";

template <class T>
std::string default_of(const Key<T>& key) {
  if (key.is_required) return "required";
  if (!key.default_text.empty()) return std::string(key.default_text);
  return "`" + key.show(T{}) + "`";
}

template <class T>
std::string rows_of(std::span<const Key<T>> keys) {
  std::string rows;
  for (const Key<T>& key : keys) {
    rows += "| `" + std::string(key.name) + "` | " + key.type(key.range) + " | " + default_of(key) +
            " | " + std::string(key.meaning) + (key.is_restart ? " Needs a restart." : "") + " |\n";
  }
  return rows;
}

}  // namespace

std::string reference_markdown() {
  std::string text;
  visit_single_tables([&](std::string_view table, const auto& keys, auto) {
    text += "### `[" + std::string(table) + "]`\n";
    if (table == "timeouts") {
      text +=
          "\nAlso allowed in `[[cluster]]` and `[[cluster.endpoint]]`; what is not given there is "
          "inherited.\n";
    }
    text += kTableHead + rows_of(keys) + "\n";
  });
  text += "### `[[cluster]]`\n" + std::string(kTableHead) + rows_of(cluster_keys()) + "\n";
  text +=
      "### `[[cluster.endpoint]]`\n" + std::string(kTableHead) + rows_of(endpoint_keys()) + "\n";
  text += "### `[client_keys]`\n" + std::string(kTableHead) +
          "| any name | secret | none | A client's credential: `env:NAME`, `file:/path` or "
          "`credential:NAME`. The name stands for the client in logs and statistics. |\n";
  return text;
}

}  // namespace qcc::config
