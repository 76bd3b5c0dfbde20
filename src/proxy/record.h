// What is known of one request when it ends: the source of its log line and its metrics.
#pragma once
#include <cstdint>
#include <string_view>

#include <qcc/base/time.h>
#include <qcc/endpoint/outcome.h>
#include <qcc/protocol/inspect.h>
#include <qcc/protocol/usage.h>

namespace qcc::proxy {

// Who ended a request, and in which phase: the two letters of its termination code.
enum class EndedBy : char {
  normal = '-',
  client = 'C',
  upstream = 'U',
  limit = 'P',
  shutdown = 'S',
};
enum class Phase : char {
  reading = 'R',
  connecting = 'K',
  waiting = 'W',
  data = 'D',
  finishing = 'F',
};

struct RequestRecord {
  uint64_t number = 0;
  Instant arrived;
  Instant sent_last;          // the last request byte of the last attempt was sent
  Instant first_byte;         // the first byte went to the client
  Duration upstream_time{0};  // time an attempt waited for or read from an endpoint
  int status = 0;             // what the client got; 0: nothing
  EndedBy ended_by = EndedBy::normal;
  Phase phase = Phase::reading;
  uint32_t attempts = 0;
  uint32_t retries = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  std::string_view endpoint;  // of the last attempt; these views live in the Request
  std::string_view model_asked;
  std::string_view model_sent;
  protocol::InlineText<protocol::kSessionBytesMax> session;
  const char* client_alias = "";
  const char* stream_end = "";  // complete, repaired, error, truncated, client_cancelled
  endpoint::AttemptClass last_class = endpoint::AttemptClass::success;
  const char* cause = "";  // where the last failure came from, static text
  protocol::Usage usage;
};

}  // namespace qcc::proxy
