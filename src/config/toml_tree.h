// A TOML document as a tree that remembers where everything stood. Hides the TOML library: its
// header is included in toml_tree.cc and nowhere else.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace qcc::config {

struct Position {
  uint32_t line = 0;    // from 1
  uint32_t column = 0;  // from 1
  friend auto operator<=>(const Position&, const Position&) = default;
};

enum class NodeKind : uint8_t { string, integer, decimal, boolean, date, array, table };

struct Member;

struct Node {
  NodeKind kind = NodeKind::table;
  Position at;
  std::string text;  // of a string
  int64_t integer = 0;
  bool boolean = false;
  std::vector<Node> items;      // of an array
  std::vector<Member> members;  // of a table, in file order
};

struct Member {
  std::string key;
  Position at;
  Node value;
};

struct SyntaxError {
  Position at;
  std::string message;
};

std::expected<Node, SyntaxError> parse_toml(std::string_view text);

}  // namespace qcc::config
