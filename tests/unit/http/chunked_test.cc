// Goal: rows K1 to K6 and F4 for chunked bodies: decoded alike however the bytes were split, every
// malformed framing refused, nothing behind the body consumed.
#include <qcc/http/chunked.h>

#include <array>

#include "feeding.h"

using namespace qcc::http;
using namespace qcc::http::test;

namespace {

using namespace std::string_literals;

struct Decoded {
  std::string payload;
  std::string end;  // "done", "need more" or the fault
  size_t consumed = 0;

  friend bool operator==(const Decoded&, const Decoded&) = default;
};

Decoded decode_in_pieces(std::string_view bytes, const Cuts& cuts, const BodyLimits& limits) {
  ChunkDecoder decoder(limits);
  Decoded decoded;
  size_t from = 0;
  BodyStep step;
  for (size_t cut : cuts) {
    while (from < cut && step.status == ParseStatus::need_more) {
      step = decoder.next(bytes.substr(from, cut - from));
      decoded.payload += step.payload;
      from += step.consumed;
      if (step.consumed == 0) REQUIRE(step.status == ParseStatus::error);
    }
  }
  decoded.end = step.status == ParseStatus::done        ? "done"
                : step.status == ParseStatus::need_more ? "need more"
                                                        : "";
  if (step.status == ParseStatus::error)
    decoded.end = std::to_string(decoder.fault().status) + ' ' + decoder.fault().rule;
  else
    decoded.consumed = from;
  CHECK(decoder.done() == (decoded.end == "done"));
  CHECK(decoder.payload_bytes() == decoded.payload.size());
  return decoded;
}

Decoded decode_every_way(std::string_view bytes, const BodyLimits& limits = {}) {
  const Decoded whole = decode_in_pieces(bytes, {bytes.size()}, limits);
  for_each_split(bytes.size(),
                 [&](const Cuts& cuts) { CHECK(decode_in_pieces(bytes, cuts, limits) == whole); });
  return whole;
}

struct Row {
  const char* row;
  std::string bytes;
  const char* end;
};

void check_rows(const std::vector<Row>& rows, const BodyLimits& limits = {}) {
  for (const Row& row : rows) {
    CAPTURE(row.row);
    CAPTURE(show(row.bytes));
    CHECK(decode_every_way(row.bytes, limits).end == row.end);
  }
}

}  // namespace

TEST_CASE("http chunked: payload comes out, what follows stays") {
  struct Sound {
    const char* bytes;
    const char* payload;
  };
  for (const Sound& row : std::array<Sound, 9>{{
           {"0\r\n\r\n", ""},
           {"5\r\nhello\r\n0\r\n\r\n", "hello"},
           {"5\r\nhello\r\n1\r\n \r\n6\r\n\r\n0\r\n\r\r\n00000\r\n\r\n", "hello \r\n0\r\n\r"},
           {"00000000000000aF\r\n", ""},
           {"1;a\r\nx\r\n0\r\n\r\n", "x"},
           {"1;a=b;c=\"d;\\\"\t\r\n", ""},
           {"1 ; a = b ; c\t=\t\"x\\\"\xff;\" ;d\r\nx\r\n0;e\r\n\r\n", "x"},
           {"0\r\nTrailer: x\r\nContent-Length: 5\r\nEmpty:\r\n\r\n", ""},
           {"3\r\nab", "ab"},
       }}) {
    CAPTURE(row.bytes);
    Decoded decoded = decode_every_way(row.bytes);
    CHECK(decoded.payload == row.payload);
  }
  Decoded decoded = decode_every_way("1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n");
  CHECK(decoded == Decoded{"x", "done", 11});
  CHECK(decode_every_way("3\r\nabc").end == "need more");
}

TEST_CASE("http chunked: K1, the size") {
  check_rows({
      {"K1 17 digits", "00000000000000001\r\nx\r\n0\r\n\r\n", "400 K1"},
      {"K1 16 digits", "0000000000000001\r\nx\r\n0\r\n\r\n", "done"},
      {"K1 above 2^63-1", "8000000000000000\r\n", "400 K1"},
      {"K1 wraps 64 bits", "10000000000000005\r\nhello\r\n", "400 K1"},
      {"K1 no digit", "\r\n", "400 K1"},
      {"K1 no digit but extension", ";a\r\n", "400 K1"},
      {"K1 not hex", "g\r\n", "400 K1"},
      {"F4 2^63-1", "7fffffffffffffff\r\n", "413 F4"},
      {"F4 above the limit", "2000001\r\n", "413 F4"},
      {"K1 at the limit", "2000000\r\n", "need more"},
  });
  BodyLimits limits;
  limits.body_bytes = 5;
  check_rows({{"F4 second chunk", "3\r\nabc\r\n3\r\n", "413 F4"},
              {"F4 at the limit", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "done"}},
             limits);
}

TEST_CASE("http chunked: K2, nothing but the size and extensions in its line") {
  check_rows({
      {"K2 space before", " 5\r\n", "400 K2"},
      {"K2 tab before", "\t5\r\n", "400 K2"},
      {"K2 plus", "+5\r\n", "400 K1"},
      {"K2 minus", "-5\r\n", "400 K1"},
      {"K2 0x", "0x5\r\n", "400 K2"},
      {"K2 underscore", "1_0\r\n", "400 K2"},
      {"K2 comma", "5,5\r\n", "400 K2"},
      {"K2 NUL", "5\0\r\n"s, "400 K2"},
      {"K2 high byte", "5\xb2\r\n", "400 K2"},
      {"K2 trailing space", "5 \r\n", "400 K3"},
      {"K2 space and digit", "5 5\r\n", "400 K3"},
  });
}

TEST_CASE("http chunked: K3, extensions are checked and limited") {
  const std::string fifteen_kb = repeat("1;" + std::string(1022, 'a') + "\r\nx\r\n", 15);
  check_rows({
      {"K3 bare ;", "5;\r\n", "400 K3"},
      {"K3 ;;", "5;;a\r\n", "400 K3"},
      {"K3 trailing ;", "5;a;\r\n", "400 K3"},
      {"K3 no name", "5;=a\r\n", "400 K3"},
      {"K3 no value", "5;a=\r\n", "400 K3"},
      {"K3 unbalanced", "5;a=\"b\r\n", "400 K3"},
      {"K3 text after quote", "5;a=\"b\"c\r\n", "400 K3"},
      {"K3 two values", "5;a=b=c\r\n", "400 K3"},
      {"K3 space in value", "5;a=b c\r\n", "400 K3"},
      {"K3 trailing space", "5;a \r\n", "400 K3"},
      {"K3 trailing space after value", "5;a=b \r\n", "400 K3"},
      {"K3 NUL", "5;a=\0\r\n"s, "400 K3"},
      {"K3 control in quotes", "5;a=\"\x01\"\r\n", "400 K3"},
      {"K3 escaped control", "5;a=\"\\\x01\"\r\n", "400 K3"},
      {"K3 bare LF", "5;a\nhello\r\n", "400 K3"},
      {"K3 LF in quotes", "5;a=\"\n\"\r\n", "400 K3"},
      {"K3 CR in quotes", "5;a=\"\r\"\r\n", "400 K3"},
      {"K3 CR and other", "5;a\rx", "400 K4"},
      {"K3 1 kB", "1;" + std::string(1022, 'a') + "\r\nx\r\n0\r\n\r\n", "done"},
      {"K3 above 1 kB", "1;" + std::string(1023, 'a') + "\r\n", "400 K3"},
      {"K3 endless", "1;" + std::string(5000, 'a'), "400 K3"},
      {"K3 16 kB in all", fifteen_kb + "1;" + std::string(1019, 'a') + "\r\nx\r\n0;a\r\n\r\n",
       "done"},
      {"K3 above 16 kB", fifteen_kb + "1;" + std::string(1019, 'a') + "\r\nx\r\n0;ab\r\n\r\n",
       "400 K3"},
  });
}

TEST_CASE("http chunked: K4, line ends") {
  check_rows({
      {"K4 bare LF after size", "5\nhello\r\n0\r\n\r\n", "400 K4"},
      {"K4 CR and other after size", "5\rxhello\r\n", "400 K4"},
      {"K4 CR CR LF after size", "5\r\r\nhello", "400 K4"},
      {"K4 bare LF after data", "5\r\nhello\n0\r\n\r\n", "400 K4"},
      {"K4 CR and other after data", "5\r\nhello\rx", "400 K4"},
      {"K4 data too long", "5\r\nhelloo\r\n", "400 K4"},
      {"K4 data too short", "5\r\nhell\r\n0\r\n\r\n", "400 K4"},
      {"K4 no CRLF after data", "5\r\nhello0\r\n\r\n", "400 K4"},
  });
}

TEST_CASE("http chunked: K5, trailers are checked, limited and dropped") {
  check_rows({
      {"K5 zeros", "0000\r\n\r\n", "done"},
      {"K5 no colon", "0\r\nabc\r\n\r\n", "400 K5"},
      {"K5 space before colon", "0\r\na : b\r\n\r\n", "400 K5"},
      {"K5 empty name", "0\r\n: b\r\n\r\n", "400 K5"},
      {"K5 folded", "0\r\na: b\r\n c\r\n\r\n", "400 K5"},
      {"K5 leading space", "0\r\n a: b\r\n\r\n", "400 K5"},
      {"K5 NUL", "0\r\na: \0\r\n\r\n"s, "400 K5"},
      {"K5 DEL", "0\r\na: \x7f\r\n\r\n", "400 K5"},
      {"K5 bare LF", "0\r\na: b\n\r\n", "400 K5"},
      {"K5 bare LF at the end", "0\r\n\n", "400 K5"},
      {"K5 CR and other at the end", "0\r\n\rx", "400 K5"},
      {"K5 32 fields", "0\r\n" + repeat("a:b\r\n", 32) + "\r\n", "done"},
      {"K5 33 fields", "0\r\n" + repeat("a:b\r\n", 33) + "\r\n", "400 K5"},
      {"K5 8 kB", "0\r\na:" + std::string(8192 - 6, 'b') + "\r\n\r\n", "done"},
      {"K5 above 8 kB", "0\r\na:" + std::string(8192 - 5, 'b') + "\r\n\r\n", "400 K5"},
  });
}

TEST_CASE("http chunked: K6, too much framing for too little payload") {
  check_rows({
      {"K6 one-byte chunks are still fine", repeat("1\r\nx\r\n", 30000) + "0\r\n\r\n", "done"},
      {"K6 padded sizes", repeat("0000000000000001\r\nx\r\n", 7000), "400 K6"},
      {"K6 slack", repeat("0000000000000001\r\nx\r\n", 3000) + "0\r\n\r\n", "done"},
  });
}
