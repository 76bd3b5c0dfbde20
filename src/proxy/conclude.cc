#include "conclude.h"

#include <qcc/protocol/count_estimate.h>

namespace qcc::proxy {
namespace {

constexpr int64_t kClientWaitExactMax = 60;  // Claude Code waits this long and no second longer
constexpr int64_t kClientWaitMax = 600;
constexpr size_t kStoryBytesMax = 2048;

// What clients may be told about when to come back (spec R3).
void set_retry_after(Refusal& refusal, int64_t seconds) {
  if (seconds < 0) return;
  refusal.retry_after_seconds = seconds;
  if (seconds > kClientWaitExactMax && seconds <= kClientWaitMax)
    refusal.retry_after_seconds = kClientWaitExactMax;
  if (seconds > kClientWaitMax) refusal.final = true;
}

std::string why_none_is_eligible(Session& session, const Request& request) {
  std::string list;
  routing::Query query;
  query.protocol = request.dialect == protocol::Dialect::anthropic ? config::Protocol::anthropic
                                                                   : config::Protocol::openai;
  Proxy& proxy = session.proxy;
  proxy.read_snapshot([&](const endpoint::Snapshot& snapshot) {
    for (uint16_t slot = 0; slot < snapshot.slots.size(); ++slot) {
      const config::EndpointConfig* endpoint = snapshot.slots[slot].config;
      if (!endpoint || endpoint->protocol != query.protocol) continue;
      routing::Skip skip = routing::Router::skip_reason(snapshot, proxy.vetoes, slot, query);
      if (!list.empty()) list += "; ";
      list += endpoint->name + ": " + std::string(routing::name_of(skip));
    }
    return true;
  });
  return list;
}

Refusal nobody_to_ask(Session& session, const Request& request) {
  std::string list = why_none_is_eligible(session, request);
  Refusal refusal;
  refusal.final = true;
  if (list.empty()) {
    bool anthropic = request.dialect == protocol::Dialect::anthropic;
    refusal.status = 404;
    refusal.message = std::string("No endpoint of this proxy speaks the ") +
                      (anthropic ? "Anthropic" : "OpenAI") + " API.";
    return refusal;
  }
  refusal.status = 503;
  refusal.message = "No endpoint can take this request (" + list +
                    "). A refused key stays out until it is changed in the configuration.";
  return refusal;
}

Refusal all_failed(const Failures& failures) {
  Refusal refusal;
  refusal.message = "All attempts failed (" + failures.story + ").";
  if (failures.all_rate_limited) {
    refusal.status = 429;
    set_retry_after(refusal, failures.retry_after_seconds);
  } else if (failures.all_auth) {
    refusal.status = 503;
    refusal.final = true;
    refusal.message += " The endpoint refuses the key this proxy holds for it.";
  } else {
    refusal.status = failures.last_timed_out ? 504 : 502;
  }
  return refusal;
}

rt::Task<Unit> pass_on_last_answer(Session& session, Request& request, Failures& failures) {
  request.record.status = failures.answer.status;
  PooledText out(session.proxy.texts);
  ClientFraming framing{ClientFraming::Kind::length, failures.body.size()};
  append_client_head(*out, failures.answer, framing, request, !session.keep_alive);
  out->append(failures.body);
  co_await write_client(session, request, *out);
  co_return Unit{};
}

}  // namespace

void Failures::tell(const Attempt& attempt) {
  const std::optional<Error>& error = attempt.facts.error;
  if (!story.empty()) story += "; ";
  story += attempt.endpoint.name + ": " + std::string(endpoint::name_of(last)) + ", ";
  if (error)
    story += std::string(name_of(error->kind)) + " (" + error->where + ")";
  else
    story += "HTTP " + std::to_string(attempt.facts.status);
  if (story.size() >= kStoryBytesMax) story += "; and others";
}

void Failures::add(Attempt& attempt) {
  ++count;
  last = attempt.verdict.attempt_class;
  all_rate_limited = all_rate_limited && last == endpoint::AttemptClass::rate_limit;
  all_model_missing = all_model_missing && last == endpoint::AttemptClass::model_missing;
  all_auth = all_auth && last == endpoint::AttemptClass::auth;
  const std::optional<Error>& error = attempt.facts.error;
  last_timed_out = error && error->kind == ErrorKind::timeout;
  if (story.size() < kStoryBytesMax) tell(attempt);
  int64_t told = attempt.answer.retry_after_seconds;
  if (told >= 0)
    retry_after_seconds = retry_after_seconds < 0 ? told : std::min(retry_after_seconds, told);
  has_answer = !error && attempt.facts.status >= 300 && attempt.held_whole;
  if (!has_answer) return;
  answer = std::move(attempt.answer);
  body = *attempt.held;
}

rt::Task<Unit> answer_estimate(Session& session, Request& request) {
  request.record.status = 200;
  std::string body = protocol::count_answer(protocol::estimate_tokens(request.body.view()));
  std::string answer =
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-qcc-estimate: true\r\n"
      "content-length: " +
      std::to_string(body.size()) + "\r\n";
  if (!session.keep_alive) answer += "connection: close\r\n";
  answer += "\r\n" + body;
  co_await write_client(session, request, answer);
  co_return Unit{};
}

rt::Task<Unit> refuse(Session& session, Request& request, const Refusal& refusal) {
  if (refusal.close) session.keep_alive = false;
  session.lingers = session.lingers || refusal.close;
  request.record.status = refusal.status;
  PooledText out(session.proxy.texts);
  append_refusal(*out, refusal, request, !session.keep_alive);
  co_await write_client(session, request, *out);
  co_return Unit{};
}

rt::Task<Unit> conclude(Session& session, Request& request, Failures& failures, rt::Why why) {
  if (why == rt::Why::client_gone) {
    request.record.ended_by = EndedBy::client;
    session.keep_alive = false;
    co_return Unit{};
  }
  bool own_answer_counts = failures.candidates == 1 && failures.has_answer &&
                           failures.last != endpoint::AttemptClass::auth;
  request.record.ended_by = failures.count > 0 ? EndedBy::upstream : EndedBy::limit;
  bool nobody_has_the_model = failures.all_model_missing && failures.has_answer;
  bool passes_on = (own_answer_counts || nobody_has_the_model) && why == rt::Why::none;
  // Claude Code repeats a count that failed as a paid request.
  if (request.kind == protocol::ApiKind::count_tokens && why != rt::Why::shutdown) {
    co_await answer_estimate(session, request);
    co_return Unit{};
  }
  if (passes_on) {
    co_await pass_on_last_answer(session, request, failures);
    co_return Unit{};
  }
  Refusal refusal;
  if (why == rt::Why::shutdown) {
    request.record.ended_by = EndedBy::shutdown;
    refusal = {503, "This proxy is shutting down; the request was not answered.", true};
  } else if (why == rt::Why::timeout) {
    request.record.ended_by = EndedBy::limit;
    refusal = {504, "No answer within the total timeout (" +
                        (failures.story.empty() ? std::string("first attempt") : failures.story) +
                        ")."};
  } else {
    refusal = failures.count == 0 ? nobody_to_ask(session, request) : all_failed(failures);
  }
  co_await refuse(session, request, refusal);
  co_return Unit{};
}

// In pieces, so that a client that takes its time over much is not taken for one that reads
// nothing.
rt::Task<bool> write_client(Session& session, Request& request, std::string_view bytes) {
  constexpr size_t kPiece = 64 * 1024;
  const config::Limits& limits = request.setup.config->limits;
  rt::Scope stall(session.proxy.loop, &session.scope);
  bool gone = session.work && session.work->why() == rt::Why::client_gone;
  if (gone) stall.cancel(rt::Why::client_gone);
  session.writing = &stall;
  Result<Unit> written = Unit{};
  while (written && !bytes.empty()) {
    std::string_view piece = bytes.substr(0, kPiece);
    stall.set_limit(limits.send_stall_timeout);
    written = co_await session.stream.write(piece, stall);
    if (written) request.record.bytes_out += piece.size();
    bytes.remove_prefix(piece.size());
  }
  session.writing = nullptr;
  if (written) co_return true;
  request.record.ended_by =
      session.scope.why() == rt::Why::shutdown ? EndedBy::shutdown : EndedBy::client;
  request.record.cause = written.error().where;
  session.cut();
  co_return false;
}

}  // namespace qcc::proxy
