// What a simulated endpoint says and when it fails: pure functions, no I/O.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <qcc/admin/http_connection.h>
#include <qcc/app/demo.h>
#include <qcc/base/prng.h>

namespace qcc::app {

struct DemoPersona {
  std::string_view name;
  Duration first_byte;
  Duration per_word;
  bool flaky;
};
extern const std::array<DemoPersona, kDemoEndpoints> kDemoPersonas;

enum class DemoFault : uint8_t { none, overloaded, rate_limited, reset, cut_while_waiting };
DemoFault draw_fault(const DemoPersona& persona, Prng& prng);

enum class DemoDialect : uint8_t { anthropic, openai };
enum class DemoCall : uint8_t { generate, count_tokens, models, unknown };
struct DemoRoute {
  DemoDialect dialect = DemoDialect::anthropic;
  DemoCall call = DemoCall::unknown;
};
// REQUIRES: a parsed head.
DemoRoute demo_route(const http::RequestHead& head);

struct DemoReply {
  std::string id;
  std::vector<std::string> words;  // each with the space that follows it
  uint64_t input_tokens = 0;
  uint64_t cached_tokens = 0;
};
DemoReply make_reply(const DemoPersona& persona, uint64_t number, size_t request_bytes);

// A stream in the order it is sent: a beginning, one event for each word, an end.
struct DemoStream {
  std::string beginning;
  std::vector<std::string> words;
  std::string end;
};
DemoStream stream_of(const DemoReply& reply, DemoDialect dialect, bool with_usage);

admin::HttpAnswer whole_answer(const DemoReply& reply, DemoDialect dialect);
// REQUIRES: a fault that has an answer.
admin::HttpAnswer fault_answer(DemoFault fault, DemoDialect dialect);
admin::HttpAnswer token_count_answer(size_t request_bytes);
admin::HttpAnswer models_answer(DemoDialect dialect);
admin::HttpAnswer unknown_answer(DemoDialect dialect);

}  // namespace qcc::app
