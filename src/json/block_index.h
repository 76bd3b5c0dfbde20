// What a JSON skimmer must know of each 64-byte block, one bit per byte. The indexers give the
// same facts: portable, SSE2, AVX2, AVX-512; the best one is chosen once at start.
#pragma once
#include <cstddef>
#include <cstdint>

namespace qcc::json {

inline constexpr size_t kBlockBytes = 64;

struct BlockFacts {
  uint64_t quotes = 0;     // that open or close a string
  uint64_t in_string = 0;  // from an opening quote up to, not including, the closing one
  uint64_t brackets = 0;   // { } [ ] outside strings
  uint64_t odd = 0;        // control characters and everything that is not ASCII
  // Escaped bytes other than the usual " \ n, still to be judged; outside strings: backslashes.
  uint64_t suspects = 0;
};

// What one block leaves to the next.
struct BlockCarry {
  uint64_t escape = 0;  // 1: the block ended in a backslash that escapes the next byte
  uint64_t string = 0;  // all ones: it ended inside a string
};

// Reads exactly `blocks` * 64 bytes.
using IndexBlocks = void (*)(const char* bytes, size_t blocks, BlockCarry& carry,
                             BlockFacts* facts);

void index_blocks_portable(const char* bytes, size_t blocks, BlockCarry& carry, BlockFacts* facts);
IndexBlocks sse2_indexer();  // nullptr where the processor has none
IndexBlocks avx2_indexer();  // likewise
IndexBlocks avx512_indexer();
IndexBlocks best_indexer();

}  // namespace qcc::json
