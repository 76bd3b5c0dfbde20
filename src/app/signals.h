// Signals as bytes on a socket, so that the control loop reads them like anything else.
#pragma once
#include <memory>

#include <qcc/net/stream.h>

namespace qcc::app {

// Catches SIGTERM, SIGINT, SIGHUP and SIGUSR1 for this process and ignores SIGPIPE. One per
// process. Returns the descriptor to read from, or -errno.
int catch_signals();

}  // namespace qcc::app
