#include <qcc/app/demo.h>

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <memory>

#include <qcc/json/picker.h>
#include <qcc/net/listener.h>
#include <qcc/rt/uring_io.h>

#include "demo_script.h"

namespace qcc::app {
namespace {

constexpr size_t kBodyBytesMax = 32 * 1024 * 1024;
constexpr Duration kLookEvery = std::chrono::milliseconds(20);  // for a client that left
constexpr int kBacklog = 128;

// One simulated endpoint.
struct DemoServer {
  DemoServer(net::NetContext& n, rt::Scope& s, const DemoPersona& p, uint64_t seed)
      : net(n), scope(s), persona(p), prng(seed), all_ended(n.loop) {}

  net::NetContext& net;
  rt::Scope& scope;
  const DemoPersona& persona;
  Prng prng;
  uint64_t replies = 0;
  uint32_t connections = 0;
  rt::Event all_ended;
};

// False when the client left meanwhile, or all is to end.
rt::Task<bool> think(admin::HttpConnection& connection, Duration time, rt::Scope& scope) {
  for (Duration left = time; left > Duration::zero(); left -= kLookEvery) {
    Duration step = std::min(left, kLookEvery);
    bool slept = co_await rt::sleep_for(scope, step);
    if (!slept || connection.peer_left()) co_return false;
  }
  co_return true;
}

rt::Task<bool> send_stream(DemoServer& server, admin::HttpConnection& connection,
                           const DemoStream& stream, rt::Scope& scope) {
  admin::HttpAnswer head;
  head.content_type = "text/event-stream";
  head.fields.push_back({"cache-control", "no-cache"});
  bool going = co_await connection.begin_stream(head, scope);
  if (!going) co_return false;
  going = co_await connection.write_piece(stream.beginning, scope);
  for (const std::string& word : stream.words) {
    if (!going) co_return false;
    going = co_await think(connection, server.persona.per_word, scope);
    if (!going) co_return false;
    going = co_await connection.write_piece(word, scope);
  }
  if (!going) co_return false;
  going = co_await connection.write_piece(stream.end, scope);
  if (!going) co_return false;
  going = co_await connection.end_stream(scope);
  co_return going;
}

// False: the connection ends here, answered or not.
rt::Task<bool> fail_in_character(DemoServer& server, admin::HttpConnection& connection,
                                 DemoFault fault, DemoDialect dialect, rt::Scope& scope) {
  if (fault == DemoFault::reset) {
    connection.reset();
    co_return false;
  }
  if (fault == DemoFault::cut_while_waiting) {
    co_await think(connection, server.persona.first_byte / 2, scope);
    co_return false;
  }
  admin::HttpAnswer answer = fault_answer(fault, dialect);
  bool answered = co_await connection.answer(answer, scope);
  co_return answered;
}

rt::Task<bool> generate(DemoServer& server, admin::HttpConnection& connection, DemoDialect dialect,
                        rt::Scope& scope) {
  DemoFault fault = draw_fault(server.persona, server.prng);
  if (fault != DemoFault::none) {
    bool goes_on = co_await fail_in_character(server, connection, fault, dialect, scope);
    co_return goes_on;
  }
  json::JsonView request(connection.body());
  bool streamed = request["stream"].is_true();
  bool with_usage = request["stream_options"]["include_usage"].is_true();
  DemoReply reply = make_reply(server.persona, ++server.replies, connection.body().size());
  Duration until_head = server.persona.first_byte;
  if (!streamed) until_head += server.persona.per_word * static_cast<int64_t>(reply.words.size());
  bool stayed = co_await think(connection, until_head, scope);
  if (!stayed) co_return false;
  if (streamed) {
    DemoStream stream = stream_of(reply, dialect, with_usage);
    bool sent = co_await send_stream(server, connection, stream, scope);
    co_return sent;
  }
  admin::HttpAnswer answer = whole_answer(reply, dialect);
  bool answered = co_await connection.answer(answer, scope);
  co_return answered;
}

admin::HttpAnswer plain_answer(const admin::HttpConnection& connection, const DemoRoute& route) {
  if (route.call == DemoCall::count_tokens) return token_count_answer(connection.body().size());
  if (route.call == DemoCall::models) return models_answer(route.dialect);
  return unknown_answer(route.dialect);
}

rt::Task<Unit> serve_connection(DemoServer& server, int fd) {
  rt::Scope scope(server.net.loop, &server.scope);
  admin::HttpServerLimits limits;
  limits.body_bytes = kBodyBytesMax;
  admin::HttpConnection connection(server.net, fd, limits);
  for (bool going = true; going;) {
    going = co_await connection.next_request(scope);
    if (!going) break;
    DemoRoute route = demo_route(connection.head());
    if (route.call == DemoCall::generate) {
      going = co_await generate(server, connection, route.dialect, scope);
    } else {
      admin::HttpAnswer answer = plain_answer(connection, route);
      going = co_await connection.answer(answer, scope);
    }
  }
  co_await connection.close();
  if (--server.connections == 0) server.all_ended.set();
  co_return Unit{};
}

rt::Task<Unit> serve_endpoint(DemoServer& server, int listening) {
  rt::Loop& loop = server.net.loop;
  net::Listener listener(loop, listening, [&server](int fd) {
    ++server.connections;
    server.net.loop.spawn(serve_connection(server, fd));
  });
  rt::Event never(loop);
  co_await rt::wait_for(never, server.scope);
  co_await listener.close();
  rt::Scope unbounded(loop, nullptr);
  while (server.connections > 0) {
    server.all_ended.clear();
    co_await rt::wait_for(server.all_ended, unbounded);
  }
  co_return Unit{};
}

rt::Task<Unit> end_with_line(rt::Scope& scope, int line) {
  rt::Scope unbounded(scope.loop(), nullptr);
  char nothing[1];
  co_await rt::receive_into(unbounded, line, nothing);
  scope.cancel(rt::Why::shutdown);
  co_return Unit{};
}

using Descriptors = std::array<int, kDemoEndpoints>;

Result<Unit> listen_on_loopback(rt::Io& io, Descriptors& listening, DemoPorts& ports) {
  for (size_t i = 0; i < kDemoEndpoints; ++i) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    listening[i] = io.listen(generic, sizeof address, kBacklog);
    socklen_t size = sizeof address;
    int error = listening[i] < 0 ? listening[i] : io.local_address(listening[i], generic, &size);
    if (error < 0) {
      for (size_t k = 0; k <= i; ++k)
        if (listening[k] >= 0) ::close(listening[k]);
      return std::unexpected(error_from_errno(error, ErrorSource::local, "demo listener"));
    }
    ports[i] = ntohs(address.sin_port);
  }
  return Unit{};
}

void serve_all(rt::Io& io, const Descriptors& listening, int stop_line, uint64_t seed) {
  rt::Loop loop(io, seed);
  net::BlockPool blocks(16);
  net::NetContext net{loop, blocks};
  rt::Scope scope(loop, nullptr);
  std::array<std::unique_ptr<DemoServer>, kDemoEndpoints> servers;
  for (size_t i = 0; i < kDemoEndpoints; ++i) {
    servers[i] = std::make_unique<DemoServer>(net, scope, kDemoPersonas[i], seed + i);
    loop.spawn(serve_endpoint(*servers[i], listening[i]));
  }
  loop.spawn(end_with_line(scope, stop_line));
  loop.run();
}

void run_thread(uint64_t seed, int stop_line, DemoPorts& ports, std::promise<Result<Unit>> ready) {
  rt::UringOptions options;
  options.entries = 256;
  options.buffer_count = 64;
  Result<std::unique_ptr<rt::Io>> io = rt::make_uring_io(options);
  Descriptors listening{};
  Result<Unit> listens = Unit{};
  if (io)
    listens = listen_on_loopback(**io, listening, ports);
  else
    listens = std::unexpected(io.error());
  ready.set_value(listens);
  if (listens) serve_all(**io, listening, stop_line, seed);
  io = std::unique_ptr<rt::Io>();
  ::close(stop_line);
}

// Signals are for the control thread: a thread inherits the mask of whoever starts it.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

void append_endpoint(std::string& out, const DemoPersona& persona, uint16_t port,
                     std::string_view protocol, std::string_view suffix) {
  out.append("\n[[cluster.endpoint]]\nname = \"").append(persona.name).append(suffix);
  out.append("\"\nprotocol = \"").append(protocol).append("\"\nbase_url = \"http://127.0.0.1:");
  out.append(std::to_string(port)).append("/").append(protocol).append("\"\n");
}

}  // namespace

Result<Unit> DemoUpstreams::start() {
  QCC_ASSERT(!thread_.joinable());
  int line[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line) != 0)
    return std::unexpected(error_from_errno(-errno, ErrorSource::local, "demo stop line"));
  stop_line_ = line[0];
  std::promise<Result<Unit>> ready;
  std::future<Result<Unit>> listens = ready.get_future();
  {
    SignalsBlocked blocked;
    thread_ = std::thread(run_thread, seed_, line[1], std::ref(ports_), std::move(ready));
  }
  Result<Unit> result = listens.get();
  if (!result) stop();
  return result;
}

void DemoUpstreams::stop() {
  if (!thread_.joinable()) return;
  ::close(stop_line_);
  thread_.join();
}

std::string demo_config(const DemoPorts& ports) {
  std::string out = "# The simulated endpoints of `qccd --demo`.\n\n[[cluster]]\nname = \"demo\"\n";
  for (size_t i = 0; i < kDemoEndpoints; ++i) {
    append_endpoint(out, kDemoPersonas[i], ports[i], "anthropic", "");
    append_endpoint(out, kDemoPersonas[i], ports[i], "openai", "-openai");
  }
  return out;
}

}  // namespace qcc::app
