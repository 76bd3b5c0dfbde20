// Text that somebody wrote into the configuration, made fit for an error or a log line. People
// write secrets where names belong, so only what reads like names is repeated (spec R14). Pure
// functions, any thread.
#pragma once
#include <string>
#include <string_view>

namespace qcc::config {

inline constexpr std::string_view kNotShown = "(not shown: may be a secret)";

// False when every run of letters and digits reads like a word of a name: at most 20 letters in at
// most three humps ("maxBodySize"), or at most 8 characters with digits ("v1", "20250929"). True
// also for what begins like an API key ("sk-…") and for a URL with a user in it.
bool may_be_secret(std::string_view text);

// Control characters and bytes above ASCII replaced, length capped; kNotShown for what may be a
// secret.
std::string printable(std::string_view text);

}  // namespace qcc::config
