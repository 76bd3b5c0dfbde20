#include "string_map.h"

#include <qcc/json/text.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "utf8.h"

namespace qcc::json {
namespace {

constexpr std::array<bool, 256> kEscapes = [] {
  std::array<bool, 256> valid{};
  for (char c : std::string_view("\"\\/bfnrt")) valid[static_cast<uint8_t>(c)] = true;
  return valid;
}();

// Most of what Asian texts consist of: a lead byte whose two continuations may be any.
bool is_common_three_bytes(const char* p) {
  const uint8_t* s = reinterpret_cast<const uint8_t*>(p);
  return s[0] > 0xe0 && s[0] < 0xed && (s[1] & s[2] & 0xc0) == 0x80 && ((s[1] | s[2]) & 0x40) == 0;
}

// The bits of a block at `base` for positions from `first` on.
constexpr uint64_t bits_from(size_t first, size_t base) {
  if (first <= base) return ~uint64_t{0};
  return first - base >= kBlockBytes ? 0 : ~uint64_t{0} << (first - base);
}

constexpr bool is_opening(char bracket) { return (bracket & 2) != 0; }
constexpr char partner_of(char opening) { return static_cast<char>(opening + 2); }

}  // namespace

bool StringMap::failed(SkimFault fault, size_t offset) {
  error_ =
      offset >= size_ ? SkimError{SkimFault::truncated, "", size_} : SkimError{fault, "", offset};
  return false;
}

bool StringMap::reach(size_t position) {
  while (blocks_done_ * kBlockBytes <= position)
    if (!next_block()) return false;
  return true;
}

size_t StringMap::string_end(size_t open) {
  if (!reach(open)) return kNotFound;
  const unsigned bit = open % kBlockBytes;
  uint64_t candidates = quotes_ & ~uint64_t{1} << bit;
  while (candidates == 0) {
    if (!next_block()) return kNotFound;
    candidates = quotes_;
  }
  return (blocks_done_ - 1) * kBlockBytes + static_cast<size_t>(std::countr_zero(candidates));
}

size_t StringMap::container_end(size_t open, size_t depth) {
  if (!reach(open)) return kNotFound;
  brackets_ &= ~uint64_t{0} << open % kBlockBytes;
  const size_t depth_outside = depth;
  for (;;) {
    const size_t base = (blocks_done_ - 1) * kBlockBytes;
    for (; brackets_ != 0; brackets_ &= brackets_ - 1) {
      const size_t at = base + static_cast<size_t>(std::countr_zero(brackets_));
      const char bracket = bytes_[at];
      if (is_opening(bracket)) {
        if (depth == kSkimDepthMax) return failed(SkimFault::too_deep, at), kNotFound;
        open_brackets_[depth++] = bracket;
      } else {
        if (partner_of(open_brackets_[--depth]) != bracket)
          return failed(SkimFault::mismatched, at), kNotFound;
        if (depth == depth_outside) return brackets_ &= brackets_ - 1, at + 1;
      }
    }
    if (!next_block()) return kNotFound;
  }
}

void StringMap::index_chunk() {
  const size_t whole = std::min(size_ / kBlockBytes - blocks_done_, kChunkBlocks);
  const char* from = bytes_ + blocks_done_ * kBlockBytes;
  index_(from, whole, carry_, chunk_.data());
  const size_t tail = size_ - (blocks_done_ + whole) * kBlockBytes;
  if (whole == kChunkBlocks || tail == 0) return;
  std::array<char, kBlockBytes> padded;
  padded.fill(' ');
  std::memcpy(padded.data(), from + whole * kBlockBytes, tail);
  index_(padded.data(), 1, carry_, &chunk_[whole]);
}

bool StringMap::next_block() {
  if (blocks_done_ * kBlockBytes >= size_) return failed(SkimFault::truncated, size_);
  if (blocks_done_ % kChunkBlocks == 0) index_chunk();
  const BlockFacts& block = chunk_[blocks_done_++ % kChunkBlocks];
  quotes_ = block.quotes;
  brackets_ = block.brackets;
  return (block.suspects | block.odd) == 0 || check_block(block);
}

bool StringMap::check_block(const BlockFacts& block) {
  return check_suspects(block) && check_odd(block);
}

bool StringMap::check_suspects(const BlockFacts& block) {
  const size_t base = (blocks_done_ - 1) * kBlockBytes;
  for (uint64_t left = block.suspects; left != 0; left &= left - 1) {
    const unsigned bit = static_cast<unsigned>(std::countr_zero(left));
    const size_t at = base + bit;
    if (at >= size_) return failed(SkimFault::truncated, at);
    if ((block.in_string >> bit & 1) == 0) return failed(SkimFault::mismatched, at);
    if (kEscapes[static_cast<uint8_t>(bytes_[at])]) continue;
    if (bytes_[at] != 'u') return failed(SkimFault::bad_escape, at);
    if (!check_unicode_escape(at)) return false;
  }
  return true;
}

bool StringMap::check_unicode_escape(size_t u) {
  if (size_ - u < 5) return failed(SkimFault::bad_escape, u);
  const std::optional<unsigned> unit = hex4(bytes_ + u + 1);
  if (!unit) return failed(SkimFault::bad_escape, u);
  const bool is_high = *unit >= 0xd800 && *unit <= 0xdbff;
  const bool is_low = *unit >= 0xdc00 && *unit <= 0xdfff;
  if (is_low != (u == low_surrogate_)) return failed(SkimFault::bad_escape, u);
  if (!is_high) return true;
  // The promise is kept when that low half is met as an escape of its own.
  low_surrogate_ = u + 6;
  const bool promised = size_ - u >= 11 && bytes_[u + 5] == '\\' && bytes_[u + 6] == 'u';
  return promised || failed(SkimFault::bad_escape, u);
}

bool StringMap::check_odd(const BlockFacts& block) {
  const size_t base = (blocks_done_ - 1) * kBlockBytes;
  for (uint64_t odd = block.odd & bits_from(utf8_checked_, base); odd != 0;) {
    const unsigned bit = static_cast<unsigned>(std::countr_zero(odd));
    const size_t at = base + bit;
    const bool inside = (block.in_string >> bit & 1) != 0;
    const uint8_t c = static_cast<uint8_t>(bytes_[at]);
    if (c < 0x20) {
      if (inside) return failed(SkimFault::control_character, at);
      if (c != '\n' && c != '\r' && c != '\t') return failed(SkimFault::mismatched, at);
      odd &= odd - 1;
    } else {
      if (!inside) return failed(SkimFault::mismatched, at);
      if (!check_utf8_run(at)) return false;
      odd &= bits_from(utf8_checked_, base);
    }
  }
  return true;
}

// Checks the characters from `position` to the next ASCII byte, in this block or a later one: no
// quote can stand between them.
bool StringMap::check_utf8_run(size_t position) {
  do {
    while (size_ - position > 3 && is_common_three_bytes(bytes_ + position)) position += 3;
    const size_t length =
        position < size_ ? utf8_sequence_length(bytes_ + position, bytes_ + size_) : 1;
    if (length == 0) return failed(SkimFault::bad_utf8, position);
    if (length == 1) break;
    position += length;
  } while (position < size_);
  utf8_checked_ = position;
  return true;
}

}  // namespace qcc::json
