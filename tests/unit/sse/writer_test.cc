#include <doctest/doctest.h>
#include <qcc/sse/scanner.h>
#include <qcc/sse/writer.h>

#include <string>
#include <vector>

using namespace qcc::sse;

TEST_CASE("append_event") {
  struct Row {
    std::string name, data, written;
  };
  const std::vector<Row> rows = {
      {"ping", "{}", "event: ping\ndata: {}\n\n"},
      {"", "[DONE]", "data: [DONE]\n\n"},
      {"", "", "data: \n\n"},
      {"x", "1\n2\r\n3\r4", "event: x\ndata: 1\ndata: 2\ndata: 3\ndata: 4\n\n"},
      {"", "a\n", "data: a\ndata: \n\n"},
  };
  for (const Row& row : rows) {
    std::string out = "before|";
    append_event(out, row.name, row.data);
    CHECK(out == "before|" + row.written);
  }
}

TEST_CASE("what is written is read again") {
  std::string out;
  append_event(out, "name", " two\n lines");
  SseScanner scanner;
  scanner.feed(out);
  SseEvent event;
  REQUIRE(scanner.next(event));
  CHECK(event.name == "name");
  CHECK(event.data == " two\n lines");
  CHECK(event.end_offset == out.size());
}
