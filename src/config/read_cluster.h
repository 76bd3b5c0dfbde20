// [[cluster]] and what stands below it.
#pragma once
#include <vector>

#include "reader.h"

namespace qcc::config {

// Reads all clusters; their timeouts begin as `inherited`, those of endpoints as their cluster's.
void read_clusters(TableReader& root, const Timeouts& inherited, std::vector<ClusterConfig>& into);

}  // namespace qcc::config
