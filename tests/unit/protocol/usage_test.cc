#include <doctest/doctest.h>
#include <qcc/protocol/usage.h>

#include <string>
#include <vector>

using namespace qcc::protocol;

TEST_CASE("usage of whole answers") {
  struct Row {
    ApiKind kind;
    std::string body;
    Usage usage;  // input, output, write 5m, write 1h, read, reasoning, partial
    std::string stop_reason;
  };
  using enum ApiKind;
  const std::vector<Row> rows = {
      {messages,
       R"({"content":[{"type":"text","text":"\"usage\":{\"input_tokens\":9}"}],)"
       R"("stop_reason":"tool_use",)"
       R"("usage":{"input_tokens":12,"cache_creation_input_tokens":6,"cache_read_input_tokens":13,)"
       R"("cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":2},)"
       R"("output_tokens":131}})",
       {12, 131, 4, 2, 13, 0, false},
       "tool_use"},
      // What no class names counts as five minutes.
      {messages,
       R"({"usage":{"input_tokens":1,"cache_creation_input_tokens":10,)"
       R"("cache_creation":{"ephemeral_1h_input_tokens":3},"output_tokens":2}})",
       {1, 2, 7, 3, 0, 0, false},
       ""},
      {messages,
       R"({"usage":{"input_tokens":1,"cache_creation_input_tokens":10,"output_tokens":2}})",
       {1, 2, 10, 0, 0, 0, false},
       ""},
      {messages,
       R"({"usage":{"input_tokens":1,"cache_creation":{"ephemeral_5m_input_tokens":5},)"
       R"("output_tokens":2}})",
       {1, 2, 5, 0, 0, 0, false},
       ""},
      {messages,
       R"({"usage":{"input_tokens":-5,"output_tokens":"7","cache_read_input_tokens":1.5}})",
       {0, 0, 0, 0, 0, 0, true},
       ""},
      {messages,
       R"({"usage":{"input_tokens":99999999999999999999999,"output_tokens":1}})",
       {kTokensMax, 1, 0, 0, 0, 0, false},
       ""},
      {messages, R"({"stop_reason":null})", {}, ""},
      {messages, "<html>", {}, ""},
      {chat_completions,
       R"({"choices":[{"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":24,)"
       R"("completion_tokens":81,)"
       R"("total_tokens":105,"prompt_tokens_details":{"cached_tokens":8},)"
       R"("completion_tokens_details":{"reasoning_tokens":5}}})",
       {16, 81, 0, 0, 8, 5, false},
       "tool_calls"},
      {chat_completions,
       R"({"usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25,)"
       R"("prompt_tokens_details":{"cached_tokens":8,"cache_write_tokens":2}}})",
       {10, 5, 2, 0, 8, 0, false},
       ""},
      {chat_completions,
       R"({"usage":{"prompt_tokens":20,"completion_tokens":5,"prompt_cache_hit_tokens":7}})",
       {13, 5, 0, 0, 7, 0, false},
       ""},
      // Reasoning counted beside the completion, as the total shows.
      {chat_completions,
       R"({"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":35,)"
       R"("completion_tokens_details":{"reasoning_tokens":20}}})",
       {10, 25, 0, 0, 0, 20, false},
       ""},
      {chat_completions,
       R"({"usage":{"prompt_tokens":3,"completion_tokens":1,)"
       R"("prompt_tokens_details":{"cached_tokens":9}}})",
       {0, 1, 0, 0, 9, 0, false},
       ""},
      {chat_completions, R"({"usage":{"completion_tokens":1}})", {0, 1, 0, 0, 0, 0, true}, ""},
      {chat_completions, R"({"usage":null})", {}, ""},
      {responses,
       R"({"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},)"
       R"("usage":{"input_tokens":30,)"
       R"("input_tokens_details":{"cached_tokens":10},"output_tokens":4,)"
       R"("output_tokens_details":{"reasoning_tokens":3},"total_tokens":34}})",
       {20, 4, 0, 0, 10, 3, false},
       "max_output_tokens"},
      {responses, R"({"status":"completed","incomplete_details":null})", {}, "completed"},
      {count_tokens, R"({"input_tokens":21})", {}, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    const AnswerFacts facts = read_answer(row.kind, row.body);
    CHECK(facts.usage.input == row.usage.input);
    CHECK(facts.usage.output == row.usage.output);
    CHECK(facts.usage.cache_write_5m == row.usage.cache_write_5m);
    CHECK(facts.usage.cache_write_1h == row.usage.cache_write_1h);
    CHECK(facts.usage.cache_read == row.usage.cache_read);
    CHECK(facts.usage.reasoning == row.usage.reasoning);
    CHECK(facts.usage.partial == row.usage.partial);
    CHECK(facts.stop_reason == row.stop_reason);
  }
}
