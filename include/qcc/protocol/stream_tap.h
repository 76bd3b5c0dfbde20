// Watches one answer's event stream go by: usage, commit point, stop reason, end, in-band errors.
//
// Owned by one stream, one thread; knows no I/O, changes nothing, allocates nothing. It peeks: only
// events that can carry news are parsed (a text delta costs some ns, see benchmarks/sse_bench.cc).
// Whatever an upstream sends is tolerated. Spec R3 (commit point), R10, R11.
#pragma once
#include <qcc/protocol/errors.h>
#include <qcc/protocol/kinds.h>
#include <qcc/protocol/usage.h>
#include <qcc/sse/scanner.h>

#include <cstdint>
#include <string_view>

namespace qcc::protocol {

// What one event was. `content` feeds content timeouts; for OpenAI chunks after the first content
// it means any chunk.
enum class EventNews : uint8_t {
  none,     // ping, comment, start of message, unknown, part of an oversize event
  content,  // also a stop reason
  error,    // in-band: see error()
  end,      // message_stop, [DONE], response.completed or .incomplete
};

class StreamTap {
 public:
  // REQUIRES: kind is messages, chat_completions or responses; others are watched for nothing.
  explicit StreamTap(ApiKind kind) : kind_(kind) {}

  EventNews on_event(const sse::SseEvent& event);

  // The commit point was passed: content_block_start, a delta that is not empty, a tool call, a
  // stop or finish reason, any response.* event that is not mere progress; or an oversize event.
  bool has_content() const { return has_content_; }
  bool has_ended() const { return has_ended_; }
  bool has_error() const { return error_.is_error; }
  const ErrorFacts& error() const { return error_; }  // the first one

  // The model finished: only the terminal event may still be missing.
  bool has_stopped() const { return has_stopped_; }
  std::string_view stop_reason() const { return stop_reason_.view(); }
  uint32_t open_blocks() const { return open_blocks_; }
  // Stopped, no block open, no error, no end yet: may be completed with terminal_event() (R10).
  bool is_repairable() const;

  // Partial until the final account has come.
  Usage usage() const { return meter_.usage(); }

  // Events whose data was neither JSON nor [DONE]: a page, not an API.
  uint64_t malformed_events() const { return malformed_events_; }

 private:
  EventNews on_anthropic(const sse::SseEvent& event);
  EventNews on_message_delta(const sse::SseEvent& event);
  EventNews on_chat(const sse::SseEvent& event);
  EventNews on_chat_chunk(std::string_view data);
  void on_choice(const json::JsonView& choice);
  EventNews on_oversize_chat(std::string_view tail);
  EventNews on_response(const sse::SseEvent& event);
  EventNews on_response_end(const sse::SseEvent& event);
  EventNews fail(std::string_view data);
  EventNews content();
  EventNews end();

  ApiKind kind_;
  bool has_content_ = false;
  bool has_ended_ = false;
  bool has_stopped_ = false;
  uint32_t open_blocks_ = 0;
  uint64_t malformed_events_ = 0;
  UsageMeter meter_;
  ErrorFacts error_;
  InlineText<40> stop_reason_;
};

// What ends a stream of this kind well, as bytes; empty for responses, whose end cannot be made up.
std::string_view terminal_event(ApiKind kind);

}  // namespace qcc::protocol
