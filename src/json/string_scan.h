// Finds where a JSON string ends, 16 bytes at a time.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace qcc::json {

// `p` stands behind the opening quote; returns the closing quote, nullptr when there is none.
inline const char* find_string_end(const char* p, const char* end) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  while (end - p >= 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const unsigned hits = static_cast<unsigned>(
        _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash))));
    if (hits == 0) {
      p += 16;
      continue;
    }
    p += std::countr_zero(hits);
    if (*p == '"') return p;
    if (end - p < 2) return nullptr;
    p += 2;
  }
#endif
  for (; p < end; ++p) {
    if (*p == '"') return p;
    if (*p == '\\' && ++p == end) return nullptr;
  }
  return nullptr;
}

}  // namespace qcc::json
