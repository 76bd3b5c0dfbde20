// The JSON grammar of numbers.
#pragma once
#include <cstddef>
#include <string_view>

namespace qcc::json {

// Length of the number at the front of `text`, 0 when there is none. What follows is not judged.
inline size_t number_length(std::string_view text) {
  size_t at = 0;
  auto is = [&](char c) { return at < text.size() && text[at] == c; };
  auto take_digits = [&] {
    const size_t from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at > from;
  };
  if (is('-')) ++at;
  if (is('0')) {
    ++at;
  } else if (!take_digits()) {
    return 0;
  }
  if (is('.')) {
    ++at;
    if (!take_digits()) return 0;
  }
  if (is('e') || is('E')) {
    ++at;
    if (is('+') || is('-')) ++at;
    if (!take_digits()) return 0;
  }
  return at;
}

}  // namespace qcc::json
