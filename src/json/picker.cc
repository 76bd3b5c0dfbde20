#include <qcc/json/picker.h>
#include <qcc/json/text.h>

#include <algorithm>
#include <charconv>

#include "number.h"
#include "string_scan.h"

namespace qcc::json {
namespace {

constexpr bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
constexpr bool ends_scalar(char c) { return is_space(c) || c == ',' || c == '}' || c == ']'; }

size_t skip_space(std::string_view text, size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

// Tolerates missing and doubled commas.
size_t skip_separators(std::string_view text, size_t at) {
  while (at < text.size() && (is_space(text[at]) || text[at] == ',')) ++at;
  return at;
}

// Length of the string literal at the front, 0 when it does not end.
size_t string_length(std::string_view text) {
  const char* close = find_string_end(text.data() + 1, text.data() + text.size());
  return close == nullptr ? 0 : static_cast<size_t>(close + 1 - text.data());
}

// Length of the container at the front, 0 when it does not end. Kinds of brackets are not compared.
size_t container_length(std::string_view text) {
  size_t depth = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    switch (text[at]) {
      case '{':
      case '[': ++depth; break;
      case '}':
      case ']':
        if (--depth == 0) return at + 1;
        break;
      case '"': {
        const size_t length = string_length(text.substr(at));
        if (length == 0) return 0;
        at += length - 1;
        break;
      }
      default: break;
    }
  }
  return 0;
}

size_t scalar_length(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && !ends_scalar(text[length])) ++length;
  return length;
}

ValueKind scalar_kind(std::string_view scalar) {
  if (scalar == "null") return ValueKind::null;
  if (scalar == "true" || scalar == "false") return ValueKind::boolean;
  const bool is_number = !scalar.empty() && number_length(scalar) == scalar.size();
  return is_number ? ValueKind::number : ValueKind::absent;
}

}  // namespace

std::optional<uint64_t> unsigned_integer(std::string_view number) {
  if (number.empty() || number.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  uint64_t value = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), value);
  return parsed.ec == std::errc() ? value : UINT64_MAX;
}

// A document's own container is not searched for its end: members are found without it.
JsonView::JsonView(std::string_view document) {
  document.remove_prefix(skip_space(document, 0));
  if (document.empty()) return;
  if (document[0] == '{' || document[0] == '[') {
    kind_ = document[0] == '{' ? ValueKind::object : ValueKind::array;
    raw_ = document;
  } else {
    *this = value_at(document);
  }
}

JsonView JsonView::value_at(std::string_view text) {
  if (text.empty()) return {};
  ValueKind kind = ValueKind::absent;
  size_t length = 0;
  if (text[0] == '"') {
    kind = ValueKind::string;
    length = string_length(text);
  } else if (text[0] == '{' || text[0] == '[') {
    kind = text[0] == '{' ? ValueKind::object : ValueKind::array;
    length = container_length(text);
  } else {
    length = scalar_length(text);
    kind = scalar_kind(text.substr(0, length));
  }
  return length == 0 || kind == ValueKind::absent ? JsonView()
                                                  : JsonView(kind, text.substr(0, length));
}

bool JsonView::next_member(Member& member) const {
  if (kind_ != ValueKind::object) return false;
  size_t at = skip_separators(raw_, member.next_at == 0 ? 1 : member.next_at);
  if (at >= raw_.size() || raw_[at] != '"') return false;
  const size_t key_length = string_length(raw_.substr(at));
  if (key_length == 0) return false;
  member.inside_key = raw_.substr(at + 1, key_length - 2);
  at = skip_space(raw_, at + key_length);
  if (at >= raw_.size() || raw_[at] != ':') return false;
  at = skip_space(raw_, at + 1);
  member.value = value_at(raw_.substr(std::min(at, raw_.size())));
  member.next_at = at + member.value.raw_.size();
  return member.value.present();
}

JsonView JsonView::operator[](std::string_view key) const {
  Member member;
  while (next_member(member))
    if (unescaped_equals(member.inside_key, key)) return member.value;
  return {};
}

JsonView JsonView::at(size_t index) const {
  if (kind_ != ValueKind::array) return {};
  size_t at = 1;
  for (;; --index) {
    at = skip_separators(raw_, at);
    const JsonView element = value_at(raw_.substr(std::min(at, raw_.size())));
    if (index == 0 || !element.present()) return element;
    at += element.raw_.size();
  }
}

std::optional<uint64_t> JsonView::unsigned_integer() const {
  return kind_ == ValueKind::number ? json::unsigned_integer(raw_) : std::nullopt;
}

std::string_view JsonView::inside_string() const {
  return kind_ == ValueKind::string ? raw_.substr(1, raw_.size() - 2) : std::string_view();
}

std::string_view JsonView::text_into(std::span<char> out) const {
  const std::optional<size_t> length = unescape_into(out, inside_string());
  return length ? std::string_view(out.data(), *length) : std::string_view();
}

}  // namespace qcc::json
