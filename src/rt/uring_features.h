#pragma once
#include <string>
#include <vector>

#include <qcc/rt/uring_io.h>

struct io_uring;

namespace qcc::rt {

inline constexpr int kBufferGroup = 0;

// REQUIRES: the buffer group is registered and no operation is in flight.
UringFeatures probe_features(io_uring& ring, const std::vector<std::string>& disabled);

}  // namespace qcc::rt
