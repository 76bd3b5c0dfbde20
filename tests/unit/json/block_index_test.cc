#include "../../../src/json/block_index.h"

#include <doctest/doctest.h>
#include <qcc/base/prng.h>

#include <string>
#include <vector>

using namespace qcc;
using namespace qcc::json;

namespace {

// The same facts by walking byte after byte.
std::vector<BlockFacts> walk(const std::string& bytes) {
  std::vector<BlockFacts> blocks(bytes.size() / kBlockBytes);
  bool in_string = false, escaped = false;
  for (size_t i = 0; i < bytes.size(); ++i) {
    BlockFacts& facts = blocks[i / kBlockBytes];
    const uint64_t bit = uint64_t{1} << i % kBlockBytes;
    const char c = bytes[i];
    const bool is_quote = c == '"' && !escaped;
    if (is_quote) {
      facts.quotes |= bit;
      in_string = !in_string;
    }
    if (in_string) facts.in_string |= bit;
    if (!in_string && (c == '{' || c == '}' || c == '[' || c == ']')) facts.brackets |= bit;
    if (static_cast<uint8_t>(c) < 0x20 || static_cast<uint8_t>(c) >= 0x80) facts.odd |= bit;
    const bool is_usual = c == '"' || c == '\\' || c == 'n';
    if ((escaped && !is_usual) || (c == '\\' && !in_string)) facts.suspects |= bit;
    escaped = c == '\\' && !escaped;
  }
  return blocks;
}

}  // namespace

TEST_CASE("every indexer gives the facts that a walk gives") {
  Prng prng(7);
  const std::string_view special = "\"\\{}[]\n\x1f\x7f\x80\xff _;:YZyz|nu\\\\";
  for (int round = 0; round < 1000; ++round) {
    const unsigned density = static_cast<unsigned>(prng.below(100));
    std::string bytes(5 * kBlockBytes, ' ');
    for (char& c : bytes)
      c = prng.chance(density) ? special[prng.below(special.size())]
                               : static_cast<char>(prng.next());
    const std::vector<BlockFacts> expected = walk(bytes);
    for (IndexBlocks index : {&index_blocks_portable, sse2_indexer(), avx2_indexer(),
                              avx512_indexer(), best_indexer()}) {
      if (index == nullptr) continue;
      std::vector<BlockFacts> found(expected.size());
      BlockCarry carry;
      index(bytes.data(), 2, carry, found.data());
      index(bytes.data() + 2 * kBlockBytes, found.size() - 2, carry, found.data() + 2);
      for (size_t b = 0; b < found.size(); ++b) {
        CHECK(found[b].quotes == expected[b].quotes);
        CHECK(found[b].in_string == expected[b].in_string);
        CHECK(found[b].brackets == expected[b].brackets);
        CHECK(found[b].odd == expected[b].odd);
        CHECK(found[b].suspects == expected[b].suspects);
      }
    }
  }
}
