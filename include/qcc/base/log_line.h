// One log line, built field by field and handed to the ring when it goes out of scope:
//
//   LogLine(ring, LogLevel::info, "request", io.wall_now())
//       .text("id", id).number("status", 200).milliseconds("total_ms", total);
//
// As text: time=2026-11-21T13:44:05.123Z level=info event=request id=req-1 status=200
// total_ms=4.120 As JSON: one object with the same names. Control characters, quotes, backslashes
// and bytes that are not UTF-8 leave escaped in both (http rule S2). Keys are static words and are
// not escaped. A field that finds no room is left out, and the line says cut=true. Costs next to
// nothing when the level is not wanted.
//
// Lives on the stack of a plain function (2 KiB), on the ring's producing thread. Never
// credentials, never bodies.
#pragma once
#include <array>
#include <charconv>
#include <concepts>
#include <cstring>
#include <string_view>

#include <qcc/base/log_ring.h>
#include <qcc/base/time.h>

namespace qcc {

class LogLine {
 public:
  static constexpr size_t kBytesMax = 2048;
  static constexpr size_t kPathBytesMax = 256;
  static constexpr size_t kAgentBytesMax = 128;

  // `event` is a static word.
  LogLine(LogRing& ring, LogLevel level, std::string_view event, WallTime at);
  ~LogLine();
  LogLine(const LogLine&) = delete;
  LogLine& operator=(const LogLine&) = delete;

  // Anything; beyond `bytes_max` it is cut and ends in "…".
  LogLine& text(std::string_view key, std::string_view value, size_t bytes_max = kPathBytesMax) {
    if (begin_field(key)) put_text(value, bytes_max);
    return *this;
  }
  // As `text`, but nothing at all for an empty value.
  LogLine& text_if(std::string_view key, std::string_view value, size_t bytes_max = kPathBytesMax) {
    return value.empty() ? *this : text(key, value, bytes_max);
  }
  LogLine& number(std::string_view key, std::integral auto value) {
    if (begin_field(key)) end_ = std::to_chars(end_, end_ + kNumberBytesMax, value).ptr;
    return *this;
  }
  LogLine& boolean(std::string_view key, bool value) {
    if (begin_field(key)) put(value ? "true" : "false");
    return *this;
  }
  // With three decimals; negative times count as zero.
  LogLine& milliseconds(std::string_view key, Duration value);

 private:
  static constexpr size_t kNumberBytesMax = 24;
  static constexpr size_t kTailBytesMax = sizeof(R"(,"cut":true})");  // fields leave it free

  void begin(LogLevel level, std::string_view event, WallTime at);
  // Writes the key; false when the line is not wanted or has no room for it and a number behind it.
  bool begin_field(std::string_view key);
  void put_text(std::string_view value, size_t bytes_max);
  // These say no, and write nothing, where there is no room.
  bool put(std::string_view bytes);
  bool put_escaped(std::string_view value);
  bool put_escape(uint32_t code_point);
  size_t room() const { return kBytesMax - kTailBytesMax - size(); }
  size_t size() const { return static_cast<size_t>(end_ - bytes_.data()); }

  LogRing* ring_;  // null: not wanted
  LogLevel level_;
  bool json_ = false;
  bool cut_ = false;  // a field was left out
  std::array<char, kBytesMax> bytes_;
  char* field_ = bytes_.data();  // where the last field began
  char* end_ = bytes_.data();
};

// Here, so that the length of a key is known where it is written.
inline bool LogLine::begin_field(std::string_view key) {
  if (!ring_) return false;
  if (room() < key.size() + 4 + kNumberBytesMax) {
    cut_ = true;
    return false;
  }
  field_ = end_;
  bool first = end_ == bytes_.data() + json_;
  if (!first) *end_++ = json_ ? ',' : ' ';
  if (json_) *end_++ = '"';
  std::memcpy(end_, key.data(), key.size());
  end_ += key.size();
  if (json_) *end_++ = '"';
  *end_++ = json_ ? ':' : '=';
  return true;
}

}  // namespace qcc
