#include <doctest/doctest.h>
#include <qcc/json/text.h>
#include <qcc/json/writer.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

using namespace qcc::json;
using namespace std::string_literals;

TEST_CASE("append_json_string escapes and mends") {
  struct Row {
    std::string text, json;
  };
  const std::vector<Row> rows = {
      {"", R"("")"},
      {"plain é 你 😀", "\"plain é 你 😀\""},
      {"\"\\/\b\f\n\r\t", R"("\"\\/\b\f\n\r\t")"},
      {"\0\x01\x1f\x7f"s, "\"\\u0000\\u0001\\u001f\x7f\""},
      {"a\xff z", "\"a\xef\xbf\xbd z\""},
      {"\xe4\xbd", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
      {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
  };
  for (const Row& row : rows) {
    std::string out;
    append_json_string(out, row.text);
    CHECK(out == row.json);
  }
}

TEST_CASE("writer puts commas and colons where they belong") {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object()
      .member("a", "x\"y")
      .member("b", true)
      .member("c", -5)
      .member("d", std::numeric_limits<uint64_t>::max())
      .member("e", 0.5);
  writer.key("f").begin_array().number(1u).begin_object().end_object().null().begin_array();
  writer.end_array().text("z").end_array();
  writer.key("g")
      .raw("[1,2]")
      .key("h")
      .number(std::numeric_limits<double>::infinity())
      .end_object();
  CHECK(out == R"({"a":"x\"y","b":true,"c":-5,"d":18446744073709551615,"e":0.5,)"
               R"("f":[1,{},null,[],"z"],"g":[1,2],"h":null})");
}

TEST_CASE("unescape") {
  struct Row {
    std::string inside, text;
    bool valid = true;
  };
  const std::vector<Row> rows = {
      {"", ""},
      {"plain", "plain"},
      {R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t"},
      {R"(\u0041\u00e9\u4f60\ud83d\ude00\u0000)", "Aé你😀\0"s},
      {R"(\x)", "", false},
      {R"(\)", "", false},
      {R"(\u12)", "", false},
      {R"(\u12g4)", "", false},
      {R"(\ud83d)", "", false},
      {R"(\ud83dx)", "", false},
      {R"(\ud83d\u0041)", "", false},
      {R"(\ude00)", "", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.inside);
    std::array<char, 64> out;
    const std::optional<size_t> length = unescape_into(out, row.inside);
    REQUIRE(length.has_value() == row.valid);
    if (length) CHECK(std::string_view(out.data(), *length) == row.text);
  }
  std::array<char, 3> small;
  CHECK(unescape_into(small, "abc") == 3u);
  CHECK_FALSE(unescape_into(small, "abcd"));
  CHECK_FALSE(unescape_into(small, R"(ab\u00e9)"));
  CHECK(unescaped_equals(R"(\u006dodel)", "model"));
  CHECK(unescaped_equals("model", "model"));
  CHECK_FALSE(unescaped_equals(R"(m\odel)", "model"));
  CHECK_FALSE(unescaped_equals("mode", "model"));
}
