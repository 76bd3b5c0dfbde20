// Finds line ends, 16 bytes at a time.
#pragma once
#include <bit>
#include <cstddef>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace qcc::sse {

// Position of the first CR or LF at or behind `from`; the size when there is none.
inline size_t find_line_end(std::string_view text, size_t from) {
#if defined(__SSE2__)
  const __m128i lf = _mm_set1_epi8('\n');
  const __m128i cr = _mm_set1_epi8('\r');
  for (; text.size() - from >= 16; from += 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + from));
    const unsigned hits = static_cast<unsigned>(
        _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, lf), _mm_cmpeq_epi8(v, cr))));
    if (hits != 0) return from + static_cast<size_t>(std::countr_zero(hits));
  }
#endif
  while (from < text.size() && text[from] != '\n' && text[from] != '\r') ++from;
  return from;
}

}  // namespace qcc::sse
