#include "chunk_peek.h"

#include <bit>
#include <cstddef>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace qcc::protocol {
namespace {

// `text` begins behind a quote.
bool is_set_member(std::string_view text, std::string_view name_and_colon) {
  if (!text.starts_with(name_and_colon)) return false;
  text.remove_prefix(name_and_colon.size());
  while (text.starts_with(' ')) text.remove_prefix(1);
  return !text.starts_with("null");
}

bool is_news(std::string_view text) {
  if (text.empty()) return false;
  switch (text[0]) {
    case 'f': return is_set_member(text, "finish_reason\":");
    case 'u': return is_set_member(text, "usage\":");
    case 'e': return is_set_member(text, "error\":");
    default: return false;
  }
}

}  // namespace

bool may_hold_news(std::string_view chunk) {
  size_t at = 0;
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i f = _mm_set1_epi8('f'), u = _mm_set1_epi8('u'), e = _mm_set1_epi8('e');
  for (; chunk.size() - at >= 17; at += 16) {
    const char* p = chunk.data() + at;
    const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i behind = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 1));
    const __m128i letter =
        _mm_or_si128(_mm_cmpeq_epi8(behind, f),
                     _mm_or_si128(_mm_cmpeq_epi8(behind, u), _mm_cmpeq_epi8(behind, e)));
    unsigned hits = static_cast<unsigned>(
        _mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(here, quote), letter)));
    for (; hits != 0; hits &= hits - 1)
      if (is_news(chunk.substr(at + static_cast<size_t>(std::countr_zero(hits)) + 1))) return true;
  }
#endif
  for (; at < chunk.size(); ++at)
    if (chunk[at] == '"' && is_news(chunk.substr(at + 1))) return true;
  return false;
}

}  // namespace qcc::protocol
