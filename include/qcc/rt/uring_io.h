// The Io over io_uring: one ring, one ring of provided receive buffers.
//
// Thread rule: made, used and destroyed on one thread (SINGLE_ISSUER, DEFER_TASKRUN).
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <qcc/base/error.h>
#include <qcc/rt/io.h>

namespace qcc::rt {

// What the running kernel offers beyond 6.1; each can be switched off to force its fallback.
struct UringFeatures {
  bool recv_limit = false;  // a multishot receive that ends after so many bytes (Linux 6.18)
};

struct UringOptions {
  uint32_t entries = 1024;
  uint32_t buffer_count = 256;  // a power of two
  uint32_t buffer_bytes = 16 * 1024;
  std::vector<std::string> disabled;  // names of UringFeatures
};

// Names that `UringOptions::disabled` may hold.
bool is_uring_feature(std::string_view name);

Result<std::unique_ptr<Io>> make_uring_io(const UringOptions& options);

// One sentence for a person: why no ring could be made and what to change.
std::string explain_ring_failure(const Error& error);

}  // namespace qcc::rt
