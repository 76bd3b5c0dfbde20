// Durations and sizes as written in qcc.toml.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <qcc/base/time.h>

namespace qcc::config {

// "250ms", "90s", "5m", "1h".
std::optional<Duration> parse_duration(std::string_view text);

// "512B", "64KiB", "32MiB", "1GB".
std::optional<uint64_t> parse_size(std::string_view text);

// The shortest exact form that the parsers above accept.
std::string show_duration(Duration value);
std::string show_size(uint64_t bytes);

}  // namespace qcc::config
