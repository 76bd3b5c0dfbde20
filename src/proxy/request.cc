// The life of a request, on one screen: `handle_request`.
#include "request.h"

#include <algorithm>

#include <qcc/protocol/count_estimate.h>

#include "attempt.h"
#include "conclude.h"

namespace qcc::proxy {
namespace {

// How the tries of one request went; decides whether there is another and what the client is told.
struct Tries {
  routing::Query query;
  Failures failures;
  uint32_t counted = 0;   // attempts whose request bytes may have reached an endpoint
  uint32_t waits = 0;     // times the same endpoints were gone through again
  size_t candidates = 0;  // endpoints that could ever serve this request
};

Tries first_try(const Request& request) {
  Tries tries;
  const config::Config& config = *request.setup.config;
  tries.query.protocol = request.dialect == protocol::Dialect::anthropic
                             ? config::Protocol::anthropic
                             : config::Protocol::openai;
  size_t cluster = routing::cluster_for(config, tries.query.protocol);
  tries.query.needs_count_tokens = request.kind == protocol::ApiKind::count_tokens;
  tries.query.model = request.facts.model.view();
  for (const config::EndpointConfig& endpoint : config.clusters[cluster].endpoints)
    tries.candidates += endpoint.enabled && endpoint.protocol == tries.query.protocol;
  return tries;
}

// Whether the class may be tried again at the same endpoint after a pause.
uint32_t same_endpoint_retries(endpoint::AttemptClass failure, const config::RetryConfig& retry) {
  switch (failure) {
    case endpoint::AttemptClass::transient:
    case endpoint::AttemptClass::protocol:
    case endpoint::AttemptClass::unknown: return retry.max_retries;
    case endpoint::AttemptClass::overloaded: return std::min<uint32_t>(1, retry.max_retries);
    default: return 0;
  }
}

Duration backoff(Proxy& proxy, const config::RetryConfig& retry, const Tries& tries) {
  Duration wait = retry.backoff_base * (int64_t{1} << std::min<uint32_t>(tries.waits, 6));
  if (tries.failures.last == endpoint::AttemptClass::overloaded)
    wait = retry.backoff_base * 3 / 4 + retry.backoff_base * 9 / 4 * proxy.prng_percent() / 100;
  int64_t jitter = static_cast<int64_t>(retry.backoff_jitter_percent);
  int64_t percent =
      100 - jitter +
      static_cast<int64_t>(proxy.loop.prng().below(2 * static_cast<uint64_t>(jitter) + 1));
  wait = wait * percent / 100;
  if (tries.failures.retry_after_seconds > 0)
    wait = std::max<Duration>(wait, std::chrono::seconds(tries.failures.retry_after_seconds));
  return wait;
}

// May another attempt start?
bool may_try_again(const Tries& tries, const config::RetryConfig& retry, const rt::Scope& work,
                   Duration min_attempt) {
  if (work.cancelled()) return false;
  if (tries.counted > retry.max_retries) return false;
  bool post_forbids = retry.post != config::RetryPost::no_response && tries.counted > 0;
  if (post_forbids) return false;
  return tries.failures.count == 0 || work.left() >= min_attempt;
}

// Everybody was tried: the same ones again, after a pause, where that can help.
rt::Task<bool> wait_for_another_round(Proxy& proxy, Request& request, Tries& tries,
                                      rt::Scope& work) {
  const config::RetryConfig& retry = request.setup.config->retry;
  uint32_t rounds = same_endpoint_retries(tries.failures.last, retry);
  Duration wait = backoff(proxy, retry, tries);
  Duration left = work.left();
  bool pays = tries.failures.count > 0 && tries.waits < rounds && !work.cancelled() &&
              (left == kUnlimited || wait < left);
  if (!pays) co_return false;
  ++tries.waits;
  bool slept = co_await rt::sleep_for(work, wait);
  tries.query.excluded.reset();
  co_return slept;
}

void note_attempt(Proxy& proxy, Request& request, Tries& tries, Attempt& attempt) {
  RequestRecord& record = request.record;
  record.endpoint = attempt.endpoint.name;
  record.last_class = attempt.verdict.attempt_class;
  if (attempt.facts.error) record.cause = attempt.facts.error->where;
  metrics::EndpointMetrics& cells = proxy.cells_of(attempt.ref);
  cells.attempts(attempt.verdict.attempt_class).add(1);
  count_tokens(cells.tokens, record.usage);
  record.upstream_time += proxy.loop.now() - attempt.began;
  if (attempt.verdict.attempt_class != endpoint::AttemptClass::cancelled)
    proxy.outcomes->report(attempt.ref, attempt.verdict);
  tries.query.excluded.set(attempt.ref.slot);
  if (attempt.wrote) ++tries.counted;
  if (attempt.verdict.try_elsewhere) tries.failures.add(attempt);
}

// One attempt; true when the request is over.
rt::Task<bool> try_once(Session& session, Request& request, Tries& tries,
                        const Proxy::Picked& picked, rt::Scope& work) {
  Attempt attempt(session, request, picked);
  ++request.record.attempts;
  if (request.record.attempts > 1) {
    ++request.record.retries;
    session.proxy.metrics.retries.add(1);
  }
  request.record.model_sent = {};  // named the endpoint before, whose configuration may go
  request.last_setup = picked.setup;
  co_await run_attempt(attempt, work);
  note_attempt(session.proxy, request, tries, attempt);
  if (attempt.committed) co_return true;
  bool ours_to_end = attempt.verdict.try_elsewhere ||
                     attempt.verdict.attempt_class == endpoint::AttemptClass::cancelled;
  if (ours_to_end) co_return work.cancelled();
  co_await deliver(attempt);
  co_return true;
}

}  // namespace

rt::Task<Unit> serve_from_endpoints(Session& session, Request& request) {
  Proxy& proxy = session.proxy;
  const config::Config& config = *request.setup.config;
  Duration spent = proxy.loop.now() - request.record.arrived;
  Duration left = std::max(config.timeouts.total_timeout - spent, Duration::zero());
  rt::Scope work(proxy.loop, &session.scope, left);
  session.work = &work;
  session.stream.set_observer(&session);
  session.stream.resume_reading();
  session.check_client();

  Tries tries = first_try(request);
  bool over = false;
  while (!over && may_try_again(tries, config.retry, work, config.timeouts.min_attempt)) {
    Proxy::Picked picked = proxy.pick(tries.query);
    if (picked.choice.found) {
      over = co_await try_once(session, request, tries, picked, work);
    } else {
      bool again = co_await wait_for_another_round(proxy, request, tries, work);
      if (!again) break;
    }
  }
  session.stream.set_observer(nullptr);
  session.work = nullptr;
  if (request.record.status == 0) {
    tries.failures.candidates = tries.candidates;
    co_await conclude(session, request, tries.failures, work.why());
  }
  co_return Unit{};
}

}  // namespace qcc::proxy
