#include "block_index.h"

#include "block_masks.h"

namespace qcc::json {
namespace {

constexpr size_t low_nibble(uint8_t byte) { return byte & 0xf; }
constexpr size_t high_nibble(uint8_t byte) { return byte >> 4; }

ByteMasks classify(const uint8_t* block) {
  ByteMasks masks;
  for (size_t i = 0; i < kBlockBytes; ++i) {
    const uint8_t c = block[i];
    masks.quote |= static_cast<uint64_t>(c == '"') << i;
    masks.backslash |= static_cast<uint64_t>(c == '\\') << i;
    masks.letter |= static_cast<uint64_t>(c == kLetters[low_nibble(c)] || c == kOtherLetter) << i;
    masks.bracket |= static_cast<uint64_t>((c | 0x20) == kBrackets[low_nibble(c)]) << i;
    masks.odd |= static_cast<uint64_t>(c < 0x20 || c >= 0x80) << i;
  }
  return masks;
}

uint64_t high_bytes(const uint8_t* block) {
  uint64_t high = 0;
  for (size_t i = 0; i < kBlockBytes; ++i) high |= static_cast<uint64_t>(block[i] >> 7) << i;
  return high;
}

uint64_t white_bytes(const uint8_t* block) {
  uint64_t white = 0;
  for (size_t i = 0; i < kBlockBytes; ++i)
    white |= static_cast<uint64_t>(block[i] == kWhite[low_nibble(block[i])]) << i;
  return white;
}

// Reads the three bytes before the block too.
uint64_t ill_formed(const uint8_t* block) {
  uint64_t wrong = 0;
  for (size_t i = 0; i < kBlockBytes; ++i) {
    const uint8_t* at = block + i;
    const unsigned pair = utf8_pairs::kFirstHigh[high_nibble(at[-1])] &
                          utf8_pairs::kFirstLow[low_nibble(at[-1])] &
                          utf8_pairs::kSecondHigh[high_nibble(at[0])];
    const bool must_continue = at[-2] >= 0xe0 || at[-3] >= 0xf0;
    const unsigned expected = must_continue ? utf8_pairs::kTwoContinuations : 0;
    wrong |= static_cast<uint64_t>(pair != expected) << i;
  }
  return wrong;
}

}  // namespace

void index_blocks_portable(const char* bytes, size_t blocks, BlockCarry& carry, BlockFacts* facts) {
  JoinedBlock joined;
  for (size_t b = 0; b < blocks; ++b) {
    const char* const at = bytes + b * kBlockBytes;
    const uint8_t* const block = reinterpret_cast<const uint8_t*>(at);
    const ByteMasks masks = classify(block);
    const uint64_t escaped = find_escaped(masks.backslash, carry);
    const uint64_t quotes = masks.quote & ~escaped;
    facts[b] = settle(masks, escaped, quotes, prefix_xor(quotes), carry);
    if (masks.odd == 0 && carry.tail == 0) continue;
    const uint64_t high = high_bytes(block);
    facts[b].strays = find_strays(masks.odd, high, white_bytes(block), facts[b].in_string);
    if (high == 0 && carry.tail == 0) continue;
    const char* const with_past = b == 0 ? joined.join(carry.tail, at) : at;
    facts[b].strays |= ill_formed(reinterpret_cast<const uint8_t*>(with_past));
    carry.tail = unfinished_tail(at);
  }
}

IndexBlocks best_indexer() {
  static const IndexBlocks best = [] {
    if (IndexBlocks avx512 = avx512_indexer()) return avx512;
    if (IndexBlocks avx2 = avx2_indexer()) return avx2;
    if (IndexBlocks ssse3 = ssse3_indexer()) return ssse3;
    return &index_blocks_portable;
  }();
  return best;
}

}  // namespace qcc::json
