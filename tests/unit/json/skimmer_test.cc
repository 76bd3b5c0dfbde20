// The skimmer of bodies that come in pieces: whatever the pieces, the outcome is skim_request's.
#include <doctest/doctest.h>
#include <qcc/json/skim.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "skim_samples.h"
#include "utf8_samples.h"

using namespace qcc;
using namespace qcc::json;

namespace {

// Everything that an outcome says, to compare and to show.
std::string spell(const std::expected<RequestFields, SkimError>& outcome) {
  if (!outcome) {
    const SkimError& error = outcome.error();
    return std::string(describe(error.fault)) + " " + error.field + " at " +
           std::to_string(error.offset);
  }
  const RequestFields& f = *outcome;
  std::string text;
  for (const RawValue* value :
       {&f.model, &f.stream, &f.max_tokens, &f.max_completion_tokens, &f.max_output_tokens,
        &f.metadata, &f.user_id, &f.prompt_cache_key, &f.previous_response_id, &f.conversation,
        &f.system, &f.instructions, &f.messages, &f.input})
    text += std::to_string(static_cast<int>(value->kind)) + " " +
            std::to_string(value->range.offset) + "+" + std::to_string(value->range.length) + ", ";
  return text;
}

// A copy somewhere else that ends where it ends.
class Moved {
 public:
  explicit Moved(std::string_view bytes) : size_(bytes.size()), bytes_(new char[bytes.size()]) {
    std::ranges::copy(bytes, bytes_.get());
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  size_t size_;
  std::unique_ptr<char[]> bytes_;
};

// `next_piece(fed)` is the length of the next piece, 0 for the last feed.
std::string skim_in_pieces(std::string_view body, auto next_piece) {
  RequestSkimmer skimmer;
  for (size_t fed = 0;;) {
    const size_t piece = std::min<size_t>(next_piece(fed), body.size() - fed);
    if (piece == 0) break;
    fed += piece;
    skimmer.feed(Moved(body.substr(0, fed)).view());
  }
  return spell(skimmer.finish(Moved(body).view()));
}

void check_every_split(const std::string& body) {
  CAPTURE(body);
  const std::string expected = spell(skim_request(body));
  for (size_t split = 1; split <= body.size(); ++split) {
    CAPTURE(split);
    CHECK(skim_in_pieces(body, [split](size_t fed) { return fed == 0 ? split : 0; }) == expected);
  }
  CHECK(skim_in_pieces(body, [](size_t) { return 1; }) == expected);
}

std::string many_members() {
  std::string body = "{ \"stream\" : true,\r\n\"n\":-12.5e+300 ,\"t\":false,\"x\":null,";
  body += "\"\\u006dodel\":\"a\\\"\\\\\\ud83d\\ude00\xe4\xbd\xa0\",\"e\":{},\"f\":[],\"g\":\"\",";
  body += "\"metadata\":{\"user_id\":\"u\"},\"max_tokens\":123456789012345678901234567890,";
  body += "\"messages\":[{\"a\":[\"}\",{\"b\":[[[]]]}]}]}  \n";
  return body;
}

}  // namespace

TEST_CASE("skimmer: every split of a usual body") {
  check_every_split(claude_body(70));
  check_every_split(many_members());
  check_every_split("{}");
  check_every_split(" ");
}

TEST_CASE("skimmer: every split of every body that is refused, wherever its blocks begin") {
  for (const Refused& row : refused()) {
    for (size_t shift : {0u, 52u, 55u, 58u, 61u, 64u}) {
      if (shift > 0 && row.fault == SkimFault::byte_order_mark) continue;
      check_every_split(std::string(shift, ' ') + row.body);
    }
  }
}

TEST_CASE("skimmer: characters and escapes that the border of a block splits") {
  for (const std::string text :
       {"\xe4\xbd\xa0", "\xf0\x9f\x98\x80", "\xe4\xbd", "\xff", "\\ud83d\\ude00", "\\ud83d\\u0041",
        "\\ud83dxude00", "\\u12g4", "\\ud83d", "\\", "\\\"", "\\x"})
    for (size_t shift = 40; shift < 70; ++shift)
      for (const char* end : {"\"}", ""})
        check_every_split("{\"a\":\"" + std::string(shift, 'x') + text + end);
}

TEST_CASE("skimmer: random pieces of long bodies, sound and broken") {
  Prng prng(21);
  for (int round = 0; round < 400; ++round) {
    std::string body = "{\"system\":[" + std::string(prng.below(3), '[') + "\"" +
                       random_text(prng, prng.below(20'000), false).substr(9);
    body += "\"" + std::string(prng.below(3), ']') + "],\"model\":\"m\"}";
    for (uint64_t faults = prng.below(3); faults > 0; --faults) {
      const size_t at = prng.below(body.size());
      if (prng.chance(50)) {
        body[at] = "\"\\{}[]\n\x1f\x80u"[prng.below(10)];
      } else {
        body.erase(at, 1 + prng.below(4));
      }
    }
    const uint64_t longest = prng.chance(30) ? 100 : 10'000;
    CHECK(skim_in_pieces(body, [&](size_t) { return 1 + prng.below(longest); }) ==
          spell(skim_request(body)));
  }
}

TEST_CASE("skimmer: long numbers, long white space and many members in small pieces") {
  std::string body = "{\"max_tokens\":" + std::string(300'000, '7') + std::string(300'000, ' ');
  for (int i = 0; i < 30'000; ++i) body += ",\"k" + std::to_string(i) + "\":[0,\"\"]";
  body += ",\"model\":\"m\"}";
  CHECK(skim_in_pieces(body, [](size_t) { return 5'000; }) == spell(skim_request(body)));
}

TEST_CASE("skimmer: what was skimmed is not looked at again") {
  const std::string head = "{\"model\":\"m\",\"messages\":[\"";
  std::string body = head;
  while (body.size() < 100'000) body += "text \\\"\xe4\xbd\xa0\\\" \",[{}],\"";
  body += "\"]}";
  const std::string expected = spell(skim_request(body));
  constexpr size_t kPiece = 1000, kLatest = 64 + 64;  // a block and what stands behind it
  RequestSkimmer skimmer;
  std::string spoilt = body;
  for (size_t fed = kPiece; fed < body.size(); fed += kPiece) {
    skimmer.feed(std::string_view(spoilt).substr(0, fed));
    for (size_t i = head.size(); i + kLatest < fed; ++i) spoilt[i] = '\xff';
  }
  CHECK(spell(skimmer.finish(spoilt)) == expected);
  CHECK_FALSE(skim_request(spoilt));
}

TEST_CASE("skimmer: a fault is kept until the end, whatever follows it") {
  const std::string begin = "{\"model\":5," + std::string(100, ' ');
  RequestSkimmer skimmer;
  skimmer.feed(begin);
  const std::string mended = "{\"model\":\"m\"" + std::string(100, ' ') + "}";
  skimmer.feed(mended);
  CHECK(spell(skimmer.finish(mended)) == spell(skim_request(begin)));
}

TEST_CASE("skimmer: without a feed, and once more after the end") {
  const std::string body = claude_body(10);
  RequestSkimmer skimmer;
  CHECK(spell(skimmer.finish(body)) == spell(skim_request(body)));
  skimmer.feed("[");
  CHECK_FALSE(skimmer.finish("[]"));
  skimmer.feed(std::string_view(body).substr(0, 80));
  CHECK(spell(skimmer.finish(body)) == spell(skim_request(body)));
}
