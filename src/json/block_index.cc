#include "block_index.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace qcc::json {
namespace {

struct ByteMasks {
  uint64_t quote = 0;
  uint64_t backslash = 0;
  uint64_t letter_n = 0;
  uint64_t bracket = 0;
  uint64_t odd = 0;
};

#define QCC_INLINE __attribute__((always_inline)) inline

// Bits of the bytes behind odd runs of backslashes, without a loop: adding a run's first bit to the
// run carries a bit out behind its end.
QCC_INLINE uint64_t find_escaped(uint64_t backslashes, BlockCarry& carry) {
  constexpr uint64_t kEven = 0x5555555555555555ull;
  backslashes &= ~carry.escape;
  const uint64_t follows = backslashes << 1 | carry.escape;
  const uint64_t odd_starts = backslashes & ~kEven & ~follows;
  const uint64_t sum = odd_starts + backslashes;
  carry.escape = sum < backslashes ? 1 : 0;
  return (kEven ^ sum << 1) & follows;
}

QCC_INLINE uint64_t prefix_xor(uint64_t bits) {
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  return bits ^ bits << 32;
}

// `flips` is the running parity of `quotes`.
QCC_INLINE BlockFacts settle(const ByteMasks& masks, uint64_t escaped, uint64_t quotes,
                             uint64_t flips, BlockCarry& carry) {
  BlockFacts facts;
  facts.quotes = quotes;
  facts.in_string = flips ^ carry.string;
  carry.string = uint64_t{0} - (facts.in_string >> 63);
  facts.brackets = masks.bracket & ~facts.in_string;
  facts.odd = masks.odd;
  facts.suspects = (escaped & ~(masks.quote | masks.backslash | masks.letter_n)) |
                   (masks.backslash & ~facts.in_string);
  return facts;
}

ByteMasks classify_portable(const char* bytes) {
  ByteMasks masks;
  for (size_t i = 0; i < kBlockBytes; ++i) {
    const uint8_t c = static_cast<uint8_t>(bytes[i]);
    const uint8_t folded = c | 0x20;  // '[' and ']' become '{' and '}'
    masks.quote |= static_cast<uint64_t>(c == '"') << i;
    masks.backslash |= static_cast<uint64_t>(c == '\\') << i;
    masks.letter_n |= static_cast<uint64_t>(c == 'n') << i;
    masks.bracket |= static_cast<uint64_t>(folded == '{' || folded == '}') << i;
    masks.odd |= static_cast<uint64_t>(c < 0x20 || c >= 0x80) << i;
  }
  return masks;
}

}  // namespace

void index_blocks_portable(const char* bytes, size_t blocks, BlockCarry& carry, BlockFacts* facts) {
  BlockCarry local = carry;  // in registers: through memory it costs a third of the loop
  for (size_t b = 0; b < blocks; ++b) {
    const ByteMasks masks = classify_portable(bytes + b * kBlockBytes);
    const uint64_t escaped = find_escaped(masks.backslash, local);
    const uint64_t quotes = masks.quote & ~escaped;
    facts[b] = settle(masks, escaped, quotes, prefix_xor(quotes), local);
  }
  carry = local;
}

#if defined(__x86_64__)
namespace {

QCC_INLINE uint64_t bits_sse2(__m128i equal, unsigned shift) {
  return static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(equal))) << shift;
}

QCC_INLINE ByteMasks classify_sse2(const char* bytes) {
  const __m128i fold = _mm_set1_epi8(0x20);
  ByteMasks masks;
  for (unsigned i = 0; i < kBlockBytes; i += 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + i));
    const __m128i folded = _mm_or_si128(v, fold);
    const __m128i bracket = _mm_or_si128(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')),
                                         _mm_cmpeq_epi8(folded, _mm_set1_epi8('}')));
    masks.quote |= bits_sse2(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), i);
    masks.backslash |= bits_sse2(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')), i);
    masks.letter_n |= bits_sse2(_mm_cmpeq_epi8(v, _mm_set1_epi8('n')), i);
    masks.bracket |= bits_sse2(bracket, i);
    // Signed: bytes from 0x80 on are negative, so one comparison finds them and the controls.
    masks.odd |= bits_sse2(_mm_cmplt_epi8(v, fold), i);
  }
  return masks;
}

void index_blocks_sse2(const char* bytes, size_t blocks, BlockCarry& carry, BlockFacts* facts) {
  BlockCarry local = carry;  // in registers: through memory it costs a third of the loop
  for (size_t b = 0; b < blocks; ++b) {
    const ByteMasks masks = classify_sse2(bytes + b * kBlockBytes);
    const uint64_t escaped = find_escaped(masks.backslash, local);
    const uint64_t quotes = masks.quote & ~escaped;
    facts[b] = settle(masks, escaped, quotes, prefix_xor(quotes), local);
  }
  carry = local;
}

#define QCC_AVX2 __attribute__((target("avx2,pclmul,bmi")))

QCC_AVX2 inline uint64_t bits_avx2(__m256i low, __m256i high) {
  return static_cast<uint32_t>(_mm256_movemask_epi8(low)) |
         static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(high))) << 32;
}

QCC_AVX2 inline uint64_t equal_avx2(__m256i low, __m256i high, char wanted) {
  const __m256i w = _mm256_set1_epi8(wanted);
  return bits_avx2(_mm256_cmpeq_epi8(low, w), _mm256_cmpeq_epi8(high, w));
}

QCC_AVX2 inline __m256i brackets_avx2(__m256i v) {
  const __m256i folded = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
  return _mm256_or_si256(_mm256_cmpeq_epi8(folded, _mm256_set1_epi8('{')),
                         _mm256_cmpeq_epi8(folded, _mm256_set1_epi8('}')));
}

QCC_AVX2 inline ByteMasks classify_avx2(const char* bytes) {
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + 32));
  const __m256i space = _mm256_set1_epi8(0x20);
  ByteMasks masks;
  masks.quote = equal_avx2(low, high, '"');
  masks.backslash = equal_avx2(low, high, '\\');
  masks.letter_n = equal_avx2(low, high, 'n');
  masks.bracket = bits_avx2(brackets_avx2(low), brackets_avx2(high));
  masks.odd = bits_avx2(_mm256_cmpgt_epi8(space, low), _mm256_cmpgt_epi8(space, high));
  return masks;
}

// A carry-less product with all ones is the running parity.
QCC_AVX2 inline uint64_t prefix_xor_clmul(uint64_t bits) {
  const __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<int64_t>(bits)), _mm_set1_epi8(-1), 0);
  return static_cast<uint64_t>(_mm_cvtsi128_si64(product));
}

QCC_AVX2 void index_blocks_avx2(const char* bytes, size_t blocks, BlockCarry& carry,
                                BlockFacts* facts) {
  BlockCarry local = carry;  // in registers: through memory it costs a third of the loop
  for (size_t b = 0; b < blocks; ++b) {
    const ByteMasks masks = classify_avx2(bytes + b * kBlockBytes);
    const uint64_t escaped = find_escaped(masks.backslash, local);
    const uint64_t quotes = masks.quote & ~escaped;
    facts[b] = settle(masks, escaped, quotes, prefix_xor_clmul(quotes), local);
  }
  carry = local;
}

#define QCC_AVX512 __attribute__((target("avx512bw,pclmul,bmi")))

QCC_AVX512 inline ByteMasks classify_avx512(const char* bytes) {
  const __m512i v = _mm512_loadu_si512(bytes);
  const __m512i space = _mm512_set1_epi8(0x20);
  const __m512i folded = _mm512_or_si512(v, space);
  ByteMasks masks;
  masks.quote = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"'));
  masks.backslash = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\'));
  masks.letter_n = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('n'));
  masks.bracket = _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('{')) |
                  _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('}'));
  masks.odd = _mm512_cmplt_epi8_mask(v, space);
  return masks;
}

QCC_AVX512 inline uint64_t prefix_xor_avx512(uint64_t bits) {
  const __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<int64_t>(bits)), _mm_set1_epi8(-1), 0);
  return static_cast<uint64_t>(_mm_cvtsi128_si64(product));
}

QCC_AVX512 void index_blocks_avx512(const char* bytes, size_t blocks, BlockCarry& carry,
                                    BlockFacts* facts) {
  BlockCarry local = carry;
  for (size_t b = 0; b < blocks; ++b) {
    const ByteMasks masks = classify_avx512(bytes + b * kBlockBytes);
    const uint64_t escaped = find_escaped(masks.backslash, local);
    const uint64_t quotes = masks.quote & ~escaped;
    facts[b] = settle(masks, escaped, quotes, prefix_xor_avx512(quotes), local);
  }
  carry = local;
}

// Only processors (from Ice Lake and Zen 4 on) whose clock does not drop for it: they have VBMI.
bool has_avx512() {
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
         __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("bmi");
}

bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
         __builtin_cpu_supports("bmi");
}

}  // namespace

IndexBlocks sse2_indexer() { return index_blocks_sse2; }
IndexBlocks avx2_indexer() { return has_avx2() ? index_blocks_avx2 : nullptr; }
IndexBlocks avx512_indexer() { return has_avx512() ? index_blocks_avx512 : nullptr; }
#else
IndexBlocks sse2_indexer() { return nullptr; }
IndexBlocks avx2_indexer() { return nullptr; }
IndexBlocks avx512_indexer() { return nullptr; }
#endif

IndexBlocks best_indexer() {
  static const IndexBlocks best = [] {
    if (IndexBlocks avx512 = avx512_indexer()) return avx512;
    if (IndexBlocks avx2 = avx2_indexer()) return avx2;
    if (IndexBlocks sse2 = sse2_indexer()) return sse2;
    return &index_blocks_portable;
  }();
  return best;
}

}  // namespace qcc::json
