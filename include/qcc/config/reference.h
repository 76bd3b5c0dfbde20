// The reference of qcc.toml, made from the tables that read it, so that it cannot lie. Pure.
#pragma once
#include <string>

namespace qcc::config {

// One Markdown section per TOML table: `### `[server]`` and rows of key, type, default, meaning.
std::string reference_markdown();

}  // namespace qcc::config
