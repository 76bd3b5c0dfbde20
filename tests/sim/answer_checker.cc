#include "answer_checker.h"

#include <algorithm>

#include <qcc/protocol/stream_tap.h>

namespace qcc::sim {
namespace {

constexpr const char* kBytes = "answer bytes";
constexpr const char* kHonestEnd = "honest end";
constexpr const char* kOwnAnswer = "own answer";
constexpr const char* kNotLost = "no request lost";
// Of a larger body the net may take longer than body_timeout; whether it did is judged elsewhere.
constexpr size_t kSentAtOnce = 200'000;

size_t common_prefix(std::string_view a, std::string_view b) {
  size_t size = std::min(a.size(), b.size());
  return static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<int64_t>(size), b.begin()).first -
      a.begin());
}

bool begins_error_event(std::string_view text, bool openai) {
  if (openai) return text.starts_with("data: {\"error\":") && text.ends_with("}\n\n");
  return text.starts_with("event: error\ndata: {\"type\":\"error\"") && text.ends_with("}\n\n");
}

bool is_boundary(const Answer& answer, size_t offset) {
  return offset == 0 || std::ranges::binary_search(answer.events, offset);
}

// The size of the event that holds the byte at `offset`.
size_t event_size_at(const Answer& answer, size_t offset) {
  auto end = std::ranges::upper_bound(answer.events, offset);
  size_t begin = end == answer.events.begin() ? 0 : *(end - 1);
  size_t behind = end == answer.events.end() ? answer.payload.size() : *end;
  return behind - begin;
}

bool holds(const std::vector<int>& list, int value) {
  return std::ranges::find(list, value) != list.end();
}

}  // namespace

StreamShape shape_of(std::string_view got, const Answer& answer, protocol::ApiKind kind) {
  std::string_view meant = answer.payload;
  if (got == meant) return StreamShape::same;
  size_t same = common_prefix(got, meant);
  if (same == got.size()) return StreamShape::bare_prefix;
  std::string_view terminal = protocol::terminal_event(kind);
  bool openai = kind == protocol::ApiKind::chat_completions;
  for (size_t at = same + 1; at-- > 0;) {
    std::string_view tail = got.substr(at);
    if (is_boundary(answer, at)) {
      if (at >= answer.stopped_at && tail == terminal) return StreamShape::repaired;
      if (begins_error_event(tail, openai)) return StreamShape::error_event;
    }
    bool inside_long = event_size_at(answer, at) > 60'000;
    if (inside_long && tail.starts_with("\n\n") && begins_error_event(tail.substr(2), openai))
      return StreamShape::error_event;
    if (same - at > 200) break;  // a tail shares a few bytes at most with what it replaces
  }
  return StreamShape::other;
}

void AnswerChecker::judge(const RequestLog& request, const WireMessage& message, AnswerEnd end,
                          const Circumstances& circumstances) {
  Findings& findings = ledger_.findings;
  std::string who = "request " + std::to_string(request.number);
  if (!findings.demand(!message.broken, kBytes, who + " got an answer that is not HTTP")) return;
  bool no_head = end == AnswerEnd::nothing || !message.head_done;
  if (no_head) return judge_lost(request, message, circumstances);
  if (message.answer_mark.empty()) {
    if (end == AnswerEnd::cut) return judge_lost(request, message, circumstances);
    return judge_own(request, message, circumstances);
  }
  const Answer* answer = ledger_.find_answer(message.answer_mark);
  bool ours = answer && answer->request == request.number;
  if (!findings.demand(ours, kBytes, who + " got the answer " + message.answer_mark)) return;
  judge_relayed(request, message, *answer, end, circumstances);
}

void AnswerChecker::judge_lost(const RequestLog& request, const WireMessage& message,
                               const Circumstances& c) {
  // What is too large to be held and breaks is reset, and a reset may overtake what was sent.
  bool was_reset = request.answer_begun && !request.answers.empty() &&
                   request.answers.back().payload.size() > hold_json_;
  bool excused =
      c.client_left || c.net_may_lose || c.may_be_turned_away || request.shut_down || was_reset;
  ledger_.findings.demand(excused, kNotLost,
                          "request " + std::to_string(request.number) + " got " +
                              (message.begun ? "a piece of an answer" : "no answer"));
}

// QCC's own answers: well formed, named, and never what makes a client give up (spec R3).
void AnswerChecker::judge_own(const RequestLog& request, const WireMessage& message,
                              const Circumstances& circumstances) {
  Findings& findings = ledger_.findings;
  std::string who =
      "request " + std::to_string(request.number) + " was told " + std::to_string(message.status);
  if (message.status == 200) {
    bool local = request.expectation == Expectation::local ||
                 request.kind == protocol::ApiKind::count_tokens;
    findings.demand(local, kOwnAnswer, who + " by nobody");
    return;
  }
  bool turned_away = message.body.find("no room for another connection") != std::string::npos ||
                     (message.status == 503 && message.framing == http::BodyFraming::none);
  if (findings.demand(!turned_away || circumstances.may_be_turned_away, kOwnAnswer, who) &&
      turned_away)
    return;
  findings.demand(!message.request_id.empty(), kOwnAnswer,
                  who + " without a request-id: " + message.body.substr(0, 200) + " " +
                      message.answer_mark + message.content_type);
  bool has_error = message.body.find("\"error\"") != std::string::npos ||
                   message.framing == http::BodyFraming::none;
  findings.demand(has_error, kOwnAnswer, who + " without an error in its body");
  bool large = request.body.size() > kSentAtOnce;
  bool late =
      message.status == 408 && (circumstances.slow_sender || circumstances.net_may_lose || large);
  bool fits = late;
  if (request.expectation == Expectation::relayed)
    fits |= holds({429, 502, 503, 504, 404}, message.status);
  else
    fits |=
        holds(request.statuses, message.status) || (message.status == 503 && !request.body.empty());
  findings.demand(fits, kOwnAnswer, who);
  bool has_attempts = request.exchanges > 0;
  bool gateway_error = holds({429, 502}, message.status);
  findings.demand(!gateway_error || has_attempts || message.told_attempts > 0, kOwnAnswer,
                  who + " although no endpoint was asked");
  bool asked_in_vain = message.status == 503 && request.exchanges > 0 && !request.shut_down;
  bool any_refused =
      std::ranges::any_of(request.answers, [](const Answer& a) { return a.status == 401; });
  findings.demand(!asked_in_vain || any_refused, kOwnAnswer,
                  who + " although endpoints were asked: " + message.body.substr(0, 300));
  if (message.status == 429)
    findings.demand(!request.answers.empty() && request.answers.back().status == 429, kOwnAnswer,
                    who + " although not every endpoint said so");
}

void AnswerChecker::judge_relayed(const RequestLog& request, const WireMessage& message,
                                  const Answer& answer, AnswerEnd end,
                                  const Circumstances& circumstances) {
  Findings& findings = ledger_.findings;
  std::string who = "request " + std::to_string(request.number) + " with answer " + answer.mark();
  bool last = message.answer_mark == request.answer_mark || answer.status >= 300;
  findings.demand(last, kBytes, who + " got the answer of an attempt that was not the last");
  findings.demand(message.status == answer.status, kBytes, who + " got another status");
  findings.demand(answer.status != 401, kBytes, who + " got the endpoint's own 401");
  bool streamed = answer.is_stream && answer.status == 200;
  if (end == AnswerEnd::cut) {
    judge_cut(who, message, answer, circumstances);
  } else if (streamed) {
    judge_stream(who, request, message, answer);
  } else {
    bool unknowable = answer.ends_with_connection && answer.payload.size() > hold_json_ &&
                      (message.body.ends_with('}') || message.body.ends_with(']')) &&
                      answer.payload.starts_with(message.body);
    findings.demand(message.body == answer.payload || unknowable, kBytes,
                    who + " got " + std::to_string(message.body.size()) + " of " +
                        std::to_string(answer.payload.size()) +
                        " bytes as if they were all, framed " +
                        std::to_string(static_cast<int>(message.framing)));
  }
}

void AnswerChecker::judge_stream(const std::string& who, const RequestLog& request,
                                 const WireMessage& message, const Answer& answer) {
  Findings& findings = ledger_.findings;
  findings.demand(!answer.content.empty() || !answer.payload.empty(), kBytes, who + " is empty");
  switch (shape_of(message.body, answer, request.kind)) {
    case StreamShape::same:
      if (answer.has_error) judge_commit(who, message, answer);
      findings.demand(answer.has_end || answer.has_error, kHonestEnd,
                      who + " ended cleanly without the protocol's end");
      return;
    case StreamShape::error_event: judge_commit(who, message, answer); return;
    case StreamShape::repaired: findings.demand(true, kHonestEnd); return;
    case StreamShape::bare_prefix: {
      bool all_that_counts = answer.has_end && message.body.size() >= answer.stopped_at &&
                             message.body.ends_with(protocol::terminal_event(request.kind));
      findings.demand(all_that_counts, kHonestEnd,
                      who + " was cut at " + std::to_string(message.body.size()) + " of " +
                          std::to_string(answer.payload.size()) + " and ended cleanly");
      return;
    }
    case StreamShape::other:
      findings.demand(false, kBytes,
                      who + " holds other bytes: …" +
                          message.body.substr(message.body.size() -
                                              std::min<size_t>(160, message.body.size())));
  }
}

// What failed before its first content, and before much of it came, is never seen by a client.
void AnswerChecker::judge_commit(const std::string& who, const WireMessage& message,
                                 const Answer& answer) {
  size_t first = answer.content.empty() ? SIZE_MAX : answer.content.front();
  bool had_content = common_prefix(message.body, answer.payload) >= first;
  bool had_much = message.body.size() > commit_buffer_;
  ledger_.findings.demand(had_content || had_much, "commit point",
                          who + " was begun before there was content, and failed");
}

// A connection that ends within an answer: what came must be the beginning of it.
void AnswerChecker::judge_cut(const std::string& who, const WireMessage& message,
                              const Answer& answer, const Circumstances& c) {
  Findings& findings = ledger_.findings;
  bool streamed = answer.is_stream && answer.status == 200;
  bool excused = c.client_left || c.net_may_lose;
  bool too_large_to_hold = !streamed && answer.payload.size() > hold_json_;
  findings.demand(excused || too_large_to_hold, kHonestEnd, who + " was cut off");
  bool prefix = answer.payload.starts_with(message.body);
  if (!prefix && streamed) {
    std::string_view body = message.body;
    size_t same = common_prefix(body, answer.payload);
    prefix = body.size() - same < 600 && excused;  // an error event of which a piece came
  }
  findings.demand(prefix, kBytes, who + " was cut, but holds other bytes");
}

}  // namespace qcc::sim
