// Byte classes and the two searches every head is made of. Private to the module.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace qcc::http {

enum ByteClass : uint8_t {
  kTokenByte = 1,
  kTargetByte = 2,  // RFC 3986 without " < > \ ^ ` { | } #
  kHostByte = 4,    // reg-name without '%' and ','
  kNoUnderscore = 8,
};

inline constexpr std::array<uint8_t, 256> kByteClasses = [] {
  std::array<uint8_t, 256> classes{};
  auto mark = [&](std::string_view bytes, uint8_t bits) {
    for (char c : bytes) classes[static_cast<uint8_t>(c)] |= bits;
  };
  mark("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
       kTokenByte | kTargetByte | kHostByte);
  mark("!#$%&'*+-.^_`|~", kTokenByte);
  mark("!$%&'()*+,-./:;=?@[]_~", kTargetByte);
  mark("-._~!$&'()*+;=", kHostByte);
  for (size_t c = 0; c < classes.size(); ++c)
    if (c != '_') classes[c] |= kNoUnderscore;
  return classes;
}();

inline bool is_class(char c, ByteClass wanted) {
  return (kByteClasses[static_cast<uint8_t>(c)] & wanted) != 0;
}

// The classes that all bytes share.
inline uint8_t common_classes(std::string_view text) {
  uint8_t common = 0xff;
  for (char c : text) common &= kByteClasses[static_cast<uint8_t>(c)];
  return common;
}

inline bool all_of_class(std::string_view text, ByteClass wanted) {
  return (common_classes(text) & wanted) != 0;
}

// Control characters but HTAB, and DEL: what no line of a head may hold.
inline bool is_control(char c) {
  auto byte = static_cast<uint8_t>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

// The first control character in [at, end), or `end`.
inline const char* find_control(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i last_control = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - at >= 16; at += 16) {
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    __m128i bad =
        _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), low), _mm_cmpeq_epi8(bytes, del));
    auto mask = static_cast<unsigned>(_mm_movemask_epi8(bad));
    if (mask != 0) return at + __builtin_ctz(mask);
  }
#endif
  while (at < end && !is_control(*at)) ++at;
  return at;
}

// The first `wanted` in [at, end), or `end`. Bytes up to `readable` may be looked at.
inline const char* find_byte(const char* at, const char* end, [[maybe_unused]] const char* readable,
                             char wanted) {
#if defined(__SSE2__)
  const __m128i pattern = _mm_set1_epi8(wanted);
  for (; at < end && readable - at >= 16; at += 16) {
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, pattern)));
    if (mask != 0) {
      at += __builtin_ctz(mask);
      return at < end ? at : end;
    }
  }
#endif
  while (at < end && *at != wanted) ++at;
  return at < end ? at : end;
}

}  // namespace qcc::http
