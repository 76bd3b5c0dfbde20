#include <qcc/base/log_line.h>

#include <algorithm>
#include <cstring>

namespace qcc {
namespace {

constexpr uint32_t kReplacement = 0xfffd;

struct Decoded {
  uint32_t code_point = kReplacement;
  uint8_t bytes = 1;
  bool valid = false;
};

// One UTF-8 sequence (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
Decoded decode_utf8(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  uint32_t code_point = lead & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code_point = code_point << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (code_point < kSmallest[length] || surrogate || code_point > 0x10ffff) return {};
  return {code_point, static_cast<uint8_t>(length), true};
}

// Controls of C0 and C1 move a terminal's cursor; the bidirectional ones reorder what is seen.
bool needs_escape(uint32_t c) {
  return c < 0x20 || c == '"' || c == '\\' || (c >= 0x7f && c <= 0x9f) ||
         (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

// Bytes that stand for themselves without quotes around them. Without a branch, so that the
// compiler looks at many of a word at once.
constexpr bool is_plain(char c) {
  auto byte = static_cast<uint8_t>(c);
  return static_cast<bool>((byte > ' ') & (byte < 0x7f) & (byte != '"') & (byte != '=') &
                           (byte != '\\'));
}

bool is_plain_word(std::string_view value) {
  bool plain = !value.empty();
  for (char c : value) plain &= is_plain(c);
  return plain;
}

// At most `bytes_max` bytes that end at the end of a character.
std::string_view shorten(std::string_view value, size_t bytes_max) {
  if (value.size() <= bytes_max) return value;
  size_t end = bytes_max;
  while (end > 0 && bytes_max - end < 3 && (static_cast<uint8_t>(value[end]) & 0xc0) == 0x80) --end;
  return value.substr(0, end);
}

void put_digits(char* to, unsigned value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value /= 10) to[i] = static_cast<char>('0' + value % 10);
}

// RFC 3339 in UTC: "2026-11-21T13:44:05.123Z".
std::array<char, 24> format_time(WallTime at) {
  auto day = std::chrono::floor<std::chrono::days>(at);
  std::chrono::year_month_day date(day);
  auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at - day).count();
  auto in_day = static_cast<unsigned>(ms);
  std::array<char, 24> text;
  std::memcpy(text.data(), "0000-00-00T00:00:00.000Z", text.size());
  int year = static_cast<int>(date.year());
  put_digits(&text[0], year > 0 && year < 10000 ? static_cast<unsigned>(year) : 0, 4);
  put_digits(&text[5], static_cast<unsigned>(date.month()), 2);
  put_digits(&text[8], static_cast<unsigned>(date.day()), 2);
  put_digits(&text[11], in_day / 3'600'000, 2);
  put_digits(&text[14], in_day / 60'000 % 60, 2);
  put_digits(&text[17], in_day / 1000 % 60, 2);
  put_digits(&text[20], in_day % 1000, 3);
  return text;
}

}  // namespace

LogLine::LogLine(LogRing& ring, LogLevel level, std::string_view event, WallTime at)
    : ring_(ring.wants(level) ? &ring : nullptr), level_(level) {
  if (!ring_) return;
  json_ = ring.format() == LogFormat::json;
  begin(level, event, at);
}

LogLine::~LogLine() {
  if (!ring_) return;
  std::string_view tail;
  if (json_)
    tail = cut_ ? R"(,"cut":true})" : "}";
  else if (cut_)
    tail = " cut=true";
  tail.copy(end_, tail.size());
  ring_->push(level_, {bytes_.data(), size() + tail.size()});
}

void LogLine::begin(LogLevel level, std::string_view event, WallTime at) {
  std::array<char, 24> time = format_time(at);
  if (json_) *end_++ = '{';
  text("time", {time.data(), time.size()});
  text("level", name_of(level));
  text("event", event);
}

void LogLine::put_text(std::string_view value, size_t bytes_max) {
  std::string_view shown = shorten(value, bytes_max);
  bool shortened = shown.size() < value.size();
  bool plain = is_plain_word(shown);
  bool quoted = json_ || shortened || !plain;
  bool fits = !quoted || put("\"");
  fits = fits && (plain ? put(shown) : put_escaped(shown));
  if (shortened) fits = fits && put("…");
  if (quoted) fits = fits && put("\"");
  if (fits) return;
  end_ = field_;
  cut_ = true;
}

LogLine& LogLine::milliseconds(std::string_view key, Duration value) {
  if (!begin_field(key)) return *this;
  auto us = std::chrono::duration_cast<std::chrono::microseconds>(value).count();
  uint64_t whole = us > 0 ? static_cast<uint64_t>(us) : 0;
  end_ = std::to_chars(end_, end_ + kNumberBytesMax, whole / 1000).ptr;
  *end_++ = '.';
  put_digits(end_, static_cast<unsigned>(whole % 1000), 3);
  end_ += 3;
  return *this;
}

bool LogLine::put(std::string_view bytes) {
  if (bytes.size() > room()) return false;
  bytes.copy(end_, bytes.size());
  end_ += bytes.size();
  return true;
}

// Copies runs that need nothing as one piece.
bool LogLine::put_escaped(std::string_view value) {
  size_t run = 0;
  bool fits = true;
  for (size_t at = 0; at < value.size() && fits;) {
    if (is_plain(value[at])) {
      ++at;
      continue;
    }
    Decoded c = decode_utf8(value.substr(at));
    if (!c.valid || needs_escape(c.code_point)) {
      fits = put(value.substr(run, at - run)) && put_escape(c.code_point);
      run = at + c.bytes;
    }
    at += c.bytes;
  }
  return fits && put(value.substr(run));
}

bool LogLine::put_escape(uint32_t code_point) {
  if (code_point == '"' || code_point == '\\') {
    char pair[2] = {'\\', static_cast<char>(code_point)};
    return put({pair, sizeof pair});
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  char text[6] = {'\\', 'u'};
  for (int i = 0; i < 4; ++i) text[2 + i] = kHex[code_point >> (12 - 4 * i) & 0xf];
  return put({text, sizeof text});
}

}  // namespace qcc
