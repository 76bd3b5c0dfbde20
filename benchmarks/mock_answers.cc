#include "mock_answers.h"

#include <algorithm>
#include <charconv>

#include <qcc/http/serialize.h>
#include <qcc/sse/writer.h>

namespace qcc::bench {
namespace {

constexpr size_t kMessageBytes = 600;
constexpr std::string_view kFields =
    "date: Fri, 21 Nov 2025 06:00:00 GMT\r\nrequest-id: req_011CSHoEeqs5C35K2UUqR7Fy\r\n";
constexpr std::string_view kUsage =
    R"("usage":{"input_tokens":2095,"cache_creation_input_tokens":1024,)"
    R"("cache_read_input_tokens":18211,"output_tokens":)";
constexpr std::string_view kMessageOpen =
    R"({"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant",)"
    R"("model":"claude-sonnet-4-5-20250929",)";
constexpr std::array<std::string_view, 8> kWords = {
    " the", " proxy", " forwards", " every", " token as", " it arrives", ",", " quickly"};

uint64_t number_of(std::string_view text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string as_chunk(std::string_view payload) {
  char size[http::kChunkHeaderBytesMax];
  std::string chunk(size, http::write_chunk_header(size, payload.size()));
  return chunk.append(payload).append(http::kChunkEnd);
}

std::string event(std::string_view name, std::string_view data) {
  std::string text;
  sse::append_event(text, name, data);
  return as_chunk(text);
}

std::string text_delta(std::string_view text) {
  std::string data =
      R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")";
  return event("content_block_delta", data.append(text).append(R"("}})"));
}

std::string message_of(size_t bytes) {
  std::string begin = std::string(kMessageOpen) + R"("content":[{"type":"text","text":")";
  std::string end = R"("}],"stop_reason":"end_turn","stop_sequence":null,)" + std::string(kUsage) +
                    R"(503,"service_tier":"standard"}})";
  std::string text;
  while (begin.size() + text.size() + end.size() < bytes) text += "All work and no play. ";
  return begin + text + end;
}

void take_setting(Plan& plan, std::string_view name, uint64_t value) {
  if (name == "events") plan.events = std::max(value, Plan::kEventsMin);
  if (name == "batch") plan.batch = std::max<uint64_t>(value, 1);
  if (name == "delay_us") plan.delay = std::chrono::microseconds(value);
  if (name == "wait_us") plan.wait = std::chrono::microseconds(value);
  if (name == "stamp") plan.stamped = value != 0;
}

}  // namespace

Plan parse_plan(std::string_view query) {
  Plan plan;
  while (!query.empty()) {
    std::string_view setting = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), setting.size() + 1));
    size_t equals = setting.find('=');
    if (equals == std::string_view::npos) continue;
    take_setting(plan, setting.substr(0, equals), number_of(setting.substr(equals + 1)));
  }
  return plan;
}

std::string json_answer(std::string_view body) {
  std::string answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
  answer.append(kFields).append("content-length: ").append(std::to_string(body.size()));
  return answer.append("\r\n\r\n").append(body);
}

MockAnswers::MockAnswers()
    : message_(json_answer(message_of(kMessageBytes))),
      stream_head_(
          "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
          "cache-control: no-cache\r\n" +
          std::string(kFields) + "transfer-encoding: chunked\r\n\r\n"),
      message_start_(event("message_start", R"({"type":"message_start","message":)" +
                                                std::string(kMessageOpen) +
                                                R"("content":[],"stop_reason":null,)" +
                                                std::string(kUsage) + "1}}}")),
      block_start_(event("content_block_start", R"({"type":"content_block_start","index":0,)"
                                                R"("content_block":{"type":"text","text":""}})")),
      block_stop_(event("content_block_stop", R"({"type":"content_block_stop","index":0})")),
      message_delta_(event("message_delta",
                           R"({"type":"message_delta","delta":{"stop_reason":"end_turn",)"
                           R"("stop_sequence":null},"usage":{"output_tokens":503}})")),
      message_stop_(event("message_stop", R"({"type":"message_stop"})") +
                    std::string(http::kLastChunk)) {
  std::ranges::transform(kWords, deltas_.begin(), text_delta);
}

void MockAnswers::append_event(std::string& out, const Plan& plan, uint64_t number,
                               Instant now) const {
  uint64_t left = plan.events - number;
  if (number == 0)
    out += message_start_;
  else if (number == 1)
    out += block_start_;
  else if (left == 3)
    out += block_stop_;
  else if (left == 2)
    out += message_delta_;
  else if (left == 1)
    out += message_stop_;
  else if (plan.stamped)
    out += text_delta("@" + std::to_string(now.time_since_epoch().count()));
  else
    out += deltas_[number % deltas_.size()];
}

}  // namespace qcc::bench
