#include <qcc/config/printable.h>

#include <algorithm>

#include <qcc/base/ascii.h>

namespace qcc::config {
namespace {

constexpr size_t kShownMax = 48;
constexpr size_t kWordMax = 20;
constexpr size_t kNumberMax = 8;
constexpr int kHumpsMax = 3;

// REQUIRES: letters and digits only, at least one.
bool is_word_of_a_name(std::string_view word) {
  if (std::ranges::any_of(word, is_digit)) return word.size() <= kNumberMax;
  int humps = 1;
  for (size_t i = 1; i < word.size(); ++i) humps += is_lower(word[i - 1]) && is_upper(word[i]);
  return word.size() <= kWordMax && humps <= kHumpsMax;
}

bool begins_like_key(std::string_view word, std::string_view behind) {
  bool goes_on = behind.starts_with('-') || behind.starts_with('_');
  return iequals(word, "sk") && goes_on;
}

bool is_url_with_user(std::string_view text) {
  size_t scheme_end = text.find("://");
  return scheme_end != text.npos && text.find('@', scheme_end) != text.npos;
}

}  // namespace

bool may_be_secret(std::string_view text) {
  if (is_url_with_user(text)) return true;
  while (true) {
    auto start = std::ranges::find_if(text, is_alnum);
    if (start == text.end()) return false;
    auto end = std::find_if_not(start, text.end(), is_alnum);
    std::string_view word(start, end);
    std::string_view behind(end, text.end());
    if (!is_word_of_a_name(word) || begins_like_key(word, behind)) return true;
    text = behind;
  }
}

std::string printable(std::string_view text) {
  if (may_be_secret(text)) return std::string(kNotShown);
  std::string shown(text.substr(0, kShownMax));
  std::ranges::replace_if(shown, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text.size() > kShownMax ? shown + "..." : shown;
}

}  // namespace qcc::config
