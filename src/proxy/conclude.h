// How a request ends that no endpoint answered, and what is written down of every request.
#pragma once
#include <string>
#include <vector>

#include "attempt.h"

namespace qcc::proxy {

// What is remembered of failed attempts. Filled on the failure path only.
struct Failures {
  uint32_t count = 0;
  size_t candidates = 0;  // endpoints that could ever serve the request
  endpoint::AttemptClass last = endpoint::AttemptClass::success;
  bool last_timed_out = false;
  bool all_rate_limited = true;
  bool all_auth = true;
  bool all_model_missing = true;
  int64_t retry_after_seconds = -1;  // the soonest that an endpoint named
  std::string story;                 // "relay-a: rate_limit (HTTP 429); relay-b: …"
  AnswerHead answer;                 // the last answer of an endpoint, with its body
  std::string body;
  bool has_answer = false;

  void add(Attempt& attempt);

 private:
  void tell(const Attempt& attempt);
};

// Writes the one clear error, in the client's dialect, or passes the only candidate's own answer
// on.
rt::Task<Unit> conclude(Session& session, Request& request, Failures& failures, rt::Why why);

// Answers a count_tokens request with a local estimate.
rt::Task<Unit> answer_estimate(Session& session, Request& request);

rt::Task<Unit> refuse(Session& session, Request& request, const Refusal& refusal);

void count_tokens(metrics::TokenCounters& cells, const protocol::Usage& usage);

// Every request ends here: metrics and the log line.
void finish(Session& session, Request& request);

// All attempts; in request.cc.
rt::Task<Unit> serve_from_endpoints(Session& session, Request& request);

}  // namespace qcc::proxy
