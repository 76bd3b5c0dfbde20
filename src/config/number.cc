#include "number.h"

#include <charconv>
#include <limits>

#include <qcc/config/config.h>

namespace qcc::config {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

// Factors in nanoseconds. Larger units first, for show_duration.
constexpr Unit kTimeUnits[] = {
    {"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000}, {"ms", 1'000'000}};
constexpr Unit kSizeUnits[] = {
    {"GiB", kGiB},     {"MiB", kMiB}, {"KiB", kKiB}, {"GB", 1'000'000'000},
    {"MB", 1'000'000}, {"KB", 1000},  {"B", 1}};

std::optional<uint64_t> parse_decimal(std::string_view text) {
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc() || stop != end) return std::nullopt;
  return value;
}

template <size_t N>
std::optional<uint64_t> parse_quantity(std::string_view text, const Unit (&units)[N]) {
  size_t digits = text.find_first_not_of("0123456789");
  std::optional<uint64_t> count = parse_decimal(text.substr(0, digits));
  if (!count || digits == text.npos) return std::nullopt;
  for (const Unit& unit : units) {
    if (text.substr(digits) != unit.name) continue;
    constexpr uint64_t kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    if (*count > kMost / unit.factor) return std::nullopt;
    return *count * unit.factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  std::optional<uint64_t> ns = parse_quantity(text, kTimeUnits);
  if (!ns) return std::nullopt;
  return Duration(static_cast<int64_t>(*ns));
}

std::optional<uint64_t> parse_size(std::string_view text) {
  return parse_quantity(text, kSizeUnits);
}

std::string show_duration(Duration value) {
  uint64_t ns = static_cast<uint64_t>(value.count());
  for (const Unit& unit : kTimeUnits) {
    if (unit.name == "m") continue;  // people read 300s more readily beside 285s than 5m
    if (ns != 0 && ns % unit.factor == 0)
      return std::to_string(ns / unit.factor) + std::string(unit.name);
  }
  return ns == 0 ? "0s" : std::to_string(ns / 1'000'000) + "ms";
}

std::string show_size(uint64_t bytes) {
  for (const Unit& unit : kSizeUnits) {
    if (unit.name == "GB") break;  // only powers of 1024 are shown with a unit
    if (bytes != 0 && bytes % unit.factor == 0)
      return std::to_string(bytes / unit.factor) + std::string(unit.name);
  }
  return std::to_string(bytes);
}

}  // namespace qcc::config
