// What the mock upstream says: an Anthropic message and the events of a streamed one, as wire
// bytes. Made once; any thread.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <qcc/base/time.h>

namespace qcc::bench {

// What the query string of a request asks for.
struct Plan {
  static constexpr uint64_t kEventsMin = 5;

  uint64_t events = 0;  // 0: a JSON answer
  uint64_t batch = 1;   // events per write
  Duration delay{0};    // between two writes
  Duration wait{0};     // before the answer
  bool stamped = false;
};
Plan parse_plan(std::string_view query);

class MockAnswers {
 public:
  MockAnswers();

  const std::string& message() const { return message_; }
  const std::string& stream_head() const { return stream_head_; }
  // Appends event `number` (from 0) of `plan.events`, a chunk of its own, and after the last one
  // the end of the body. `now` goes into the text when the plan wants it stamped.
  void append_event(std::string& out, const Plan& plan, uint64_t number, Instant now) const;

 private:
  std::string message_;
  std::string stream_head_;
  std::string message_start_;
  std::string block_start_;
  std::array<std::string, 8> deltas_;
  std::string block_stop_;
  std::string message_delta_;
  std::string message_stop_;
};

std::string json_answer(std::string_view body);

}  // namespace qcc::bench
