#include "../../../src/json/block_index.h"

#include <doctest/doctest.h>
#include <qcc/base/prng.h>

#include <algorithm>
#include <string>
#include <vector>

#include "utf8_samples.h"

using namespace qcc;
using namespace qcc::json;

namespace {

struct Named {
  const char* name;
  IndexBlocks index;
};

std::vector<Named> indexers() {
  std::vector<Named> all = {{"portable", &index_blocks_portable},
                            {"ssse3", ssse3_indexer()},
                            {"avx2", avx2_indexer()},
                            {"avx512", avx512_indexer()},
                            {"best", best_indexer()}};
  std::erase_if(all, [](const Named& one) { return one.index == nullptr; });
  return all;
}

// In calls of any number of blocks.
std::vector<BlockFacts> index_in_pieces(IndexBlocks index, const std::string& bytes, Prng& prng) {
  std::vector<BlockFacts> facts(bytes.size() / kBlockBytes);
  BlockCarry carry;
  for (size_t done = 0; done < facts.size();) {
    const size_t blocks = 1 + prng.below(facts.size() - done);
    // A copy, so that what stands before the blocks cannot be read.
    const std::string piece = bytes.substr(done * kBlockBytes, blocks * kBlockBytes);
    index(piece.data(), blocks, carry, facts.data() + done);
    done += blocks;
  }
  return facts;
}

// The same facts by walking byte after byte; `strays` without UTF-8.
std::vector<BlockFacts> walk(const std::string& bytes) {
  std::vector<BlockFacts> blocks(bytes.size() / kBlockBytes, BlockFacts{});
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
    const bool is_letter = std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    if ((escaped && !is_letter) || (c == '\\' && !in_string)) facts.suspects |= bit;
    const bool is_control = static_cast<uint8_t>(c) < 0x20;
    const bool is_white = c == '\t' || c == '\n' || c == '\r';
    const bool is_high = static_cast<uint8_t>(c) >= 0x80;
    if (in_string ? is_control : is_high || (is_control && !is_white)) facts.strays |= bit;
    escaped = c == '\\' && !escaped;
  }
  return blocks;
}

// The first block with a stray, UTF-8 included; the number of blocks when none has.
size_t first_stray_block(const std::vector<BlockFacts>& walked, const std::string& bytes) {
  const size_t misplaced = static_cast<size_t>(
      std::ranges::find_if(walked, [](const BlockFacts& f) { return f.strays != 0; }) -
      walked.begin());
  const size_t ill_formed = first_ill_formed(bytes).noticed;
  return std::min(misplaced, std::min(ill_formed / kBlockBytes, walked.size()));
}

// Behind the first stray nothing is promised of the others, but that all indexers agree.
bool matches(const BlockFacts& found, const BlockFacts& walked, const BlockFacts& portable) {
  return found.quotes == walked.quotes && found.in_string == walked.in_string &&
         found.brackets == walked.brackets && found.suspects == walked.suspects &&
         (found.strays & walked.strays) == walked.strays && found.strays == portable.strays;
}

void check_against_walk(const std::string& bytes, Prng& prng) {
  const std::vector<BlockFacts> walked = walk(bytes);
  const size_t first_stray = first_stray_block(walked, bytes);
  const std::vector<BlockFacts> portable = index_in_pieces(&index_blocks_portable, bytes, prng);
  for (const Named& one : indexers()) {
    const std::vector<BlockFacts> found = index_in_pieces(one.index, bytes, prng);
    std::string differs;
    for (size_t b = 0; b < found.size(); ++b) {
      const bool has_stray = found[b].strays != 0;
      const bool as_expected = b > first_stray || has_stray == (b == first_stray);
      if (!as_expected || !matches(found[b], walked[b], portable[b]))
        differs += std::string(one.name) + " in block " + std::to_string(b) + "; ";
    }
    REQUIRE(differs == "");
  }
}

std::string padded(std::string bytes) {
  bytes.resize((bytes.size() / kBlockBytes + 2) * kBlockBytes, ' ');
  return bytes;
}

}  // namespace

TEST_CASE("every indexer gives the facts that a walk gives, of any bytes") {
  Prng prng(7);
  const std::string_view special = "\"\\{}[]\n\t\r\x1f\x7f\x80\xff _;:YZyz|bfnrtu/\\\\";
  for (int round = 0; round < 1000; ++round) {
    const unsigned density = static_cast<unsigned>(prng.below(100));
    std::string bytes(5 * kBlockBytes, ' ');
    for (char& c : bytes)
      c = prng.chance(density) ? special[prng.below(special.size())]
                               : static_cast<char>(prng.next());
    check_against_walk(bytes, prng);
  }
}

TEST_CASE("every indexer gives the facts that a walk gives, of text with few faults") {
  Prng prng(8);
  for (int round = 0; round < 3000; ++round)
    check_against_walk(padded(random_text(prng, 8 * kBlockBytes, round % 4 == 0)), prng);
}

TEST_CASE("every byte, in and outside a string, behind a backslash and not") {
  Prng prng(9);
  for (int c = 0; c < 0x100; ++c)
    for (const char* before : {"", "\\", "\"", "\"\\"})
      check_against_walk(padded(before + std::string(1, static_cast<char>(c))), prng);
}

TEST_CASE("UTF-8: well-formed and ill-formed sequences at every place and cut everywhere") {
  Prng prng(10);
  for (const Utf8Sample& sample : utf8_samples()) {
    for (const char* neighbour : {"x", "\xc3\xa9", "\xe4\xbd\xa0", "\xf0\x9f\x98\x80"}) {
      for (size_t shift = 50; shift < 70; ++shift) {
        for (size_t length = 1; length <= sample.bytes.size(); ++length) {
          std::string bytes = "\"" + std::string(shift, 'x') + neighbour;
          bytes += sample.bytes.substr(0, length);
          if (sample.well_formed || length == sample.bytes.size())
            CHECK(first_ill_formed(bytes + neighbour).found() ==
                  (!sample.well_formed || length < sample.bytes.size()));
          check_against_walk(padded(bytes + neighbour), prng);
          bytes.resize(std::min(bytes.size(), 2 * kBlockBytes), 'x');
          check_against_walk(padded(bytes), prng);
        }
      }
    }
  }
}

TEST_CASE("UTF-8: any two and some three neighbours") {
  Prng prng(11);
  for (unsigned pair = 0; pair < 0x10000; ++pair) {
    std::string bytes(kBlockBytes - 1 - prng.below(4), '\xa9');
    bytes[0] = '"';
    for (size_t i = 1; i + 1 < bytes.size(); i += 2) bytes[i] = '\xc3';
    if (bytes.size() % 2 == 0) bytes.back() = 'x';
    bytes += static_cast<char>(pair >> 8);
    bytes += static_cast<char>(pair);
    if (prng.chance(50)) bytes += static_cast<char>(prng.next());
    check_against_walk(padded(bytes), prng);
  }
}
