#include <qcc/json/text.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace qcc::json {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

char simple_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
  }
}

// Reads "uXXXX" (and the low half that a high surrogate needs) at the front of `rest`.
std::optional<uint32_t> take_code_point(std::string_view& rest) {
  if (rest.size() < 5) return std::nullopt;
  const std::optional<unsigned> first = hex4(rest.data() + 1);
  if (!first || (*first >= 0xdc00 && *first <= 0xdfff)) return std::nullopt;
  rest.remove_prefix(5);
  if (*first < 0xd800 || *first > 0xdbff) return *first;
  if (rest.size() < 6 || rest[0] != '\\' || rest[1] != 'u') return std::nullopt;
  const std::optional<unsigned> second = hex4(rest.data() + 2);
  if (!second || *second < 0xdc00 || *second > 0xdfff) return std::nullopt;
  rest.remove_prefix(6);
  return 0x10000 + ((*first - 0xd800) << 10) + (*second - 0xdc00);
}

size_t encode_utf8(uint32_t code, char* out) {
  auto byte = [](uint32_t value) { return static_cast<char>(value); };
  auto tail = [byte](uint32_t value) { return byte(0x80 | (value & 0x3f)); };
  if (code < 0x80) return out[0] = byte(code), 1;
  if (code < 0x800) return out[0] = byte(0xc0 | code >> 6), out[1] = tail(code), 2;
  if (code < 0x10000) {
    out[0] = byte(0xe0 | code >> 12), out[1] = tail(code >> 6), out[2] = tail(code);
    return 3;
  }
  out[0] = byte(0xf0 | code >> 18), out[1] = tail(code >> 12);
  out[2] = tail(code >> 6), out[3] = tail(code);
  return 4;
}

}  // namespace

std::optional<unsigned> hex4(const char* digits) {
  unsigned value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_digit(digits[i]);
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<unsigned>(digit);
  }
  return value;
}

std::optional<size_t> unescape_into(std::span<char> out, std::string_view inside) {
  size_t length = 0;
  while (!inside.empty()) {
    if (inside[0] != '\\') {
      const size_t plain = std::min(inside.find('\\'), inside.size());
      if (plain > out.size() - length) return std::nullopt;
      std::memcpy(out.data() + length, inside.data(), plain);
      length += plain;
      inside.remove_prefix(plain);
      continue;
    }
    inside.remove_prefix(1);
    if (inside.empty()) return std::nullopt;
    std::array<char, 4> encoded;
    size_t encoded_length = 1;
    if (inside[0] == 'u') {
      const std::optional<uint32_t> code = take_code_point(inside);
      if (!code) return std::nullopt;
      encoded_length = encode_utf8(*code, encoded.data());
    } else {
      encoded[0] = simple_escape(inside[0]);
      if (encoded[0] == 0) return std::nullopt;
      inside.remove_prefix(1);
    }
    if (encoded_length > out.size() - length) return std::nullopt;
    std::memcpy(out.data() + length, encoded.data(), encoded_length);
    length += encoded_length;
  }
  return length;
}

bool unescaped_equals(std::string_view inside, std::string_view text) {
  if (inside == text) return inside.find('\\') == std::string_view::npos;
  if (inside.size() <= text.size() || inside.find('\\') == std::string_view::npos) return false;
  std::array<char, 64> decoded;
  const std::optional<size_t> length = unescape_into(decoded, inside);
  return length && std::string_view(decoded.data(), *length) == text;
}

}  // namespace qcc::json
