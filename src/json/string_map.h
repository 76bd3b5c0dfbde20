// Walks a body in 64-byte blocks and knows where its strings and brackets are. Everything inside
// strings is checked on the way (escapes, control characters, UTF-8), each byte once. The body may
// come little by little: a question that the bytes so far leave open is asked again when there are
// more, and goes on where it stopped.
//
// Positions only grow: every new question must name a position at or behind the last result. After
// a failure (kNotFound) `error()` says why and the map is dead.
#pragma once
#include <qcc/json/skim.h>

#include <array>

#include "block_index.h"

namespace qcc::json {

class StringMap {
 public:
  static constexpr size_t kNotFound = SIZE_MAX;
  static constexpr size_t kNotYet = SIZE_MAX - 1;  // not in the bytes so far

  explicit StringMap(IndexBlocks index) : index_(index) {}

  // The body as far as it has come, from its first byte; `is_whole`: nothing follows.
  void show(std::string_view body, bool is_whole);
  // `open` is the opening quote; returns the closing one.
  size_t string_end(size_t open);
  // `open` is a bracket of the top level's members; returns the position behind its partner.
  size_t container_end(size_t open);

  const SkimError& error() const { return error_; }

 private:
  static constexpr size_t kChunkBlocks = 64;
  // What a check may read behind its block: the rest of two \uXXXX whose first `u` ends the block.
  static constexpr size_t kBytesBehind = 10;

  size_t next_base() const { return chunk_base_ + next_ * kBlockBytes; }
  size_t base() const { return next_base() - kBlockBytes; }
  size_t unanswered() const { return is_dead_ ? kNotFound : kNotYet; }
  bool reach(size_t position);
  bool next_block();
  // Out of line, so that the loops over plain blocks stay small.
  [[gnu::noinline]] bool index_chunk();
  [[gnu::noinline]] bool check_block(const BlockFacts& block);
  bool check_suspects(const BlockFacts& block);
  bool check_unicode_escape(size_t u);
  bool name_fault(const BlockFacts& block);
  bool name_stray(const BlockFacts& block, size_t at);
  size_t walk_text(size_t at);
  size_t sequence_begin(size_t border) const;
  bool fail_at_end();
  bool failed(SkimFault fault, size_t offset);

  IndexBlocks index_;
  const char* bytes_ = nullptr;
  size_t size_ = 0;
  bool is_whole_ = false;
  bool is_dead_ = false;

  size_t blocks_ready_ = 0;  // that may be indexed, from the body's begin
  size_t chunk_base_ = 0;    // where the first block of the chunk stands
  size_t indexed_ = 0;       // blocks in the chunk
  size_t next_ = 0;          // in the chunk; the current block is the one before
  uint64_t brackets_ = 0;    // of the current block, not yet walked
  BlockCarry carry_;
  size_t low_surrogate_ = kNotFound;  // where the `u` of a promised low half stands
  SkimError error_{SkimFault::truncated, "", 0};

  size_t depth_ = 0;  // of open_brackets_
  std::array<char, kSkimDepthMax - 1> open_brackets_;
  std::array<BlockFacts, kChunkBlocks> chunk_;
};

}  // namespace qcc::json
