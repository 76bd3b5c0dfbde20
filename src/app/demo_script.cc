#include "demo_script.h"

#include <qcc/json/writer.h>

namespace qcc::app {
namespace {

using admin::HttpAnswer;
using json::JsonWriter;

constexpr std::string_view kModel = "qcc-demo";
constexpr int64_t kCreated = 1'700'000'000;
constexpr size_t kBytesPerToken = 4;
constexpr uint64_t kCachedFrom = 1024;  // shorter prompts are not cached

constexpr std::string_view kSpeech =
    "There is no model behind me and I know nothing of what was asked; I only show how an answer "
    "travels. Ask again and watch who answers: one of us is steady, one is slow, and one fails now "
    "and then without you noticing.";

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    size_t end = std::min(text.find(' '), text.size() - 1) + 1;
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += word;
  return text;
}

uint64_t output_tokens(const DemoReply& reply) { return reply.words.size() * 4 / 3; }

void append_event(std::string& out, std::string_view name, std::string_view data) {
  if (!name.empty()) out.append("event: ").append(name).append("\n");
  out.append("data: ").append(data).append("\n\n");
}

// ---- Anthropic ----

void write_anthropic_usage(JsonWriter& writer, const DemoReply& reply, uint64_t output) {
  writer.begin_object();
  writer.member("input_tokens", reply.input_tokens - reply.cached_tokens);
  writer.member("cache_creation_input_tokens", 0);
  writer.member("cache_read_input_tokens", reply.cached_tokens);
  writer.member("output_tokens", output).end_object();
}

void begin_anthropic_message(JsonWriter& writer, const DemoReply& reply) {
  writer.begin_object().member("id", "msg_" + reply.id).member("type", "message");
  writer.member("role", "assistant").member("model", kModel).key("content").begin_array();
}

std::string anthropic_message(const DemoReply& reply) {
  std::string out;
  JsonWriter writer(out);
  begin_anthropic_message(writer, reply);
  writer.begin_object().member("type", "text").member("text", joined(reply.words)).end_object();
  writer.end_array().member("stop_reason", "end_turn").key("stop_sequence").null();
  writer.key("usage");
  write_anthropic_usage(writer, reply, output_tokens(reply));
  writer.end_object();
  return out;
}

std::string anthropic_message_start(const DemoReply& reply) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().member("type", "message_start").key("message");
  begin_anthropic_message(writer, reply);
  writer.end_array().key("stop_reason").null().key("stop_sequence").null().key("usage");
  write_anthropic_usage(writer, reply, 1);
  writer.end_object().end_object();
  return out;
}

std::string anthropic_delta(std::string_view word) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().member("type", "content_block_delta").member("index", 0).key("delta");
  writer.begin_object().member("type", "text_delta").member("text", word).end_object();
  writer.end_object();
  return out;
}

std::string anthropic_message_delta(const DemoReply& reply) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().member("type", "message_delta").key("delta").begin_object();
  writer.member("stop_reason", "end_turn").key("stop_sequence").null().end_object();
  writer.key("usage").begin_object().member("output_tokens", output_tokens(reply)).end_object();
  writer.end_object();
  return out;
}

DemoStream anthropic_stream(const DemoReply& reply) {
  DemoStream stream;
  append_event(stream.beginning, "message_start", anthropic_message_start(reply));
  append_event(stream.beginning, "content_block_start",
               R"({"type":"content_block_start","index":0,)"
               R"("content_block":{"type":"text","text":""}})");
  append_event(stream.beginning, "ping", R"({"type":"ping"})");
  for (const std::string& word : reply.words)
    append_event(stream.words.emplace_back(), "content_block_delta", anthropic_delta(word));
  append_event(stream.end, "content_block_stop", R"({"type":"content_block_stop","index":0})");
  append_event(stream.end, "message_delta", anthropic_message_delta(reply));
  append_event(stream.end, "message_stop", R"({"type":"message_stop"})");
  return stream;
}

// ---- OpenAI ----

void write_openai_usage(JsonWriter& writer, const DemoReply& reply) {
  writer.key("usage").begin_object().member("prompt_tokens", reply.input_tokens);
  writer.member("completion_tokens", output_tokens(reply));
  writer.member("total_tokens", reply.input_tokens + output_tokens(reply));
  writer.key("prompt_tokens_details").begin_object();
  writer.member("cached_tokens", reply.cached_tokens).end_object().end_object();
}

void begin_openai_object(JsonWriter& writer, const DemoReply& reply, std::string_view object) {
  writer.begin_object().member("id", "chatcmpl-" + reply.id).member("object", object);
  writer.member("created", kCreated).member("model", kModel).key("choices").begin_array();
}

std::string openai_completion(const DemoReply& reply) {
  std::string out;
  JsonWriter writer(out);
  begin_openai_object(writer, reply, "chat.completion");
  writer.begin_object().member("index", 0).key("message").begin_object();
  writer.member("role", "assistant").member("content", joined(reply.words)).end_object();
  writer.member("finish_reason", "stop").end_object().end_array();
  write_openai_usage(writer, reply);
  writer.end_object();
  return out;
}

// `delta` is the JSON of what is new.
std::string openai_chunk(const DemoReply& reply, std::string_view delta, bool last) {
  std::string out;
  JsonWriter writer(out);
  begin_openai_object(writer, reply, "chat.completion.chunk");
  writer.begin_object().member("index", 0).key("delta").raw(delta).key("finish_reason");
  writer.raw(last ? "\"stop\"" : "null").end_object().end_array().end_object();
  return out;
}

std::string openai_word(std::string_view word) {
  std::string out;
  JsonWriter(out).begin_object().member("content", word).end_object();
  return out;
}

std::string openai_usage_chunk(const DemoReply& reply) {
  std::string out;
  JsonWriter writer(out);
  begin_openai_object(writer, reply, "chat.completion.chunk");
  writer.end_array();
  write_openai_usage(writer, reply);
  writer.end_object();
  return out;
}

DemoStream openai_stream(const DemoReply& reply, bool with_usage) {
  DemoStream stream;
  append_event(stream.beginning, "",
               openai_chunk(reply, R"({"role":"assistant","content":""})", false));
  for (const std::string& word : reply.words)
    append_event(stream.words.emplace_back(), "", openai_chunk(reply, openai_word(word), false));
  append_event(stream.end, "", openai_chunk(reply, "{}", true));
  if (with_usage) append_event(stream.end, "", openai_usage_chunk(reply));
  append_event(stream.end, "", "[DONE]");
  return stream;
}

HttpAnswer error_answer(int status, DemoDialect dialect, std::string_view type,
                        std::string_view message) {
  HttpAnswer answer;
  answer.status = status;
  JsonWriter writer(answer.body);
  writer.begin_object();
  if (dialect == DemoDialect::anthropic) writer.member("type", "error");
  writer.key("error").begin_object().member("type", type).member("message", message).end_object();
  writer.end_object();
  return answer;
}

}  // namespace

const std::array<DemoPersona, kDemoEndpoints> kDemoPersonas = {
    DemoPersona{"demo-steady", std::chrono::milliseconds(120), std::chrono::milliseconds(20),
                false},
    DemoPersona{"demo-slow", std::chrono::milliseconds(900), std::chrono::milliseconds(25), false},
    DemoPersona{"demo-flaky", std::chrono::milliseconds(200), std::chrono::milliseconds(30), true},
};

DemoFault draw_fault(const DemoPersona& persona, Prng& prng) {
  if (!persona.flaky) return DemoFault::none;
  uint64_t percent = prng.below(100);
  if (percent < 15) return DemoFault::overloaded;
  if (percent < 25) return DemoFault::rate_limited;
  if (percent < 35) return DemoFault::reset;
  if (percent < 45) return DemoFault::cut_while_waiting;
  return DemoFault::none;
}

DemoRoute demo_route(const http::RequestHead& head) {
  DemoRoute route;
  std::string_view path = head.path;
  if (path.starts_with("/openai/")) {
    route.dialect = DemoDialect::openai;
    path.remove_prefix(std::string_view("/openai").size());
  } else if (path.starts_with("/anthropic/")) {
    path.remove_prefix(std::string_view("/anthropic").size());
  }
  bool is_anthropic = route.dialect == DemoDialect::anthropic;
  bool is_post = head.method == http::Method::post;
  std::string_view generate = is_anthropic ? "/v1/messages" : "/v1/chat/completions";
  if (is_post && path == generate) route.call = DemoCall::generate;
  if (is_post && is_anthropic && path == "/v1/messages/count_tokens")
    route.call = DemoCall::count_tokens;
  if (head.method == http::Method::get && path == "/v1/models") route.call = DemoCall::models;
  return route;
}

DemoReply make_reply(const DemoPersona& persona, uint64_t number, size_t request_bytes) {
  DemoReply reply;
  reply.id = "demo" + std::to_string(number);
  std::string text = "Answered by " + std::string(persona.name) + ", a simulated endpoint. ";
  reply.words = split_words(text + std::string(kSpeech));
  reply.input_tokens = request_bytes / kBytesPerToken;
  if (reply.input_tokens >= kCachedFrom) reply.cached_tokens = reply.input_tokens * 3 / 4;
  return reply;
}

DemoStream stream_of(const DemoReply& reply, DemoDialect dialect, bool with_usage) {
  return dialect == DemoDialect::anthropic ? anthropic_stream(reply)
                                           : openai_stream(reply, with_usage);
}

HttpAnswer whole_answer(const DemoReply& reply, DemoDialect dialect) {
  HttpAnswer answer;
  answer.body =
      dialect == DemoDialect::anthropic ? anthropic_message(reply) : openai_completion(reply);
  return answer;
}

HttpAnswer fault_answer(DemoFault fault, DemoDialect dialect) {
  if (fault == DemoFault::overloaded)
    return error_answer(529, dialect, "overloaded_error", "Overloaded (simulated).");
  QCC_ASSERT(fault == DemoFault::rate_limited);
  HttpAnswer answer =
      error_answer(429, dialect, "rate_limit_error", "Too many requests (simulated).");
  answer.fields.push_back({"retry-after", "2"});
  return answer;
}

HttpAnswer token_count_answer(size_t request_bytes) {
  HttpAnswer answer;
  JsonWriter writer(answer.body);
  writer.begin_object().member("input_tokens", request_bytes / kBytesPerToken).end_object();
  return answer;
}

HttpAnswer models_answer(DemoDialect dialect) {
  HttpAnswer answer;
  JsonWriter writer(answer.body);
  writer.begin_object();
  if (dialect == DemoDialect::openai) writer.member("object", "list");
  writer.key("data").begin_array().begin_object().member("id", kModel);
  if (dialect == DemoDialect::openai)
    writer.member("object", "model").member("created", kCreated).member("owned_by", "qcc");
  else
    writer.member("type", "model")
        .member("display_name", "Simulated model")
        .member("created_at", "2023-11-14T22:13:20Z");
  writer.end_object().end_array();
  if (dialect == DemoDialect::anthropic)
    writer.member("has_more", false).member("first_id", kModel).member("last_id", kModel);
  writer.end_object();
  return answer;
}

HttpAnswer unknown_answer(DemoDialect dialect) {
  return error_answer(404, dialect, "not_found_error", "The simulated endpoint has no such path.");
}

}  // namespace qcc::app
