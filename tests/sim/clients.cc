#include "clients.h"

#include "client_requests.h"
#include "world_address.h"

namespace qcc::sim {
namespace {
using rt::Scope;
using rt::Task;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kPatience = seconds(150);

Duration up_to(Prng& prng, Duration longest) {
  return Duration(static_cast<int64_t>(prng.below(static_cast<uint64_t>(longest.count()) + 1)));
}

}  // namespace

struct Clients::Visit {
  Visit(Outside& outside, int fd, uint64_t seed)
      : prng(seed), stream(outside.net, fd, ErrorSource::upstream) {}
  Prng prng;
  net::Stream stream;
  WireReader reader{Direction::answers, true};
  net::Chunk chunk;     // received, not yet read
  size_t answered = 0;  // requests before the present one
  bool broken = false;  // nothing more can be sent or read
  Circumstances circumstances;
  Duration napped{0};  // in which it read nothing, since it sent its requests
};

Clients::Clients(Outside& outside, AnswerChecker& checker, uint16_t port)
    : outside_(outside), checker_(checker), port_(port) {}

void Clients::start() {
  Prng prng(outside_.plan.seed ^ 0xc11e);
  for (size_t i = 0; i < outside_.plan.visits; ++i) outside_.loop.spawn(visit(prng.next()));
}

Task<Unit> Clients::visit(uint64_t seed) {
  Prng prng(seed);
  Scope scope(outside_.loop, &outside_.scope);
  Duration wait = up_to(prng, outside_.plan.visits_within);
  co_await rt::sleep_for(scope, wait);
  int fd = outside_.loop.io().open_socket(AF_INET);
  int connected = fd;
  if (fd >= 0) {
    Scope patience(outside_.loop, &scope, seconds(10));
    sockaddr_in address = ipv4_address(INADDR_LOOPBACK, port_);
    connected = co_await rt::connect(patience, fd, any(address), sizeof address);
  }
  if (connected >= 0) {
    Visit visit(outside_, fd, prng.next());
    co_await converse(visit);
    co_await visit.stream.close();
  } else if (fd >= 0) {
    outside_.loop.io().close(fd);
  }
  ++gone_;
  co_return Unit{};
}

Task<Unit> Clients::be_silent(Visit& visit) {
  Scope scope(outside_.loop, &outside_.scope, kPatience);
  Result<net::Chunk> chunk = co_await visit.stream.read(scope);
  bool told = !chunk || chunk->size == 0 ||
              std::string_view("HTTP/1.1 503").starts_with(chunk->view().substr(0, 12));
  outside_.ledger.findings.demand(told, "own answer", "a silent client was sent something");
  co_return Unit{};
}

Task<Unit> Clients::converse(Visit& visit) {
  const ClientMood& mood = outside_.plan.clients;
  Prng& prng = visit.prng;
  if (prng.chance(mood.silent)) {
    co_await be_silent(visit);
    co_return Unit{};
  }
  size_t rounds = 1 + prng.below(5);
  for (size_t i = 0; i < rounds; ++i) {
    size_t requests = prng.chance(mood.pipelines) ? 2 + prng.below(2) : 1;
    bool goes_on = co_await exchange(visit, requests);
    if (!goes_on) break;
    Duration idle = up_to(prng, mood.idle_max);
    bool awake = co_await rt::sleep_for(outside_.scope, idle);
    if (!awake) break;
  }
  if (visit.circumstances.client_left && prng.chance(mood.resets)) visit.stream.reset_on_close();
  visit.chunk = net::Chunk{};
  co_return Unit{};
}

// Sends requests one behind the other and reads their answers. False when the connection is over.
Task<bool> Clients::exchange(Visit& visit, size_t count) {
  const ClientMood& mood = outside_.plan.clients;
  Prng& prng = visit.prng;
  bool leaves = prng.chance(mood.leaves);
  Duration stays =
      leaves ? up_to(prng, prng.chance(50) ? milliseconds(300) : seconds(5)) : kPatience;
  Scope scope(outside_.loop, &outside_.scope, stays);
  std::vector<ClientRequest> requests;
  std::string wire;
  for (size_t i = 0; i < count; ++i) {
    requests.push_back(draw_request(prng, outside_.plan, outside_.ledger));
    wire += requests.back().wire;
    bool last = requests.back().log->expectation == Expectation::refused ||
                requests.back().wire.find("connection: close") != std::string::npos;
    if (last) break;  // the connection may be closed behind it
  }
  sent_ += requests.size();
  visit.circumstances = {};
  visit.napped = Duration::zero();
  visit.circumstances.net_may_lose = !outside_.plan.orderly;
  Instant began = outside_.loop.now();
  bool sent = co_await send_request(visit, wire, scope);
  note_nap(visit, outside_.loop.now() - began);  // it does not read meanwhile
  if (sent && prng.chance(mood.half_closes)) {
    co_await visit.stream.finish_writing(scope);
    visit.circumstances.client_left = !outside_.plan.config->server.allow_half_close;
  }
  if (prng.chance(mood.stops_reading)) {
    Duration nap = up_to(prng, outside_.plan.config->limits.send_stall_timeout * 2);
    note_nap(visit, nap);
    co_await rt::sleep_for(scope, nap);
  }
  for (ClientRequest& request : requests) {
    visit.circumstances.may_be_turned_away =
        visit.answered > 0 || draining_ || outside_.plan.connections_max < 100 || !sent;
    visit.reader.next(request.method);
    bool whole = co_await receive_answer(visit, *request.log, request.method, scope);
    visit.circumstances.client_left |= scope.cancelled();
    bool impatient = scope.timed_out() && !leaves;
    outside_.ledger.findings.demand(
        !impatient || visit.circumstances.net_may_lose, "no request lost",
        "request " + std::to_string(request.log->number) + " was not answered within 150 s");
    judge(visit, *request.log, visit.reader, whole);
    ++visit.answered;
    bool over = !whole || !visit.reader.message().keep_alive || scope.cancelled();
    if (over) co_return false;
  }
  co_return true;
}

void Clients::note_nap(Visit& visit, Duration nap) {
  visit.napped += nap;
  visit.circumstances.client_left |=
      visit.napped >= outside_.plan.config->limits.send_stall_timeout / 2;
}

void Clients::judge(Visit& visit, const RequestLog& request, const WireReader& reader, bool ended) {
  const WireMessage& message = reader.message();
  AnswerEnd end = ended ? AnswerEnd::whole : AnswerEnd::cut;
  if (!message.begun) end = AnswerEnd::nothing;
  Circumstances circumstances = visit.circumstances;
  circumstances.may_be_turned_away |= draining_;
  bool refused_early = request.expectation == Expectation::refused && request.body.size() > 2000;
  // The rest of a body for which there is no room is not waited for.
  bool no_room = request.body.size() > 30'000 && outside_.plan.body_budget < 1'000'000;
  circumstances.may_be_turned_away |= refused_early || no_room;
  checker_.judge(request, message, end, circumstances);
}

// In pieces of any size; slow senders pause between them.
Task<bool> Clients::send_request(Visit& visit, const std::string& wire, Scope& scope) {
  Prng& prng = visit.prng;
  bool slow = prng.chance(outside_.plan.clients.slow_sender);
  bool splits = slow || prng.chance(40);
  visit.circumstances.slow_sender = slow;
  std::string_view rest = wire;
  while (!rest.empty()) {
    size_t size = splits ? 1 + prng.below(rest.size()) : rest.size();
    if (splits && prng.chance(30)) size = std::min<size_t>(size, 1 + prng.below(200));
    Result<Unit> sent = co_await visit.stream.write(rest.substr(0, size), scope);
    if (!sent) co_return false;
    rest.remove_prefix(size);
    Duration pause = slow ? up_to(prng, milliseconds(900)) : up_to(prng, milliseconds(2));
    if (!rest.empty() && splits) {
      co_await rt::sleep_for(scope, pause);
    }
  }
  co_return true;
}

// True when the answer was framed to its end.
Task<bool> Clients::receive_answer(Visit& visit, RequestLog&, http::Method, Scope& scope) {
  WireReader& reader = visit.reader;
  bool naps = visit.prng.chance(outside_.plan.clients.stops_reading);
  for (;;) {
    size_t taken = reader.feed(visit.chunk.view());
    visit.chunk.remove_prefix(taken);
    const WireMessage& message = reader.message();
    if (message.done) co_return true;
    if (message.broken) co_return false;
    visit.chunk = net::Chunk{};
    bool nap_now = naps && message.head_done && visit.prng.chance(10);
    if (nap_now) {
      Duration nap = up_to(visit.prng, outside_.plan.config->limits.send_stall_timeout * 2);
      naps = false;
      note_nap(visit, nap);
      co_await rt::sleep_for(scope, nap);
    }
    Result<net::Chunk> more = co_await visit.stream.read(scope);
    if (!more) co_return false;
    if (more->size == 0) {
      reader.on_eof();
      co_return reader.message().done;
    }
    visit.chunk = std::move(*more);
  }
}

}  // namespace qcc::sim
