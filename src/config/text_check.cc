#include "text_check.h"

namespace qcc::config {
namespace {

constexpr size_t kDotsPerLineMax = 64;
constexpr const char* kNeedsBlank =
    "a blank must stand before a string with characters beyond ASCII";

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
bool is_plain(char c) { return (c >= ' ' && c <= '~') || c == '\t' || c == '\r'; }
bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

}  // namespace

TextCheck::TextCheck(std::string_view text) : text_(text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
}

std::optional<SyntaxError> TextCheck::run() {
  while (at_ < text_.size() && !found_) {
    size_t start = at_;
    step();
    for (size_t i = start; i < at_ && i < text_.size() && text_[i] != '\n'; ++i) {
      if (starts_character(text_[i])) ++column_;
    }
  }
  return found_;
}

void TextCheck::step() {
  char c = text_[at_];
  if (c == '\n') return end_line();
  switch (in_) {
    case In::plain: return step_plain(c);
    case In::comment: ++at_; return;
    case In::basic: return step_string(c, true);
    case In::literal: return step_string(c, false);
    case In::long_basic: return step_long_string(c, '"');
    case In::long_literal: return step_long_string(c, '\'');
  }
}

void TextCheck::end_line() {
  bool goes_on = in_ == In::long_basic || in_ == In::long_literal;
  if (!goes_on) in_ = In::plain;
  ++at_;
  ++line_;
  column_ = 1;
  dots_ = 0;
}

void TextCheck::step_plain(char c) {
  if (!is_plain(c)) return refuse("a character that may stand only in a string or a comment");
  if (c == '"' || c == '\'') return open_string(c);
  if (c == '#') in_ = In::comment;
  if (c == '.' && ++dots_ > kDotsPerLineMax) return refuse("more than 64 dots on one line");
  ++at_;
}

void TextCheck::open_string(char quote) {
  bool is_basic = quote == '"';
  is_ascii_only_ = !is_after_blank();
  if (sees_three(quote)) {
    in_ = is_basic ? In::long_basic : In::long_literal;
    at_ += 3;
  } else {
    in_ = is_basic ? In::basic : In::literal;
    ++at_;
  }
}

// In `x = 1"y"` the library takes the quotes for a part of the number; not so behind a blank.
bool TextCheck::is_after_blank() const {
  size_t before = at_;
  while (before > 0 && (text_[before - 1] == '[' || text_[before - 1] == '{')) --before;
  if (before == 0) return true;
  return std::string_view(" \t\n,").find(text_[before - 1]) != std::string_view::npos;
}

void TextCheck::step_string(char c, bool has_escapes) {
  if (is_ascii_only_ && !is_ascii(c)) return refuse(kNeedsBlank);
  char quote = has_escapes ? '"' : '\'';
  if (c == quote) in_ = In::plain;
  bool is_escape = has_escapes && c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n';
  at_ += is_escape ? 2 : 1;
}

void TextCheck::step_long_string(char c, char quote) {
  bool is_basic = quote == '"';
  // Behind a line-ending backslash the library looks for blanks, and stumbles as in plain text.
  if (is_basic && !is_ascii(c)) return refuse("only ASCII may stand in a multi-line \"\"\" string");
  if (is_ascii_only_ && !is_ascii(c)) return refuse(kNeedsBlank);
  if (sees_three(quote)) {
    in_ = In::plain;
    at_ += 3;
    // Up to two quotes before the closing three belong to the string.
    for (int i = 0; i < 2 && at_ < text_.size() && text_[at_] == quote; ++i) ++at_;
    return;
  }
  bool is_escape = is_basic && c == '\\' && at_ + 1 < text_.size() && is_plain(text_[at_ + 1]);
  at_ += is_escape ? 2 : 1;
}

bool TextCheck::sees_three(char quote) const {
  return text_.size() - at_ >= 3 && text_[at_] == quote && text_[at_ + 1] == quote &&
         text_[at_ + 2] == quote;
}

void TextCheck::refuse(const char* why) { found_ = SyntaxError{{line_, column_}, why}; }

}  // namespace qcc::config
