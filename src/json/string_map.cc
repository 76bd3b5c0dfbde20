#include "string_map.h"

#include <qcc/json/text.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "utf8.h"

namespace qcc::json {
namespace {

// The bits of a block at `base` for positions from `first` on.
constexpr uint64_t bits_from(size_t first, size_t base) {
  if (first <= base) return ~uint64_t{0};
  return first - base >= kBlockBytes ? 0 : ~uint64_t{0} << (first - base);
}

constexpr bool is_beyond_ascii(char c) { return static_cast<uint8_t>(c) >= 0x80; }
constexpr bool is_control(char c) { return static_cast<uint8_t>(c) < 0x20; }
constexpr bool is_white(char c) { return c == '\t' || c == '\n' || c == '\r'; }
constexpr bool is_opening(char bracket) { return (bracket & 2) != 0; }
constexpr char partner_of(char opening) { return static_cast<char>(opening + 2); }

}  // namespace

void StringMap::show(std::string_view body, bool is_whole) {
  bytes_ = body.data();
  size_ = body.size();
  is_whole_ = is_whole;
  blocks_ready_ = is_whole               ? (size_ + kBlockBytes - 1) / kBlockBytes
                  : size_ < kBytesBehind ? 0
                                         : (size_ - kBytesBehind) / kBlockBytes;
}

bool StringMap::failed(SkimFault fault, size_t offset) {
  is_dead_ = true;
  error_ =
      offset >= size_ ? SkimError{SkimFault::truncated, "", size_} : SkimError{fault, "", offset};
  return false;
}

bool StringMap::reach(size_t position) {
  while (next_base() <= position)
    if (!next_block()) return false;
  return true;
}

size_t StringMap::string_end(size_t open) {
  if (!reach(open)) return unanswered();
  uint64_t candidates = chunk_[next_ - 1].quotes & bits_from(open + 1, base());
  while (candidates == 0) {
    if (!next_block()) return unanswered();
    candidates = chunk_[next_ - 1].quotes;
  }
  return base() + static_cast<size_t>(std::countr_zero(candidates));
}

size_t StringMap::container_end(size_t open) {
  if (!reach(open)) return unanswered();
  brackets_ &= bits_from(open, base());
  do {
    for (; brackets_ != 0; brackets_ &= brackets_ - 1) {
      const size_t at = base() + static_cast<size_t>(std::countr_zero(brackets_));
      const char bracket = bytes_[at];
      if (is_opening(bracket)) {
        if (depth_ == open_brackets_.size()) return failed(SkimFault::too_deep, at), kNotFound;
        open_brackets_[depth_++] = bracket;
      } else {
        if (partner_of(open_brackets_[--depth_]) != bracket)
          return failed(SkimFault::mismatched, at), kNotFound;
        if (depth_ == 0) return brackets_ &= brackets_ - 1, at + 1;
      }
    }
  } while (next_block());
  return unanswered();
}

bool StringMap::index_chunk() {
  const size_t done = chunk_base_ / kBlockBytes + indexed_;
  if (done == blocks_ready_) return is_whole_ && fail_at_end();
  chunk_base_ = done * kBlockBytes;
  next_ = 0;
  indexed_ = std::min(blocks_ready_ - done, kChunkBlocks);
  const size_t whole = std::min(size_ / kBlockBytes - done, indexed_);
  const char* const from = bytes_ + chunk_base_;
  index_(from, whole, carry_, chunk_.data());
  if (whole == indexed_) return true;
  std::array<char, kBlockBytes> padded;
  padded.fill(' ');
  std::memcpy(padded.data(), from + whole * kBlockBytes, size_ % kBlockBytes);
  index_(padded.data(), 1, carry_, &chunk_[whole]);
  return true;
}

bool StringMap::next_block() {
  if (next_ == indexed_ && !index_chunk()) return false;
  const BlockFacts& block = chunk_[next_++];
  brackets_ = block.brackets;
  return (block.suspects | block.strays) == 0 || check_block(block);
}

bool StringMap::fail_at_end() {
  if (carry_.tail != 0) return failed(SkimFault::bad_utf8, sequence_begin(size_));
  return failed(SkimFault::truncated, size_);
}

bool StringMap::check_block(const BlockFacts& block) {
  return block.strays == 0 ? check_suspects(block) : name_fault(block);
}

// Of a block with strays. Text that reaches over from the block before comes first.
bool StringMap::name_fault(const BlockFacts& block) {
  const size_t base = this->base();
  const bool text_goes_on = base > 0 && is_beyond_ascii(bytes_[base - 1]);
  const size_t text_end = text_goes_on ? walk_text(sequence_begin(base)) : base;
  return text_end != kNotFound && check_suspects(block) && name_stray(block, text_end);
}

bool StringMap::check_suspects(const BlockFacts& block) {
  const size_t base = this->base();
  for (uint64_t left = block.suspects; left != 0; left &= left - 1) {
    const unsigned bit = static_cast<unsigned>(std::countr_zero(left));
    const size_t at = base + bit;
    if (at >= size_) return failed(SkimFault::truncated, at);
    if ((block.in_string >> bit & 1) == 0) return failed(SkimFault::mismatched, at);
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

// To the first ASCII byte or the end of the block; kNotFound when the text is ill-formed.
size_t StringMap::walk_text(size_t at) {
  const size_t end = std::min(next_base(), size_);
  while (at < end && is_beyond_ascii(bytes_[at])) {
    const size_t length = utf8_sequence_length(bytes_ + at, bytes_ + size_);
    if (length == 0) return failed(SkimFault::bad_utf8, at), kNotFound;
    at += length;
  }
  return at;
}

bool StringMap::name_stray(const BlockFacts& block, size_t at) {
  const size_t base = this->base();
  const size_t end = std::min(base + kBlockBytes, size_);
  while (at < end) {
    const bool inside = (block.in_string >> (at - base) & 1) != 0;
    const char c = bytes_[at];
    if (is_control(c) && inside) return failed(SkimFault::control_character, at);
    if (is_beyond_ascii(c) && inside) {
      at = walk_text(at);
      if (at == kNotFound) return false;
    } else if (!inside && (is_beyond_ascii(c) || (is_control(c) && !is_white(c)))) {
      return failed(SkimFault::mismatched, at);
    } else {
      ++at;
    }
  }
  return failed(SkimFault::bad_utf8, base);
}

// Where the character begins whose bytes stand on both sides of `border`; `border` when none does.
size_t StringMap::sequence_begin(size_t border) const {
  for (size_t back = 1; back <= 3 && back <= border; ++back) {
    const uint8_t c = static_cast<uint8_t>(bytes_[border - back]);
    const size_t length = c < 0xc0 ? 1u : c < 0xe0 ? 2u : c < 0xf0 ? 3u : 4u;
    if (length > back) return border - back;
    if (c < 0x80 || c >= 0xc0) return border;
  }
  return border;
}

}  // namespace qcc::json
