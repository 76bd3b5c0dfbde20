// Listening sockets, opened before any thread runs, so that a taken port is a clear error at once.
#pragma once
#include <expected>
#include <string>
#include <vector>

#include <qcc/config/address.h>

namespace qcc::app {

struct OpenListener {
  config::ListenAddress address;  // with the port that was given, also for port 0
  std::vector<int> fds;           // one for each thread that serves it
};

// One socket per shard and address (SO_REUSEPORT); a unix socket is shared. The error names the
// address, the reason and what to do.
std::expected<OpenListener, std::string> open_listener(const config::ListenAddress& address,
                                                       size_t shards);

// Shards for `shards = "auto"`: what the affinity mask and the cgroup's quota allow.
unsigned usable_processors();

// Raises the soft descriptor limit to the hard one and returns it.
size_t raise_descriptor_limit();

}  // namespace qcc::app
