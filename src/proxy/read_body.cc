#include "read_body.h"

#include <algorithm>

#include <qcc/http/body_decoder.h>
#include <qcc/http/serialize.h>

#include "attempt.h"

namespace qcc::proxy {
namespace {

constexpr Duration kRateGrace = std::chrono::seconds(30);
// One receive at most: little enough to be in the core's own cache still when it is skimmed, and
// enough to keep the receives few (measured from 64 KiB to the whole).
constexpr size_t kPieceBytesMax = 512 * 1024;

Refusal refusal_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::timeout: return {408, "The request body came too slowly.", true};
    case ErrorKind::limit: {
      Refusal full{503, "The memory for request bodies is in use; try again.", true};
      full.retry_after_seconds = 1;
      return full;
    }
    case ErrorKind::protocol: return {400, "The request body is malformed.", true};
    default: return {0, {}, true};
  }
}

// Bounds a body in time: in all, in silence and, after a grace, in rate.
class BodyClock {
 public:
  BodyClock(Session& session, const config::Limits& limits)
      : limits_(limits),
        loop_(session.proxy.loop),
        start_(loop_.now()),
        total_(loop_, &session.scope, limits.body_timeout),
        silence_(loop_, &total_) {}

  rt::Scope& next_wait() {
    silence_.set_limit(limits_.body_idle_timeout);
    return silence_;
  }
  bool too_slow(size_t received) const {
    Duration spent = loop_.now() - start_;
    if (spent < kRateGrace) return false;
    return static_cast<double>(received) <
           to_seconds(spent) * static_cast<double>(limits_.body_min_rate);
  }

 private:
  const config::Limits& limits_;
  rt::Loop& loop_;
  Instant start_;
  rt::Scope total_;
  rt::Scope silence_;
};

// What is wrong with it is told when it is whole.
void skim_unfinished(Request& request) {
  if (request.method == http::Method::post) request.skimmer.feed(request.body.view());
}

rt::Task<std::optional<Refusal>> read_sized(Session& session, Request& request, net::Chunk& chunk) {
  Body& body = request.body;
  auto length = static_cast<size_t>(request.content_length);
  Result<Unit> reserved = body.reserve(length);
  if (!reserved) co_return refusal_of(reserved.error());
  size_t here = std::min(length, chunk.size);
  Result<Unit> kept = body.append(chunk.view().substr(0, here));
  chunk.remove_prefix(here);
  if (kept && body.size() == length) co_return std::nullopt;

  chunk = net::Chunk{};  // used up: its buffer must not wait with us
  BodyClock clock(session, request.setup.config->limits);
  while (kept && body.size() < length) {
    std::span<char> room = body.room().first(std::min(length - body.size(), kPieceBytesMax));
    rt::Scope& wait = clock.next_wait();
    Result<size_t> got = co_await session.stream.read_into(room, wait);
    if (!got) co_return refusal_of(got.error());
    if (*got == 0) co_return Refusal{0, {}, true};
    kept = body.grew(*got);
    if (body.size() < length) skim_unfinished(request);
    if (clock.too_slow(body.size())) co_return refusal_of({.kind = ErrorKind::timeout});
  }
  if (!kept) co_return refusal_of(kept.error());
  co_return std::nullopt;
}

// Takes what the chunk holds of the body.
std::optional<Refusal> take(Request& request, http::BodyDecoder& decoder, net::Chunk& chunk) {
  while (chunk.size > 0 && !decoder.done()) {
    http::BodyStep step = decoder.next(chunk.view());
    Result<Unit> kept = request.body.append(step.payload);
    chunk.remove_prefix(step.consumed);
    if (!kept) return refusal_of(kept.error());
    if (step.status == http::ParseStatus::error)
      return Refusal{decoder.fault().status, decoder.fault().message, true};
  }
  return std::nullopt;
}

rt::Task<std::optional<Refusal>> read_chunked(Session& session, Request& request,
                                              net::Chunk& chunk) {
  http::BodyLimits limits;
  limits.body_bytes = request.setup.config->limits.max_body;
  http::BodyDecoder decoder(request.framing, 0, limits);
  BodyClock clock(session, request.setup.config->limits);
  for (;;) {
    std::optional<Refusal> refusal = take(request, decoder, chunk);
    if (refusal) co_return refusal;
    if (decoder.done()) co_return std::nullopt;
    if (request.body.size() > 0) skim_unfinished(request);
    if (clock.too_slow(request.body.size())) co_return refusal_of({.kind = ErrorKind::timeout});
    chunk = net::Chunk{};
    rt::Scope& wait = clock.next_wait();
    Result<net::Chunk> more = co_await session.stream.read(wait);
    if (!more) co_return refusal_of(more.error());
    if (more->size == 0) co_return Refusal{0, {}, true};
    chunk = std::move(*more);
  }
}

}  // namespace

rt::Task<std::optional<Refusal>> read_body(Session& session, Request& request, net::Chunk& chunk) {
  if (request.framing == http::BodyFraming::none) co_return std::nullopt;
  bool owes_continue = request.expect_continue && request.minor_version > 0 && chunk.size == 0;
  if (owes_continue) {
    chunk = net::Chunk{};
    bool told = co_await write_client(session, request, http::kContinueHead);
    if (!told) co_return Refusal{0, {}, true};
  }
  std::optional<Refusal> refusal;
  if (request.framing == http::BodyFraming::length) {
    refusal = co_await read_sized(session, request, chunk);
  } else {
    refusal = co_await read_chunked(session, request, chunk);
  }
  request.record.bytes_in = request.body.size();
  if (request.method != http::Method::post) request.body.clear();  // it goes nowhere
  co_return refusal;
}

std::optional<Refusal> inspect_body(Request& request) {
  if (request.method != http::Method::post) return std::nullopt;
  auto facts = protocol::inspect(request.body.view(), request.kind, request.skimmer);
  if (!facts) return Refusal{400, protocol::describe(facts.error())};
  request.facts = *facts;
  request.record.model_asked = request.facts.model.view();
  if (request.record.session.empty()) request.record.session = request.facts.metadata_session.text;
  return std::nullopt;
}

}  // namespace qcc::proxy
