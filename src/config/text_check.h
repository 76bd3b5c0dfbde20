// Looks over a TOML text before the TOML library does, for what the library (3.3) mishandles: bytes
// beyond ASCII wherever it looks for a blank (undefined behaviour), and nesting by dotted keys
// without a limit (it recurses). So such bytes stand in comments and in strings that it is sure to
// read as strings. Linear, no allocation.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

#include "toml_tree.h"

namespace qcc::config {

class TextCheck {
 public:
  explicit TextCheck(std::string_view text);

  // The first thing that is unfit; nothing if the library may have the text.
  std::optional<SyntaxError> run();

 private:
  enum class In { plain, comment, basic, literal, long_basic, long_literal };

  void step();
  void step_plain(char c);
  void step_string(char c, bool has_escapes);
  void step_long_string(char c, char quote);
  void open_string(char quote);
  void end_line();
  bool sees_three(char quote) const;
  bool is_after_blank() const;
  void refuse(const char* why);

  std::string_view text_;
  size_t at_ = 0;
  In in_ = In::plain;
  uint32_t line_ = 1;
  uint32_t column_ = 1;
  bool is_ascii_only_ = false;  // of the string we are in
  size_t dots_ = 0;             // of this line, outside of strings
  std::optional<SyntaxError> found_;
};

}  // namespace qcc::config
