#include <qcc/base/log_line.h>

#include <algorithm>
#include <cstring>

namespace qcc {
namespace {

constexpr size_t kTailBytes = sizeof(R"(,"cut":true})");
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

// Bytes that stand for themselves without quotes around them.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = '!'; c < 0x7f; ++c) plain[c] = c != '"' && c != '=' && c != '\\';
  return plain;
}();

bool is_plain(char c) { return kPlain[static_cast<uint8_t>(c)]; }

bool is_plain_word(std::string_view value) {
  return !value.empty() && std::ranges::all_of(value, is_plain);
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
  // Fields leave kTailBytes free.
  std::string_view tail;
  if (json_)
    tail = cut_ ? R"(,"cut":true})" : "}";
  else if (cut_)
    tail = " cut=true";
  tail.copy(bytes_.data() + size_, tail.size());
  ring_->push(level_, {bytes_.data(), size_ + tail.size()});
}

void LogLine::begin(LogLevel level, std::string_view event, WallTime at) {
  std::array<char, 24> time = format_time(at);
  if (json_) put('{');
  text("time", {time.data(), time.size()});
  text("level", name_of(level));
  text("event", event);
}

LogLine& LogLine::text(std::string_view key, std::string_view value, size_t bytes_max) {
  if (!ring_) return *this;
  size_t start = size_;
  begin_field(key);
  std::string_view shown = shorten(value, bytes_max);
  bool quoted = json_ || shown.size() < value.size() || !is_plain_word(shown);
  if (quoted) put('"');
  if (quoted)
    put_escaped(shown);
  else
    put(shown);
  if (shown.size() < value.size()) put("…");
  if (quoted) put('"');
  end_field(start);
  return *this;
}

LogLine& LogLine::milliseconds(std::string_view key, Duration value) {
  auto us = std::chrono::duration_cast<std::chrono::microseconds>(value).count();
  uint64_t whole = us > 0 ? static_cast<uint64_t>(us) : 0;
  char digits[28];
  char* end = std::to_chars(digits, digits + 20, whole / 1000).ptr;
  *end++ = '.';
  put_digits(end, static_cast<unsigned>(whole % 1000), 3);
  return bare(key, {digits, static_cast<size_t>(end + 3 - digits)});
}

LogLine& LogLine::bare(std::string_view key, std::string_view value) {
  if (!ring_) return *this;
  size_t start = size_;
  begin_field(key);
  put(value);
  end_field(start);
  return *this;
}

void LogLine::begin_field(std::string_view key) {
  full_ = false;
  bool first = size_ == (json_ ? 1u : 0u);
  if (!first) put(json_ ? ',' : ' ');
  if (json_) put('"');
  put(key);
  put(json_ ? "\":" : "=");
}

void LogLine::end_field(size_t field_start) {
  if (!full_) return;
  size_ = field_start;
  cut_ = true;
}

void LogLine::put(std::string_view bytes) {
  full_ = full_ || bytes.size() > kBytesMax - kTailBytes - size_;
  if (full_) return;
  bytes.copy(bytes_.data() + size_, bytes.size());
  size_ += bytes.size();
}

// Copies runs that need nothing as one piece.
void LogLine::put_escaped(std::string_view value) {
  size_t run = 0;
  for (size_t at = 0; at < value.size();) {
    if (is_plain(value[at])) {
      ++at;
      continue;
    }
    Decoded c = decode_utf8(value.substr(at));
    if (!c.valid || needs_escape(c.code_point)) {
      put(value.substr(run, at - run));
      put_escape(c.code_point);
      run = at + c.bytes;
    }
    at += c.bytes;
  }
  put(value.substr(run));
}

void LogLine::put_escape(uint32_t code_point) {
  if (code_point == '"' || code_point == '\\') {
    put('\\');
    put(static_cast<char>(code_point));
    return;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  char text[6] = {'\\', 'u'};
  for (int i = 0; i < 4; ++i) text[2 + i] = kHex[code_point >> (12 - 4 * i) & 0xf];
  put({text, sizeof text});
}

}  // namespace qcc
