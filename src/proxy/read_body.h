// A request's body, from the receive buffer or straight from the socket into its held memory.
#pragma once
#include <optional>

#include "request.h"

namespace qcc::proxy {

// Reads the whole body; what follows it stays in `chunk`. A refusal with status 0 means that the
// client left.
rt::Task<std::optional<Refusal>> read_body(Session& session, Request& request, net::Chunk& chunk);

// What the body says, or why it is refused.
std::optional<Refusal> inspect_body(Request& request);

}  // namespace qcc::proxy
