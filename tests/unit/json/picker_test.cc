#include <doctest/doctest.h>
#include <qcc/json/picker.h>

#include <array>
#include <string>
#include <vector>

#include "exact_bytes.h"

using namespace qcc::json;

TEST_CASE("picker finds members by path") {
  const JsonView doc(
      R"( {"type":"error", "error" : {"type":"rate_limit_error","message":"a \"b\" }",)"
      R"("code":429,"ok":true},"list":[1,[2,{"x":"y"}],"z"],"u\u0073e":{"n":0}} tail)");
  CHECK(doc.is(ValueKind::object));
  CHECK(doc["error"]["type"].inside_string() == "rate_limit_error");
  CHECK(doc["error"]["code"].unsigned_integer() == 429u);
  CHECK(doc["error"]["ok"].is_true());
  CHECK(doc["list"].at(1).at(1)["x"].inside_string() == "y");
  CHECK(doc["list"].at(2).raw() == "\"z\"");
  CHECK(doc["use"]["n"].unsigned_integer() == 0u);
  std::array<char, 32> text;
  CHECK(doc["error"]["message"].text_into(text) == "a \"b\" }");
  CHECK(doc["error"]["message"].text_into(std::span(text).first(3)).empty());
}

TEST_CASE("picker: what is not there is absent, all the way down") {
  const JsonView doc(R"({"a":{"b":1},"s":"x","n":null,"l":[1]})");
  for (const JsonView& view : {doc["x"], doc["a"]["x"], doc["s"]["b"], doc["n"]["b"], doc["l"]["b"],
                               doc["x"]["y"]["z"], doc["l"].at(1), doc["a"].at(0), JsonView()}) {
    CHECK_FALSE(view.present());
    CHECK(view.raw().empty());
    CHECK(view.inside_string().empty());
    CHECK_FALSE(view.unsigned_integer());
  }
  CHECK(doc["n"].is(ValueKind::null));
}

TEST_CASE("picker: kinds of scalars") {
  struct Row {
    std::string_view text;
    ValueKind kind;
  };
  using enum ValueKind;
  for (const Row& row : std::vector<Row>{{"1", number},
                                         {"-1.5e3", number},
                                         {"true", boolean},
                                         {"false", boolean},
                                         {"null", null},
                                         {"\"\"", string},
                                         {"{", object},
                                         {"[", array},
                                         {"", absent},
                                         {"  ", absent},
                                         {"tru", absent},
                                         {"1x", absent},
                                         {"\"open", absent},
                                         {"}", absent},
                                         {"\"\\\"", absent}})
    CHECK(JsonView(row.text).kind() == row.kind);
  for (std::string_view text : {"-1", "1.5", "1e2", "true", "\"1\""})
    CHECK_FALSE(JsonView(text).unsigned_integer());
}

TEST_CASE("picker walks members in order") {
  const JsonView doc(R"({"a":1,"b":[2,3],"c":{"d":4}})");
  std::string seen;
  JsonView::Member member;
  while (doc.next_member(member))
    seen += std::string(member.inside_key) + "=" + std::string(member.value.raw()) + ";";
  CHECK(seen == "a=1;b=[2,3];c={\"d\":4};");
}

TEST_CASE("picker survives every cut and every broken byte") {
  const std::string doc = R"({"error":{"type":"x\"y","list":[{"a":[1,2,{}]}]},"usage":{"n":12}})";
  for (size_t length = 0; length <= doc.size(); ++length) {
    const ExactBytes exact(std::string_view(doc).substr(0, length));
    const JsonView view(exact.view());
    const bool whole_usage = length >= doc.size() - 1;
    CHECK(view["usage"]["n"].unsigned_integer().has_value() == whole_usage);
  }
  for (size_t at = 0; at < doc.size(); ++at) {
    for (char c : std::string("\"\\{}[]:,x")) {
      std::string broken = doc;
      broken[at] = c;
      const ExactBytes exact(broken);
      const JsonView found = JsonView(exact.view())["error"]["list"].at(0)["a"].at(2);
      CHECK(found.raw().size() <= broken.size());
    }
  }
}

TEST_CASE("picker is not fooled by depth") {
  const std::string deep = "{\"a\":" + std::string(1'000'000, '[') + "}";
  CHECK_FALSE(JsonView(deep)["b"].present());
}
