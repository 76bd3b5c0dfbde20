#include <qcc/protocol/count_estimate.h>

#include <algorithm>

namespace qcc::protocol {
namespace {

constexpr uint64_t kTokensPerBlob = 1600;  // an image of usual size
constexpr size_t kBlobBytesMin = 2048;
// ASCII bytes per token, in tenths.
constexpr uint64_t kAsciiBytesPerTenTokens = 36;

struct Counts {
  uint64_t ascii = 0;
  uint64_t other_characters = 0;
  uint64_t blobs = 0;
};

// Base64 data: long, without a blank, a backslash or anything else that text is made of.
bool is_blob(std::string_view text) {
  if (text.size() < kBlobBytesMin) return false;
  return std::ranges::all_of(text.substr(0, kBlobBytesMin), [](char c) {
    const char lower = static_cast<char>(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
           c == '-' || c == '_' || c == '=';
  });
}

void count_text(std::string_view text, Counts& counts) {
  for (char c : text) {
    const uint8_t byte = static_cast<uint8_t>(c);
    counts.ascii += byte < 0x80;
    counts.other_characters += byte >= 0xc0;
  }
}

// Position of the quote that ends the string beginning at `at`, or the text's size.
size_t string_end(std::string_view text, size_t at) {
  for (; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return std::min(at, text.size());
}

}  // namespace

uint64_t estimate_tokens(std::string_view body) {
  Counts counts;
  for (size_t at = 0; at < body.size();) {
    const size_t open = std::min(body.find('"', at), body.size());
    counts.ascii += (open - at) / 2;  // punctuation of JSON is seldom seen by the model as such
    if (open == body.size()) break;
    const size_t close = string_end(body, open + 1);
    const std::string_view text = body.substr(open + 1, close - open - 1);
    if (is_blob(text)) {
      ++counts.blobs;
    } else {
      count_text(text, counts);
    }
    at = close + 1;
  }
  const uint64_t tokens = counts.ascii * 10 / kAsciiBytesPerTenTokens + counts.other_characters +
                          counts.blobs * kTokensPerBlob;
  return std::max<uint64_t>(tokens, 1);
}

std::string count_answer(uint64_t tokens) {
  return "{\"input_tokens\":" + std::to_string(tokens) + "}";
}

}  // namespace qcc::protocol
