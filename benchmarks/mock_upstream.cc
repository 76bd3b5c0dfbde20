// An upstream for benchmarks: one thread on the project's own runtime, some 5 µs a request.
//
//   mock_upstream --port 23100 [--tls-port 23101 --cert FILE --key FILE]
//
// A POST is answered with a message of about 600 bytes, whatever its body holds. The query string
// asks for something else:
//   events=N      a stream of N events (at least 5)
//   batch=B       events per write
//   delay_us=D    pause between two writes
//   stamp=1       each text is "@" and the boot clock's nanoseconds, for `load`
//   wait_us=W     pause before the answer
// GET /stats tells what was served; any other GET is answered with {}.
#include <getopt.h>
#include <sys/prctl.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <qcc/http/body_decoder.h>
#include <qcc/http/request_parser.h>
#include <qcc/http/serialize.h>
#include <qcc/net/address.h>
#include <qcc/net/listener.h>
#include <qcc/net/stream.h>
#include <qcc/rt/uring_io.h>
#include <qcc/tls/engine.h>

#include "metronome.h"
#include "mock_answers.h"

namespace qcc::bench {
namespace {

constexpr size_t kScratchBytes = 256 * 1024;
constexpr uint64_t kBodyBytesMax = uint64_t{1} << 30;

http::HeadLimits head_limits() {
  http::HeadLimits limits;
  limits.content_length = kBodyBytesMax;
  return limits;
}

struct Upstream {
  explicit Upstream(rt::Loop& l) : loop(l) {}

  rt::Loop& loop;
  Metronome metronome{loop};
  net::BlockPool blocks{1024};
  net::NetContext net{loop, blocks};
  MockAnswers answers;
  http::RequestParser parser{head_limits()};  // between two waits, one head uses it
  std::vector<char> scratch = std::vector<char>(kScratchBytes);  // what nobody will look at
  uint64_t requests = 0;
  uint64_t events = 0;
  uint64_t connections = 0;

  std::string stats() const {
    return "{\"requests\":" + std::to_string(requests) + ",\"events\":" + std::to_string(events) +
           ",\"connections\":" + std::to_string(connections) + "}";
  }
};

struct Request {
  bool is_get = false;
  bool wants_stats = false;
  bool keep_alive = true;
  bool expects_continue = false;
  http::BodyFraming framing = http::BodyFraming::none;
  uint64_t content_length = 0;
  Plan plan;
};

Request request_of(const http::RequestHead& head) {
  return {head.method == http::Method::get,
          head.path == "/stats",
          head.keep_alive,
          head.expect_continue,
          head.framing,
          head.content_length,
          parse_plan(head.query)};
}

// Nothing: the connection has ended or is broken.
rt::Task<std::optional<Request>> read_head(Upstream& upstream, net::Stream& stream,
                                           rt::Scope& scope) {
  std::string gathered;  // of a head that comes in several pieces
  for (;;) {
    Result<net::Chunk> chunk = co_await stream.read(scope);
    if (!chunk || chunk->size == 0) co_return std::nullopt;
    if (!gathered.empty()) gathered.append(chunk->view());
    std::string_view bytes = gathered.empty() ? chunk->view() : gathered;
    upstream.parser.reset();
    http::ParseStatus status = upstream.parser.feed(bytes);
    if (status == http::ParseStatus::error) co_return std::nullopt;
    if (status == http::ParseStatus::need_more) {
      if (gathered.empty()) gathered = chunk->view();
      continue;
    }
    Request request = request_of(upstream.parser.head());
    size_t rest = bytes.size() - upstream.parser.head().head_bytes;
    chunk->remove_prefix(chunk->size - rest);
    stream.unread(std::move(*chunk));
    co_return request;
  }
}

// Reads large pieces straight from the socket.
rt::Task<bool> discard_bytes(Upstream& upstream, net::Stream& stream, uint64_t left,
                             rt::Scope& scope) {
  while (left > 0) {
    std::span<char> to(upstream.scratch.data(), std::min<uint64_t>(left, kScratchBytes));
    Result<size_t> got = co_await stream.read_into(to, scope);
    if (!got || *got == 0) co_return false;
    left -= *got;
  }
  co_return true;
}

rt::Task<bool> discard_chunks(net::Stream& stream, rt::Scope& scope) {
  http::BodyLimits limits;
  limits.body_bytes = kBodyBytesMax;
  http::BodyDecoder decoder(http::BodyFraming::chunked, 0, limits);
  while (!decoder.done()) {
    Result<net::Chunk> chunk = co_await stream.read(scope);
    if (!chunk || chunk->size == 0) co_return false;
    while (chunk->size > 0 && !decoder.done()) {
      http::BodyStep step = decoder.next(chunk->view());
      if (step.status == http::ParseStatus::error) co_return false;
      chunk->remove_prefix(step.consumed);
    }
    stream.unread(std::move(*chunk));
  }
  co_return true;
}

rt::Task<bool> send_events(Upstream& upstream, net::Stream& stream, const Plan& plan,
                           rt::Scope& scope) {
  std::string out = upstream.answers.stream_head();
  Instant due = upstream.loop.now();
  for (uint64_t sent = 0;;) {
    uint64_t batch_end = std::min(plan.events, sent + plan.batch);
    Instant now = plan.stamped ? upstream.loop.io().now() : Instant();
    for (; sent < batch_end; ++sent) {
      upstream.answers.append_event(out, plan, sent, now);
      ++upstream.events;
    }
    Result<Unit> written = co_await stream.write(out, scope);
    if (!written) co_return false;
    if (sent == plan.events) co_return true;
    out.clear();
    due = std::max(due + plan.delay, upstream.loop.now());
    co_await upstream.metronome.sleep_until(due, scope);
  }
}

rt::Task<bool> answer(Upstream& upstream, net::Stream& stream, const Request& request,
                      rt::Scope& scope) {
  if (request.is_get) {
    std::string text = json_answer(request.wants_stats ? upstream.stats() : "{}");
    Result<Unit> written = co_await stream.write(text, scope);
    co_return written.has_value();
  }
  if (request.plan.wait > Duration::zero()) {
    Instant then = upstream.loop.now() + request.plan.wait;
    co_await upstream.metronome.sleep_until(then, scope);
  }
  ++upstream.requests;
  if (request.plan.events > 0) {
    bool sent = co_await send_events(upstream, stream, request.plan, scope);
    co_return sent;
  }
  Result<Unit> written = co_await stream.write(upstream.answers.message(), scope);
  co_return written.has_value();
}

// False when the connection is of no more use.
rt::Task<bool> serve_request(Upstream& upstream, net::Stream& stream, rt::Scope& scope) {
  std::optional<Request> request = co_await read_head(upstream, stream, scope);
  if (!request) co_return false;
  if (request->expects_continue) {
    co_await stream.write(http::kContinueHead, scope);
  }
  bool body_read = true;
  if (request->framing == http::BodyFraming::chunked) {
    body_read = co_await discard_chunks(stream, scope);
  } else if (request->content_length > 0) {
    body_read = co_await discard_bytes(upstream, stream, request->content_length, scope);
  }
  if (!body_read) co_return false;
  bool answered = co_await answer(upstream, stream, *request, scope);
  co_return answered && request->keep_alive;
}

rt::Task<bool> begin_tls(net::Stream& stream, const tls::TlsContext& context, rt::Scope& scope) {
  auto engine = std::make_unique<tls::TlsEngine>(context);
  Result<Unit> ready = co_await stream.start_tls(std::move(engine), scope);
  co_return ready.has_value();
}

// `context` is null for plain connections.
rt::Task<Unit> serve(Upstream& upstream, int fd, const tls::TlsContext* context) {
  net::Stream stream(upstream.net, fd, ErrorSource::client);
  rt::Scope scope(upstream.loop, nullptr);
  ++upstream.connections;
  bool open = true;
  if (context) {
    open = co_await begin_tls(stream, *context, scope);
  }
  while (open) {
    open = co_await serve_request(upstream, stream, scope);
  }
  --upstream.connections;
  co_await stream.close();
  co_return Unit{};
}

struct Arguments {
  uint16_t port = 0;
  uint16_t tls_port = 0;
  tls::ServerOptions tls;
};

Arguments parse(int argc, char** argv) {
  static const option kOptions[] = {{"port", required_argument, nullptr, 'p'},
                                    {"tls-port", required_argument, nullptr, 't'},
                                    {"cert", required_argument, nullptr, 'c'},
                                    {"key", required_argument, nullptr, 'k'},
                                    {}};
  Arguments arguments;
  for (int found; (found = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    if (found == 'p') arguments.port = static_cast<uint16_t>(std::atoi(optarg));
    if (found == 't') arguments.tls_port = static_cast<uint16_t>(std::atoi(optarg));
    if (found == 'c') arguments.tls.cert_file = optarg;
    if (found == 'k') arguments.tls.key_file = optarg;
    if (found == '?') std::exit(2);
  }
  return arguments;
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "mock_upstream: %s\n", why.c_str());
  std::exit(1);
}

std::unique_ptr<net::Listener> listen(Upstream& upstream, uint16_t port,
                                      const tls::TlsContext* context) {
  net::SocketAddress address = *net::SocketAddress::from_ip("127.0.0.1", port);
  int fd = upstream.loop.io().listen(address.get(), address.size(), 4096);
  if (fd < 0) give_up("cannot listen on " + address.format());
  return std::make_unique<net::Listener>(upstream.loop, fd, [&upstream, context](int client) {
    upstream.loop.spawn(serve(upstream, client, context));
  });
}

// Serves until the process is killed.
rt::Task<Unit> serve_forever(rt::Loop& loop) {
  rt::Scope forever(loop, nullptr);
  co_await rt::sleep_for(forever, kUnlimited);
  co_return Unit{};
}

void run(const Arguments& arguments) {
  auto io = rt::make_uring_io({.entries = 4096, .buffer_count = 256, .buffer_bytes = 16 * 1024});
  if (!io) give_up(rt::explain_ring_failure(io.error()));
  rt::Loop loop(**io, 1);
  Upstream upstream(loop);
  std::unique_ptr<net::Listener> plain, secure;
  std::optional<tls::TlsContext> context;
  if (arguments.port != 0) plain = listen(upstream, arguments.port, nullptr);
  if (arguments.tls_port != 0) {
    auto made = tls::TlsContext::server(arguments.tls);
    if (!made) give_up(made.error());
    context = *made;
    secure = listen(upstream, arguments.tls_port, &*context);
  }
  loop.spawn(serve_forever(loop));
  upstream.metronome.run();
}

}  // namespace
}  // namespace qcc::bench

int main(int argc, char** argv) {
  prctl(PR_SET_TIMERSLACK, 1);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  qcc::bench::run(qcc::bench::parse(argc, argv));
}
