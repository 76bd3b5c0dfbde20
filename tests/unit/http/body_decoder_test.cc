// Goal: one loop reads every framing, stops at the right byte, and knows what an EOF means (U5,
// U7).
#include <qcc/http/body_decoder.h>

#include <array>

#include "feeding.h"

using namespace qcc::http;
using namespace qcc::http::test;

namespace {

struct Row {
  const char* what;
  BodyFraming framing;
  uint64_t length;
  const char* bytes;
  const char* payload;
  size_t consumed;
  ParseStatus status;
  BodyEnd at_eof;
};

void check_row(const Row& row, const Cuts& cuts) {
  CAPTURE(row.what);
  BodyLimits limits;
  limits.body_bytes = 8;
  BodyDecoder decoder(row.framing, row.length, limits);
  std::string_view bytes = row.bytes;
  std::string payload;
  size_t from = 0;
  BodyStep step = decoder.next({});
  for (size_t cut : cuts) {
    while (from < cut && step.status == ParseStatus::need_more) {
      step = decoder.next(bytes.substr(from, cut - from));
      payload += step.payload;
      from += step.consumed;
    }
  }
  CHECK(step.status == row.status);
  CHECK(decoder.done() == (row.status == ParseStatus::done));
  CHECK(decoder.on_eof() == row.at_eof);
  CHECK(payload == row.payload);
  CHECK(decoder.payload_bytes() == payload.size());
  if (row.status != ParseStatus::error) CHECK(from == row.consumed);
  if (row.status == ParseStatus::error) CHECK(decoder.fault().status >= 400);
}

}  // namespace

TEST_CASE("http body: every framing, whole and in pieces") {
  using enum ParseStatus;
  const auto truncated = BodyEnd::truncated;
  const auto complete = BodyEnd::complete;
  for (const Row& row : std::array<Row, 13>{{
           {"none", BodyFraming::none, 0, "next", "", 0, done, complete},
           {"empty length", BodyFraming::length, 0, "next", "", 0, done, complete},
           {"length", BodyFraming::length, 5, "hellonext", "hello", 5, done, complete},
           {"short", BodyFraming::length, 6, "hello", "hello", 5, need_more, truncated},
           {"at limit", BodyFraming::length, 8, "12345678", "12345678", 8, done, complete},
           {"F4", BodyFraming::length, 9, "123456789", "", 0, error, truncated},
           {"close", BodyFraming::until_close, 0, "hello", "hello", 5, need_more, complete},
           {"close, empty", BodyFraming::until_close, 0, "", "", 0, need_more, complete},
           {"close, F4", BodyFraming::until_close, 0, "123456789", "12345678", 8, error, truncated},
           {"chunked", BodyFraming::chunked, 0, "5\r\nhello\r\n0\r\n\r\nnext", "hello", 15, done,
            complete},
           {"no last chunk", BodyFraming::chunked, 0, "5\r\nhello\r\n", "hello", 10, need_more,
            truncated},
           {"no last CRLF", BodyFraming::chunked, 0, "5\r\nhello\r\n0\r\n", "hello", 13, need_more,
            truncated},
           {"bad chunk", BodyFraming::chunked, 0, "2\r\nhello", "he", 5, error, truncated},
       }})
    for_each_split(std::string_view(row.bytes).size(),
                   [&](const Cuts& cuts) { check_row(row, cuts); });
}

TEST_CASE("http body: a refused body stays refused") {
  BodyDecoder decoder(BodyFraming::chunked, 0);
  CHECK(decoder.next("x").status == ParseStatus::error);
  CHECK(decoder.next("0\r\n\r\n").status == ParseStatus::error);
  CHECK(std::string(decoder.fault().rule) == "K1");
}
