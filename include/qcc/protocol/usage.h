// Tokens of an answer, by the classes that prices know (spec R11).
//
// Any thread; pure; no allocation. Numbers come from upstreams: each is clamped to [0, 2^40], and
// what is negative, a fraction or not a number counts as absent.
#pragma once
#include <qcc/json/picker.h>
#include <qcc/protocol/inline_text.h>
#include <qcc/protocol/kinds.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace qcc::protocol {

inline constexpr uint64_t kTokensMax = uint64_t{1} << 40;

// No token is counted in two of the first five; `reasoning` is a part of `output`.
struct Usage {
  uint64_t input = 0;  // neither read from nor written to a cache
  uint64_t output = 0;
  uint64_t cache_write_5m = 0;  // also what no class names
  uint64_t cache_write_1h = 0;
  uint64_t cache_read = 0;
  uint64_t reasoning = 0;
  bool partial = true;  // no final account came: the true figures may be higher

  bool operator==(const Usage&) const = default;
};

// Folds the usage objects of one answer. They are cumulative: the last value of each member counts.
class UsageMeter {
 public:
  // Anthropic's: from `message_start` (not final), `message_delta` or a whole answer (final).
  void take_anthropic(const json::JsonView& usage, bool is_final);
  // OpenAI's, of chat completions or responses; its input includes what was cached.
  void take_openai(const json::JsonView& usage);
  Usage usage() const;

 private:
  struct Anthropic {
    std::optional<uint64_t> input, output, cache_written, cache_5m, cache_1h, cache_read, reasoning;
  };
  Usage settle_anthropic() const;

  Anthropic anthropic_;
  Usage openai_;
  bool is_openai_ = false;
  bool is_final_ = false;
};

struct AnswerFacts {
  Usage usage;
  InlineText<40> stop_reason;  // stop_reason, finish_reason, or the response's status
};

// Of a whole JSON answer; partial usage when it holds none.
AnswerFacts read_answer(ApiKind kind, std::string_view body);

// stop_reason of a response object: why it is incomplete, else its status.
void read_response_status(const json::JsonView& response, InlineText<40>& stop_reason);

}  // namespace qcc::protocol
