#include <qcc/base/assert.h>
#include <qcc/json/writer.h>

#include <array>
#include <charconv>
#include <cmath>

#include "utf8.h"

namespace qcc::json {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_plain(char c) {
  const uint8_t byte = static_cast<uint8_t>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  out += "\\u00";
  out += kHexDigits[static_cast<uint8_t>(c) >> 4];
  out += kHexDigits[c & 0xf];
}

template <class N>
void append_number(std::string& out, N value) {
  std::array<char, 32> digits;
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), written.ptr);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p < end) {
    const char* plain_end = p;
    while (plain_end < end && is_plain(*plain_end)) ++plain_end;
    out.append(p, plain_end);
    p = plain_end;
    if (p == end) break;
    if (static_cast<uint8_t>(*p) < 0x80) {
      append_escaped(out, *p++);
      continue;
    }
    const size_t length = utf8_sequence_length(p, end);
    out += length == 0 ? kReplacement : std::string_view(p, length);
    p += length == 0 ? 1 : length;
  }
  out += '"';
}

void JsonWriter::before_value() {
  const uint64_t bit = uint64_t{1} << depth_;
  QCC_ASSERT(key_written_ == ((is_object_ & bit) != 0));
  if ((has_values_ & bit) != 0 && !key_written_) out_ += ',';
  has_values_ |= bit;
  key_written_ = false;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  const uint64_t bit = uint64_t{1} << depth_;
  QCC_ASSERT((is_object_ & bit) != 0 && !key_written_);
  if ((has_values_ & bit) != 0) out_ += ',';
  append_json_string(out_, name);
  out_ += ':';
  key_written_ = true;
  return *this;
}

JsonWriter& JsonWriter::open(char bracket) {
  before_value();
  QCC_ASSERT(depth_ < 63);
  out_ += bracket;
  const uint64_t bit = uint64_t{1} << ++depth_;
  has_values_ &= ~bit;
  is_object_ = bracket == '{' ? is_object_ | bit : is_object_ & ~bit;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  const bool in_object = (is_object_ >> depth_ & 1) != 0;
  QCC_ASSERT(depth_ > 0 && !key_written_ && in_object == (bracket == '}'));
  out_ += bracket;
  --depth_;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  before_value();
  append_json_string(out_, value);
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  before_value();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::integer(int64_t value) {
  before_value();
  append_number(out_, value);
  return *this;
}

JsonWriter& JsonWriter::natural(uint64_t value) {
  before_value();
  append_number(out_, value);
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  if (!std::isfinite(value)) return null();
  before_value();
  append_number(out_, value);
  return *this;
}

}  // namespace qcc::json
