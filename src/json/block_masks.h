// What the block indexers share: which bytes of a block are of interest, and what follows from that
// for strings, escapes and UTF-8.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>

#include "block_index.h"

#define QCC_INLINE __attribute__((always_inline)) inline

namespace qcc::json {

struct ByteMasks {
  uint64_t quote = 0;
  uint64_t backslash = 0;
  uint64_t letter = 0;  // that may follow a backslash alone: / b f n r t
  uint64_t bracket = 0;
  uint64_t odd = 0;  // control characters and everything that is not ASCII
};

using NibbleTable = std::array<uint8_t, 16>;

// A byte is of the kind when it equals the entry of its low nibble.
inline constexpr NibbleTable kWhite = {1, 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0};
// Folded by 0x20, which makes '[' and ']' to '{' and '}'.
inline constexpr NibbleTable kBrackets = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{', 0, '}', 0, 0};
// Letters that may follow a backslash alone; without " and \, which are looked for anyway, and
// without r, whose place b has.
inline constexpr NibbleTable kLetters = {1, 0, 'b', 0, 't', 0, 'f', 0, 0, 0, 0, 0, 0, 0, 'n', '/'};
inline constexpr char kOtherLetter = 'r';

// UTF-8 the way of Keiser and Lemire ("Validating UTF-8 in less than one instruction per byte"):
// two neighbours are wrong for each reason that the entries of three of their nibbles share. Two
// continuations are wrong unless a lead byte of three or four stands before them.
namespace utf8_pairs {
inline constexpr uint8_t kTooShort = 0x01;  // lead byte, then no continuation
inline constexpr uint8_t kTooLong = 0x02;   // ASCII, then a continuation
inline constexpr uint8_t kOverlong3 = 0x04;
inline constexpr uint8_t kTooLarge = 0x08;
inline constexpr uint8_t kSurrogate = 0x10;
inline constexpr uint8_t kOverlong2 = 0x20;
inline constexpr uint8_t kOverlong4 = 0x40;
inline constexpr uint8_t kFarTooLarge = 0x40;  // shares its bit: their first low nibbles differ
inline constexpr uint8_t kTwoContinuations = 0x80;

inline constexpr NibbleTable kFirstHigh = [] {
  NibbleTable table{};
  for (size_t i = 0x0; i < 0x8; ++i) table[i] = kTooLong;
  for (size_t i = 0x8; i < 0xc; ++i) table[i] = kTwoContinuations;
  table[0xc] = kTooShort | kOverlong2;
  table[0xd] = kTooShort;
  table[0xe] = kTooShort | kOverlong3 | kSurrogate;
  table[0xf] = kTooShort | kOverlong4 | kTooLarge | kFarTooLarge;
  return table;
}();
inline constexpr NibbleTable kFirstLow = [] {
  NibbleTable table{};
  for (uint8_t& entry : table) entry = kTooShort | kTooLong | kTwoContinuations;
  table[0x0] |= kOverlong2 | kOverlong3 | kOverlong4;
  table[0x1] |= kOverlong2;
  table[0xd] |= kSurrogate;
  for (size_t i = 0x4; i < 0x10; ++i) table[i] |= kTooLarge;
  for (size_t i = 0x5; i < 0x10; ++i) table[i] |= kFarTooLarge;
  return table;
}();
inline constexpr NibbleTable kSecondHigh = [] {
  NibbleTable table{};
  for (uint8_t& entry : table) entry = kTooShort;
  for (size_t i = 0x8; i < 0xc; ++i) table[i] = kTooLong | kOverlong2 | kTwoContinuations;
  table[0x8] |= kOverlong3 | kOverlong4 | kFarTooLarge;
  table[0x9] |= kOverlong3 | kTooLarge;
  table[0xa] |= kSurrogate | kTooLarge;
  table[0xb] |= kSurrogate | kTooLarge;
  return table;
}();
}  // namespace utf8_pairs

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
  facts.suspects = (escaped & ~(masks.quote | masks.backslash | masks.letter)) |
                   (masks.backslash & ~facts.in_string);
  facts.strays = 0;
  return facts;
}

// Inside strings everything beyond ASCII may stand, outside of them white space.
QCC_INLINE uint64_t find_strays(uint64_t odd, uint64_t high, uint64_t white, uint64_t in_string) {
  return odd & ~((high & in_string) | (white & ~in_string));
}

// The last bytes of a block that ends within a UTF-8 sequence, as they lie in memory; 0 of others.
QCC_INLINE uint32_t unfinished_tail(const char* block) {
  const uint8_t* end = reinterpret_cast<const uint8_t*>(block) + kBlockBytes;
  if (end[-1] < 0xc0 && end[-2] < 0xe0 && end[-3] < 0xf0) return 0;
  uint32_t tail;
  std::memcpy(&tail, end - sizeof tail, sizeof tail);
  return tail;
}

// A copy of a block behind what the one before it left unfinished: UTF-8 is checked together with
// the three bytes before.
class JoinedBlock {
 public:
  QCC_INLINE const char* join(uint32_t tail, const char* block) {
    std::memcpy(bytes_.data(), &tail, sizeof tail);
    std::memcpy(bytes_.data() + sizeof tail, block, kBlockBytes);
    return bytes_.data() + sizeof tail;
  }

 private:
  std::array<char, sizeof(uint32_t) + kBlockBytes> bytes_;
};

}  // namespace qcc::json
