#include <qcc/upstream/connection.h>

#include <algorithm>
#include <cerrno>

#include <qcc/base/hash.h>
#include <qcc/tls/engine.h>

namespace qcc::upstream {
namespace {

// RFC 8305 §5: how long one address may take before the next is tried beside it.
constexpr Duration kAttemptDelay = std::chrono::milliseconds(250);
constexpr Duration kLookupPause = std::chrono::milliseconds(5);

// Addresses tried side by side; the first connection wins, the others are given up.
struct Race {
  Race(rt::Loop& loop, rt::Scope& parent) : scope(loop, &parent), changed(loop) {}
  rt::Scope scope;
  rt::Event changed;
  int winner = -1;
  int error = -ECONNREFUSED;
  size_t running = 0;
};

rt::Task<Unit> try_address(Race& race, net::SocketAddress address) {
  rt::Io& io = race.scope.loop().io();
  int fd = io.open_socket(address.get()->sa_family);
  int result = fd;
  if (fd >= 0) {
    result = co_await rt::connect(race.scope, fd, address.get(), address.size());
  }
  bool won = result >= 0 && race.winner < 0;
  if (won) race.winner = fd;
  if (!won && fd >= 0) io.close(fd);
  if (result < 0 && result != -ECANCELED) race.error = result;
  --race.running;
  race.changed.set();
  co_return Unit{};
}

// Ends when somebody has won or nobody runs any more; false when the scope ended first.
rt::Task<bool> wait_for_change(Race& race, rt::Scope& scope) {
  race.changed.clear();
  bool changed = co_await rt::wait_for(race.changed, scope);
  co_return changed;
}

rt::Task<int> connect_any(net::ResolvedHost answer, rt::Scope& scope) {
  rt::Loop& loop = scope.loop();
  Race race(loop, scope);
  for (size_t i = 0; i < answer.count && race.winner < 0 && !scope.cancelled(); ++i) {
    ++race.running;
    loop.spawn(try_address(race, answer.addresses[i]));
    bool last = i + 1 == answer.count;
    rt::Scope delay(loop, &scope, last ? kUnlimited : kAttemptDelay);
    while (race.winner < 0 && race.running > 0 && !delay.cancelled()) {
      co_await wait_for_change(race, delay);
    }
  }
  race.scope.cancel(rt::Why::given_up);
  rt::Scope unbounded(loop, nullptr);
  while (race.running > 0) {
    co_await wait_for_change(race, unbounded);
  }
  co_return race.winner >= 0 ? race.winner : race.error;
}

rt::Task<Result<net::ResolvedHost>> find_addresses(UpstreamContext& context,
                                                   const config::BaseUrl& url, rt::Scope& scope) {
  net::ResolvedHost answer = context.addresses.lookup(url.host, url.port);
  while (answer.state == net::ResolveState::pending) {
    bool slept = co_await rt::sleep_for(scope, kLookupPause);
    if (!slept) co_return std::unexpected(rt::error_of(scope, ErrorSource::upstream, "resolve"));
    answer = context.addresses.lookup(url.host, url.port);
  }
  if (answer.count == 0) co_return fail(ErrorKind::resolve, ErrorSource::upstream, "resolve");
  co_return answer;
}

rt::Task<Result<int>> connect_socket(UpstreamContext& context, const config::BaseUrl& url,
                                     ConnectTimes& times, rt::Scope& scope) {
  Result<net::ResolvedHost> answer = co_await find_addresses(context, url, scope);
  if (!answer) co_return std::unexpected(answer.error());
  times.stage = endpoint::Stage::connect;
  int fd = co_await connect_any(*answer, scope);
  if (fd >= 0) co_return fd;
  if (scope.cancelled())
    co_return std::unexpected(rt::error_of(scope, ErrorSource::upstream, "connect"));
  co_return std::unexpected(error_from_errno(fd, ErrorSource::upstream, "connect"));
}

rt::Task<Result<Unit>> secure(UpstreamContext& context, Connection& connection,
                              const config::EndpointConfig& endpoint, const tls::TlsContext& tls,
                              rt::Scope& scope) {
  const std::string& name = endpoint.sni.empty() ? endpoint.base_url.host : endpoint.sni;
  uint64_t session_key = fnv1a(endpoint.id) ^ connection.endpoint.generation;
  tls::ServerName peer{name, session_key, &context.sessions};
  auto engine = std::make_unique<tls::TlsEngine>(tls, peer);
  rt::Scope tls_scope(scope.loop(), &scope, endpoint.timeouts.tls_timeout);
  Result<Unit> secured = co_await connection.stream.start_tls(std::move(engine), tls_scope);
  co_return secured;
}

}  // namespace

rt::Task<Result<std::unique_ptr<Connection>>> connect_endpoint(
    UpstreamContext& context, const config::EndpointConfig& endpoint, endpoint::EndpointRef ref,
    const tls::TlsContext* tls, ConnectTimes& times, rt::Scope& scope) {
  rt::Loop& loop = scope.loop();
  Instant start = loop.now();
  times.stage = endpoint::Stage::resolve;
  Result<int> fd = 0;
  {
    rt::Scope connect_scope(loop, &scope, endpoint.timeouts.connect_timeout);
    fd = co_await connect_socket(context, endpoint.base_url, times, connect_scope);
  }
  times.connect = loop.now() - start;
  if (!fd) co_return std::unexpected(fd.error());

  auto connection = std::make_unique<Connection>(context.net, *fd, ref);
  if (!endpoint.base_url.tls) co_return connection;
  QCC_ASSERT(tls);
  times.stage = endpoint::Stage::tls;
  Result<Unit> secured = co_await secure(context, *connection, endpoint, *tls, scope);
  times.tls = loop.now() - start - times.connect;
  if (secured) co_return connection;
  co_await connection->stream.close();
  co_return std::unexpected(secured.error());
}

const tls::TlsContext* TlsDirectory::find(std::string_view endpoint_id) const {
  auto at = std::ranges::find(entries, endpoint_id, &Entry::endpoint_id);
  return at == entries.end() ? nullptr : &at->context;
}

std::expected<std::shared_ptr<const TlsDirectory>, std::string> make_tls_directory(
    const config::Config& config) {
  auto directory = std::make_shared<TlsDirectory>();
  for (const config::ClusterConfig& cluster : config.clusters)
    for (const config::EndpointConfig& endpoint : cluster.endpoints) {
      if (!endpoint.base_url.tls) continue;
      tls::ClientOptions options;
      options.ca_file = endpoint.ca_file;
      options.insecure = endpoint.insecure;
      auto context = tls::TlsContext::client(options);
      if (!context)
        return std::unexpected("endpoint \"" + endpoint.name + "\": " + context.error());
      directory->entries.push_back({endpoint.id, *context});
    }
  return directory;
}

}  // namespace qcc::upstream
