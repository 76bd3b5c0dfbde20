// Goal: each row of the rules F, L, H and K7 has an input that breaks it, and the parser names that
// rule, however the bytes were split. Accepted heads are compared value by value.
#include <qcc/http/request_parser.h>

#include <array>

#include "feeding.h"

using namespace qcc::http;
using namespace qcc::http::test;

namespace {

using namespace std::string_literals;

struct Refusal {
  const char* row;
  int status;
  const char* rule;
  std::string head;
};

std::string summary(const RequestParser& parser, ParseStatus status) {
  if (status == ParseStatus::need_more) return "need more";
  if (status == ParseStatus::error)
    return std::to_string(parser.fault().status) + ' ' + parser.fault().rule + ' ' +
           parser.fault().message;
  const RequestHead& head = parser.head();
  std::string text(head.method_text);
  for (std::string_view part : {head.target, head.path, head.query, head.host})
    text.append(" <").append(part).append(">");
  for (const Field& field : head.fields)
    text.append("\n")
        .append(field.name)
        .append("=")
        .append(field.value)
        .append(std::to_string(static_cast<int>(field.id)));
  text += "\n" + std::to_string(head.minor_version) +
          std::to_string(static_cast<int>(head.framing)) + ',' +
          std::to_string(head.content_length) + ',' + std::to_string(head.keep_alive) +
          std::to_string(head.expect_continue) + ',' + std::to_string(head.head_bytes);
  return text;
}

std::string parse_in_pieces(std::string_view bytes, const Cuts& cuts, const HeadLimits& limits) {
  RequestParser parser(limits);
  ParseStatus status = ParseStatus::need_more;
  for (size_t cut : cuts) {
    status = parser.feed(bytes.substr(0, cut));
    if (status != ParseStatus::need_more) break;
  }
  return summary(parser, status);
}

std::string parse_every_way(std::string_view bytes, const HeadLimits& limits = {}) {
  const std::string whole = parse_in_pieces(bytes, {bytes.size()}, limits);
  for_each_split(bytes.size(),
                 [&](const Cuts& cuts) { CHECK(parse_in_pieces(bytes, cuts, limits) == whole); });
  return whole;
}

std::string with_field(std::string_view field) {
  return "POST /v1/messages HTTP/1.1\r\nHost: a\r\n" + std::string(field) + "\r\n\r\n";
}

std::string with_line(std::string_view line) { return std::string(line) + "\r\nHost: a\r\n\r\n"; }

std::string with_host(std::string_view host) {
  return "GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
}

void check_refusals(const std::vector<Refusal>& rows, const HeadLimits& limits = {}) {
  for (const Refusal& refusal : rows) {
    CAPTURE(refusal.row);
    CAPTURE(show(refusal.head));
    std::string wanted = std::to_string(refusal.status) + ' ' + refusal.rule + ' ';
    CHECK(parse_every_way(refusal.head, limits).substr(0, wanted.size()) == wanted);
  }
}

// The parser with the head, for looking at values.
struct Parsed {
  explicit Parsed(std::string text) : bytes(std::move(text)) {
    parse_every_way(bytes);
    REQUIRE(parser.feed(bytes) == ParseStatus::done);
  }
  std::string bytes;
  RequestParser parser;
  const RequestHead& head = parser.head();
};

const char* const kClaudeCodeHead =
    "POST /v1/messages?beta=true HTTP/1.1\r\n"
    "Accept: application/json\r\n"
    "Authorization: Bearer sk-ant-fake\r\n"
    "Content-Type: application/json\r\n"
    "User-Agent: claude-cli/2.1.197 (external, cli)\r\n"
    "X-Claude-Code-Session-Id: 00000000-0000-4000-8000-000000000009\r\n"
    "X-Stainless-Lang: js\r\n"
    "X-Stainless-Retry-Count: 0\r\n"
    "anthropic-beta: claude-code-20250219,context-1m-2025-08-07\r\n"
    "anthropic-dangerous-direct-browser-access: true\r\n"
    "anthropic-version: 2023-06-01\r\n"
    "x-app: cli\r\n"
    "Connection: keep-alive\r\n"
    "Host: 127.0.0.1:8080\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Content-Length: 88941\r\n"
    "\r\n";

}  // namespace

TEST_CASE("http request: F rows, contradictory framing is refused") {
  check_refusals({
      {"F1", 400, "F1", with_field("Content-Length: 3\r\nTransfer-Encoding: chunked")},
      {"F1 other order", 400, "F1", with_field("Transfer-Encoding: chunked\r\nContent-Length: 3")},
      {"F1 both bad", 400, "F1", with_field("transfer-encoding: x,y\r\ncontent-length: -")},
      {"F2 plus", 400, "F2", with_field("Content-Length: +3")},
      {"F2 minus", 400, "F2", with_field("Content-Length: -3")},
      {"F2 space inside", 400, "F2", with_field("Content-Length: 1 2")},
      {"F2 hex", 400, "F2", with_field("Content-Length: 0x10")},
      {"F2 underscore", 400, "F2", with_field("Content-Length: 1_0")},
      {"F2 list", 400, "F2", with_field("Content-Length: 3, 3")},
      {"F2 comma", 400, "F2", with_field("Content-Length: 3,")},
      {"F2 quote", 400, "F2", with_field("Content-Length: \"3\"")},
      {"F2 empty", 400, "F2", with_field("Content-Length:")},
      {"F2 blank", 400, "F2", with_field("Content-Length:  \t ")},
      {"F2 NUL", 400, "H4", with_field("Content-Length: 3\0"s)},
      {"F2 high byte", 400, "F2", with_field("Content-Length: \xb2")},
      {"F2 fraction", 400, "F2", with_field("Content-Length: 1.0")},
      {"F2 above 2^63-1", 400, "F2", with_field("Content-Length: 9223372036854775808")},
      {"F2 19 nines", 400, "F2", with_field("Content-Length: 9999999999999999999")},
      {"F2 20 digits", 400, "F2", with_field("Content-Length: 00000000000000000003")},
      {"F2 wraps 64 bits", 400, "F2", with_field("Content-Length: 18446744073709551619")},
      {"F3 differ", 400, "F3", with_field("Content-Length: 3\r\nContent-Length: 4")},
      {"F3 equal", 400, "F3", with_field("Content-Length: 3\r\ncontent-length: 3")},
      {"F3 one empty", 400, "F3", with_field("Content-Length: 3\r\nContent-Length:")},
      {"F4", 413, "F4", with_field("Content-Length: 33554433")},
      {"F4 2^63-1", 413, "F4", with_field("Content-Length: 9223372036854775807")},
      {"F5 identity", 501, "F5", with_field("Transfer-Encoding: identity")},
      {"F5 unknown", 501, "F5", with_field("Transfer-Encoding: xchunked")},
      {"F5 list", 400, "F5", with_field("Transfer-Encoding: gzip, chunked")},
      {"F5 twice in a list", 400, "F5", with_field("Transfer-Encoding: chunked, chunked")},
      {"F5 trailing comma", 400, "F5", with_field("Transfer-Encoding: chunked,")},
      {"F5 parameter", 400, "F5", with_field("Transfer-Encoding: chunked;q=1")},
      {"F5 quoted", 400, "F5", with_field("Transfer-Encoding: \"chunked\"")},
      {"F5 empty", 400, "F5", with_field("Transfer-Encoding:")},
      {"F5 repeated", 400, "F5",
       with_field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")},
      {"F5 vertical tab", 400, "H4",
       with_field("Transfer-Encoding: \x0b"
                  "chunked")},
      {"F5 no-break space", 400, "F5", with_field("Transfer-Encoding: chunked\xa0")},
      {"F6", 400, "F6", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"F6 keep-alive", 400, "F6",
       "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"},
  });
}

TEST_CASE("http request: F7 and F8, sound framing is reported for every method") {
  struct Row {
    const char* text;
    BodyFraming framing;
    uint64_t length;
  };
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    const std::string line = std::string(method) + " /x HTTP/1.1\r\nHost: a\r\n";
    for (const Row& row : std::array<Row, 6>{{
             {"", BodyFraming::none, 0},
             {"Content-Length: 0\r\n", BodyFraming::length, 0},
             {"Content-Length:\t 0000000000000000012 \r\n", BodyFraming::length, 12},
             {"cOnTeNt-lEnGtH:33554432\r\n", BodyFraming::length, 33554432},
             {"Transfer-Encoding: chunked\r\n", BodyFraming::chunked, 0},
             {"transfer-encoding:\tChUnKeD \r\n", BodyFraming::chunked, 0},
         }}) {
      CAPTURE(method);
      CAPTURE(row.text);
      Parsed parsed(line + row.text + "\r\nGET");
      CHECK(parsed.head.framing == row.framing);
      CHECK(parsed.head.content_length == row.length);
      CHECK(parsed.head.head_bytes == parsed.bytes.size() - 3);
    }
  }
}

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

TEST_CASE("http request: H1 to H4, fields") {
  check_refusals({
      {"H1 space", 400, "H1", with_field("Accept : a")},
      {"H1 tab", 400, "H1", with_field("Accept\t: a")},
      {"H1 before a framing field", 400, "H1", with_field("Content-Length : 3")},
      {"H2 folded", 400, "H2", with_field("Accept: a\r\n b")},
      {"H2 folded with tab", 400, "H2", with_field("Accept: a\r\n\tb: c")},
      {"H2 before the first", 400, "H2", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
      {"H2 blank line", 400, "H2", with_field(" ")},
      {"H3 no colon", 400, "H3", with_field("Accept")},
      {"H3 no colon, unknown", 400, "H3", with_field("Foo")},
      {"H3 empty name", 400, "H3", with_field(": a")},
      {"H3 space inside", 400, "H3", with_field("Con tent: a")},
      {"H3 bracket", 400, "H3", with_field("Accept(: a")},
      {"H3 high byte", 400, "H3", with_field("Acc\xe9pt: a")},
      {"H3 no-break space", 400, "H3", with_field("Content-Length\xa0: 3")},
      {"H4 NUL in name", 400, "H4", with_field("Acc\0ept: a"s)},
      {"H4 CR in value", 400, "H4", with_field("Accept: a\rb")},
      {"H4 bare LF", 400, "H4", with_field("Accept: a\nX: b")},
      {"H4 bare LF at the end", 400, "H4", "GET / HTTP/1.1\r\nHost: a\r\n\n"},
      {"H4 CR CR LF", 400, "H4", with_field("Accept: a\r")},
  });
  for (int c = 0; c < 0x20; ++c) {
    if (c == '\t' || c == '\r' || c == '\n') continue;
    CAPTURE(c);
    check_refusals({{"H4", 400, "H4", with_field("X: a" + std::string(1, static_cast<char>(c)))}});
  }
  check_refusals({{"H4 DEL", 400, "H4", with_field("X: a\x7f")}});
  Parsed parsed(with_field("x: \t a\t \x80\xff b \t\r\nEmpty:\r\n!#$%&'*+-.^_`|~09aZ:x:y"));
  CHECK(parsed.head.fields[1].value == "a\t \x80\xff b");
  CHECK(parsed.head.fields[2].value.empty());
  CHECK(parsed.head.fields[3].name == "!#$%&'*+-.^_`|~09aZ");
  CHECK(parsed.head.fields[3].value == "x:y");
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

TEST_CASE("http request: H6, fields that must be unique") {
  for (const char* name : {"Content-Type", "Authorization", "x-api-key", "Anthropic-Version"}) {
    CAPTURE(name);
    const std::string field = std::string(name) + ": a";
    check_refusals({{"H6", 400, "H6", with_field(field + "\r\nAccept: b\r\n" + field)}});
  }
  CHECK(Parsed(with_field("anthropic-beta: a\r\nanthropic-beta: b")).head.fields.size() == 3);
}

TEST_CASE("http request: H7 and H9, what Connection may name") {
  for (const char* name : {"Host", "Content-Length", "transfer-encoding", "CONTENT-TYPE",
                           "anthropic-version", "anthropic-beta", "Authorization", "X-API-Key"}) {
    CAPTURE(name);
    check_refusals({{"H7", 400, "H7", with_field("Connection: keep-alive, " + std::string(name))},
                    {"H7 second line", 400, "H7",
                     with_field("Connection: close\r\nConnection: " + std::string(name))}});
  }
  check_refusals(
      {{"H7 not a token", 400, "H7", with_field("Connection: close;x")},
       {"H9 17 names", 400, "H9", with_field("Connection: " + repeat("a,", 17))},
       {"H9 two lines", 400, "H9",
        with_field("Connection: " + repeat("a,", 9) + "\r\nConnection: " + repeat("te,", 8))}});
  Parsed parsed(
      with_field("Connection: " + repeat("x,", 14) + " ,, Foo ,\tTE\r\nFOO: 1\r\nBar: 2"));
  CHECK(parsed.head.connection.names({"foo", "", KnownField::other}));
  CHECK(parsed.head.connection.names({"te", "", KnownField::te}));
  CHECK_FALSE(parsed.head.connection.names({"Bar", "", KnownField::other}));
}

TEST_CASE("http request: H8, look-alikes of sensitive names are marked") {
  for (const char* name : {"Content_Length", "Transfer_Encoding", "transfer-encoding_",
                           "X_Forwarded_For", "x-api_key", "X_Forwarded_Server"}) {
    CAPTURE(name);
    Parsed parsed(with_field(std::string(name) + ": chunked"));
    bool is_marked = parsed.head.fields[1].id == KnownField::lookalike;
    CHECK(is_marked == (std::string(name) != "transfer-encoding_"));
    CHECK(parsed.head.framing == BodyFraming::none);
  }
  CHECK(Parsed(with_field("session_id: 1")).head.fields[1].id == KnownField::other);
}

TEST_CASE("http request: C1, keep-alive by version and Connection") {
  struct Row {
    const char* version;
    const char* fields;
    bool keep_alive;
  };
  for (const Row& row : std::array<Row, 9>{{
           {"HTTP/1.1", "", true},
           {"HTTP/1.1", "Connection: keep-alive\r\n", true},
           {"HTTP/1.1", "Connection: ClOsE\r\n", false},
           {"HTTP/1.1", "Connection: x, close ,y\r\n", false},
           {"HTTP/1.1", "Connection: closed\r\n", true},
           {"HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
           {"HTTP/1.0", "", false},
           {"HTTP/1.0", "Connection: Keep-Alive\r\n", true},
           {"HTTP/1.0", "Connection: keep-alive, close\r\n", false},
       }}) {
    CAPTURE(row.version);
    CAPTURE(row.fields);
    Parsed parsed(std::string("GET / ") + row.version + "\r\nHost: a\r\n" + row.fields + "\r\n");
    CHECK(parsed.head.keep_alive == row.keep_alive);
  }
}

TEST_CASE("http request: C3, expectations") {
  CHECK(Parsed(with_field("Expect: 100-Continue")).head.expect_continue);
  CHECK_FALSE(Parsed(with_field("Accept: 100-continue")).head.expect_continue);
  CHECK_FALSE(Parsed("PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").head.expect_continue);
  check_refusals({{"C3 other", 417, "C3", with_field("Expect: payment")},
                  {"C3 list", 417, "C3", with_field("Expect: 100-continue\r\nExpect: x")},
                  {"C3 empty", 417, "C3", with_field("Expect:")}});
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
