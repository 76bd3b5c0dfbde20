// The indexers for x86-64, each with a loop of its own: code for a better processor cannot be
// inlined into a loop for all.
#include "block_index.h"

#if defined(__x86_64__)
// gcc 12 takes its own intrinsics' "undefined" vectors for ours.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include "block_masks.h"

namespace qcc::json {
namespace {

// ---- SSSE3 ----

#define QCC_SSSE3 __attribute__((target("ssse3")))

QCC_SSSE3 inline __m128i load_ssse3(const void* bytes) {
  return _mm_loadu_si128(static_cast<const __m128i*>(bytes));
}

QCC_SSSE3 inline uint64_t bits_ssse3(__m128i equal, unsigned shift) {
  return static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(equal))) << shift;
}

QCC_SSSE3 inline __m128i by_low_nibble_ssse3(const NibbleTable& table, __m128i v) {
  return _mm_shuffle_epi8(load_ssse3(table.data()), v);
}

QCC_SSSE3 inline __m128i by_high_nibble_ssse3(const NibbleTable& table, __m128i v) {
  const __m128i nibbles = _mm_and_si128(_mm_srli_epi16(v, 4), _mm_set1_epi8(0x0f));
  return _mm_shuffle_epi8(load_ssse3(table.data()), nibbles);
}

QCC_SSSE3 inline ByteMasks classify_ssse3(const char* block) {
  ByteMasks masks;
  for (unsigned i = 0; i < kBlockBytes; i += 16) {
    const __m128i v = load_ssse3(block + i);
    const __m128i letter = _mm_or_si128(_mm_cmpeq_epi8(v, by_low_nibble_ssse3(kLetters, v)),
                                        _mm_cmpeq_epi8(v, _mm_set1_epi8(kOtherLetter)));
    const __m128i folded = _mm_or_si128(v, _mm_set1_epi8(0x20));
    masks.quote |= bits_ssse3(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), i);
    masks.backslash |= bits_ssse3(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')), i);
    masks.letter |= bits_ssse3(letter, i);
    masks.bracket |= bits_ssse3(_mm_cmpeq_epi8(folded, by_low_nibble_ssse3(kBrackets, v)), i);
    // Signed: bytes from 0x80 on are negative, so one comparison finds them and the controls.
    masks.odd |= bits_ssse3(_mm_cmplt_epi8(v, _mm_set1_epi8(0x20)), i);
  }
  return masks;
}

QCC_SSSE3 inline uint64_t high_bytes_ssse3(const char* block) {
  uint64_t high = 0;
  for (unsigned i = 0; i < kBlockBytes; i += 16) high |= bits_ssse3(load_ssse3(block + i), i);
  return high;
}

QCC_SSSE3 inline uint64_t white_bytes_ssse3(const char* block) {
  uint64_t white = 0;
  for (unsigned i = 0; i < kBlockBytes; i += 16) {
    const __m128i v = load_ssse3(block + i);
    white |= bits_ssse3(_mm_cmpeq_epi8(v, by_low_nibble_ssse3(kWhite, v)), i);
  }
  return white;
}

// Reads the three bytes before the block too.
QCC_SSSE3 inline uint64_t ill_formed_ssse3(const char* block) {
  using namespace utf8_pairs;
  uint64_t well = 0;
  for (unsigned i = 0; i < kBlockBytes; i += 16) {
    const char* at = block + i;
    const __m128i first = load_ssse3(at - 1);
    const __m128i low = _mm_and_si128(first, _mm_set1_epi8(0x0f));
    const __m128i pair = _mm_and_si128(
        _mm_and_si128(by_high_nibble_ssse3(kFirstHigh, first), by_low_nibble_ssse3(kFirstLow, low)),
        by_high_nibble_ssse3(kSecondHigh, load_ssse3(at)));
    const __m128i third = _mm_subs_epu8(load_ssse3(at - 2), _mm_set1_epi8(0xe0 - 0x80));
    const __m128i fourth = _mm_subs_epu8(load_ssse3(at - 3), _mm_set1_epi8(0xf0 - 0x80));
    const __m128i continues =
        _mm_and_si128(_mm_or_si128(third, fourth), _mm_set1_epi8(static_cast<char>(0x80)));
    well |= bits_ssse3(_mm_cmpeq_epi8(pair, continues), i);
  }
  return ~well;
}

QCC_SSSE3 void index_blocks_ssse3(const char* bytes, size_t blocks, BlockCarry& carry,
                                  BlockFacts* facts) {
  BlockCarry local = carry;  // in registers: through memory it costs a third of the loop
  JoinedBlock joined;
  for (size_t b = 0; b < blocks; ++b) {
    const char* const block = bytes + b * kBlockBytes;
    const ByteMasks masks = classify_ssse3(block);
    const uint64_t escaped = find_escaped(masks.backslash, local);
    const uint64_t quotes = masks.quote & ~escaped;
    facts[b] = settle(masks, escaped, quotes, prefix_xor(quotes), local);
    if ((masks.odd | local.tail) == 0) continue;
    const uint64_t high = high_bytes_ssse3(block);
    facts[b].strays = find_strays(masks.odd, high, white_bytes_ssse3(block), facts[b].in_string);
    if ((high | local.tail) == 0) continue;
    facts[b].strays |= ill_formed_ssse3(b == 0 ? joined.join(local.tail, block) : block);
    local.tail = unfinished_tail(block);
  }
  carry = local;
}

// ---- AVX2 ----

#define QCC_AVX2 __attribute__((target("avx2,pclmul,bmi")))

QCC_AVX2 inline __m256i load_avx2(const void* bytes) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(bytes));
}

QCC_AVX2 inline uint64_t bits_avx2(__m256i low, __m256i high) {
  return static_cast<uint32_t>(_mm256_movemask_epi8(low)) |
         static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(high))) << 32;
}

QCC_AVX2 inline uint64_t equal_avx2(__m256i low, __m256i high, char wanted) {
  const __m256i w = _mm256_set1_epi8(wanted);
  return bits_avx2(_mm256_cmpeq_epi8(low, w), _mm256_cmpeq_epi8(high, w));
}

QCC_AVX2 inline __m256i by_low_nibble_avx2(const NibbleTable& table, __m256i v) {
  const __m128i entries = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data()));
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(entries), v);
}

QCC_AVX2 inline __m256i by_high_nibble_avx2(const NibbleTable& table, __m256i v) {
  const __m256i nibbles = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(0x0f));
  return by_low_nibble_avx2(table, nibbles);
}

QCC_AVX2 inline __m256i letters_avx2(__m256i v) {
  return _mm256_or_si256(_mm256_cmpeq_epi8(v, by_low_nibble_avx2(kLetters, v)),
                         _mm256_cmpeq_epi8(v, _mm256_set1_epi8(kOtherLetter)));
}

QCC_AVX2 inline __m256i brackets_avx2(__m256i v) {
  const __m256i folded = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
  return _mm256_cmpeq_epi8(folded, by_low_nibble_avx2(kBrackets, v));
}

QCC_AVX2 inline ByteMasks classify_avx2(const char* block) {
  const __m256i low = load_avx2(block);
  const __m256i high = load_avx2(block + 32);
  const __m256i space = _mm256_set1_epi8(0x20);
  ByteMasks masks;
  masks.quote = equal_avx2(low, high, '"');
  masks.backslash = equal_avx2(low, high, '\\');
  masks.letter = bits_avx2(letters_avx2(low), letters_avx2(high));
  masks.bracket = bits_avx2(brackets_avx2(low), brackets_avx2(high));
  masks.odd = bits_avx2(_mm256_cmpgt_epi8(space, low), _mm256_cmpgt_epi8(space, high));
  return masks;
}

QCC_AVX2 inline uint64_t high_bytes_avx2(const char* block) {
  return bits_avx2(load_avx2(block), load_avx2(block + 32));
}

QCC_AVX2 inline uint64_t white_bytes_avx2(const char* block) {
  const __m256i low = load_avx2(block);
  const __m256i high = load_avx2(block + 32);
  return bits_avx2(_mm256_cmpeq_epi8(low, by_low_nibble_avx2(kWhite, low)),
                   _mm256_cmpeq_epi8(high, by_low_nibble_avx2(kWhite, high)));
}

QCC_AVX2 inline __m256i well_formed_avx2(const char* half) {
  using namespace utf8_pairs;
  const __m256i first = load_avx2(half - 1);
  const __m256i low = _mm256_and_si256(first, _mm256_set1_epi8(0x0f));
  const __m256i pair = _mm256_and_si256(
      _mm256_and_si256(by_high_nibble_avx2(kFirstHigh, first), by_low_nibble_avx2(kFirstLow, low)),
      by_high_nibble_avx2(kSecondHigh, load_avx2(half)));
  const __m256i third = _mm256_subs_epu8(load_avx2(half - 2), _mm256_set1_epi8(0xe0 - 0x80));
  const __m256i fourth = _mm256_subs_epu8(load_avx2(half - 3), _mm256_set1_epi8(0xf0 - 0x80));
  const __m256i continues =
      _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8(static_cast<char>(0x80)));
  return _mm256_cmpeq_epi8(pair, continues);
}

// Reads the three bytes before the block too.
QCC_AVX2 inline uint64_t ill_formed_avx2(const char* block) {
  return ~bits_avx2(well_formed_avx2(block), well_formed_avx2(block + 32));
}

// A carry-less product with all ones is the running parity.
QCC_AVX2 inline uint64_t prefix_xor_clmul(uint64_t bits) {
  const __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<int64_t>(bits)), _mm_set1_epi8(-1), 0);
  return static_cast<uint64_t>(_mm_cvtsi128_si64(product));
}

QCC_AVX2 void index_blocks_avx2(const char* bytes, size_t blocks, BlockCarry& carry,
                                BlockFacts* facts) {
  BlockCarry local = carry;
  JoinedBlock joined;
  for (size_t b = 0; b < blocks; ++b) {
    const char* const block = bytes + b * kBlockBytes;
    const ByteMasks masks = classify_avx2(block);
    const uint64_t escaped = find_escaped(masks.backslash, local);
    const uint64_t quotes = masks.quote & ~escaped;
    facts[b] = settle(masks, escaped, quotes, prefix_xor_clmul(quotes), local);
    if ((masks.odd | local.tail) == 0) continue;
    const uint64_t high = high_bytes_avx2(block);
    facts[b].strays = find_strays(masks.odd, high, white_bytes_avx2(block), facts[b].in_string);
    if ((high | local.tail) == 0) continue;
    facts[b].strays |= ill_formed_avx2(b == 0 ? joined.join(local.tail, block) : block);
    local.tail = unfinished_tail(block);
  }
  carry = local;
}

// ---- AVX-512 ----

#define QCC_AVX512 __attribute__((target("avx512bw,avx512vbmi,pclmul,bmi")))

// Indexes count modulo 64, so that the repeated table needs no bare nibbles.
QCC_AVX512 inline __m512i by_low_nibble_avx512(const NibbleTable& table, __m512i v) {
  const __m128i entries = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data()));
  return _mm512_permutexvar_epi8(v, _mm512_broadcast_i32x4(entries));
}

QCC_AVX512 inline __m512i by_high_nibble_avx512(const NibbleTable& table, __m512i v) {
  return by_low_nibble_avx512(table, _mm512_srli_epi16(v, 4));
}

QCC_AVX512 inline ByteMasks classify_avx512(const char* block) {
  const __m512i v = _mm512_loadu_si512(block);
  const __m512i folded = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
  ByteMasks masks;
  masks.quote = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"'));
  masks.backslash = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\'));
  masks.letter = _mm512_cmpeq_epi8_mask(v, by_low_nibble_avx512(kLetters, v)) |
                 _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(kOtherLetter));
  masks.bracket = _mm512_cmpeq_epi8_mask(folded, by_low_nibble_avx512(kBrackets, v));
  masks.odd = _mm512_cmplt_epi8_mask(v, _mm512_set1_epi8(0x20));
  return masks;
}

QCC_AVX512 inline uint64_t high_bytes_avx512(const char* block) {
  return _mm512_movepi8_mask(_mm512_loadu_si512(block));
}

QCC_AVX512 inline uint64_t white_bytes_avx512(const char* block) {
  const __m512i v = _mm512_loadu_si512(block);
  return _mm512_cmpeq_epi8_mask(v, by_low_nibble_avx512(kWhite, v));
}

// Reads the three bytes before the block too.
QCC_AVX512 inline uint64_t ill_formed_avx512(const char* block) {
  using namespace utf8_pairs;
  const __m512i first = _mm512_loadu_si512(block - 1);
  const __m512i pair =
      _mm512_and_si512(_mm512_and_si512(by_high_nibble_avx512(kFirstHigh, first),
                                        by_low_nibble_avx512(kFirstLow, first)),
                       by_high_nibble_avx512(kSecondHigh, _mm512_loadu_si512(block)));
  const __m512i third =
      _mm512_subs_epu8(_mm512_loadu_si512(block - 2), _mm512_set1_epi8(0xe0 - 0x80));
  const __m512i fourth =
      _mm512_subs_epu8(_mm512_loadu_si512(block - 3), _mm512_set1_epi8(0xf0 - 0x80));
  const __m512i continues =
      _mm512_and_si512(_mm512_or_si512(third, fourth), _mm512_set1_epi8(static_cast<char>(0x80)));
  return _mm512_cmpneq_epi8_mask(pair, continues);
}

QCC_AVX512 inline uint64_t prefix_xor_avx512(uint64_t bits) {
  const __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<int64_t>(bits)), _mm_set1_epi8(-1), 0);
  return static_cast<uint64_t>(_mm_cvtsi128_si64(product));
}

QCC_AVX512 void index_blocks_avx512(const char* bytes, size_t blocks, BlockCarry& carry,
                                    BlockFacts* facts) {
  BlockCarry local = carry;
  JoinedBlock joined;
  for (size_t b = 0; b < blocks; ++b) {
    const char* const block = bytes + b * kBlockBytes;
    const ByteMasks masks = classify_avx512(block);
    const uint64_t escaped = find_escaped(masks.backslash, local);
    const uint64_t quotes = masks.quote & ~escaped;
    facts[b] = settle(masks, escaped, quotes, prefix_xor_avx512(quotes), local);
    if ((masks.odd | local.tail) == 0) continue;
    const uint64_t high = high_bytes_avx512(block);
    facts[b].strays = find_strays(masks.odd, high, white_bytes_avx512(block), facts[b].in_string);
    if ((high | local.tail) == 0) continue;
    facts[b].strays |= ill_formed_avx512(b == 0 ? joined.join(local.tail, block) : block);
    local.tail = unfinished_tail(block);
  }
  carry = local;
}

// VBMI also tells the processors (from Ice Lake and Zen 4 on) whose clock does not drop for it.
bool has_avx512() {
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
         __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("bmi");
}

bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
         __builtin_cpu_supports("bmi");
}

}  // namespace

IndexBlocks ssse3_indexer() {
  return __builtin_cpu_supports("ssse3") ? index_blocks_ssse3 : nullptr;
}
IndexBlocks avx2_indexer() { return has_avx2() ? index_blocks_avx2 : nullptr; }
IndexBlocks avx512_indexer() { return has_avx512() ? index_blocks_avx512 : nullptr; }

}  // namespace qcc::json
#else
namespace qcc::json {

IndexBlocks ssse3_indexer() { return nullptr; }
IndexBlocks avx2_indexer() { return nullptr; }
IndexBlocks avx512_indexer() { return nullptr; }

}  // namespace qcc::json
#endif
