// Goal: heads leave in one canonical form (F12), never beyond their buffer, and no value can
// smuggle in a line of its own.
#include <qcc/http/serialize.h>

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <string>

using namespace qcc::http;

TEST_CASE("http serialize: F12, a request head byte by byte") {
  std::array<char, 512> buffer;
  HeadWriter writer(buffer);
  writer.request_line("POST", {"/anthropic", "/v1/messages", "beta=true"})
      .add("Host", "api.anthropic.com")
      .add(KnownField::x_api_key, "sk-1")
      .forward({"X-App", "cli", KnownField::x_app})
      .content_length(18446744073709551615ull)
      .end();
  REQUIRE(writer.ok());
  CHECK(writer.text() ==
        "POST /anthropic/v1/messages?beta=true HTTP/1.1\r\nHost: api.anthropic.com\r\n"
        "x-api-key: sk-1\r\nX-App: cli\r\nContent-Length: 18446744073709551615\r\n\r\n");
}

TEST_CASE("http serialize: a response head byte by byte") {
  std::array<char, 512> buffer;
  HeadWriter writer(buffer);
  writer.status_line(200).add("Empty", "").chunked().connection_close().end();
  CHECK(writer.text() ==
        "HTTP/1.1 200 OK\r\nEmpty: \r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  HeadWriter unnamed(buffer);
  CHECK(unnamed.status_line(298).text() == "HTTP/1.1 298 Unknown\r\n");
}

TEST_CASE("http serialize: no buffer is overrun, whatever its size") {
  auto write = [](HeadWriter& writer) {
    writer.request_line("GET", {"", "/a", "b"})
        .add("N", "value")
        .content_length(12)
        .chunked()
        .end();
  };
  std::array<char, 512> large;
  HeadWriter whole(large);
  write(whole);
  const std::string expected(whole.text());
  REQUIRE(!expected.empty());
  for (size_t size = 0; size <= expected.size() + 1; ++size) {
    std::string buffer(size + 8, '#');
    HeadWriter writer(std::span<char>(buffer.data(), size));
    write(writer);
    CAPTURE(size);
    CHECK(buffer.substr(size) == "########");
    CHECK(writer.ok() == (size >= expected.size()));
    CHECK(writer.text() == (size >= expected.size() ? expected : ""));
  }
}

TEST_CASE("http serialize: what could start a new line is refused for good") {
  std::array<char, 512> buffer;
  struct Row {
    std::string_view name, value;
  };
  for (const Row& row : std::array<Row, 7>{{{"a", "x\r\nHost: evil"},
                                            {"a", "x\ny"},
                                            {"a", {"\0", 1}},
                                            {"a", "\x7f"},
                                            {"a b", "x"},
                                            {"a:", "x"},
                                            {"", "x"}}}) {
    HeadWriter writer(buffer);
    writer.add(row.name, row.value).add("b", "c").end();
    CHECK_FALSE(writer.ok());
    CHECK(writer.text().empty());
  }
  const std::array<TargetParts, 5> targets = {
      {{"", "/a b", ""}, {"/a\r\n", "/b", ""}, {"", "/a", "q\nx"}, {"", "", "q"}, {"", "/#", ""}}};
  for (const TargetParts& target : targets)
    CHECK_FALSE(HeadWriter(buffer).request_line("GET", target).ok());
  CHECK_FALSE(HeadWriter(buffer).request_line("GE T", {"", "/", ""}).ok());
  CHECK_FALSE(HeadWriter(buffer).request_line("", {"", "/", ""}).ok());
}

TEST_CASE("http serialize: chunk headers") {
  struct Row {
    uint64_t size;
    const char* text;
  };
  for (const Row& row : std::array<Row, 7>{{{1, "1\r\n"},
                                            {15, "f\r\n"},
                                            {16, "10\r\n"},
                                            {255, "ff\r\n"},
                                            {0x1000, "1000\r\n"},
                                            {0xabcdef, "abcdef\r\n"},
                                            {UINT64_MAX, "ffffffffffffffff\r\n"}}}) {
    std::array<char, kChunkHeaderBytesMax> out;
    size_t bytes = write_chunk_header(out, row.size);
    CHECK(std::string_view(out.data(), bytes) == row.text);
  }
}
