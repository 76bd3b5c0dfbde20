#include "attempt.h"

#include <qcc/protocol/errors.h>

namespace qcc::proxy {
namespace {

const tls::TlsContext* tls_of(const Attempt& a) {
  auto* directory = static_cast<const upstream::TlsDirectory*>(a.setup.attachment.get());
  return directory ? directory->find(a.endpoint.id) : nullptr;
}

rt::Task<Result<Unit>> obtain_connection(Attempt& a, bool fresh, rt::Scope& scope) {
  a.request.record.phase = Phase::connecting;
  a.connection = fresh ? nullptr : a.proxy.pool.borrow(a.ref);
  a.reused = a.connection != nullptr;
  if (a.reused) {
    a.proxy.cells_of(a.ref).connections_reused.add(1);
    co_return Unit{};
  }
  const tls::TlsContext* tls = tls_of(a);
  Result<std::unique_ptr<upstream::Connection>> made =
      co_await upstream::connect_endpoint(a.proxy.upstream, a.endpoint, a.ref, tls, a.times, scope);
  a.facts.stage = a.times.stage;
  if (!made) co_return std::unexpected(made.error());
  metrics::EndpointMetrics& cells = a.proxy.cells_of(a.ref);
  cells.connections_opened.add(1);
  cells.connect_seconds.observe(a.times.connect + a.times.tls);
  a.connection = std::move(*made);
  co_return Unit{};
}

// A pooled connection may have died unnoticed: that says nothing about the endpoint.
bool is_stale(const Attempt& a, const Error& error, const rt::Scope& scope) {
  bool died = error.kind == ErrorKind::reset || error.kind == ErrorKind::eof;
  bool silent = a.facts.stage == endpoint::Stage::send;
  bool may_repeat = a.setup.config->retry.post != config::RetryPost::never;
  return a.reused && died && silent && may_repeat && !scope.cancelled();
}

// Request out, head of the answer in; a stale pooled connection is replaced once by a fresh one.
rt::Task<Result<Unit>> exchange(Attempt& a, rt::Scope& answer_scope, rt::Scope& scope) {
  for (bool fresh = false;; fresh = true) {
    Result<Unit> connected = co_await obtain_connection(a, fresh, scope);
    if (!connected) co_return connected;
    a.request.record.phase = Phase::waiting;
    Result<Unit> done = co_await exchange_heads(a, answer_scope, scope);
    if (done) co_return done;
    bool again = !fresh && is_stale(a, done.error(), scope);
    a.reusable = false;
    if (!again) co_return done;
    a.proxy.metrics.stale_replays.add(1);
    a.proxy.pool.discard(std::move(a.connection));
  }
}

void settle_connection(Attempt& a) {
  if (!a.connection) return;
  a.input = net::Chunk{};
  if (a.reusable && a.upstream_keeps_alive)
    a.proxy.pool.give_back(std::move(a.connection), a.endpoint);
  else
    a.proxy.pool.discard(std::move(a.connection));
}

void read_error_words(Attempt& a) {
  if (!a.answer.is_json || a.facts.status < 300) return;
  a.said = protocol::read_error(*a.held);
}

void judge(Attempt& a) {
  read_error_words(a);
  a.facts.error_type = a.said.type.view();
  a.facts.error_code = a.said.code.view();
  a.facts.own_credential = a.endpoint.auth == config::AuthMode::client;
  bool empty_success = !a.facts.error && !a.committed && a.facts.status < 300 && a.held_whole &&
                       a.held->empty() && a.request.method == http::Method::post;
  if (empty_success)
    a.facts.error = Error{ErrorKind::protocol, ErrorSource::upstream, 0, "empty answer"};
  a.verdict = endpoint::classify(a.facts);
  bool cannot_count = a.request.kind == protocol::ApiKind::count_tokens && a.facts.status == 404;
  if (cannot_count) a.verdict.try_elsewhere = true;
}

}  // namespace

void note_commit(Attempt& a) {
  QCC_ASSERT(!a.committed);
  a.committed = true;
  RequestRecord& record = a.request.record;
  record.status = a.answer.status;
  record.phase = Phase::data;
  record.first_byte = a.proxy.loop.now();
  a.request.body.clear();
  a.session.work->set_limit(kUnlimited);
}

rt::Task<Unit> run_attempt(Attempt& a, rt::Scope& scope) {
  a.proxy.cells_of(a.ref).attempts_in_flight.add(1);
  rt::Scope answer_scope(a.proxy.loop, &scope);
  Result<Unit> heads = co_await exchange(a, answer_scope, scope);
  if (!heads) {
    a.broke(heads.error());
  } else if (a.is_event_stream()) {
    co_await relay_stream(a, answer_scope);
  } else {
    co_await relay_whole(a, answer_scope);
  }
  if (a.facts.error && a.facts.error->source == ErrorSource::upstream) a.reusable = false;
  judge(a);
  settle_connection(a);
  a.proxy.cells_of(a.ref).attempts_in_flight.subtract(1);
  co_return Unit{};
}

}  // namespace qcc::proxy
