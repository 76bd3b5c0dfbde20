// Goal: each row of the rules F, H and C has an input that breaks it, and the parser names that
// rule, however the bytes were split. Accepted heads are compared value by value.
#include "request_rows.h"

#include <array>

using namespace qcc::http;
using namespace qcc::http::test;
using namespace std::string_literals;

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
      {"H3 no colon, the next line has one", 400, "H3",
       with_field("Foo\r\nX: a value of some length")},
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
  // The same where 16 bytes are looked at in one go.
  const std::string body(32, 'x');
  for (int c = 0; c < 256; ++c) {
    CAPTURE(c);
    RequestParser parser;
    const std::string bytes =
        with_field("X: a" + std::string(1, static_cast<char>(c)) + "b") + body;
    bool is_sound = c == '\t' || (c >= 0x20 && c != 0x7f);
    CHECK(parser.feed(bytes) == (is_sound ? ParseStatus::done : ParseStatus::error));
  }
  check_refusals({{"H4 DEL", 400, "H4", with_field("X: a\x7f")}});
  Parsed parsed(with_field("x: \t a\t \x80\xff b \t\r\nEmpty:\r\n!#$%&'*+-.^_`|~09aZ:x:y"));
  CHECK(parsed.head.fields[1].value == "a\t \x80\xff b");
  CHECK(parsed.head.fields[2].value.empty());
  CHECK(parsed.head.fields[3].name == "!#$%&'*+-.^_`|~09aZ");
  CHECK(parsed.head.fields[3].value == "x:y");
}

TEST_CASE("http request: H3, a name is made of token characters, in short names and long ones") {
  constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
  for (const std::string& rest : {"ab"s, std::string(20, 'y'), std::string(40, 'Z')}) {
    for (int c = 1; c < 256; ++c) {
      const auto byte = static_cast<char>(c);
      if (byte == ':') continue;
      CAPTURE(c);
      bool is_sound = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                      kTokenMarks.find(byte) != kTokenMarks.npos;
      RequestParser parser;
      const std::string bytes = with_field(rest + byte + "c: d") + std::string(32, 'x');
      CHECK(parser.feed(bytes) == (is_sound ? ParseStatus::done : ParseStatus::error));
    }
  }
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
