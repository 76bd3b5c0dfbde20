#include <doctest/doctest.h>

#include <qcc/base/log_line.h>

#include <functional>
#include <string>

namespace qcc {
namespace {

using namespace std::chrono_literals;

// 2026-11-21T13:44:05.123Z
constexpr WallTime kNow(1'795'268'645'123ms);

std::string line_of(LogFormat format, const std::function<void(LogLine&)>& fill) {
  LogRing ring(8192);
  ring.set_format(format);
  {
    LogLine line(ring, LogLevel::info, "test", kNow);
    fill(line);
  }
  std::string out;
  LogLevel level{};
  ring.pop(out, level);
  return out;
}

constexpr std::string_view kTextHead = "time=2026-11-21T13:44:05.123Z level=info event=test";
constexpr std::string_view kJsonHead =
    R"({"time":"2026-11-21T13:44:05.123Z","level":"info","event":"test")";

std::string value_in(LogFormat format, std::string_view value, size_t bytes_max = 256) {
  std::string line = line_of(format, [&](LogLine& l) { l.text("k", value, bytes_max); });
  std::string_view head = format == LogFormat::json ? kJsonHead : kTextHead;
  std::string_view key = format == LogFormat::json ? ",\"k\":" : " k=";
  std::string_view tail = format == LogFormat::json ? "}\n" : "\n";
  REQUIRE(line.starts_with(std::string(head) + std::string(key)));
  REQUIRE(line.ends_with(tail));
  size_t at = head.size() + key.size();
  return line.substr(at, line.size() - at - tail.size());
}

}  // namespace

TEST_CASE("both formats carry the same fields") {
  auto fill = [](LogLine& line) {
    line.text("id", "req-1").number("status", 200).boolean("stream", true);
    line.milliseconds("total_ms", 4'120'900ns).text_if("none", "").number("n", -7);
    line.milliseconds("zero_ms", -1s);
  };
  CHECK(line_of(LogFormat::text, fill) ==
        std::string(kTextHead) +
            " id=req-1 status=200 stream=true total_ms=4.120 n=-7 zero_ms=0.000\n");
  CHECK(line_of(LogFormat::json, fill) ==
        std::string(kJsonHead) +
            R"(,"id":"req-1","status":200,"stream":true,"total_ms":4.120,"n":-7,"zero_ms":0.000})"
            "\n");
}

TEST_CASE("nothing in a value can forge a field, a line or a terminal command") {
  struct Row {
    std::string_view value, text, json;
  };
  const Row rows[] = {
      {"plain", "plain", R"("plain")"},
      {"", R"("")", R"("")"},
      {"two words", R"("two words")", R"("two words")"},
      {"a=b", R"("a=b")", R"("a=b")"},
      {R"(a"b\c)", R"("a\"b\\c")", R"("a\"b\\c")"},
      {"a\nlevel=error", R"("a\u000alevel=error")", R"("a\u000alevel=error")"},
      {"\x1b[2J", R"("\u001b[2J")", R"("\u001b[2J")"},
      {"\x7f", R"("\u007f")", R"("\u007f")"},
      {"\xc2\x9b", R"("\u009b")", R"("\u009b")"},
      {"\xe2\x80\xae", R"("\u202e")", R"("\u202e")"},
      {"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"", "\"gr\xc3\xbc\xc3\x9f\""},
      {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"", "\"\xf0\x9f\x98\x80\""},
      {"\xff", R"("\ufffd")", R"("\ufffd")"},
      {"\xc0\x80", R"("\ufffd\ufffd")", R"("\ufffd\ufffd")"},
      {"\xed\xa0\x80", R"("\ufffd\ufffd\ufffd")", R"("\ufffd\ufffd\ufffd")"},
      {"\xf4\x90\x80\x80", R"("\ufffd\ufffd\ufffd\ufffd")", R"("\ufffd\ufffd\ufffd\ufffd")"},
      {"\xc3", R"("\ufffd")", R"("\ufffd")"},
      {std::string_view("a\0b", 3), R"("a\u0000b")", R"("a\u0000b")"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(value_in(LogFormat::text, row.value) == row.text);
    CHECK(value_in(LogFormat::json, row.value) == row.json);
  }
}

TEST_CASE("a long value is cut between characters and says so") {
  CHECK(value_in(LogFormat::text, "abcdef", 6) == "abcdef");
  CHECK(value_in(LogFormat::text, "abcdefg", 6) == "\"abcdef…\"");
  CHECK(value_in(LogFormat::json, "abc\xc3\xbc", 4) == "\"abc…\"");
  CHECK(value_in(LogFormat::json, "\xf0\x9f\x98\x80x", 3) == "\"…\"");
  // Not UTF-8 at all: cut where the limit is, or a little before.
  CHECK(value_in(LogFormat::json, "\x80\x80\x80\x80\x80\x80", 5).size() <= 2 + 5 * 6 + 3);
}

TEST_CASE("a field without room is left out, and the line says so") {
  for (LogFormat format : {LogFormat::text, LogFormat::json}) {
    std::string line = line_of(format, [](LogLine& l) {
      for (int i = 0; i < 100; ++i) l.text("key", std::string(100, '\x01'));
      l.number("small", 1);
    });
    CHECK(line.size() <= LogLine::kBytesMax + 1);
    CHECK(line.ends_with(format == LogFormat::json ? ",\"cut\":true}\n" : " cut=true\n"));
    CHECK(line.find("small") != line.npos);
  }
}

TEST_CASE("any number of fields of any length stays within the line") {
  for (size_t length = 0; length < 300; ++length) {
    std::string line = line_of(LogFormat::json, [length](LogLine& l) {
      for (int i = 0; i < 40; ++i) l.text("k", std::string(length, 'x'), 300);
    });
    REQUIRE(line.size() <= LogLine::kBytesMax + 1);
    REQUIRE(line.ends_with("}\n"));
  }
}

TEST_CASE("a level that is not wanted writes nothing") {
  LogRing ring(8192);
  LogLine(ring, LogLevel::debug, "test", kNow).text("k", "v").number("n", 1);
  CHECK(ring.pushed() == 0);
  ring.set_level(LogLevel::debug);
  LogLine(ring, LogLevel::debug, "test", kNow).text("k", "v");
  CHECK(ring.pushed() == 1);
}

}  // namespace qcc
