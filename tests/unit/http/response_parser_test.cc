// Goal: rows U1 to U4, C6, C8 and C9: a response head is either understood or refused with 502,
// however the bytes were split.
#include <qcc/http/response_parser.h>

#include <array>

#include "feeding.h"

using namespace qcc::http;
using namespace qcc::http::test;

namespace {

using namespace std::string_literals;

std::string summary(const ResponseParser& parser, ParseStatus status) {
  if (status == ParseStatus::need_more) return "need more";
  if (status == ParseStatus::error)
    return std::to_string(parser.fault().status) + ' ' + parser.fault().rule + ' ' +
           parser.fault().message;
  const ResponseHead& head = parser.head();
  std::string text = std::to_string(head.status) + std::string(head.reason);
  for (const Field& field : head.fields)
    text.append("\n").append(field.name).append("=").append(field.value);
  return text + "\n" + std::to_string(head.minor_version) +
         std::to_string(static_cast<int>(head.framing)) + ',' +
         std::to_string(head.content_length) + ',' + std::to_string(head.keep_alive) + ',' +
         std::to_string(head.head_bytes);
}

std::string parse_in_pieces(std::string_view bytes, const Cuts& cuts) {
  ResponseParser parser(Method::post);
  ParseStatus status = ParseStatus::need_more;
  for (size_t cut : cuts) {
    status = parser.feed(bytes.substr(0, cut));
    if (status != ParseStatus::need_more) break;
  }
  return summary(parser, status);
}

std::string parse_every_way(std::string_view bytes) {
  const std::string whole = parse_in_pieces(bytes, {bytes.size()});
  for_each_split(bytes.size(),
                 [&](const Cuts& cuts) { CHECK(parse_in_pieces(bytes, cuts) == whole); });
  return whole;
}

struct Refusal {
  const char* rule;
  std::string head;
};

void check_refusals(const std::vector<Refusal>& rows) {
  for (const Refusal& row : rows) {
    CAPTURE(show(row.head));
    std::string wanted = std::string("502 ") + row.rule + ' ';
    CHECK(parse_every_way(row.head).substr(0, wanted.size()) == wanted);
  }
}

std::string with_line(std::string_view line) { return std::string(line) + "\r\n\r\n"; }
std::string with_field(std::string_view field) {
  return "HTTP/1.1 200 OK\r\n" + std::string(field) + "\r\n\r\n";
}

struct Parsed {
  explicit Parsed(std::string text, Method method = Method::post)
      : bytes(std::move(text)), parser(method) {
    parse_every_way(bytes);
    REQUIRE(parser.feed(bytes) == ParseStatus::done);
  }
  std::string bytes;
  ResponseParser parser;
  const ResponseHead& head = parser.head();
};

}  // namespace

TEST_CASE("http response: U1, the status line") {
  check_refusals({
      {"U1", with_line("HTTP/0.9 200 OK")},
      {"U1", with_line("HTTP/2.0 200 OK")},
      {"U1", with_line("HTTP/1.2 200 OK")},
      {"U1", with_line("HTTP/1.10 200 OK")},
      {"U1", with_line("http/1.1 200 OK")},
      {"U1", with_line("ICY 200 OK")},
      {"U1", with_line(" HTTP/1.1 200 OK")},
      {"U1", with_line("HTTP/1.1  200 OK")},
      {"U1", with_line("HTTP/1.1\t200 OK")},
      {"U1", with_line("HTTP/1.1 200\tOK")},
      {"U1", with_line("HTTP/1.1 20 OK")},
      {"U1", with_line("HTTP/1.1 2000 OK")},
      {"U1", with_line("HTTP/1.1 2x0 OK")},
      {"U1", with_line("HTTP/1.1 099 OK")},
      {"U1", with_line("HTTP/1.1 600 OK")},
      {"U1", with_line("HTTP/1.1 999 OK")},
      {"U1", with_line("HTTP/1.1 -20 OK")},
      {"U1", with_line("HTTP/1.1")},
      {"U1", with_line("HTTP/1.1 ")},
      {"U1", with_line("")},
      {"U1", "\r\n" + with_line("HTTP/1.1 200 OK")},
      {"U1", "HTTP/1.1 200 OK\n\n"},
      {"U1", with_line("HTTP/1.1 200 O\x01K")},
      {"U1", with_line("HTTP/1.1 200 O\0K"s)},
      {"U1", "<html>\n"},
      {"U1", "junkHTTP/1.1 200 OK\r\n\r\n"},
      {"U1", with_line("HTTP/1.1 200OK")},
  });
  struct Row {
    const char* line;
    int status;
    int minor;
    const char* reason;
  };
  for (const Row& row : std::array<Row, 7>{{
           {"HTTP/1.1 200 OK", 200, 1, "OK"},
           {"HTTP/1.0 200 OK", 200, 0, "OK"},
           {"HTTP/1.1 200", 200, 1, ""},
           {"HTTP/1.1 200 ", 200, 1, ""},
           {"HTTP/1.1 529 Over\tloaded \xff", 529, 1, "Over\tloaded \xff"},
           {"HTTP/1.1 599 x", 599, 1, "x"},
           {"HTTP/1.1 100 Continue", 100, 1, "Continue"},
       }}) {
    CAPTURE(row.line);
    Parsed parsed(with_line(row.line));
    CHECK(parsed.head.status == row.status);
    CHECK(parsed.head.minor_version == row.minor);
    CHECK(parsed.head.reason == row.reason);
  }
}

TEST_CASE("http response: U2, fields") {
  check_refusals({
      {"U2", with_field("Content-Length : 3")},
      {"U2", with_field("Content-Type: a\r\n b")},
      {"U2", "HTTP/1.1 200 OK\r\n Server: a\r\n\r\n"},
      {"U2", with_field("no colon")},
      {"U2", with_field(": x")},
      {"U2", with_field("a: b\nc: d")},
      {"U2", with_field("a: b\rc")},
      {"U2", with_field("a: \0"s)},
      {"U2", with_field("a: \x7f")},
      {"U2", with_field("Connection: a b")},
      {"U2", with_field("Connection: " + repeat("a,", 17))},
  });
}

TEST_CASE("http response: U3, framing that contradicts itself") {
  check_refusals({
      {"U3", with_field("Content-Length: 3\r\nTransfer-Encoding: chunked")},
      {"U3", with_field("Content-Length: 3\r\nContent-Length: 3")},
      {"U3", with_field("Content-Length: 3\r\nContent-Length: 4")},
      {"U3", with_field("Content-Length: 3, 3")},
      {"U3", with_field("Content-Length: -1")},
      {"U3", with_field("Content-Length: 9223372036854775808")},
      {"U3", with_field("Transfer-Encoding: gzip")},
      {"U3", with_field("Transfer-Encoding: gzip, chunked")},
      {"U3", with_field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")},
      {"U3", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"U3", "HTTP/1.1 204 x\r\nContent-Length: x\r\n\r\n"},
  });
}

TEST_CASE("http response: U4, limits") {
  CHECK(Parsed("HTTP/1.1 200 OK\r\n" + repeat("a: b\r\n", 128) + "\r\n").head.fields.size() == 128);
  check_refusals({
      {"U4", "HTTP/1.1 200 OK\r\n" + repeat("a: b\r\n", 129) + "\r\n"},
      {"U4", "HTTP/1.1 200 " + std::string(17000, 'x')},
      {"U4", "HTTP/1.1 200 OK\r\na: " + std::string(33000, 'x')},
      {"U4", "HTTP/1.1 200 OK\r\n" + repeat("a: " + std::string(997, 'x') + "\r\n", 66)},
  });
}

TEST_CASE("http response: U7 and C9, how the body is framed") {
  struct Row {
    Method method;
    const char* head;
    BodyFraming framing;
    uint64_t length;
    bool keep_alive;
  };
  const BodyFraming none = BodyFraming::none;
  const std::string_view eof = "HTTP/1.1 200 OK\r\n\r\n";
  for (const Row& row : std::array<Row, 15>{{
           {Method::post, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", BodyFraming::length, 7,
            true},
           {Method::post, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            BodyFraming::length, 99999999999, true},
           {Method::post, "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n",
            BodyFraming::chunked, 0, true},
           {Method::post, eof.data(), BodyFraming::until_close, 0, false},
           {Method::post, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n",
            BodyFraming::until_close, 0, false},
           {Method::post, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n",
            BodyFraming::length, 1, true},
           {Method::post, "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", BodyFraming::length, 1,
            false},
           {Method::post, "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 1\r\n\r\n",
            BodyFraming::length, 1, false},
           {Method::head, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", none, 7, true},
           {Method::head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", none, 0, true},
           {Method::head, eof.data(), none, 0, true},
           {Method::get, "HTTP/1.1 204 No\r\nContent-Length: 7\r\n\r\n", none, 7, true},
           {Method::get, "HTTP/1.1 304 No\r\nContent-Length: 7\r\n\r\n", none, 7, true},
           {Method::get, "HTTP/1.1 103 Early\r\nContent-Length: 7\r\n\r\n", none, 7, true},
           {Method::get, "HTTP/1.1 205 Reset\r\nContent-Length: 7\r\n\r\n", BodyFraming::length, 7,
            true},
       }}) {
    CAPTURE(row.head);
    Parsed parsed(row.head, row.method);
    CHECK(parsed.head.framing == row.framing);
    CHECK(parsed.head.content_length == row.length);
    CHECK(parsed.head.keep_alive == row.keep_alive);
  }
}

TEST_CASE("http response: C6, an upgrade nobody asked for") {
  check_refusals({{"C6", "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n"}});
}

TEST_CASE("http response: C8, eight interim answers are skipped, the ninth is refused") {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
  const std::string final = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  for (size_t count : {size_t{0}, size_t{1}, size_t{8}}) {
    const std::string bytes = repeat(interim, count) + final;
    std::string_view left = bytes;
    ResponseParser parser(Method::post);
    for (size_t i = 0; i < count; ++i) {
      REQUIRE(parser.feed(left) == ParseStatus::done);
      CHECK(parser.head().status == 103);
      left.remove_prefix(parser.head().head_bytes);
      parser.skip_informational();
    }
    REQUIRE(parser.feed(left) == ParseStatus::done);
    CHECK(parser.head().status == 200);
    CHECK(parser.head().fields.size() == 1);
  }
  ResponseParser parser(Method::post);
  for (int i = 0; i < 8; ++i) {
    REQUIRE(parser.feed(interim) == ParseStatus::done);
    parser.skip_informational();
  }
  CHECK(parser.feed(interim) == ParseStatus::error);
  CHECK(std::string(parser.fault().rule) == "C8");
  parser.reset(Method::post);
  CHECK(parser.feed(interim) == ParseStatus::done);
}

TEST_CASE("http response: C8, interim answers are limited in bytes too") {
  const std::string interim = "HTTP/1.1 103 x\r\nLink: " + std::string(8160, 'x') + "\r\n\r\n";
  REQUIRE(interim.size() <= 8192);
  ResponseParser parser(Method::post);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(parser.feed(interim) == ParseStatus::done);
    parser.skip_informational();
  }
  CHECK(parser.feed(interim) == ParseStatus::error);
  CHECK(std::string(parser.fault().rule) == "C8");
}
