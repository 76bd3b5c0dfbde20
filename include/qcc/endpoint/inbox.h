// One shard's way to the health thread: written by that shard, read by the health thread.
#pragma once
#include <qcc/base/spsc_ring.h>
#include <qcc/endpoint/outcome.h>

namespace qcc::endpoint {

inline constexpr size_t kInboxCapacity = 1024;

struct Inbox {
  SpscRing<Outcome> outcomes{kInboxCapacity};
};

}  // namespace qcc::endpoint
