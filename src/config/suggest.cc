#include "suggest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace qcc::config {
namespace {

// "warning" for "warn", "max_body_size" for "max_body".
bool continues(std::string_view longer, std::string_view shorter) {
  constexpr size_t kTellingLength = 3;
  return shorter.size() >= kTellingLength && longer.starts_with(shorter);
}

}  // namespace

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swap) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  constexpr size_t kLongestKey = 64;
  if (word.size() > kLongestKey) return {};
  std::string_view best;
  size_t best_distance = 0;
  for (std::string_view candidate : known) {
    size_t distance = edit_distance(word, candidate);
    size_t tolerated = std::max<size_t>(1, std::min(word.size(), candidate.size()) / 3);
    bool is_near =
        distance <= tolerated || continues(word, candidate) || continues(candidate, word);
    if (!is_near || (!best.empty() && distance >= best_distance)) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

}  // namespace qcc::config
