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
  LogLine& text(std::string_view key, std::string_view value, size_t bytes_max = kPathBytesMax);
  // As `text`, but nothing at all for an empty value.
  LogLine& text_if(std::string_view key, std::string_view value, size_t bytes_max = kPathBytesMax) {
    return value.empty() ? *this : text(key, value, bytes_max);
  }
  LogLine& number(std::string_view key, std::integral auto value) {
    char digits[24];
    auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    return bare(key, {digits, static_cast<size_t>(end - digits)});
  }
  LogLine& boolean(std::string_view key, bool value) { return bare(key, value ? "true" : "false"); }
  // With three decimals; negative times count as zero.
  LogLine& milliseconds(std::string_view key, Duration value);

 private:
  LogLine& bare(std::string_view key, std::string_view value);
  void begin(LogLevel level, std::string_view event, WallTime at);
  void begin_field(std::string_view key);
  void end_field(size_t field_start);
  void put(char c) { put({&c, 1}); }
  void put(std::string_view bytes);
  void put_escaped(std::string_view value);
  void put_escape(uint32_t code_point);

  LogRing* ring_;  // null: not wanted
  LogLevel level_;
  bool json_ = false;
  bool full_ = false;  // the field under way has no room
  bool cut_ = false;   // a field was left out
  size_t size_ = 0;
  std::array<char, kBytesMax> bytes_;
};

}  // namespace qcc
