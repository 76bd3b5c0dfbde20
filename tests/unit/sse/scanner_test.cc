#include <doctest/doctest.h>
#include <qcc/sse/scanner.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace qcc::sse;
using namespace std::string_literals;

namespace {

struct Event {
  std::string name, data;
  bool oversize = false;
  bool operator==(const Event&) const = default;
};

struct Result {
  std::vector<Event> events;  // those that say something
  std::string forwarded;
  size_t pending = 0;
  bool at_boundary = false;
  bool operator==(const Result&) const = default;
};

void take(SseScanner& scanner, std::string_view piece, Result& result) {
  // An own copy of exact size per piece: views that outlive it would be found.
  const std::vector<char> copy(piece.begin(), piece.end());
  const std::string_view own(copy.data(), copy.size());
  scanner.feed(own);
  size_t forwarded = 0;
  for (SseEvent event; scanner.next(event);) {
    REQUIRE(event.end_offset >= forwarded);
    REQUIRE(event.end_offset <= own.size());
    result.forwarded += event.carried;
    result.forwarded += own.substr(forwarded, event.end_offset - forwarded);
    forwarded = event.end_offset;
    const bool says_something = event.has_data || !event.name.empty() || event.oversize;
    if (event.complete && says_something)
      result.events.push_back({std::string(event.name), std::string(event.data), event.oversize});
  }
}

Result scan(const std::vector<std::string_view>& pieces, size_t limit = kEventLimitBytes) {
  SseScanner scanner(limit);
  Result result;
  for (std::string_view piece : pieces) take(scanner, piece, result);
  result.pending = scanner.pending_bytes();
  result.at_boundary = scanner.at_boundary();
  return result;
}

std::vector<std::string_view> in_bytes(std::string_view stream) {
  std::vector<std::string_view> pieces;
  for (size_t i = 0; i < stream.size(); ++i) pieces.push_back(stream.substr(i, 1));
  return pieces;
}

// Bytes that a whole-event relay may still hold back differ by where the stream was split only in a
// line feed behind a carriage return.
void check_all_splits(std::string_view stream, const Result& expected,
                      size_t limit = kEventLimitBytes) {
  CHECK(scan(in_bytes(stream), limit).events == expected.events);
  CHECK(scan(in_bytes(stream), limit).forwarded == expected.forwarded);
  for (size_t split = 0; split <= stream.size(); ++split) {
    CAPTURE(split);
    const Result result = scan({stream.substr(0, split), stream.substr(split)}, limit);
    CHECK(result.events == expected.events);
    CHECK(result.forwarded == expected.forwarded);
    CHECK(result.pending == expected.pending);
    CHECK(result.at_boundary == expected.at_boundary);
  }
}

}  // namespace

TEST_CASE("scanner: events however they are written and split") {
  struct Row {
    std::string stream;
    std::vector<Event> events;
    size_t held_back = 0;
  };
  const std::vector<Row> rows = {
      {"", {}},
      {"data: a\n\n", {{"", "a"}}},
      {"event: x\ndata: a\n\nevent: y\ndata: b\n\n", {{"x", "a"}, {"y", "b"}}},
      {"event: x\r\ndata: a\r\n\r\nevent: y\r\ndata: b\r\n\r\n", {{"x", "a"}, {"y", "b"}}},
      {"event: x\rdata: a\r\revent: y\rdata: b\r\r", {{"x", "a"}, {"y", "b"}}},
      {"data: a\r\n\ndata: b\n\r\ndata: c\n\rdata: d\r\n\r",
       {{"", "a"}, {"", "b"}, {"", "c"}, {"", "d"}}},
      {"data:a\n\n", {{"", "a"}}},
      {"data:  a\n\n", {{"", " a"}}},
      {"data\n\n", {{"", ""}}},
      {"data:\n\n", {{"", ""}}},
      {"data: 1\ndata: 2\ndata:3\n\n", {{"", "1\n2\n3"}}},
      {"data:\ndata\n\n", {{"", "\n"}}},
      {"data: 1\nevent: a\nid: 7\nretry: 3\nevent: b\ndata: 2\n\n", {{"b", "1\n2"}}},
      {": keep-alive\n\ndata: a\n\n", {{"", "a"}}},
      {": c\nevent: x\n: d\ndata: a\n\n", {{"x", "a"}}},
      {"\n\n\ndata: a\n\n\n\n", {{"", "a"}}},
      {"event: only\n\n", {{"only", ""}}},
      {"dat: a\ndatax: b\nevents: c\ndata : d\neventdata: e\n\n", {}},
      {"\xef\xbb\xbf"
       "data: a\n\ndata: b\n\n",
       {{"", "a"}, {"", "b"}}},
      {"data: a\n\n\xef\xbb\xbf"
       "data: b\n\n",
       {{"", "a"}}},
      {"data: 你好 é 😀\n\n", {{"", "你好 é 😀"}}},
      {"data: {\"a\":\"b\\n\\n\"}\n\n", {{"", "{\"a\":\"b\\n\\n\"}"}}},
      {"data: "s + std::string(300, 'x') + "\n\n", {{"", std::string(300, 'x')}}},
      {"data: a\0b\n\n"s, {{"", "a\0b"s}}},
      {"data: a\n\ndata: cut", {{"", "a"}}, 9},
      {"data: a\n\ndata: cut\n", {{"", "a"}}, 10},
      {"data: cut\r\n", {}, 11},
  };
  for (const Row& row : rows) {
    CAPTURE(row.stream);
    const Result whole = scan({row.stream});
    CHECK(whole.events == row.events);
    CHECK(whole.forwarded == row.stream.substr(0, row.stream.size() - row.held_back));
    CHECK(whole.pending == row.held_back);
    CHECK(whole.at_boundary == (row.held_back == 0));
    check_all_splits(row.stream, whole);
  }
}

TEST_CASE("scanner: only whole events leave") {
  SseScanner scanner;
  SseEvent event;
  scanner.feed("event: x\nda");
  CHECK_FALSE(scanner.next(event));
  CHECK(scanner.pending_bytes() == 11);
  CHECK_FALSE(scanner.at_boundary());
  scanner.feed("ta: a\n\ndata: b\n\ndata: c");
  REQUIRE(scanner.next(event));
  CHECK(event.carried == "event: x\nda");
  CHECK(event.end_offset == 7);
  CHECK(event.name == "x");
  CHECK(event.data == "a");
  REQUIRE(scanner.next(event));
  CHECK(event.carried.empty());
  CHECK(event.end_offset == 16);
  CHECK_FALSE(scanner.next(event));
  CHECK(scanner.pending_bytes() == 7);
}

TEST_CASE("scanner: an event is given at its blank line, not a byte later") {
  SseScanner scanner;
  SseEvent event;
  scanner.feed("data: a\r\n\r");
  REQUIRE(scanner.next(event));
  CHECK(event.data == "a");
  CHECK_FALSE(scanner.next(event));
  CHECK(scanner.at_boundary());
  scanner.feed("\ndata: b\r\n\r\n");
  REQUIRE(scanner.next(event));
  CHECK_FALSE(event.has_data);
  CHECK(event.end_offset == 1);
  REQUIRE(scanner.next(event));
  CHECK(event.data == "b");
}

TEST_CASE("scanner: finish gives what lacks its blank line") {
  for (std::string_view rest : {"data: [DONE]", "data: [DONE]\n", "data: [DONE]\r\n"}) {
    SseScanner scanner;
    SseEvent event;
    scanner.feed(rest);
    CHECK_FALSE(scanner.next(event));
    REQUIRE(scanner.finish(event));
    CHECK(event.data == "[DONE]");
    CHECK(event.carried == rest);
    CHECK_FALSE(scanner.finish(event));
  }
  SseScanner scanner;
  SseEvent event;
  CHECK_FALSE(scanner.finish(event));
}

TEST_CASE("scanner: the longest event that is held, and one byte more") {
  constexpr size_t kLimit = 100;
  for (size_t length : {kLimit - 1, kLimit, kLimit + 1, kLimit + 200, 3 * kOversizeTailBytes,
                        3 * kOversizeTailBytes + 7}) {
    CAPTURE(length);
    std::string long_event = "event: big\ndata: ";
    while (long_event.size() < length - 2)
      long_event += static_cast<char>('a' + long_event.size() % 26);
    long_event += "\n\n";
    const std::string stream = "data: a\n\n" + long_event + "data: b\n\n";
    const Result whole = scan({stream}, kLimit);
    REQUIRE(whole.events.size() == 3);
    CHECK(whole.events[1].oversize == (length > kLimit));
    CHECK(whole.events[1].name == "big");
    if (length > kLimit) {
      const size_t tail = std::min(long_event.size(), kOversizeTailBytes);
      CHECK(whole.events[1].data == long_event.substr(long_event.size() - tail));
    }
    CHECK(whole.forwarded == stream);
    check_all_splits(stream, whole, kLimit);
  }
}

TEST_CASE("scanner: a cut within an oversize event is no boundary, and nothing is held") {
  SseScanner scanner(16);
  SseEvent event;
  scanner.feed("data: 0123456789abcdef");
  REQUIRE(scanner.next(event));
  CHECK(event.oversize);
  CHECK_FALSE(event.complete);
  CHECK(event.end_offset == 22);
  CHECK_FALSE(scanner.next(event));
  CHECK(scanner.pending_bytes() == 0);
  CHECK_FALSE(scanner.at_boundary());
  CHECK_FALSE(scanner.finish(event));
  scanner.feed("xyz\n");
  REQUIRE(scanner.next(event));
  CHECK_FALSE(event.complete);
  scanner.feed("\n");
  REQUIRE(scanner.next(event));
  CHECK(event.complete);
  CHECK(event.data == "data: 0123456789abcdefxyz\n\n");
  CHECK_FALSE(scanner.next(event));
  CHECK(scanner.at_boundary());
}

TEST_CASE("scanner: the line feed of a last CRLF does not make an event too long") {
  const std::string stream = "data: 0123456789\r\n\r\ndata: b\r\n\r\n";
  constexpr size_t kUpToCr = 19;
  for (size_t limit : {kUpToCr - 1, kUpToCr, kUpToCr + 1}) {
    CAPTURE(limit);
    const Result whole = scan({stream}, limit);
    REQUIRE(whole.events.size() == 2);
    CHECK(whole.events[0].oversize == (limit < kUpToCr));
    check_all_splits(stream, whole, limit);
  }
}
