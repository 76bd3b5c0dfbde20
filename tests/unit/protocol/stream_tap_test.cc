#include "../../../src/protocol/chunk_peek.h"

#include <doctest/doctest.h>
#include <qcc/protocol/stream_tap.h>

#include <string>
#include <vector>

using namespace qcc;
using namespace qcc::protocol;

namespace {

struct Watched {
  StreamTap tap;
  std::vector<EventNews> news;
  int first_content = -1;  // which event passed the commit point
};

Watched watch(ApiKind kind, std::string_view stream, size_t limit = sse::kEventLimitBytes) {
  Watched watched{StreamTap(kind), {}, -1};
  sse::SseScanner scanner(limit);
  scanner.feed(stream);
  for (sse::SseEvent event; scanner.next(event);) {
    watched.news.push_back(watched.tap.on_event(event));
    if (watched.first_content < 0 && watched.tap.has_content())
      watched.first_content = static_cast<int>(watched.news.size()) - 1;
  }
  return watched;
}

std::string named(const std::string& name, const std::string& rest) {
  return "event: " + name + "\ndata: {\"type\":\"" + name + "\"" + rest + "}\n\n";
}

const std::string kStart =
    named("message_start",
          R"(,"message":{"id":"msg_1","content":[],"stop_reason":null,"usage":{"input_tokens":12,)"
          R"("cache_creation_input_tokens":7,"cache_read_input_tokens":14,)"
          R"("cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},)"
          R"("output_tokens":1}})");
const std::string kPing = named("ping", "");
const std::string kBlockStart =
    named("content_block_start", R"(,"index":0,"content_block":{"type":"text","text":""})");
const std::string kDelta =
    named("content_block_delta", R"(,"index":0,"delta":{"type":"text_delta","text":"Hel"})");
const std::string kEmptyDelta =
    named("content_block_delta", R"(,"index":0,"delta":{"type":"text_delta","text":""})");
const std::string kBlockStop = named("content_block_stop", R"(,"index":0)");
const std::string kStop =
    named("message_delta",
          R"(,"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":12,)"
          R"("cache_creation_input_tokens":7,"cache_read_input_tokens":14,"output_tokens":27})");
const std::string kEnd = named("message_stop", "");

std::string chunk(const std::string& delta, const std::string& finish = "null",
                  const std::string& usage = "null") {
  return R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","model":"gpt",)"
         R"("system_fingerprint":"fp",)"
         R"("choices":[{"index":0,"delta":)" +
         delta + R"(,"logprobs":null,"finish_reason":)" + finish + R"(}],"usage":)" + usage +
         "}\n\n";
}

const std::string kRole = chunk(R"({"role":"assistant","content":"","refusal":null})");
const std::string kText = chunk(R"({"content":"Hello"})");
const std::string kUsage = R"({"prompt_tokens":34,"completion_tokens":77,"total_tokens":111,)"
                           R"("prompt_tokens_details":{"cached_tokens":15},)"
                           R"("completion_tokens_details":{"reasoning_tokens":50}})";
const std::string kUsageChunk =
    R"(data: {"object":"chat.completion.chunk","choices":[],"usage":)" + kUsage + "}\n\n";
const std::string kDone = "data: [DONE]\n\n";

}  // namespace

TEST_CASE("tap: a whole Anthropic stream") {
  const Watched w = watch(ApiKind::messages, kStart + kPing + kBlockStart + kDelta + kDelta +
                                                 kBlockStop + kStop + kEnd);
  using enum EventNews;
  CHECK(w.news == std::vector{none, none, content, content, content, content, content, end});
  CHECK(w.first_content == 2);
  CHECK(w.tap.has_ended());
  CHECK(w.tap.has_stopped());
  CHECK(w.tap.stop_reason() == "end_turn");
  CHECK(w.tap.open_blocks() == 0);
  CHECK_FALSE(w.tap.has_error());
  CHECK(w.tap.usage() == Usage{12, 27, 3, 4, 14, 0, false});
  CHECK_FALSE(w.tap.is_repairable());
}

TEST_CASE("tap: Anthropic usage is cumulative, the last value counts") {
  const std::string more =
      named("message_delta", R"(,"delta":{"stop_reason":null},"usage":{"output_tokens":20})");
  const std::string last =
      named("message_delta", R"(,"delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":33,)"
                             R"("cache_creation_input_tokens":null})");
  CHECK(watch(ApiKind::messages, kStart + more + last).tap.usage() ==
        Usage{12, 33, 3, 4, 14, 0, false});
  // Without a final account it is partial.
  CHECK(watch(ApiKind::messages, kStart + kBlockStart).tap.usage() ==
        Usage{12, 1, 3, 4, 14, 0, true});
  CHECK(watch(ApiKind::messages, kBlockStart).tap.usage() == Usage{});
}

TEST_CASE("tap: where Anthropic streams commit") {
  struct Row {
    std::string stream;
    int first_content;
  };
  const std::vector<Row> rows = {
      {kStart + kPing + kPing, -1},
      {": comment\n\n" + kStart + kPing, -1},
      {kStart + kEmptyDelta, -1},
      {kStart + kEmptyDelta + kDelta, 2},
      {kStart + named("content_block_delta",
                      R"(,"delta":{"type":"input_json_delta","partial_json":"{"})"),
       1},
      {kStart + named("message_delta", R"(,"delta":{"stop_reason":null})"), -1},
      {kStart + kStop, 1},
      {kStart + kEnd, -1},
      {named("mock_future_event", R"(,"a":"b")"), -1},
      {"data: {\"type\":\"content_block_start\"}\n\n", 0},
      {"event: content_block_delta\ndata: garbage\n\n", -1},
      {"data: <html>\n\n", -1},
      {"event: error\ndata: {}\n\n", -1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.stream);
    CHECK(watch(ApiKind::messages, row.stream).first_content == row.first_content);
  }
}

TEST_CASE("tap: a stream that stopped but lacks its end is repairable") {
  struct Row {
    std::string stream;
    bool repairable;
  };
  const std::string error = named("error", R"(,"error":{"type":"overloaded_error"})");
  const std::vector<Row> rows = {
      {kStart + kBlockStart + kBlockStop + kStop, true},
      {kStart + kBlockStart + kStop, false},
      {kStart + kBlockStart + kBlockStop, false},
      {kStart + kBlockStart + kBlockStop + kStop + kEnd, false},
      {kStart + kBlockStart + kBlockStop + kStop + error, false},
  };
  for (const Row& row : rows)
    CHECK(watch(ApiKind::messages, row.stream).tap.is_repairable() == row.repairable);
  CHECK(watch(ApiKind::chat_completions, kText + chunk("{}", "\"stop\"")).tap.is_repairable());
  CHECK_FALSE(watch(ApiKind::chat_completions, kText).tap.is_repairable());
  CHECK(watch(ApiKind::messages, std::string(terminal_event(ApiKind::messages))).tap.has_ended());
  CHECK(watch(ApiKind::chat_completions, std::string(terminal_event(ApiKind::chat_completions)))
            .tap.has_ended());
}

TEST_CASE("tap: in-band errors") {
  struct Row {
    ApiKind kind;
    std::string stream, type, code;
    int status;
    bool content_before = false;
  };
  using enum ApiKind;
  const std::vector<Row> rows = {
      {messages, kStart + named("error", R"(,"error":{"type":"overloaded_error","message":"m"})"),
       "overloaded_error", "", 529},
      {messages, kStart + kBlockStart + named("error", R"(,"error":{"type":"api_error"})"),
       "api_error", "", 500, true},
      {messages, "event: error\ndata: nonsense\n\n", "", "", 502},
      {messages, "data: {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\"}}\n\n",
       "rate_limit_error", "", 429},
      {messages, "data: {\"error\":{\"type\":\"rate_limit_error\"}}\n\n", "rate_limit_error", "",
       429},
      {chat_completions,
       kText + R"(data: {"error":{"message":"m","type":"server_error","param":null,"code":null}})"
               "\n\n",
       "server_error", "", 500, true},
      {chat_completions,
       R"(data: {"error": {"code": 429, "message": "m"}})"
       "\n\n",
       "", "", 429},
      {chat_completions, "data: {\"error\":\"text\"}\n\n", "", "", 502},
      {chat_completions,
       R"(data: {"object":"error","type":"BadRequestError","code":400})"
       "\n\n",
       "BadRequestError", "", 400},
      {chat_completions,
       R"(data: {"choices":[{"delta":{},"finish_reason":"error","error":{"code":503}}]})"
       "\n\n",
       "", "", 503},
      {chat_completions, "event: error\ndata: {\"error\":{\"type\":\"x\"}}\n\n", "x", "", 502},
      {responses, "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\"}\n\n", "",
       "server_error", 500},
      {responses,
       named("response.failed", R"(,"response":{"error":{"code":"rate_limit_exceeded"}})"), "",
       "rate_limit_exceeded", 429},
  };
  for (const Row& row : rows) {
    CAPTURE(row.stream);
    const Watched w = watch(row.kind, row.stream);
    CHECK(w.tap.has_error());
    CHECK(w.news.back() == EventNews::error);
    CHECK(w.tap.error().type == row.type);
    CHECK(w.tap.error().code == row.code);
    CHECK(status_of(w.tap.error()) == row.status);
    CHECK(w.tap.has_content() == row.content_before);
  }
}

TEST_CASE("tap: a whole chat stream") {
  const Watched w = watch(ApiKind::chat_completions,
                          kRole + kText + kText + chunk("{}", "\"stop\"") + kUsageChunk + kDone);
  using enum EventNews;
  CHECK(w.news == std::vector{none, content, content, content, content, end});
  CHECK(w.first_content == 1);
  CHECK(w.tap.stop_reason() == "stop");
  CHECK(w.tap.usage() == Usage{19, 77, 0, 0, 15, 50, false});
  CHECK(w.tap.has_ended());
}

TEST_CASE("tap: where chat streams commit") {
  struct Row {
    std::string stream;
    int first_content;
  };
  const std::vector<Row> rows = {
      {kRole + kRole, -1},
      {": OPENROUTER PROCESSING\n\n" + kRole, -1},
      {kRole + chunk(R"({"content":null})") + kText, 2},
      {chunk(R"({"reasoning_content":"hm"})"), 0},
      {chunk(R"({"tool_calls":[{"index":0,"id":"call_1"}]})"), 0},
      {chunk(R"({"tool_calls":[]})"), -1},
      {chunk(R"({"refusal":"no"})"), 0},
      {chunk("{}", "\"stop\""), 0},
      {chunk("{}", "\"\""), -1},
      {chunk("null"), -1},
      {kUsageChunk, -1},
      {kDone, -1},
      {"data: {\"choices\":[{\"text\":\"legacy\"}]}\n\n", 0},
      {"data: <html>\n\n", -1},
      {"data: {broken\n\n", -1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.stream);
    CHECK(watch(ApiKind::chat_completions, row.stream).first_content == row.first_content);
  }
  CHECK(watch(ApiKind::chat_completions, "data: <html>\n\ndata: x\n\n").tap.malformed_events() ==
        2);
}

TEST_CASE("tap: chat usage in other places") {
  const std::string in_choice =
      R"(data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop","usage":)" + kUsage +
      "}]}\n\n";
  const std::string with_text = chunk(R"({"content":"x"})", "null", kUsage);
  const std::string spaced = R"(data: {"choices": [], "usage": )" + kUsage + "}\n\n";
  for (const std::string& last : {in_choice, with_text, spaced})
    CHECK(watch(ApiKind::chat_completions, kText + last).tap.usage() ==
          Usage{19, 77, 0, 0, 15, 50, false});
}

TEST_CASE("tap: words in an answer's text are no news") {
  const std::string text = chunk(
      R"({"content":"\"finish_reason\":\"stop\",\"usage\":{\"prompt_tokens\":5},\"error\":{}"})");
  const Watched w = watch(ApiKind::chat_completions, kText + text);
  CHECK_FALSE(w.tap.has_stopped());
  CHECK_FALSE(w.tap.has_error());
  CHECK(w.tap.usage().partial);
}

TEST_CASE("tap: a responses stream") {
  const std::string usage =
      R"("usage":{"input_tokens":30,"input_tokens_details":{"cached_tokens":10},)"
      R"("output_tokens":4,"total_tokens":34})";
  const Watched w = watch(
      ApiKind::responses,
      named("response.created", R"(,"response":{"status":"in_progress","usage":null})") +
          named("response.in_progress", "") + named("response.output_item.added", "") +
          named("response.output_text.delta", R"(,"delta":"x")") + named("codex.rate_limits", "") +
          named("response.completed", R"(,"response":{"status":"completed",)" + usage + "}"));
  using enum EventNews;
  CHECK(w.news == std::vector{none, none, content, content, none, end});
  CHECK(w.first_content == 2);
  CHECK(w.tap.usage() == Usage{20, 4, 0, 0, 10, 0, false});
  CHECK(w.tap.stop_reason() == "completed");

  const Watched cut =
      watch(ApiKind::responses, named("response.incomplete",
                                      R"(,"response":{"status":"incomplete",)"
                                      R"("incomplete_details":{"reason":"max_output_tokens"}})"));
  CHECK(cut.tap.has_ended());
  CHECK(cut.tap.stop_reason() == "max_output_tokens");
}

TEST_CASE("tap: oversize events still tell their end and usage") {
  const std::string filler(3000, 'x');
  const std::string usage = R"("usage":{"input_tokens":3,"output_tokens":4})";
  const Watched response = watch(ApiKind::responses,
                                 named("response.completed", R"(,"response":{"instructions":")" +
                                                                 filler + "\"," + usage + "}"),
                                 200);
  CHECK(response.tap.has_ended());
  CHECK(response.tap.usage() == Usage{3, 4, 0, 0, 0, 0, false});
  CHECK(response.tap.stop_reason() == "completed");

  const Watched chat = watch(ApiKind::chat_completions,
                             chunk("{\"content\":\"" + filler + "\"}", "\"stop\"", kUsage), 200);
  CHECK(chat.tap.has_content());
  CHECK(chat.tap.stop_reason() == "stop");
  CHECK(chat.tap.usage() == Usage{19, 77, 0, 0, 15, 50, false});

  const Watched delta =
      watch(ApiKind::messages,
            named("content_block_delta", R"(,"delta":{"text":")" + filler + "\"}"), 200);
  CHECK(delta.tap.has_content());
}

TEST_CASE("may_hold_news, wherever it stands") {
  for (size_t pad = 0; pad < 70; ++pad) {
    const std::string before(pad, 'x');
    for (std::string_view news : {R"("finish_reason":"stop")", R"("usage":{})", R"("usage": {})",
                                  R"("error":"x")", R"("error":{)"})
      CHECK(may_hold_news(before + std::string(news)));
    for (std::string_view plain :
         {R"("finish_reason":null)", R"("usage": null)", R"("error":null)", R"(\"usage\":{})",
          R"("errors":{})", R"("user":{})", R"("finish)", "\"", "\"u", ""})
      CHECK_FALSE(may_hold_news(before + std::string(plain)));
  }
}
