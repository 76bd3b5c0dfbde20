// What TLS costs without the kernel: handshakes, records, memory per connection. Both ends run in
// one thread, so a handshake or round trip counts the work of client and server.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <deque>
#include <string>

#include "../tests/unit/tls/tls_pair.h"

namespace qcc::tls {
namespace {

using namespace qcc::tls::testing;

struct World {
  TempDir dir;
  TestPki pki = write_test_pki(dir.path());
  TlsContext client = *TlsContext::client({.ca_file = pki.ca_file});
  TlsContext server = *TlsContext::server({.cert_file = pki.cert_file, .key_file = pki.key_file});
  SessionCache sessions;

  ServerName upstream() {
    return {.host = "upstream.test", .session_key = 1, .sessions = &sessions};
  }
};

World& world() {
  static World made;
  return made;
}

// Moves everything from one end to the other; `plain` is what came out last.
void carry_over(TlsEngine& from, TlsEngine& to, std::span<char> plain) {
  for (std::span<const char> cipher; !(cipher = from.take_cipher()).empty();) {
    to.feed_cipher(cipher);
    ReadResult result;
    do result = to.read_plain(plain);
    while (result.status == ReadStatus::more);
    from.consume_cipher(cipher.size());
  }
}

void establish(Peer& client, Peer& server) {
  connect(client, server);
  if (!server.engine.write_plain(std::string_view("!"))) std::abort();
  carry(server, client);
}

void handshake(benchmark::State& state) {
  bool resume = state.range(0) != 0;
  size_t resumed = 0;
  for (auto _ : state) {
    if (!resume) world().sessions.forget(1);
    Peer client(world().client, world().upstream());
    Peer server(world().server);
    establish(client, server);
    resumed += client.engine.resumed();
  }
  state.counters["resumed"] =
      static_cast<double>(resumed) / static_cast<double>(state.iterations());
}
BENCHMARK(handshake)->ArgName("resume")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

void record_round_trip(benchmark::State& state) {
  Peer client(world().client, world().upstream());
  Peer server(world().server);
  establish(client, server);
  std::string message(static_cast<size_t>(state.range(0)), 'x');
  std::string plain(64 * 1024, '\0');
  for (auto _ : state) {
    benchmark::DoNotOptimize(client.engine.write_plain(message));
    carry_over(client.engine, server.engine, plain);
    benchmark::DoNotOptimize(server.engine.write_plain(message));
    carry_over(server.engine, client.engine, plain);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * 2 * state.range(0));
}
BENCHMARK(record_round_trip)->Arg(200)->Arg(1024)->Arg(16 * 1024)->Arg(64 * 1024);

void encrypt(benchmark::State& state) {
  Peer client(world().client, world().upstream());
  Peer server(world().server);
  establish(client, server);
  std::string message(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    benchmark::DoNotOptimize(client.engine.write_plain(message));
    client.engine.consume_cipher(client.engine.take_cipher().size());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(encrypt)->Arg(200)->Arg(1024)->Arg(16 * 1024);

// The heap one end keeps while its connection is idle.
void idle_memory(benchmark::State& state) {
  constexpr int kConnections = 200;
  double client_bytes = 0;
  double server_bytes = 0;
  for (auto _ : state) {
    std::deque<std::unique_ptr<Peer>> clients;
    std::deque<std::unique_ptr<Peer>> servers;
    for (int i = 0; i < kConnections; ++i) {
      clients.push_back(std::make_unique<Peer>(world().client, world().upstream()));
      servers.push_back(std::make_unique<Peer>(world().server));
      establish(*clients.back(), *servers.back());
      if (!clients.back()->engine.write_plain(std::string_view("request"))) std::abort();
      carry(*clients.back(), *servers.back());
    }
    size_t all = mallinfo2().uordblks;
    clients.clear();
    size_t without_clients = mallinfo2().uordblks;
    servers.clear();
    size_t without_both = mallinfo2().uordblks;
    client_bytes = static_cast<double>(all - without_clients) / kConnections;
    server_bytes = static_cast<double>(without_clients - without_both) / kConnections;
  }
  state.counters["client_bytes"] = client_bytes;
  state.counters["server_bytes"] = server_bytes;
}
BENCHMARK(idle_memory)->Unit(benchmark::kMillisecond)->Iterations(3);

void load_system_roots(benchmark::State& state) {
  size_t before = mallinfo2().uordblks;
  double bytes = 0;
  for (auto _ : state) {
    auto context = TlsContext::client({});
    if (!context) {
      state.SkipWithError("no system roots");
      break;
    }
    bytes = static_cast<double>(mallinfo2().uordblks - before);
  }
  state.counters["bytes"] = bytes;
}
BENCHMARK(load_system_roots)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace qcc::tls

BENCHMARK_MAIN();
