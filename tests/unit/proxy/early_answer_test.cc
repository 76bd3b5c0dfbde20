// An endpoint answers before it has read the request and closes (RFC 9112 §9.3): its answer counts
// as long as it can be read, also when the send has failed by then.
#include <doctest/doctest.h>
#include <netinet/in.h>

#include <qcc/net/listener.h>
#include <qcc/proxy/proxy.h>

#include "../../sim/sim_world_driver.h"
#include "../../sim/world_address.h"
#include "../endpoint/some_config.h"

using namespace qcc;
using endpoint::AttemptClass;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

constexpr uint32_t kEndpointHost = 0x0a000001;
constexpr uint16_t kEndpointPort = 80, kProxyPort = 7860;
constexpr size_t kBodyBytes = 300'000;  // more than the window of the simulated net

constexpr std::string_view kClasses[endpoint::kAttemptClasses] = {};

struct OneAddress final : upstream::AddressSource {
  net::ResolvedHost lookup(std::string_view, uint16_t port) override {
    net::ResolvedHost host;
    host.state = net::ResolveState::fresh;
    sockaddr_in address = sim::ipv4_address(kEndpointHost, port);
    host.addresses[host.count++] =
        net::SocketAddress::from_system(sim::any(address), sizeof address);
    return host;
  }
};

struct Verdicts final : proxy::OutcomeSink {
  explicit Verdicts(sim::SimNet& n) : net(n) {}
  void report(endpoint::EndpointRef, const endpoint::Verdict& verdict) override {
    classes.push_back(verdict.attempt_class);
    at = net.now();
  }
  sim::SimNet& net;
  std::vector<AttemptClass> classes;
  Instant at;
};

endpoint::Setup one_endpoint() {
  config::EndpointConfig only = test::some_endpoint("only");
  only.base_url = {false, "only.sim", kEndpointPort, ""};
  only.key = config::Secret("key");
  endpoint::Setup setup = test::some_setup({only});
  auto config = std::make_shared<config::Config>(*setup.config);
  config->retry.max_retries = 0;
  return {config, nullptr};
}

// The proxy on one thread; the client and the endpoint on another.
struct World {
  World() {
    proxy.outcomes = &verdicts;
    driver.add(loop, io);
    driver.add(outside, outside_io);
  }

  sim::SimNet net{1, sim::Weather::calm()};
  sim::SimIo io{net}, outside_io{net};
  rt::Loop loop{io, 1}, outside{outside_io, 2};
  net::BlockPool blocks{4};
  net::NetContext streams{outside, blocks};
  OneAddress addresses;
  endpoint::HealthTable table{one_endpoint(), 1};
  Published<endpoint::Snapshot> snapshots{table.make_snapshot(), 1};
  metrics::ShardMetrics metrics{kClasses};
  LogRing log;
  Verdicts verdicts{net};
  proxy::Proxy proxy{{loop, addresses, snapshots, metrics, log, 0, "test", size_t{1} << 24}};
  sim::SimWorldDriver driver{net};
  std::string got;     // by the client
  Instant broken_off;  // when the endpoint closed

  int listen(sim::SimIo& at, uint32_t host, uint16_t port) {
    sockaddr_in address = sim::ipv4_address(host, port);
    return at.listen(sim::any(address), sizeof address, 8);
  }

  // No buffer is free for a while, so that what comes is received later than the send fails.
  void starve(Duration from_now, bool on) {
    net.at(net.now() + from_now, [this, on] {
      sim::Weather weather = net.weather();
      weather.starved_percent = on ? 100 : 0;
      net.set_weather(weather);
    });
  }

  // Reads a piece of the request, says `answer` and breaks the connection.
  rt::Task<Unit> answer_early(int fd, std::string answer, Duration starved) {
    rt::Scope scope(outside, nullptr);
    net::Stream stream(streams, fd, ErrorSource::client);
    Result<net::Chunk> piece = co_await stream.read(scope);
    CHECK((piece && piece->size > 0));
    piece = net::Chunk{};
    co_await rt::sleep_for(scope, milliseconds(5));  // the window fills, the send waits
    starve(Duration::zero(), true);
    co_await rt::sleep_for(scope, microseconds(1));
    if (!answer.empty()) {
      std::string_view bytes = answer;
      co_await stream.write(bytes, scope);
    }
    co_await rt::sleep_for(scope, milliseconds(1));  // a reset may not overtake it
    broken_off = net.now();
    starve(starved, false);
    stream.reset_on_close();
    co_await stream.close();
    co_return Unit{};
  }

  rt::Task<Unit> ask() {
    rt::Scope scope(outside, nullptr);
    int fd = outside_io.open_socket(AF_INET);
    sockaddr_in address = sim::ipv4_address(INADDR_LOOPBACK, kProxyPort);
    int connected = co_await rt::connect(scope, fd, sim::any(address), sizeof address);
    REQUIRE(connected == 0);
    net::Stream stream(streams, fd, ErrorSource::upstream);
    std::string body = R"({"model":"m","max_tokens":1,"messages":[],"pad":")";
    body += std::string(kBodyBytes, 'x') + "\"}";
    std::string request = "POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: " +
                          std::to_string(body.size()) + "\r\nconnection: close\r\n\r\n" + body;
    co_await stream.write(request, scope);
    for (;;) {
      Result<net::Chunk> chunk = co_await stream.read(scope);
      bool more = chunk && chunk->size > 0;
      if (!more) break;
      got.append(chunk->view());
    }
    co_await stream.close();
    co_return Unit{};
  }

  // Accepts at an address until `over`.
  rt::Task<Unit> serve(rt::Loop& at, int listener_fd, net::Listener::OnAccept on_accept,
                       rt::Event& over) {
    rt::Scope scope(at, nullptr);
    net::Listener listener(at, listener_fd, std::move(on_accept));
    co_await rt::wait_for(over, scope);
    co_await listener.close();
    co_return Unit{};
  }

  rt::Task<Unit> ask_once(rt::Event& outside_over, rt::Event& over) {
    co_await ask();
    outside_over.set();
    over.set();
    co_return Unit{};
  }

  void play(const std::string& answer, Duration starved) {
    rt::Event outside_over(outside), over(loop);
    int endpoint = listen(outside_io, kEndpointHost, kEndpointPort);
    int clients = listen(io, INADDR_LOOPBACK, kProxyPort);
    outside.spawn(serve(
        outside, endpoint,
        [this, answer, starved](int fd) { outside.spawn(answer_early(fd, answer, starved)); },
        outside_over));
    loop.spawn(serve(
        loop, clients, [this](int fd) { loop.spawn(proxy::serve_client(proxy, fd, true)); }, over));
    outside.spawn(ask_once(outside_over, over));
    CHECK(driver.run_to_end(std::chrono::seconds(20)) == sim::Outcome::finished);
  }
};

constexpr std::string_view kTooLarge =
    "HTTP/1.1 413 Too Large\r\ncontent-type: application/json\r\ncontent-length: 12\r\n"
    "connection: close\r\n\r\n{\"error\":{}}";

}  // namespace

TEST_CASE("U10: an answer that is received after the send has failed counts") {
  World world;
  world.play(std::string(kTooLarge), milliseconds(10));
  CHECK(world.got.starts_with("HTTP/1.1 413 "));
  CHECK(world.got.ends_with("\r\n\r\n{\"error\":{}}"));
  CHECK(world.verdicts.classes == std::vector{AttemptClass::client});
}

TEST_CASE("U10: without an answer a failed send is judged at once") {
  World world;
  world.play("", milliseconds(10));
  CHECK(world.got.starts_with("HTTP/1.1 502 "));
  CHECK(world.verdicts.classes == std::vector{AttemptClass::transient});
  CHECK(world.verdicts.at - world.broken_off < milliseconds(5));
}

TEST_CASE("U10: an answer that cannot be received is waited for a moment and no longer") {
  World world;
  world.play(std::string(kTooLarge), std::chrono::seconds(2));
  CHECK(world.got.starts_with("HTTP/1.1 502 "));
  CHECK(world.verdicts.classes == std::vector{AttemptClass::transient});
  CHECK(world.verdicts.at - world.broken_off < milliseconds(100));
}
