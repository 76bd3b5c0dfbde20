// Fetches the secret that a value of the file refers to.
#pragma once
#include <optional>

#include "reader.h"

namespace qcc::config {

// "env:NAME", "file:/path", "credential:NAME" (systemd), or the secret itself, with a warning.
// Reports why there is none; never what was found.
std::optional<Secret> resolve_secret(const Value& value);

}  // namespace qcc::config
