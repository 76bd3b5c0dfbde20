// The inside of a JSON string literal turned into the text it means.
//
// Any thread. Input is the bytes between the quotes, of any origin: what is malformed (unknown
// escape, lone surrogate) is refused, never guessed. No allocation.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace qcc::json {

// Writes the text into `out`; returns its length. Nothing when an escape is malformed or the text
// does not fit. The result is never longer than `inside`.
std::optional<size_t> unescape_into(std::span<char> out, std::string_view inside);

// Whether the string `inside` means `text`. REQUIRES: text of at most 64 bytes.
bool unescaped_equals(std::string_view inside, std::string_view text);

// The value of four hex digits, or nothing. REQUIRES: four readable bytes.
std::optional<unsigned> hex4(const char* digits);

}  // namespace qcc::json
