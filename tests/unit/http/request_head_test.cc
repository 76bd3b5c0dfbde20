// Goal: whole heads: limits (H5), faults that stay (F10), reuse of a parser, buffers that move.
#include "request_rows.h"

#include <array>

using namespace qcc::http;
using namespace qcc::http::test;
using namespace std::string_literals;

TEST_CASE("http request: F10, after a fault no byte is parsed until reset") {
  RequestParser parser;
  const std::string bad = with_field("Content-Length: x");
  const std::string good = with_field("Content-Length: 3");
  REQUIRE(parser.feed(bad) == ParseStatus::error);
  CHECK(parser.feed(good) == ParseStatus::error);
  CHECK(std::string(parser.fault().rule) == "F2");
  parser.reset();
  CHECK(parser.feed(good) == ParseStatus::done);
}

TEST_CASE("http request: H4, a control character at any offset is refused") {
  const std::string head = kClaudeCodeHead;
  for (char bad : {'\0', '\r', '\n', '\x0b', '\x7f'}) {
    for (size_t at = 1; at <= head.size() - 4; ++at) {
      std::string broken = head;
      broken.insert(at, 1, bad);
      RequestParser parser;
      CAPTURE(at);
      CHECK(parser.feed(broken) == ParseStatus::error);
    }
  }
}

TEST_CASE("http request: H5, limits strike when they are reached") {
  const std::string line = "GET / HTTP/1.1\r\nHost: a\r\n";
  CHECK(Parsed(line + repeat("a: b\r\n", 99) + "\r\n").head.fields.size() == 100);
  const std::string name = "X: ";
  auto field = [&](size_t bytes) { return name + std::string(bytes - name.size(), 'v'); };
  CHECK(Parsed(line + field(32768) + "\r\n\r\n").head.fields[1].value.size() == 32765);
  const size_t rest = line.size() + field(32768).size() + 2 + 2 + 2;
  const std::string full = line + field(32768) + "\r\n" + field(65536 - rest) + "\r\n\r\n";
  REQUIRE(full.size() == 65536);
  CHECK(Parsed(full).head.head_bytes == 65536);
  check_refusals({
      {"H5 count", 431, "H5", line + repeat("a: b\r\n", 100) + "\r\n"},
      {"H5 one field", 431, "H5", line + field(32769) + "\r\n\r\n"},
      {"H5 one field without end", 431, "H5", line + field(32769)},
      {"H5 head", 431, "H5", line + field(32768) + "\r\n" + field(65537 - rest) + "\r\n\r\n"},
      {"H5 head without end", 431, "H5",
       line + field(30000) + "\r\n" + field(30000) + "\r\n" + field(65536 - line.size() - 60004)},
  });
}

TEST_CASE("http request: H5, limits come from the options and never exceed the list") {
  HeadLimits limits;
  limits.fields = 2;
  limits.field_bytes = 10;
  limits.head_bytes = 60;
  limits.first_line_bytes = 20;
  limits.content_length = 5;
  check_refusals({{"count", 431, "H5", with_line("GET / HTTP/1.1\r\na:1\r\nb:2")},
                  {"field", 431, "H5", with_line("GET / HTTP/1.1\r\nabc:1234567")},
                  {"line", 414, "L7", with_line("GET /12345678 HTTP/1.1")},
                  {"line ends beyond the head", 431, "H5",
                   std::string("GET / HTTP/1.1\r\n") + repeat("12345678\r", 10)}},
                 {.first_line_bytes = 20, .field_bytes = 10, .head_bytes = 24, .fields = 2});
  RequestParser parser(limits);
  CHECK(parser.feed("PUT / HTTP/1.1\r\nHost:a\r\nContent-Length:6\r\n\r\n") == ParseStatus::error);
  limits = {};
  limits.fields = 1000;
  check_refusals({{"list", 431, "H5", with_field(repeat("a:\r\n", 128) + "a:")}}, limits);
}

TEST_CASE("http request: a Claude Code head, value by value") {
  Parsed parsed(kClaudeCodeHead);
  const RequestHead& head = parsed.head;
  CHECK(head.method == Method::post);
  CHECK(head.path == "/v1/messages");
  CHECK(head.query == "beta=true");
  CHECK(head.host == "127.0.0.1:8080");
  CHECK(head.keep_alive);
  CHECK(head.framing == BodyFraming::length);
  CHECK(head.content_length == 88941);
  CHECK(head.fields.size() == 15);
  CHECK(head.fields.value_of(KnownField::authorization) == "Bearer sk-ant-fake");
  CHECK(head.fields.value_of(KnownField::x_claude_code_session_id).ends_with("0009"));
  CHECK(head.fields.value_of(KnownField::x_stainless_retry_count) == "0");
  CHECK(head.fields.find("X-STAINLESS-LANG")->value == "js");
  CHECK(head.fields.find(KnownField::x_api_key) == nullptr);
  CHECK(head.fields.find("x-stainless-os") == nullptr);
}

TEST_CASE("http request: pipelined heads, one buffer that moves, one parser") {
  const std::string first = with_line("GET /1 HTTP/1.1");
  const std::string both = first + with_line("GET /22 HTTP/1.1");
  RequestParser parser;
  REQUIRE(parser.feed(both) == ParseStatus::done);
  CHECK(parser.head().path == "/1");
  CHECK(parser.head().head_bytes == first.size());
  parser.reset();
  REQUIRE(parser.feed(std::string_view(both).substr(first.size())) == ParseStatus::done);
  CHECK(parser.head().path == "/22");
  for (size_t cut = 0; cut < std::string_view(kClaudeCodeHead).size(); ++cut) {
    parser.reset();
    const std::string before = std::string(kClaudeCodeHead).substr(0, cut);
    const std::string after = kClaudeCodeHead;
    REQUIRE(parser.feed(before) == ParseStatus::need_more);
    REQUIRE(parser.feed(after) == ParseStatus::done);
    CHECK(summary(parser, ParseStatus::done) ==
          parse_in_pieces(after, {after.size()}, HeadLimits{}));
    CHECK(parser.head().host.data() > after.data());
  }
}

TEST_CASE("http request: a reused parser remembers nothing of the request before") {
  const std::string rich =
      "\r\nPUT http://a/x?query HTTP/1.1\r\nHost: a\r\nConnection: close, foo, te\r\n"
      "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n";
  for (const std::string& plain :
       {with_line("GET /y HTTP/1.1"), "GET / HTTP/1.0\r\n\r\n"s, with_line("OPTIONS * HTTP/1.1"),
        "GET /z HTTP/1.1\r\nHost: b\r\nUpgrade: c\r\n\r\n"s}) {
    RequestParser parser;
    REQUIRE(parser.feed(rich) == ParseStatus::done);
    parser.reset();
    REQUIRE(parser.feed(plain) == ParseStatus::done);
    CHECK(summary(parser, ParseStatus::done) == parse_every_way(plain));
    CHECK(parser.head().connection.others_size == 0);
    CHECK_FALSE(parser.head().connection.names({"TE", "", KnownField::te}));
  }
}
