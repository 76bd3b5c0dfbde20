// What a JSON skimmer must know of each 64-byte block, one bit per byte. The indexers give the
// same facts: portable, SSSE3, AVX2, AVX-512; the best one is chosen once at start.
#pragma once
#include <cstddef>
#include <cstdint>

namespace qcc::json {

inline constexpr size_t kBlockBytes = 64;

struct BlockFacts {
  uint64_t quotes;     // that open or close a string
  uint64_t in_string;  // from an opening quote up to, not including, the closing one
  uint64_t brackets;   // { } [ ] outside strings
  // The `u` of unicode escapes, still to be judged, and escaped bytes that are none; outside
  // strings: backslashes.
  uint64_t suspects;
  // Not 0: a byte beyond ASCII or a control character where it may not stand, or a byte that shows
  // that the UTF-8 up to it is ill-formed (the lead byte may be the last of the block before).
  uint64_t strays;
};

// What one block leaves to the next.
struct BlockCarry {
  uint64_t escape = 0;  // 1: the block ended in a backslash that escapes the next byte
  uint64_t string = 0;  // all ones: it ended inside a string
  uint32_t tail = 0;    // its last bytes when it ended within a UTF-8 sequence
};

// Reads exactly `blocks` * 64 bytes.
using IndexBlocks = void (*)(const char* bytes, size_t blocks, BlockCarry& carry,
                             BlockFacts* facts);

void index_blocks_portable(const char* bytes, size_t blocks, BlockCarry& carry, BlockFacts* facts);
// nullptr where the processor cannot.
IndexBlocks ssse3_indexer();
IndexBlocks avx2_indexer();
IndexBlocks avx512_indexer();
IndexBlocks best_indexer();

}  // namespace qcc::json
