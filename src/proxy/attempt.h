// One try of a request on one endpoint, from the connection to the end of the answer.
#pragma once
#include <memory>
#include <string>

#include <qcc/endpoint/outcome.h>
#include <qcc/http/body_decoder.h>
#include <qcc/protocol/errors.h>
#include <qcc/upstream/connection.h>

#include "compose.h"
#include "request.h"

namespace qcc::proxy {

struct Attempt {
  Attempt(Session& s, Request& r, const Proxy::Picked& p)
      : session(s),
        request(r),
        proxy(s.proxy),
        endpoint(*p.choice.config),
        ref(p.choice.endpoint),
        setup(p.setup),
        held(s.proxy.texts),
        began(s.proxy.loop.now()) {
    answer.fields = proxy.texts.take();
  }
  ~Attempt() { proxy.texts.give_back(std::move(answer.fields)); }
  Attempt(const Attempt&) = delete;

  Session& session;
  Request& request;
  Proxy& proxy;
  const config::EndpointConfig& endpoint;
  const endpoint::EndpointRef ref;
  const endpoint::Setup setup;

  std::unique_ptr<upstream::Connection> connection;
  bool reused = false;
  bool wrote = false;      // request bytes may have reached the endpoint
  bool reusable = false;   // the exchange is over and the connection may serve again
  bool committed = false;  // bytes of this answer have gone to the client
  upstream::ConnectTimes times;

  AnswerHead answer;
  http::BodyFraming framing = http::BodyFraming::none;
  uint64_t content_length = 0;
  bool upstream_keeps_alive = false;
  net::Chunk input;  // received, not yet looked at
  PooledText held;   // body bytes not yet given to the client
  bool held_whole = false;
  char last_byte = 0;  // of the body so far, white space left out

  Instant began;  // when an endpoint was first waited for
  endpoint::AttemptFacts facts;
  protocol::ErrorFacts said;  // the endpoint's own error: what the facts' views point at
  endpoint::Verdict verdict;

  // Relayed event by event; anything else is an answer that must be whole.
  bool is_event_stream() const {
    return facts.status < 300 && answer.is_event_stream && !answer.compressed;
  }
  void broke(const Error& error) { facts.error = error; }
  bool succeeded() const { return verdict.attempt_class == endpoint::AttemptClass::success; }
};

// Runs the attempt; `attempt.verdict` says what it means. When `committed` is false and the verdict
// is not to try elsewhere, the answer is held and `deliver` hands it over.
rt::Task<Unit> run_attempt(Attempt& attempt, rt::Scope& scope);

// Gives a held answer to the client.
rt::Task<Unit> deliver(Attempt& attempt);

// The commit point: from here on nothing is tried again, nothing of the request is needed, and the
// limit on the way to the first byte is lifted.
void note_commit(Attempt& attempt);

// Parts of run_attempt.
rt::Task<Result<Unit>> exchange_heads(Attempt& attempt, rt::Scope& answer_scope, rt::Scope& scope);
rt::Task<Unit> relay_whole(Attempt& attempt, rt::Scope& scope);
rt::Task<Unit> relay_stream(Attempt& attempt, rt::Scope& scope);

// Writes to the client; notes how it ended in the record. False when the client is gone or stuck.
rt::Task<bool> write_client(Session& session, Request& request, std::string_view bytes);

}  // namespace qcc::proxy
