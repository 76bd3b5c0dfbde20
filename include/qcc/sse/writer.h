// Writes server-sent events. Any thread; the caller owns the output.
#pragma once
#include <string>
#include <string_view>

namespace qcc::sse {

// Appends one event; an empty name writes no `event:` line. Every line of `data` (split at LF, CR
// or CRLF) becomes a `data:` line. REQUIRES: name without CR and LF.
void append_event(std::string& out, std::string_view name, std::string_view data);

}  // namespace qcc::sse
