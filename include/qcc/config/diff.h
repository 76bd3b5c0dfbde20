// What a reload cannot change. Pure.
#pragma once
#include <string>
#include <vector>

#include <qcc/config/config.h>

namespace qcc::config {

// Keys ("server.listen") whose value differs and takes effect only at a restart, in file order.
std::vector<std::string> needs_restart(const Config& current, const Config& next);

}  // namespace qcc::config
