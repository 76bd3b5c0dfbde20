#include <qcc/protocol/usage.h>

#include <algorithm>

namespace qcc::protocol {
namespace {

using json::JsonView;
using json::ValueKind;

std::optional<uint64_t> tokens(const JsonView& value) {
  const std::optional<uint64_t> number = value.unsigned_integer();
  return number ? std::optional(std::min(*number, kTokensMax)) : std::nullopt;
}

void overwrite(std::optional<uint64_t>& kept, const JsonView& value) {
  if (const std::optional<uint64_t> number = tokens(value)) kept = number;
}

std::optional<uint64_t> first_of(std::initializer_list<JsonView> values) {
  for (const JsonView& value : values)
    if (const std::optional<uint64_t> number = tokens(value)) return number;
  return std::nullopt;
}

uint64_t minus(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

void take_text(const JsonView& value, InlineText<40>& out) {
  if (value.is(ValueKind::string)) out.set_size(value.text_into(out.room()).size());
}

}  // namespace

// One walk over the members: this runs for every answer and for the few events with usage.
void UsageMeter::take_anthropic(const JsonView& usage, bool is_final) {
  JsonView::Member member;
  while (usage.next_member(member)) {
    const std::string_view key = member.inside_key;
    if (key == "input_tokens") {
      overwrite(anthropic_.input, member.value);
    } else if (key == "output_tokens") {
      overwrite(anthropic_.output, member.value);
      is_final_ |= is_final && tokens(member.value).has_value();
    } else if (key == "cache_creation_input_tokens") {
      overwrite(anthropic_.cache_written, member.value);
    } else if (key == "cache_read_input_tokens") {
      overwrite(anthropic_.cache_read, member.value);
    } else if (key == "cache_creation") {
      overwrite(anthropic_.cache_5m, member.value["ephemeral_5m_input_tokens"]);
      overwrite(anthropic_.cache_1h, member.value["ephemeral_1h_input_tokens"]);
    } else if (key == "output_tokens_details") {
      overwrite(anthropic_.reasoning, member.value["thinking_tokens"]);
    }
  }
}

// An upstream that counts reasoning beside the completion says so by its total.
void UsageMeter::take_openai(const JsonView& usage) {
  if (!usage.is(ValueKind::object)) return;
  is_openai_ = true;
  const std::optional<uint64_t> prompt = first_of({usage["prompt_tokens"], usage["input_tokens"]});
  const std::optional<uint64_t> completion =
      first_of({usage["completion_tokens"], usage["output_tokens"]});
  const JsonView prompt_details =
      usage[usage["prompt_tokens_details"].present() ? "prompt_tokens_details"
                                                     : "input_tokens_details"];
  const JsonView completion_details =
      usage[usage["completion_tokens_details"].present() ? "completion_tokens_details"
                                                         : "output_tokens_details"];
  Usage& u = openai_;
  u.cache_read = first_of({prompt_details["cached_tokens"], usage["prompt_cache_hit_tokens"],
                           usage["cached_tokens"]})
                     .value_or(0);
  u.cache_write_5m =
      first_of({prompt_details["cache_write_tokens"], prompt_details["cache_creation_tokens"]})
          .value_or(0);
  u.input = minus(prompt.value_or(0), u.cache_read + u.cache_write_5m);
  u.output = completion.value_or(0);
  u.reasoning = tokens(completion_details["reasoning_tokens"]).value_or(0);
  const uint64_t with_reasoning = prompt.value_or(0) + u.output + u.reasoning;
  if (u.reasoning > 0 && tokens(usage["total_tokens"]) == with_reasoning)
    u.output = std::min(u.output + u.reasoning, kTokensMax);
  u.partial = !prompt || !completion;
}

Usage UsageMeter::usage() const { return is_openai_ ? openai_ : settle_anthropic(); }

Usage UsageMeter::settle_anthropic() const {
  Usage u;
  u.input = anthropic_.input.value_or(0);
  u.output = anthropic_.output.value_or(0);
  u.cache_read = anthropic_.cache_read.value_or(0);
  u.reasoning = anthropic_.reasoning.value_or(0);
  const uint64_t named = anthropic_.cache_5m.value_or(0) + anthropic_.cache_1h.value_or(0);
  const uint64_t written = anthropic_.cache_written.value_or(std::min(named, kTokensMax));
  u.cache_write_1h = std::min(anthropic_.cache_1h.value_or(0), written);
  u.cache_write_5m = written - u.cache_write_1h;
  u.partial = !is_final_ || !anthropic_.input;
  return u;
}

void read_response_status(const JsonView& response, InlineText<40>& stop_reason) {
  take_text(response["status"], stop_reason);
  take_text(response["incomplete_details"]["reason"], stop_reason);
}

namespace {

void read_message(const JsonView& message, UsageMeter& meter, AnswerFacts& facts) {
  JsonView::Member member;
  while (message.next_member(member)) {
    if (member.inside_key == "usage") meter.take_anthropic(member.value, true);
    if (member.inside_key == "stop_reason") take_text(member.value, facts.stop_reason);
  }
}

}  // namespace

AnswerFacts read_answer(ApiKind kind, std::string_view body) {
  const JsonView document(body);
  AnswerFacts facts;
  UsageMeter meter;
  switch (kind) {
    case ApiKind::messages: read_message(document, meter, facts); break;
    case ApiKind::chat_completions:
      meter.take_openai(document["usage"]);
      take_text(document["choices"].at(0)["finish_reason"], facts.stop_reason);
      break;
    case ApiKind::responses:
      meter.take_openai(document["usage"]);
      read_response_status(document, facts.stop_reason);
      break;
    default: break;
  }
  facts.usage = meter.usage();
  return facts;
}

}  // namespace qcc::protocol
