#include <qcc/config/diff.h>

#include "keys.h"

namespace qcc::config {

std::vector<std::string> needs_restart(const Config& current, const Config& next) {
  std::vector<std::string> changed;
  visit_single_tables([&](std::string_view table, const auto& keys, auto member) {
    for (const auto& key : keys) {
      if (!key.is_restart || key.show(current.*member) == key.show(next.*member)) continue;
      changed.push_back(std::string(table) + "." + std::string(key.name));
    }
  });
  return changed;
}

}  // namespace qcc::config
