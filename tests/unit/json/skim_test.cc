#include <doctest/doctest.h>
#include <qcc/json/skim.h>

#include <string>
#include <vector>

#include "exact_bytes.h"
#include "skim_samples.h"
#include "utf8_samples.h"

using namespace qcc;
using namespace qcc::json;
using namespace std::string_literals;

namespace {

std::string raw_of(std::string_view body, const RawValue& value) {
  return std::string(value.range.of(body));
}

}  // namespace

TEST_CASE("skim finds the members of a Claude Code body, wherever they lie") {
  for (size_t padding = 0; padding < 300; ++padding) {
    const std::string body = claude_body(padding);
    const ExactBytes exact(body);
    const auto fields = skim_request(exact.view());
    REQUIRE(fields);
    CHECK(raw_of(body, fields->model) == "\"claude-sonnet-5\"");
    CHECK(fields->model.inside_string(body) == "claude-sonnet-5");
    CHECK(raw_of(body, fields->stream) == "true");
    CHECK(raw_of(body, fields->max_tokens) == "64000");
    CHECK(fields->user_id.inside_string(body) == R"({\"session_id\":\"0001\"})");
    CHECK(raw_of(body, fields->metadata) == R"({"user_id":"{\"session_id\":\"0001\"}"})");
    CHECK(fields->messages.is(ValueKind::array));
    CHECK(raw_of(body, fields->messages).ends_with("\"}]}]"));
    CHECK(fields->prompt_cache_key.is(ValueKind::absent));
  }
}

TEST_CASE("skim: what is accepted") {
  struct Row {
    std::string body, model;
    ValueKind stream = ValueKind::absent;
  };
  const std::vector<Row> rows = {
      {"{}", ""},
      {" \r\n\t{ } \n", ""},
      {R"({"model":"a"})", "\"a\""},
      {"{ \"model\" :\n\"a\" , \"stream\" : false }", "\"a\"", ValueKind::boolean},
      {R"({"\u006dodel":"a","st\u0072eam":null})", "\"a\"", ValueKind::null},
      {R"({"Model":"a","model ":"b"})", ""},
      {R"({"messages":[{"model":"inner"}],"model":"outer"})", "\"outer\""},
      {R"({"a":"\\","model":"b"})", "\"b\""},
      {R"({"a":"\\\"","model":"\u0062"})", R"("\u0062")"},
      {R"({"a":["\ud83d\ude00"],"n":-0.5e+10,"t":true,"model":"b"})", "\"b\""},
      {"{\"a\":\"\xf0\x9f\x98\x80\xe4\xbd\xa0\xc3\xa9\",\"model\":\"b\"}", "\"b\""},
      {R"({"max_tokens":1,"max_tokens":null,"model":"m"})", "\"m\""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    const ExactBytes exact(row.body);
    const auto fields = skim_request(exact.view());
    REQUIRE(fields);
    CHECK(raw_of(row.body, fields->model) == row.model);
    CHECK(fields->stream.kind == row.stream);
  }
}

TEST_CASE("skim: the last of equal members counts, and its user_id") {
  const std::string body =
      R"({"metadata":{"user_id":"a"},"max_tokens":1,"metadata":{},"max_tokens":2})";
  const auto fields = skim_request(body);
  REQUIRE(fields);
  CHECK(raw_of(body, fields->max_tokens) == "2");
  CHECK(fields->user_id.is(ValueKind::absent));
}

TEST_CASE("skim: what is refused, and why, at every alignment to its blocks") {
  for (const Refused& row : refused()) {
    for (size_t shift = 0; shift < 130; ++shift) {
      // White space before the object moves the fault over the borders of blocks.
      const std::string body =
          row.fault == SkimFault::byte_order_mark ? row.body : std::string(shift, ' ') + row.body;
      CAPTURE(row.body);
      CAPTURE(shift);
      const ExactBytes exact(body);
      const auto fields = skim_request(exact.view());
      REQUIRE(!fields);
      CHECK(describe(fields.error().fault) == std::string(describe(row.fault)));
      CHECK(fields.error().field == row.field);
      CHECK(fields.error().offset <= body.size());
    }
  }
}

TEST_CASE(
    "skim: where UTF-8 is ill-formed, at every alignment to its blocks and before every end") {
  const std::vector<std::string> ends = {"", "\"}", std::string(70, 'x') + "\"}"};
  for (const Utf8Sample& sample : utf8_samples()) {
    for (const char* neighbour : {"", "x", "\xc3\xa9", "\xe4\xbd\xa0", "\xf0\x9f\x98\x80"}) {
      for (size_t shift = 45; shift < 115; ++shift) {
        for (const std::string& end : ends) {
          const std::string body =
              "{\"a\":\"" + std::string(shift, 'x') + neighbour + sample.bytes + neighbour + end;
          const ExactBytes exact(body);
          const auto fields = skim_request(exact.view());
          const IllFormed ill_formed = first_ill_formed(body);
          CHECK(fields.has_value() == (sample.well_formed && !end.empty()));
          if (fields) continue;
          const SkimFault expected =
              ill_formed.found() ? SkimFault::bad_utf8 : SkimFault::truncated;
          CHECK(describe(fields.error().fault) == std::string(describe(expected)));
          CHECK(fields.error().offset == std::min(ill_formed.begin, body.size()));
        }
      }
    }
  }
}

TEST_CASE("skim: one stray byte is found where it stands") {
  struct Row {
    std::string_view stray;
    SkimFault inside, outside;
  };
  using enum SkimFault;
  const std::vector<Row> rows = {{"\x1f", control_character, mismatched},
                                 {"\n", control_character, {}},
                                 {"\\x", bad_escape, mismatched},
                                 {"\\\x01", bad_escape, mismatched},
                                 {"\\\xc3\xa9", bad_escape, mismatched},
                                 {"\\ud83dx", bad_escape, mismatched},
                                 {"\xc3\xa9", {}, mismatched},
                                 {"\xc3", bad_utf8, mismatched}};
  const std::string text =
      "{\r\n\t\"a\": [\n\t\"\xe4\xbd\xa0\\n\",\n\t\"\"" + std::string(40, '\t');
  for (const Row& row : rows) {
    for (size_t shift = 0; shift < 70; ++shift) {
      for (const bool inside : {true, false}) {
        if (inside ? row.inside == SkimFault{} : row.outside == SkimFault{}) continue;
        const std::string before = std::string(shift, ' ') + text + (inside ? ",\"\xc3\xa9" : "");
        const std::string body = before + std::string(row.stray) + (inside ? "\"" : "") + "]\n}\n";
        const ExactBytes exact(body);
        const auto fields = skim_request(exact.view());
        REQUIRE(!fields);
        const SkimFault expected = inside ? row.inside : row.outside;
        CAPTURE(row.stray);
        CHECK(describe(fields.error().fault) == std::string(describe(expected)));
        CHECK(fields.error().offset == before.size() + (expected == bad_escape ? 1 : 0));
      }
    }
  }
}

TEST_CASE("skim: every cut of a body is refused") {
  const std::string body = claude_body(40);
  for (size_t length = 0; length < body.size(); ++length) {
    const ExactBytes exact(std::string_view(body).substr(0, length));
    CHECK_FALSE(skim_request(exact.view()));
  }
}

TEST_CASE("skim: any one byte changed never makes it read astray") {
  const std::string body = claude_body(70);
  for (size_t at = 0; at < body.size(); ++at) {
    for (char c : "\"\\{}[]x\n\xe9\x80"s) {
      std::string changed = body;
      changed[at] = c;
      const ExactBytes exact(changed);
      const auto fields = skim_request(exact.view());
      if (fields) CHECK(fields->model.range.offset + fields->model.range.length <= changed.size());
    }
  }
}

TEST_CASE("skim: nesting up to the limit") {
  auto nested = [](size_t depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  CHECK(skim_request(nested(kSkimDepthMax)));
  const auto deeper = skim_request(nested(kSkimDepthMax + 1));
  REQUIRE(!deeper);
  CHECK(deeper.error().fault == SkimFault::too_deep);
  CHECK(!skim_request("{\"a\":" + std::string(1'000'000, '[')));
}

TEST_CASE("skim: long bodies, many keys, many escapes") {
  std::string many_keys = "{";
  for (int i = 0; i < 300'000; ++i) many_keys += "\"k" + std::to_string(i) + "\":0,";
  many_keys += "\"model\":\"m\"}";
  const auto keys = skim_request(many_keys);
  REQUIRE(keys);
  CHECK(raw_of(many_keys, keys->model) == "\"m\"");

  std::string escapes = "{\"a\":\"";
  for (int i = 0; i < 1'000'000; ++i) escapes += i % 3 == 0 ? "\\\\" : "\\\"";
  escapes += "\",\"model\":\"m\"}";
  const auto found = skim_request(escapes);
  REQUIRE(found);
  CHECK(raw_of(escapes, found->model) == "\"m\"");
}

TEST_CASE("unsigned_integer") {
  CHECK(unsigned_integer("64000") == 64000u);
  CHECK(unsigned_integer("0") == 0u);
  CHECK(unsigned_integer("18446744073709551615") == UINT64_MAX);
  CHECK(unsigned_integer("99999999999999999999999") == UINT64_MAX);
  for (std::string_view other : {"", "-1", "1.0", "1e3", "null", " 1"})
    CHECK_FALSE(unsigned_integer(other));
}
