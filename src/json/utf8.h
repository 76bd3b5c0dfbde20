// UTF-8 of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once
#include <cstddef>
#include <cstdint>

namespace qcc::json {

// Length of the well-formed sequence at `p`, 0 when it is none or is cut by `end`.
// REQUIRES: p < end.
inline size_t utf8_sequence_length(const char* p, const char* end) {
  const uint8_t* s = reinterpret_cast<const uint8_t*>(p);
  const size_t left = static_cast<size_t>(end - p);
  auto continues = [s](size_t i) { return (s[i] & 0xc0) == 0x80; };
  const uint8_t lead = s[0];
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return left >= 2 && continues(1) ? 2 : 0;
  if (lead < 0xf0) {
    if (left < 3 || !continues(1) || !continues(2)) return 0;
    if (lead == 0xe0 && s[1] < 0xa0) return 0;
    if (lead == 0xed && s[1] > 0x9f) return 0;
    return 3;
  }
  if (lead > 0xf4 || left < 4 || !continues(1) || !continues(2) || !continues(3)) return 0;
  if (lead == 0xf0 && s[1] < 0x90) return 0;
  if (lead == 0xf4 && s[1] > 0x8f) return 0;
  return 4;
}

}  // namespace qcc::json
