// "Did you mean …?"
#pragma once
#include <cstddef>
#include <span>
#include <string_view>

namespace qcc::config {

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
size_t edit_distance(std::string_view a, std::string_view b);

// The known word nearest to `word`; empty if none is near enough to be meant.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace qcc::config
