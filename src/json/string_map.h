// Walks a body in 64-byte blocks and knows where its strings and brackets are. Everything inside
// strings is checked on the way (escapes, control characters, UTF-8), each byte once.
//
// Positions only grow: every call must name a position at or behind the last result. After a
// failure (kNotFound) `error()` says why and the map is dead.
#pragma once
#include <qcc/json/skim.h>

#include <array>

#include "block_index.h"

namespace qcc::json {

class StringMap {
 public:
  static constexpr size_t kNotFound = SIZE_MAX;

  StringMap(std::string_view body, IndexBlocks index)
      : bytes_(body.data()), size_(body.size()), index_(index) {}

  // `open` is the opening quote; returns the closing one.
  size_t string_end(size_t open);
  // `open` is a bracket at nesting `depth`; returns the position behind its partner.
  size_t container_end(size_t open, size_t depth);

  const SkimError& error() const { return error_; }

 private:
  static constexpr size_t kChunkBlocks = 64;

  bool reach(size_t position);
  bool next_block();
  // Out of line, so that the loop over plain blocks stays small.
  [[gnu::noinline]] void index_chunk();
  [[gnu::noinline]] bool check_block(const BlockFacts& block);
  bool check_suspects(const BlockFacts& block);
  bool check_unicode_escape(size_t u);
  bool name_fault(const BlockFacts& block);
  bool name_stray(const BlockFacts& block, size_t at);
  size_t walk_text(size_t at);
  size_t sequence_begin(size_t border) const;
  bool fail_at_end();
  bool failed(SkimFault fault, size_t offset);

  const char* bytes_;
  size_t size_;
  IndexBlocks index_;

  size_t blocks_done_ = 0;  // the current block is the one before
  uint64_t quotes_ = 0;     // of the current block
  uint64_t brackets_ = 0;   // of the current block, not yet walked
  BlockCarry carry_;
  size_t low_surrogate_ = kNotFound;  // where the `u` of a promised low half stands
  SkimError error_{SkimFault::truncated, "", 0};

  std::array<char, kSkimDepthMax> open_brackets_;
  std::array<BlockFacts, kChunkBlocks> chunk_;
};

}  // namespace qcc::json
