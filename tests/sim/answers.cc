#include "answers.h"

#include <qcc/http/serialize.h>

namespace qcc::sim {
namespace {
using std::chrono::milliseconds;

Duration up_to(Prng& prng, Duration longest) {
  return Duration(static_cast<int64_t>(prng.below(static_cast<uint64_t>(longest.count()) + 1)));
}

// Text that no other answer holds.
std::string words(Prng& prng, const Answer& answer, size_t bytes) {
  std::string text = "<" + answer.mark() + ">";
  while (text.size() < bytes) text += static_cast<char>('a' + prng.below(26));
  return text;
}

void add_event(Answer& answer, std::string_view name, const std::string& data, bool content) {
  if (!name.empty()) answer.payload.append("event: ").append(name).append("\n");
  answer.payload.append("data: ").append(data).append("\n\n");
  answer.events.push_back(answer.payload.size());
  if (content) answer.content.push_back(answer.payload.size());
}

void add_ping(Answer& answer, bool openai) {
  if (!openai) return add_event(answer, "ping", R"({"type": "ping"})", false);
  answer.payload.append(": OPENROUTER PROCESSING\n\n");
  answer.events.push_back(answer.payload.size());
}

void add_delta(Prng& prng, Answer& answer, bool openai, size_t bytes) {
  std::string text = words(prng, answer, bytes);
  if (openai)
    return add_event(answer, "",
                     R"({"id":"c","choices":[{"index":0,"delta":{"content":")" + text + R"("}}]})",
                     true);
  add_event(answer, "content_block_delta",
            R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")" +
                text + R"("}})",
            true);
}

void add_start(Answer& answer, bool openai) {
  if (openai)
    return add_event(answer, "",
                     R"({"id":"c","choices":[{"index":0,"delta":{"role":"assistant"}}]})", false);
  add_event(answer, "message_start",
            R"({"type":"message_start","message":{"id":"m",)"
            R"("usage":{"input_tokens":3,"output_tokens":1}}})",
            false);
}

void add_block_start(Answer& answer, bool openai) {
  if (openai) return;
  add_event(answer, "content_block_start",
            R"({"type":"content_block_start","index":0,)"
            R"("content_block":{"type":"text","text":""}})",
            true);
}

void add_stop(Answer& answer, bool openai) {
  if (openai) {
    add_event(answer, "", R"({"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})",
              true);
  } else {
    add_event(answer, "content_block_stop", R"({"type":"content_block_stop","index":0})", true);
    add_event(answer, "message_delta",
              R"({"type":"message_delta","delta":)"
              R"({"stop_reason":"end_turn"},"usage":{"output_tokens":9}})",
              true);
  }
  answer.stopped_at = answer.payload.size();
}

void add_end(Answer& answer, bool openai) {
  if (openai)
    add_event(answer, "", "[DONE]", false);
  else
    add_event(answer, "message_stop", R"({"type":"message_stop"})", false);
  answer.has_end = true;
}

void add_error(Answer& answer, bool openai) {
  if (openai)
    add_event(answer, "", R"({"error":{"message":"busy","type":"server_error","code":502}})",
              false);
  else
    add_event(answer, "error",
              R"({"type":"error","error":{"type":"overloaded_error","message":"busy"}})", false);
  answer.has_error = true;
}

enum class Strange : uint8_t { error_first, error_later, no_end, no_stop, pings, empty, html };

void make_stream(Prng& prng, const Mood& mood, bool openai, Answer& answer) {
  answer.is_stream = true;
  answer.content_type = "text/event-stream";
  bool strange = prng.chance(mood.strange);
  auto kind = static_cast<Strange>(prng.below(7));
  if (strange && kind == Strange::empty) return;
  if (prng.chance(30)) add_ping(answer, openai);
  add_start(answer, openai);
  size_t pings = prng.chance(40) ? prng.below(4) : 0;
  if (strange && kind == Strange::pings) pings += prng.below(60);
  for (size_t i = 0; i < pings; ++i) add_ping(answer, openai);
  if (strange && kind == Strange::error_first) return add_error(answer, openai);
  if (strange && kind == Strange::pings) return;
  add_block_start(answer, openai);
  size_t deltas = 1 + prng.below(mood.big ? 120 : 12);
  for (size_t i = 0; i < deltas; ++i) {
    bool huge = mood.big && prng.chance(2);
    add_delta(prng, answer, openai, huge ? 70'000 + prng.below(40'000) : 8 + prng.below(200));
    if (prng.chance(10)) add_ping(answer, openai);
  }
  if (strange && kind == Strange::error_later) return add_error(answer, openai);
  if (strange && kind == Strange::no_stop) return;
  add_stop(answer, openai);
  if (prng.chance(10)) add_ping(answer, openai);
  if (strange && kind == Strange::no_end) return;
  add_end(answer, openai);
}

void make_whole(Prng& prng, const Mood& mood, const RequestLog& request, Answer& answer) {
  answer.content_type = "application/json";
  size_t size = mood.big ? prng.below(400'000) : prng.below(3000);
  std::string text = words(prng, answer, size);
  if (request.kind == protocol::ApiKind::count_tokens)
    answer.payload = R"({"input_tokens":42,"note":")" + answer.mark() + "\"}";
  else if (request.is_openai())
    answer.payload = R"({"choices":[{"message":{"content":")" + text +
                     R"("}}],"usage":)"
                     R"({"prompt_tokens":5,"completion_tokens":7}})";
  else
    answer.payload = R"({"type":"message","content":[{"type":"text","text":")" + text +
                     R"("}],"usage":{"input_tokens":5,"output_tokens":7}})";
}

void make_error(const RequestLog& request, Answer& answer) {
  static const std::map<int, std::string> kTypes = {
      {400, "invalid_request_error"}, {401, "authentication_error"}, {403, "permission_error"},
      {404, "not_found_error"},       {429, "rate_limit_error"},     {529, "overloaded_error"}};
  auto at = kTypes.find(answer.status);
  std::string type = at == kTypes.end() ? "api_error" : at->second;
  answer.content_type = "application/json";
  answer.payload = R"({"type":"error","error":{"type":")" + type + R"(","message":"no )" +
                   answer.mark() + "\"}}";
  if (request.is_openai())
    answer.payload =
        R"({"error":{"message":"no )" + answer.mark() + R"(","type":")" + type + "\"}}";
}

void make_payload(Prng& prng, const Mood& mood, const RequestLog& request, Answer& answer) {
  static constexpr int kStatuses[] = {429, 401, 403, 404, 500, 529, 503, 400};
  if (prng.chance(mood.error_status)) {
    bool favourite = mood.favourite_status > 0 && prng.chance(70);
    answer.status = favourite ? mood.favourite_status : kStatuses[prng.below(8)];
    if (answer.status == 401 && !favourite && prng.chance(30)) answer.status = 500;
    return make_error(request, answer);
  }
  if (prng.chance(mood.strange) && prng.chance(25)) {
    answer.content_type = "text/html";
    answer.payload = "<html>" + words(prng, answer, 300) + "</html>";
  } else if (request.stream) {
    make_stream(prng, mood, request.is_openai(), answer);
  } else if (!(prng.chance(mood.strange) && prng.chance(30))) {
    make_whole(prng, mood, request, answer);
  } else {
    answer.content_type = "application/json";  // and nothing else
  }
}

void append_chunked(Prng& prng, std::string_view payload, std::string& wire) {
  while (!payload.empty()) {
    size_t size = std::min<size_t>(payload.size(), 1 + prng.below(prng.chance(80) ? 2000 : 60'000));
    char header[http::kChunkHeaderBytesMax];
    wire.append(header, http::write_chunk_header(header, size));
    wire.append(payload.substr(0, size)).append(http::kChunkEnd);
    payload.remove_prefix(size);
  }
}

// Breaks the framing somewhere: the answer cannot be read to its end.
void spoil(Prng& prng, std::string& wire) {
  size_t head = wire.find("\r\n\r\n");
  switch (prng.below(4)) {
    case 0: wire.insert(head, "\r\ncontent-length: 7\r\ncontent-length: 8"); break;
    case 1: wire.replace(0, 8, "HTTQ/1.1"); break;
    case 2: wire.insert(head, "\r\nbad header"); break;
    default:
      wire = wire.substr(0, head) + "\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nbroken";
      break;
  }
}

std::string head_of(const Answer& answer) {
  return "HTTP/1.1 " + std::to_string(answer.status) +
         " Whatever\r\ncontent-type: " + answer.content_type +
         "\r\nx-sim-attempt: " + answer.mark() + "\r\n";
}

void make_wire(Prng& prng, const Mood& mood, Answer& answer, Delivery& delivery) {
  std::string& wire = delivery.wire;
  if (prng.chance(5)) wire = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
  wire += head_of(answer);
  auto framing = prng.below(answer.is_stream ? 12 : 20);
  delivery.closes = framing == 0 || prng.chance(mood.closes / 4);
  if (delivery.closes) wire += "connection: close\r\n";
  answer.ends_with_connection = framing == 0;
  if (framing == 0) {
    wire += "\r\n" + answer.payload;
  } else if (framing < 10) {
    wire += "transfer-encoding: chunked\r\n\r\n";
    append_chunked(prng, answer.payload, wire);
    wire += http::kLastChunk;
  } else {
    wire +=
        "content-length: " + std::to_string(answer.payload.size()) + "\r\n\r\n" + answer.payload;
  }
  if (prng.chance(mood.bad_framing)) {
    spoil(prng, wire);
    answer.sound = false;
    delivery.closes = true;
  }
  delivery.sound_bytes = wire.size();
  if (framing != 0 && prng.chance(mood.extra))
    wire += prng.chance(50) ? "x" : "HTTP/1.1 200 OK\r\n";
}

}  // namespace

Delivery draw_answer(Prng& prng, const Mood& mood, const RequestLog& request, Answer& answer) {
  Delivery delivery;
  make_payload(prng, mood, request, answer);
  make_wire(prng, mood, answer, delivery);
  if (prng.chance(mood.cut)) {
    delivery.cut_at = prng.below(delivery.sound_bytes);
    delivery.cut_by_reset = prng.chance(50);
    answer.sound = false;
  }
  if (prng.chance(mood.stall)) {
    delivery.stall_at = prng.below(delivery.sound_bytes);
    delivery.stall = up_to(prng, mood.stall_max);
  }
  if (prng.chance(mood.dribble)) {
    delivery.piece_bytes = 1 + prng.below(std::max<size_t>(delivery.wire.size() / 4, 40));
    delivery.piece_bytes = std::max(delivery.piece_bytes, delivery.wire.size() / 60);
    delivery.piece_pause = up_to(prng, milliseconds(400));
  }
  return delivery;
}

}  // namespace qcc::sim
