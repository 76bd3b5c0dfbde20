// qcc.toml as a tree of plain structs: defaults stand in the structs, names are those of the file.
// Made by load() (qcc/config/load.h), checked and complete, immutable from then on; shared between
// threads as std::shared_ptr<const Config>.
// Units: Duration for every time; uint64_t for bytes; uint32_t for counts.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <qcc/base/time.h>
#include <qcc/config/address.h>
#include <qcc/config/secret.h>

namespace qcc::config {

using namespace std::chrono_literals;

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr uint64_t kGiB = 1024 * kMiB;

enum class Protocol : uint8_t { anthropic, openai };
enum class AuthMode : uint8_t {
  x_api_key,  // x-api-key: KEY
  bearer,     // Authorization: Bearer KEY
  both,       // both of them
  client,     // the caller's own credential goes through
};
enum class Strategy : uint8_t { weighted };
enum class OnClientDisconnect : uint8_t { cancel };
enum class LogFormat : uint8_t { text, json };
enum class LogLevel : uint8_t { error, warn, info, debug };
enum class RetryPost : uint8_t {
  never,        // a POST goes out once; only what failed before its first byte is tried again
  reused,       // and a pooled connection that was closed before answering is replaced once
  no_response,  // and whatever was not yet answered (spec R3)
};

struct ServerConfig {
  // Addresses for clients. Port 0: the kernel chooses. Takes effect at a restart.
  std::vector<ListenAddress> listen = {{ListenAddress::Kind::ipv4, "127.0.0.1", 7860},
                                       {ListenAddress::Kind::ipv6, "::1", 7860}};
  // Threads that serve, 1 to 64; 0: as many as this process may use processors ("auto").
  // Takes effect at a restart.
  uint32_t shards = 0;
  // How long streams may go on after SIGTERM before they are cut.
  Duration drain_timeout = 300s;
  // How long after SIGTERM connections are still taken, so that a balancer notices /readyz.
  Duration drain_delay = 0s;
  // Serve clients that shut down their sending side; otherwise that cancels their request.
  bool allow_half_close = false;
  // io_uring features to do without, by name. Takes effect at a restart.
  std::vector<std::string> disable_io;
  // Submission entries of each shard's ring, a power of two. Takes effect at a restart.
  uint32_t ring_entries = 1024;
  // Memory of each shard for receive buffers, in bytes. Takes effect at a restart.
  uint64_t buffer_ring_bytes = 4 * kMiB;
  // One receive buffer, in bytes. Takes effect at a restart.
  uint64_t buffer_bytes = 16 * kKiB;
  // Host values, lower case, accepted on loopback listeners beside loopback's own (DNS rebinding).
  std::vector<std::string> allowed_hosts;
  // Web origins, "https://name[:port]", whose pages may call; all others get 403.
  std::vector<std::string> allowed_origins;
  // What happens upstream when a client leaves.
  OnClientDisconnect on_client_disconnect = OnClientDisconnect::cancel;
};

struct AdminConfig {
  // Addresses of the admin API and dashboard; none: no admin API. Takes effect at a restart.
  std::vector<ListenAddress> listen = {{ListenAddress::Kind::ipv4, "127.0.0.1", 7861},
                                       {ListenAddress::Kind::ipv6, "::1", 7861}};
  // Bearer token every admin call must carry; empty: none, and all listeners are local.
  Secret token;
};

struct LogConfig {
  LogFormat format = LogFormat::text;
  LogLevel level = LogLevel::info;
  // One line per finished request.
  bool requests = true;
  // "stderr" or the absolute path of a file that is appended to.
  std::string target = "stderr";
};

struct Limits {
  // Largest request body, in bytes; beyond: 413.
  uint64_t max_body = 32 * kMiB;
  // Largest request head (request line and fields), in bytes; beyond: 431.
  uint64_t max_head = 64 * kKiB;
  // Fields in a head; beyond: 431.
  uint32_t max_fields = 100;
  // Largest single field, in bytes; beyond: 431.
  uint64_t max_field = 32 * kKiB;
  // Longest request line, in bytes; beyond: 414.
  uint64_t max_request_line = 16 * kKiB;
  // From a connection's first byte (or its start, while silent) to the end of the head; then 408.
  Duration head_timeout = 10s;
  // Silence within a request body; then 408.
  Duration body_idle_timeout = 30s;
  // A whole request body; then 408.
  Duration body_timeout = 300s;
  // Slowest accepted body in bytes per second, measured over 30 s; 0: any.
  uint64_t body_min_rate = 500;
  // An idle client connection is kept this long.
  Duration keepalive_timeout = 75s;
  // A client that reads nothing for so long is cut.
  Duration send_stall_timeout = 300s;
  // Client connections at once; 0: what the descriptor limit allows.
  uint32_t max_connections = 0;
  // Client connections of one address at once, loopback excepted; 0: no limit.
  uint32_t max_connections_per_ip = 512;
  // Bytes held per stream before the upstream is read more slowly.
  uint64_t stream_buffer = 64 * kKiB;
  // A JSON answer up to this size is held whole before the client sees it, so that a cut is
  // retried.
  uint64_t hold_json = 256 * kKiB;
  // A stream is committed after so many bytes even without a meaningful event.
  uint64_t commit_buffer = 64 * kKiB;
  // Request bodies held at once, in bytes; 0: a quarter of the memory. Beyond: 503.
  uint64_t body_memory = 0;
};

// Given globally, per cluster and per endpoint; after load each holds what applies there.
struct Timeouts {
  // A connection, names included.
  Duration connect_timeout = 5s;
  // A TLS handshake.
  Duration tls_timeout = 10s;
  // From the request's last byte to the first byte of a streamed answer.
  Duration timeout = 90s;
  // Silence within a stream; any byte ends it.
  Duration read_timeout = 120s;
  // A stream without a content event.
  Duration content_timeout = 280s;
  // A whole answer that is not streamed.
  Duration nonstream_timeout = 240s;
  // From a request's arrival to its commit point, all attempts and waits included.
  Duration total_timeout = 285s;
  // No attempt starts with less than this left.
  Duration min_attempt = 10s;
  friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

struct RetryConfig {
  // Attempts after the first; those that wrote no byte are not counted.
  uint32_t max_retries = 2;
  // When an inference POST may be sent again.
  RetryPost post = RetryPost::no_response;
  // Wait before the same endpoint is tried again; doubles each time.
  Duration backoff_base = 1s;
  // Each wait is spread at random by this many percent up and down.
  uint32_t backoff_jitter_percent = 20;
};

// Asked name → sent name, exact.
using ModelMap = std::map<std::string, std::string, std::less<>>;

struct ExtraHeader {
  std::string name;  // as written
  std::string value;
};

struct EndpointConfig {
  // Unique over all clusters; default: the URL's host.
  std::string name;
  // endpoint_id(name).
  std::string id;
  // What the upstream speaks.
  Protocol protocol = Protocol::anthropic;
  BaseUrl base_url;
  // Empty with auth = "client", and where a private host wants no credential: none is sent then.
  Secret key;
  // Default by protocol: anthropic x-api-key, openai bearer.
  AuthMode auth = AuthMode::x_api_key;
  // Lower serves first; higher numbers are fallbacks.
  uint32_t priority = 1;
  // Share among endpoints of one priority; 0: none while another is there.
  uint32_t weight = 100;
  bool enabled = true;
  // The endpoint's own rules, then those of its cluster. Names not found are sent as asked.
  ModelMap models;
  // Sent with every request, in file order.
  std::vector<ExtraHeader> headers;
  // PEM file of the authorities to trust instead of the system's; empty: the system's.
  std::string ca_file;
  // Do not verify the certificate.
  bool insecure = false;
  // Name sent as SNI and looked for in the certificate; default: the URL's host (may be an
  // address).
  std::string sni;
  // Plain http to a host that is neither loopback nor private.
  bool allow_plaintext = false;
  // Idle connections kept per shard.
  uint32_t max_idle = 20;
  // An idle connection is kept this long; must stay below the server's own limit.
  Duration idle_timeout = 60s;
  // The endpoint answers /v1/messages/count_tokens. Default: true for anthropic, false for openai.
  bool count_tokens = true;
  // Changes when the credential does, or where it is sent and how that is verified: a new
  // generation (spec, Words). Never shown.
  uint64_t credential_hash = 0;
  Timeouts timeouts;
};

struct ClusterConfig {
  std::string name = "default";
  // How an endpoint is chosen among those of the best priority.
  Strategy strategy = Strategy::weighted;
  std::vector<EndpointConfig> endpoints;  // never empty
  ModelMap models;
  Timeouts timeouts;
};

struct ClientKey {
  std::string alias;  // what logs and statistics call this client
  Secret secret;
};

struct Config {
  ServerConfig server;
  AdminConfig admin;
  LogConfig log;
  Limits limits;
  Timeouts timeouts;
  RetryConfig retry;
  std::vector<ClusterConfig> clusters;  // never empty
  // Empty: every client is served, and no listener can be reached from another machine.
  std::vector<ClientKey> client_keys;
};

// 8 hex digits that name an endpoint for good: stable over restart, reload and key rotation.
std::string endpoint_id(std::string_view name);

// As written in the file.
std::string_view name_of(Protocol value);
std::string_view name_of(AuthMode value);
std::string_view name_of(Strategy value);
std::string_view name_of(OnClientDisconnect value);
std::string_view name_of(LogFormat value);
std::string_view name_of(LogLevel value);
std::string_view name_of(RetryPost value);

}  // namespace qcc::config
