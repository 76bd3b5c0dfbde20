// Goal: each row of the rules K7 and L has an input that breaks it, and the parser names that rule,
// however the bytes were split. Accepted heads are compared value by value.
#include "request_rows.h"

#include <array>

using namespace qcc::http;
using namespace qcc::http::test;
using namespace std::string_literals;

TEST_CASE("http request: K7, two empty lines are tolerated before a request, not three") {
  for (const char* lead : {"", "\r\n", "\r\n\r\n"}) {
    Parsed parsed(lead + with_line("GET / HTTP/1.1"));
    CHECK(parsed.head.head_bytes == parsed.bytes.size());
  }
  check_refusals({
      {"K7 three", 400, "K7", "\r\n\r\n\r\n" + with_line("GET / HTTP/1.1")},
      {"K7 bare LF", 400, "L1", "\n" + with_line("GET / HTTP/1.1")},
      {"K7 CR CR", 400, "L1", "\r\r\n" + with_line("GET / HTTP/1.1")},
  });
}

TEST_CASE("http request: K7, a silent close is told from a broken request") {
  RequestParser parser;
  for (const char* text : {"", "\r", "\r\n", "\r\n\r"}) {
    parser.reset();
    CHECK(parser.feed(text) == ParseStatus::need_more);
    CHECK_FALSE(parser.has_begun());
  }
  for (const char* text : {"G", "\r\nG", "GET / HTTP/1.1\r\n"}) {
    parser.reset();
    CHECK(parser.feed(text) == ParseStatus::need_more);
    CHECK(parser.has_begun());
  }
}

TEST_CASE("http request: L1 to L3, the request line") {
  check_refusals({
      {"L1 two spaces", 400, "L1", with_line("GET  / HTTP/1.1")},
      {"L1 two spaces before version", 400, "L1", with_line("GET /  HTTP/1.1")},
      {"L1 space in target", 400, "L1", with_line("GET /a b HTTP/1.1")},
      {"L1 leading blank", 400, "L1", with_line(" GET / HTTP/1.1")},
      {"L1 trailing blank", 400, "L1", with_line("GET / HTTP/1.1 ")},
      {"L1 tab for space", 400, "L1", with_line("GET\t/\tHTTP/1.1")},
      {"L1 vertical tab", 400, "L1", with_line("GET\x0b/ HTTP/1.1")},
      {"L1 form feed", 400, "L1", with_line("GET /\x0cHTTP/1.1")},
      {"L1 CR inside", 400, "L1", with_line("GET /\rx HTTP/1.1")},
      {"L1 bare LF", 400, "L1", "GET / HTTP/1.1\nHost: a\r\n\r\n"},
      {"L1 LF CR", 400, "L1", "GET / HTTP/1.1\n\rHost: a\r\n\r\n"},
      {"L1 CR CR LF", 400, "L1", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"},
      {"L1 one word", 400, "L1", with_line("GET")},
      {"L2 not a token", 400, "L2", with_line("GE:T / HTTP/1.1")},
      {"L2 high byte", 400, "L2", with_line("G\xc9T / HTTP/1.1")},
      {"L2 33 bytes", 400, "L2", with_line(std::string(33, 'A') + " / HTTP/1.1")},
      {"L2 32 bytes", 501, "L2", with_line(std::string(32, 'A') + " / HTTP/1.1")},
      {"L2 lower case", 501, "L2", with_line("get / HTTP/1.1")},
      {"L2 unknown", 501, "L2", with_line("BREW / HTTP/1.1")},
      {"L2 CONNECT", 405, "L2", with_line("CONNECT a:443 HTTP/1.1")},
      {"L2 TRACE", 405, "L2", with_line("TRACE / HTTP/1.1")},
      {"L3 HTTP/2.0", 505, "L3", with_line("GET / HTTP/2.0")},
      {"L3 HTTP/2", 505, "L3", with_line("GET / HTTP/2")},
      {"L3 HTTP/0.9", 505, "L3", with_line("GET / HTTP/0.9")},
      {"L3 h2 preface", 505, "L3", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"L3 no version", 400, "L3", with_line("GET /")},
      {"L3 empty version", 400, "L3", with_line("GET / ")},
      {"L3 HTTP/1", 400, "L3", with_line("GET / HTTP/1")},
      {"L3 HTTP/1.", 400, "L3", with_line("GET / HTTP/1.")},
      {"L3 two digits", 400, "L3", with_line("GET / HTTP/1.10")},
      {"L3 leading zero", 400, "L3", with_line("GET / HTTP/01.1")},
      {"L3 lower case", 400, "L3", with_line("GET / http/1.1")},
      {"L3 other name", 400, "L3", with_line("GET / ICAP/1.0")},
      {"L3 comma", 400, "L3", with_line("GET / HTTP/1,1")},
      {"L3 TLS hello", 400, "L1", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc"s},
  });
  struct Row {
    const char* version;
    int minor;
  };
  for (const Row& row :
       std::array<Row, 4>{{{"HTTP/1.0", 0}, {"HTTP/1.1", 1}, {"HTTP/1.2", 1}, {"HTTP/1.9", 1}}}) {
    Parsed parsed(with_line(std::string("GET / ") + row.version));
    CHECK(parsed.head.minor_version == row.minor);
  }
}

TEST_CASE("http request: L4 and L5, the target") {
  check_refusals({
      {"L4 authority form", 400, "L4", with_line("GET a:80 HTTP/1.1")},
      {"L4 two slashes", 400, "L4", with_line("GET //evil/x HTTP/1.1")},
      {"L4 two slashes in absolute form", 400, "L4", with_line("GET http://a//x HTTP/1.1")},
      {"L4 relative", 400, "L4", with_line("GET x HTTP/1.1")},
      {"L4 other scheme", 400, "L4", with_line("GET ftp://a/x HTTP/1.1")},
      {"L4 userinfo", 400, "L4", with_line("GET http://u@a/x HTTP/1.1")},
      {"L4 no authority", 400, "L4", with_line("GET http:///x HTTP/1.1")},
      {"L4 authority differs", 400, "L4", with_line("GET http://b/x HTTP/1.1")},
      {"L4 port differs", 400, "L4", with_line("GET http://a:81/x HTTP/1.1")},
      {"L4 star", 400, "L4", with_line("GET * HTTP/1.1")},
      {"L4 star and more", 400, "L4", with_line("OPTIONS *x HTTP/1.1")},
      {"L4 query only", 400, "L4", with_line("GET ?x HTTP/1.1")},
      {"L5 fragment", 400, "L5", with_line("GET /a#b HTTP/1.1")},
      {"L5 NUL", 400, "L1", with_line("GET /a\0b HTTP/1.1"s)},
      {"L5 control", 400, "L1", with_line("GET /a\x01 HTTP/1.1")},
      {"L5 tab", 400, "L5", with_line("GET /a\tb HTTP/1.1")},
      {"L5 DEL", 400, "L1", with_line("GET /a\x7f HTTP/1.1")},
      {"L5 high byte", 400, "L5", with_line("GET /\xc3\xa9 HTTP/1.1")},
  });
  for (char c : std::string_view("\"<>\\^`{|}#")) {
    CAPTURE(c);
    check_refusals({{"L5", 400, "L5", with_line(std::string("GET /a?b=") + c + " HTTP/1.1")}});
  }
}

TEST_CASE("http request: L4, targets become path and query") {
  struct Row {
    const char* line;
    const char* path;
    const char* query;
  };
  for (const Row& row : std::array<Row, 10>{{
           {"GET / HTTP/1.1", "/", ""},
           {"GET /v1/models?a=b?c&d=%20 HTTP/1.1", "/v1/models", "a=b?c&d=%20"},
           {"GET /? HTTP/1.1", "/", ""},
           {"GET /a//b/../c;v=1:@!$&'()*+,=~ HTTP/1.1", "/a//b/../c;v=1:@!$&'()*+,=~", ""},
           {"GET http://a/x?y HTTP/1.1", "/x", "y"},
           {"GET HTTPS://A/x HTTP/1.1", "/x", ""},
           {"GET http://a HTTP/1.1", "/", ""},
           {"GET http://a?q HTTP/1.1", "/", "q"},
           {"GET http://a/?q HTTP/1.1", "/", "q"},
           {"OPTIONS * HTTP/1.1", "*", ""},
       }}) {
    CAPTURE(row.line);
    Parsed parsed(with_line(row.line));
    CHECK(parsed.head.path == row.path);
    CHECK(parsed.head.query == row.query);
  }
}

TEST_CASE("http request: L7, a long request line works up to the limit") {
  constexpr size_t kRest = sizeof("GET / HTTP/1.1") - 1;
  auto line = [](size_t bytes) {
    return with_line("GET /" + std::string(bytes - kRest, 'x') + " HTTP/1.1");
  };
  CHECK(Parsed(line(8000)).head.path.size() == 8000 - kRest + 1);
  CHECK(Parsed(line(16384)).head.path.size() == 16384 - kRest + 1);
  check_refusals({
      {"L7 one more", 414, "L7", line(16385)},
      {"L7 without an end", 414, "L7", "GET /" + std::string(16384, 'x')},
  });
  RequestParser parser;
  CHECK(parser.feed("GET /" + std::string(16379, 'x')) == ParseStatus::need_more);
}

TEST_CASE("http request: L8 and L9, Host") {
  check_refusals({
      {"L8 missing", 400, "L8", "GET / HTTP/1.1\r\nAccept: a\r\n\r\n"},
      {"L8 missing, 1.2", 400, "L8", "GET / HTTP/1.2\r\n\r\n"},
      {"L8 twice", 400, "L8", with_host("a\r\nHost: b")},
      {"L8 twice, equal", 400, "L8", with_host("a\r\nhost: a")},
      {"L8 twice in 1.0", 400, "L8", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"},
      {"L8 empty", 400, "L8", with_host("")},
      {"L8 NUL", 400, "H4", with_host("a\0b"s)},
      {"L8 big port", 400, "L8", with_host("a:65536")},
      {"L8 long port", 400, "L8", with_host("a:4294967376")},
      {"L8 signed port", 400, "L8", with_host("a:+80")},
      {"L8 two ports", 400, "L8", with_host("a:80:80")},
      {"L8 only port", 400, "L8", with_host(":80")},
      {"L8 open bracket", 400, "L8", with_host("[::1")},
      {"L8 closed bracket", 400, "L8", with_host("::1]")},
      {"L8 no brackets", 400, "L8", with_host("::1")},
      {"L8 not an address", 400, "L8", with_host("[g::1]")},
      {"L8 v4 in brackets", 400, "L8", with_host("[127.0.0.1]")},
      {"L8 zone", 400, "L8", with_host("[fe80::1%25eth0]")},
      {"L8 text after bracket", 400, "L8", with_host("[::1]x")},
      {"L8 high byte", 400, "L8", with_host("b\xc3\xbc")},
      {"L8 bad escape", 400, "L8", with_host("a%2")},
  });
  for (char c : std::string_view(" /@#?,<>\\\"\t|^{}`")) {
    CAPTURE(c);
    check_refusals({{"L8 byte", 400, "L8", with_host(std::string("a") + c + "b")}});
  }
  for (const char* host : {"a", "127.0.0.1:8080", "[::1]", "[::ffff:1.2.3.4]:65535", "a.b.:0",
                           "a:", "x_y-z~", "a%2fb"}) {
    CAPTURE(host);
    CHECK(Parsed(with_host(host)).head.host == host);
  }
  Parsed old("GET / HTTP/1.0\r\n\r\n");
  CHECK(old.head.host.empty());
  CHECK_FALSE(old.head.keep_alive);
}
