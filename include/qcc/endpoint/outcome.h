// What became of an attempt, in words all shards and the health thread share (spec R3).
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include <qcc/base/error.h>

namespace qcc::endpoint {

// Slots name endpoints within one process; they are never renumbered. Process-wide limit.
inline constexpr size_t kSlotsMax = 256;

// A slot and the generation of its credential: what an outcome, a veto or a pooled connection
// means.
struct EndpointRef {
  uint16_t slot = 0;
  uint32_t generation = 0;
  friend bool operator==(const EndpointRef&, const EndpointRef&) = default;
};

enum class AttemptClass : uint8_t {
  success,
  transient,
  overloaded,
  rate_limit,
  auth,
  forbidden,
  no_credit,
  model_missing,
  client,  // the client's own mistake: its answer, nobody's fault
  protocol,
  unknown,
  cancelled,  // we gave up: judges nobody
};
inline constexpr size_t kAttemptClasses = 12;

std::string_view name_of(AttemptClass attempt_class);

enum class Stage : uint8_t { resolve, connect, tls, send, head, body };

// Structured facts only; nothing is searched in prose where a field exists.
struct AttemptFacts {
  Stage stage = Stage::connect;
  std::optional<Error> error;  // when the attempt broke
  int status = 0;              // when a head came
  bool is_json = false;        // by content type
  bool is_html = false;
  bool own_credential = false;       // auth = "client": the caller's key was sent
  std::string_view error_type = {};  // the JSON error's `type`, also of an in-band error
  std::string_view error_code = {};  // and its `code`
  bool in_band_error = false;        // an error event inside a 2xx stream
};

struct Verdict {
  AttemptClass attempt_class = AttemptClass::unknown;
  bool try_elsewhere = false;  // false: the answer belongs to the client as it is
  bool takes_out = false;      // the endpoint must not be chosen again until it is verified
};

Verdict classify(const AttemptFacts& facts);

// What a shard reports. `sequence` counts a shard's reports that change state, from 1; 0 for
// others.
struct Outcome {
  EndpointRef endpoint;
  AttemptClass attempt_class = AttemptClass::success;
  uint16_t shard = 0;
  uint64_t sequence = 0;
};

}  // namespace qcc::endpoint
