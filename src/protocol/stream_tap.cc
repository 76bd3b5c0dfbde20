#include <qcc/json/text.h>
#include <qcc/protocol/stream_tap.h>

#include "chunk_peek.h"

namespace qcc::protocol {
namespace {

using json::JsonView;
using json::ValueKind;
using sse::SseEvent;

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// The `event:` name and `data.type` agree where both are there.
std::string_view name_of(const SseEvent& event) {
  if (!event.name.empty() || event.oversize) return event.name;
  return JsonView(event.data)["type"].inside_string();
}

bool is_filled(const JsonView& value) {
  switch (value.kind()) {
    case ValueKind::string: return value.raw().size() > 2;
    case ValueKind::array: return value.at(0).present();
    case ValueKind::object:
    case ValueKind::number: return true;
    default: return false;
  }
}

// A delta says something when a member other than its type, role or index does.
bool is_filled_delta(const JsonView& delta) {
  JsonView::Member member;
  while (delta.next_member(member)) {
    const std::string_view key = member.inside_key;
    if (key != "type" && key != "role" && key != "index" && is_filled(member.value)) return true;
  }
  return false;
}

// The value behind the last `marker` (a key with its quotes and colon) in the tail of an event.
JsonView last_value(std::string_view tail, std::string_view marker) {
  const size_t at = tail.rfind(marker);
  return at == tail.npos ? JsonView() : JsonView(tail.substr(at + marker.size()));
}

}  // namespace

std::string_view terminal_event(ApiKind kind) {
  switch (kind) {
    case ApiKind::messages: return "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    case ApiKind::chat_completions: return "data: [DONE]\n\n";
    default: return "";
  }
}

bool StreamTap::is_repairable() const {
  return has_stopped_ && open_blocks_ == 0 && !has_ended_ && !has_error() &&
         !terminal_event(kind_).empty();
}

EventNews StreamTap::on_event(const SseEvent& event) {
  if (!event.complete) return EventNews::none;
  if (!event.has_data && !event.oversize && event.name.empty()) return EventNews::none;
  switch (kind_) {
    case ApiKind::messages: return on_anthropic(event);
    case ApiKind::chat_completions: return on_chat(event);
    case ApiKind::responses: return on_response(event);
    default: return EventNews::none;
  }
}

EventNews StreamTap::content() {
  has_content_ = true;
  return EventNews::content;
}

EventNews StreamTap::end() {
  has_ended_ = true;
  return EventNews::end;
}

EventNews StreamTap::fail(std::string_view data) {
  if (error_.is_error) return EventNews::error;
  error_ = read_error(data);
  error_.is_error = true;  // whatever its data looked like
  return EventNews::error;
}

EventNews StreamTap::on_anthropic(const SseEvent& event) {
  const std::string_view name = name_of(event);
  if (name == "content_block_delta") {
    const bool says_something =
        has_content_ || event.oversize || is_filled_delta(JsonView(event.data)["delta"]);
    return says_something ? content() : EventNews::none;
  }
  if (name == "content_block_start") return ++open_blocks_, content();
  if (name == "content_block_stop") {
    open_blocks_ -= open_blocks_ > 0;
    return has_content_ ? EventNews::content : EventNews::none;
  }
  if (name == "message_delta") return on_message_delta(event);
  if (name == "message_stop") return end();
  if (name == "message_start") {
    meter_.take_anthropic(event.oversize ? last_value(event.data, "\"usage\":")
                                         : JsonView(event.data)["message"]["usage"],
                          false);
  } else if (name == "error") {
    return fail(event.data);
  } else if (event.oversize) {
    return content();
  } else if (name.empty()) {
    malformed_events_ += !JsonView(event.data).is(ValueKind::object);
    if (read_error(event.data).is_error) return fail(event.data);
  }
  return EventNews::none;
}

EventNews StreamTap::on_message_delta(const SseEvent& event) {
  const JsonView document(event.data);
  meter_.take_anthropic(event.oversize ? last_value(event.data, "\"usage\":") : document["usage"],
                        true);
  const JsonView reason = event.oversize ? last_value(event.data, "\"stop_reason\":")
                                         : document["delta"]["stop_reason"];
  if (!is_filled(reason)) return EventNews::none;
  has_stopped_ = true;
  stop_reason_.set_size(reason.text_into(stop_reason_.room()).size());
  return content();
}

EventNews StreamTap::on_chat(const SseEvent& event) {
  if (event.oversize) return on_oversize_chat(event.data);
  if (event.name == "error") return fail(event.data);
  const std::string_view data = trim(event.data);
  if (data == "[DONE]") return end();
  if (!data.starts_with('{')) {
    malformed_events_ += !data.empty();
    return EventNews::none;
  }
  if (has_content_ && !may_hold_news(data)) return EventNews::content;
  return on_chat_chunk(data);
}

EventNews StreamTap::on_chat_chunk(std::string_view data) {
  const JsonView chunk(data);
  bool may_be_error = false;
  JsonView::Member member;
  while (chunk.next_member(member)) {
    const std::string_view key = member.inside_key;
    if (key == "choices") {
      const JsonView choice = member.value.at(0);
      on_choice(choice);
      if (choice["finish_reason"].inside_string() == "error") may_be_error = true;
    } else if (key == "usage") {
      meter_.take_openai(member.value);
    } else if (key == "error" || key == "object") {
      may_be_error |= key == "error" ? !member.value.is(ValueKind::null)
                                     : member.value.inside_string() == "error";
    }
  }
  if (!may_be_error) return has_content_ ? EventNews::content : EventNews::none;
  return read_error(data).is_error ? fail(data) : fail(chunk["choices"].at(0).raw());
}

void StreamTap::on_choice(const JsonView& choice) {
  const JsonView reason = choice["finish_reason"];
  if (reason.inside_string() == "error") return;  // OpenRouter's way to tell one
  if (is_filled(reason)) {
    has_stopped_ = true;
    stop_reason_.set_size(reason.text_into(stop_reason_.room()).size());
  }
  meter_.take_openai(choice["usage"]);
  has_content_ |= has_stopped_ || is_filled_delta(choice["delta"]) || is_filled(choice["text"]);
}

EventNews StreamTap::on_oversize_chat(std::string_view tail) {
  meter_.take_openai(last_value(tail, "\"usage\":"));
  const JsonView reason = last_value(tail, "\"finish_reason\":");
  if (is_filled(reason)) {
    has_stopped_ = true;
    stop_reason_.set_size(reason.text_into(stop_reason_.room()).size());
  }
  return content();
}

EventNews StreamTap::on_response(const SseEvent& event) {
  constexpr std::string_view kFamily = "response.";
  std::string_view name = name_of(event);
  if (name == "error") return fail(event.data);
  if (!name.starts_with(kFamily)) {
    if (event.oversize) return content();
    if (event.name.empty() && trim(event.data) == "[DONE]") return EventNews::none;
    malformed_events_ += name.empty() && !JsonView(event.data).is(ValueKind::object);
    if (name.empty() && read_error(event.data).is_error) return fail(event.data);
    return EventNews::none;
  }
  name.remove_prefix(kFamily.size());
  if (name == "completed" || name == "incomplete" || name == "failed")
    return on_response_end(event);
  const bool is_progress = name == "created" || name == "in_progress" || name == "queued";
  return is_progress ? EventNews::none : content();
}

EventNews StreamTap::on_response_end(const SseEvent& event) {
  const JsonView response = JsonView(event.data)["response"];
  meter_.take_openai(event.oversize ? last_value(event.data, "\"usage\":") : response["usage"]);
  if (name_of(event) == "response.failed") {
    has_ended_ = true;
    return fail(event.data);
  }
  has_stopped_ = true;
  read_response_status(response, stop_reason_);
  if (stop_reason_.empty())
    stop_reason_.assign(name_of(event).substr(std::string_view("response.").size()));
  content();
  return end();
}

}  // namespace qcc::protocol
