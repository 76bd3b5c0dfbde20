#include <doctest/doctest.h>
#include <qcc/protocol/inspect.h>

#include <array>
#include <string>
#include <vector>

using namespace qcc;
using namespace qcc::protocol;

TEST_CASE("inspect: a Claude Code turn") {
  const std::string body =
      R"({"model":"claude-opus-4-8","messages":[{"role":"user","content":"hi"}],)"
      R"("system":[{"a":1}],)"
      R"("metadata":{"user_id":"{\"device_id\":\"dd\",\"account_uuid\":\"\",)"
      R"(\"session_id\":\"0a-1\"}"},)"
      R"("max_tokens":64000,"stream":true})";
  const auto facts = inspect(body, ApiKind::messages);
  REQUIRE(facts);
  CHECK(facts->model == "claude-opus-4-8");
  CHECK(facts->model_range.of(body) == "\"claude-opus-4-8\"");
  CHECK(facts->stream);
  CHECK(facts->max_tokens == 64000u);
  CHECK(facts->metadata_session.source == SessionSource::metadata_session);
  CHECK(facts->metadata_session.text == "0a-1");
  CHECK(facts->cache_session.source == SessionSource::none);
  CHECK(facts->messages.of(body) == R"([{"role":"user","content":"hi"}])");
  CHECK(facts->system.of(body) == R"([{"a":1}])");
}

TEST_CASE("inspect: session keys") {
  struct Row {
    std::string members;
    SessionSource metadata, cache;
    std::string metadata_text, cache_text;
  };
  using enum SessionSource;
  const std::vector<Row> rows = {
      {R"("a":1)", none, none, "", ""},
      {R"("metadata":{"user_id":"user_ab_account__session_77-x"})", metadata_session, none, "77-x",
       ""},
      {R"("metadata":{"user_id":"a_session_b_session_c"})", metadata_session, none, "c", ""},
      {R"("metadata":{"user_id":"someone"})", metadata_user, none, "someone", ""},
      {R"("metadata":{"user_id":"\u0061\"b"})", metadata_user, none, "a\"b", ""},
      {R"("metadata":{"user_id":""})", none, none, "", ""},
      {R"("metadata":{"user_id":null})", none, none, "", ""},
      {R"("metadata":null)", none, none, "", ""},
      {R"("metadata":{"user_id":"{\"session_id\":5}"})", metadata_user, none, "{\"session_id\":5}",
       ""},
      {R"("metadata":{"user_id":"x_session_"})", metadata_user, none, "x_session_", ""},
      {R"("prompt_cache_key":"pck","conversation":"c")", none, prompt_cache_key, "", "pck"},
      {R"("conversation":"conv_1")", none, conversation, "", "conv_1"},
      {R"("conversation":{"id":"conv_2"})", none, conversation, "", "conv_2"},
      {R"("conversation":{"x":"conv_2"},"prompt_cache_key":null)", none, none, "", ""},
      {R"("conversation":["conv_2"])", none, none, "", ""},
      {"\"prompt_cache_key\":\"" + std::string(kSessionBytesMax, 'k') + "\"", none,
       prompt_cache_key, "", std::string(kSessionBytesMax, 'k')},
  };
  for (const Row& row : rows) {
    CAPTURE(row.members);
    const auto facts = inspect("{\"model\":\"m\"," + row.members + "}", ApiKind::responses);
    REQUIRE(facts);
    CHECK(facts->metadata_session.source == row.metadata);
    CHECK(facts->metadata_session.text == row.metadata_text);
    CHECK(facts->cache_session.source == row.cache);
    CHECK(facts->cache_session.text == row.cache_text);
  }
}

TEST_CASE("inspect: keys too long are hashed, and stay apart") {
  auto key_of = [](size_t length) {
    const auto facts =
        inspect(R"({"model":"m","prompt_cache_key":")" + std::string(length, 'k') + "\"}",
                ApiKind::responses);
    REQUIRE(facts);
    return std::string(facts->cache_session.text.view());
  };
  for (size_t length : {kSessionBytesMax + 1, size_t{5000}}) {
    CHECK(key_of(length).size() == 17);
    CHECK(key_of(length)[0] == '#');
    CHECK(key_of(length) == key_of(length));
    CHECK(key_of(length) != key_of(length + 1));
  }
}

TEST_CASE("inspect: limits by kind") {
  const std::string body =
      R"({"model":"m","max_tokens":1,"max_completion_tokens":2,"max_output_tokens":3})";
  CHECK(inspect(body, ApiKind::messages)->max_tokens == 1u);
  CHECK(inspect(body, ApiKind::chat_completions)->max_tokens == 2u);
  CHECK(inspect(body, ApiKind::responses)->max_tokens == 3u);
  CHECK_FALSE(inspect(R"({"model":"m","max_tokens":-1})", ApiKind::messages)->max_tokens);
  CHECK_FALSE(inspect(R"({"model":"m","max_tokens":null})", ApiKind::messages)->max_tokens);
  CHECK_FALSE(inspect(R"({"model":"m"})", ApiKind::messages)->stream);
  CHECK_FALSE(inspect(R"({"model":"m","stream":false})", ApiKind::messages)->stream);
  CHECK_FALSE(inspect(R"({"model":"m","stream":null})", ApiKind::messages)->stream);
}

TEST_CASE("inspect: what is refused, said without the body's words") {
  struct Row {
    std::string body, text, field;
  };
  const std::vector<Row> rows = {
      {"{}", "model: Field required", "model"},
      {R"({"model":""})", "model: must not be empty", "model"},
      {"{\"model\":\"" + std::string(kModelBytesMax + 1, 'm') + "\"}", "model: too long", "model"},
      {R"({"model":5})", "model: the member has the wrong type (byte 9)", "model"},
      {R"({"model":"a","model":"b"})", "model: the member is there more than once (byte 21)",
       "model"},
      {"[]", "the body is not a JSON object (byte 0)", ""},
      {"{\"secret", "the body ends before its JSON does (byte 8)", ""},
  };
  for (const Row& row : rows) {
    const auto facts = inspect(row.body, ApiKind::messages);
    REQUIRE(!facts);
    CHECK(describe(facts.error()) == row.text);
    CHECK(facts.error().field == row.field);
  }
  CHECK(inspect("{\"model\":\"" + std::string(kModelBytesMax, 'm') + "\"}", ApiKind::messages));
}

TEST_CASE("inspect: an escaped model is what the upstream will see") {
  const auto facts =
      inspect(R"({"\u006dodel":"gpt\u002d5 \ud83d\ude00"})", ApiKind::chat_completions);
  REQUIRE(facts);
  CHECK(facts->model == "gpt-5 😀");
}

TEST_CASE("inspect: a body that was fed in pieces is what it is at once") {
  const std::string filler(200, ' ');
  const std::vector<std::string> bodies = {
      "{\"model\":\"m\"," + filler + "\"metadata\":{\"user_id\":\"u\"},\"max_tokens\":5}",
      "{\"model\":5," + filler + "}", filler + "{" + filler};
  for (const std::string& body : bodies) {
    json::RequestSkimmer skimmer;
    for (size_t fed = 0; fed < body.size(); fed += 30)
      skimmer.feed(std::string_view(body).substr(0, fed));
    const auto fed = inspect(body, ApiKind::messages, skimmer);
    const auto at_once = inspect(body, ApiKind::messages);
    REQUIRE(fed.has_value() == at_once.has_value());
    if (fed) {
      CHECK(fed->model == "m");
      CHECK(fed->max_tokens == 5u);
      CHECK(fed->metadata_session.text == "u");
    } else {
      CHECK(describe(fed.error()) == describe(at_once.error()));
    }
  }
}

TEST_CASE("splice_model changes the model and nothing else") {
  const std::string body = "{ \"a\":1.0, \"model\" : \"old\\u0041\" ,\"b\": [ ] }";
  const auto facts = inspect(body, ApiKind::messages);
  REQUIRE(facts);
  const SplicedBody spliced = splice_model(body, facts->model_range, "new \"name\"");
  const std::string whole =
      std::string(spliced.before) + spliced.model + std::string(spliced.after);
  CHECK(whole == "{ \"a\":1.0, \"model\" : \"new \\\"name\\\"\" ,\"b\": [ ] }");
  CHECK(spliced.size() == whole.size());
}

TEST_CASE("session_part") {
  std::array<char, 64> room;
  CHECK(session_part("user_1_account__session_abc", room) == "abc");
  CHECK(session_part(R"({"session_id":"a\u0062c"})", room) == "abc");
  CHECK(session_part("user", room).empty());
  CHECK(session_part("{garbage", room).empty());
  CHECK(session_part("", room).empty());
}
