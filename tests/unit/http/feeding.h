// Every way bytes can be split must lead to the same result: helpers that try them.
#pragma once
#include <doctest/doctest.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace qcc::http::test {

// The ends of the pieces in which `size` bytes arrive.
using Cuts = std::vector<size_t>;

inline Cuts one_by_one(size_t size) {
  Cuts cuts;
  for (size_t i = 1; i <= size; ++i) cuts.push_back(i);
  return cuts;
}

// Calls run(cuts) for: whole, byte by byte, and every place for a single cut (a sample of them in
// long inputs, since each costs a pass).
inline void for_each_split(size_t size, const std::function<void(const Cuts&)>& run) {
  run({size});
  run(one_by_one(size));
  const size_t step = size <= 2048 ? 1 : size / 97;
  for (size_t cut = 0; cut <= size; cut += step) run({cut, size});
}

inline std::string repeat(std::string_view text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

// Printable, so that a failing row says which it was.
inline std::string show(std::string_view bytes) {
  std::string text;
  for (char c : bytes.substr(0, 120)) {
    if (c == '\r')
      text += "\\r";
    else if (c == '\n')
      text += "\\n";
    else if (c < 0x20 || c == 0x7f)
      text += '?';
    else
      text += c;
  }
  return bytes.size() > 120 ? text + "..." : text;
}

}  // namespace qcc::http::test
