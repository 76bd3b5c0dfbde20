#include "keys.h"

#include <algorithm>

#include <qcc/base/ascii.h>

#include "number.h"
#include "values.h"

namespace qcc::config {

std::string_view name_of(OnClientDisconnect value) { return name_of_choice(value); }
std::string_view name_of(LogFormat value) { return name_of_choice(value); }
std::string_view name_of(LogLevel value) { return name_of_choice(value); }
std::string_view name_of(RetryPost value) { return name_of_choice(value); }

namespace {

constexpr int64_t kShardsMax = 64;
constexpr auto kAnyWait = between(Duration(1ms), Duration(24h));
constexpr auto kWaitOrNone = between(Duration(0s), Duration(24h));

std::optional<std::string> check_feature(std::string& name) {
  bool is_word = !name.empty() && std::ranges::all_of(name, [](char c) {
    return is_lower(c) || is_digit(c) || c == '_';
  });
  if (is_word) return std::nullopt;
  return "expected the name of an io_uring feature: lower-case letters, digits and _";
}

std::optional<std::string> check_host(std::string& host) {
  std::ranges::transform(host, host.begin(), ascii_lower);
  bool is_host = !host.empty() && std::ranges::all_of(host, [](char c) {
    return c > ' ' && c <= '~' &&
           std::string_view("/@#?,<>\\\"*").find(c) == std::string_view::npos;
  });
  if (is_host) return std::nullopt;
  return "expected a host as in a Host header: \"qcc.example\" or \"qcc.example:7860\"";
}

std::optional<std::string> check_origin(std::string& origin) {
  std::string_view rest = origin;
  if (rest.starts_with("https://")) rest.remove_prefix(8);
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  std::string host(rest);
  if (rest.size() != origin.size() && !check_host(host)) {
    std::ranges::transform(origin, origin.begin(), ascii_lower);
    return std::nullopt;
  }
  return "expected an origin such as \"https://app.example\", without a path";
}

std::optional<std::string> check_log_target(std::string& target) {
  bool is_path = target.starts_with('/') && target.find('\0') == target.npos;
  if (is_path || target == "stderr") return std::nullopt;
  return "expected \"stderr\" or an absolute path";
}

std::string type_of_shards(const Range&) { return "\"auto\" or integer, 1 to 64"; }

void read_shards(const Value& value, ServerConfig& into) {
  constexpr const char* kExpected = "\"auto\" or an integer from 1 to 64";
  bool is_auto = value.node.kind == NodeKind::string && value.node.text == "auto";
  bool is_count = value.node.kind == NodeKind::integer && value.range.holds(value.node.integer);
  if (is_auto) {
    into.shards = 0;
  } else if (is_count) {
    into.shards = static_cast<uint32_t>(value.node.integer);
  } else {
    value.error(std::string("expected ") + kExpected);
  }
}

std::string show_shards(const ServerConfig& from) {
  return from.shards == 0 ? "\"auto\"" : std::to_string(from.shards);
}

// ---- `timeout`: a duration or a profile (spec R4) ----

struct Profile {
  std::string_view name;
  Duration timeout;
};
constexpr Profile kProfiles[] = {
    {"quick", 30s}, {"chat", 60s}, {"reasoning", 120s}, {"generation", 180s}};

std::string type_of_timeout(const Range&) {
  return "duration, or \"quick\", \"chat\", \"reasoning\", \"generation\"";
}

void read_timeout_or_profile(const Value& value, Timeouts& into) {
  if (value.node.kind == NodeKind::string) {
    const std::string& text = value.node.text;
    auto profile = std::ranges::find(kProfiles, text, &Profile::name);
    if (profile != std::end(kProfiles)) {
      into.timeout = profile->timeout;
      return;
    }
    if (text == "auto") {
      return value.error("\"auto\" comes later: this version of QCC takes a duration or a profile");
    }
    if (text.find_first_of("0123456789") == text.npos) {
      return value.error(
          "expected a duration such as \"90s\", or a profile: quick (30s), chat (60s), "
          "reasoning (120s), generation (180s)");
    }
  }
  read_value(value, into.timeout);
}

std::string show_timeout(const Timeouts& from) { return "\"" + show_duration(from.timeout) + "\""; }

}  // namespace

std::span<const Key<ServerConfig>> server_keys() {
  using C = ServerConfig;
  static constexpr Key<C> kKeys[] = {
      key<&C::listen>("listen",
                      "Addresses for clients: `host:port`, `[v6]:port` or `unix:/path`; port 0 "
                      "lets the kernel choose.")
          .restart(),
      Key<C>{"shards", "Threads that serve; `auto`: as many as this process may use processors.",
             between(1, kShardsMax), type_of_shards, read_shards, show_shards}
          .restart(),
      key<&C::drain_timeout>("drain_timeout", "How long streams may go on after SIGTERM.",
                             kWaitOrNone),
      key<&C::drain_delay>(
          "drain_delay",
          "How long after SIGTERM connections are still taken, for balancers to notice.",
          kWaitOrNone),
      key<&C::allow_half_close>(
          "allow_half_close",
          "Serve clients that shut down their sending side; otherwise that cancels the request."),
      text_key<&C::disable_io, check_feature>("disable_io", "io_uring features to do without.")
          .restart(),
      key<&C::ring_entries>("ring_entries",
                            "Submission entries of each shard's ring; a power of two.",
                            between(64, 32768))
          .restart(),
      key<&C::buffer_ring_bytes>(
          "buffer_ring_bytes",
          "Memory of each shard for receive buffers; a power of two times `buffer_bytes`.",
          between(64 * kKiB, 4 * kGiB))
          .restart(),
      key<&C::buffer_bytes>("buffer_bytes", "Size of one receive buffer.", between(4 * kKiB, kMiB))
          .restart(),
      text_key<&C::allowed_hosts, check_host>(
          "allowed_hosts", "Host names accepted on loopback listeners beside loopback's own."),
      text_key<&C::allowed_origins, check_origin>(
          "allowed_origins", "Web origins whose pages may call; all others get 403."),
      key<&C::on_client_disconnect>("on_client_disconnect",
                                    "What happens upstream when a client leaves."),
  };
  return kKeys;
}

std::span<const Key<AdminConfig>> admin_keys() {
  using C = AdminConfig;
  static constexpr Key<C> kKeys[] = {
      key<&C::listen>("listen", "Addresses of the admin API and dashboard; `[]`: none.").restart(),
      key<&C::token>("token",
                     "Token that admin calls must carry; required when an address can be reached "
                     "from another machine.")
          .by_default("none"),
  };
  return kKeys;
}

std::span<const Key<LogConfig>> log_keys() {
  using C = LogConfig;
  static constexpr Key<C> kKeys[] = {
      key<&C::format>("format", "Form of a line."),
      key<&C::level>("level", "Least important kind of line to write."),
      key<&C::requests>("requests", "One line per finished request."),
      text_key<&C::target, check_log_target>(
          "target", "`stderr` or the absolute path of a file to append to."),
  };
  return kKeys;
}

std::span<const Key<Limits>> limits_keys() {
  using C = Limits;
  static constexpr Key<C> kKeys[] = {
      key<&C::max_body>("max_body", "Largest request body; beyond: 413.", between(kKiB, 4 * kGiB)),
      key<&C::max_head>("max_head", "Largest request head; beyond: 431.", between(kKiB, kMiB)),
      key<&C::max_fields>("max_fields", "Fields in a head; beyond: 431.", between(8, 1000)),
      key<&C::max_field>("max_field", "Largest single field; beyond: 431.", between(kKiB, kMiB)),
      key<&C::max_request_line>("max_request_line", "Longest request line; beyond: 414.",
                                between(kKiB, kMiB)),
      key<&C::head_timeout>("head_timeout", "A whole request head, from its first byte; then 408.",
                            kAnyWait),
      key<&C::body_idle_timeout>("body_idle_timeout", "Silence within a request body; then 408.",
                                 kAnyWait),
      key<&C::body_timeout>("body_timeout", "A whole request body; then 408.", kAnyWait),
      key<&C::body_min_rate>("body_min_rate",
                             "Slowest accepted request body, bytes per second over 30 s; 0: any.",
                             between(0, kGiB)),
      key<&C::keepalive_timeout>("keepalive_timeout",
                                 "An idle client connection is kept this long.", kAnyWait),
      key<&C::send_stall_timeout>("send_stall_timeout",
                                  "A client that reads nothing for so long is cut.", kAnyWait),
      key<&C::max_connections>("max_connections",
                               "Client connections at once; 0: what the descriptor limit allows.",
                               between(0, 10'000'000)),
      key<&C::max_connections_per_ip>(
          "max_connections_per_ip",
          "Client connections of one address at once, loopback excepted; 0: no limit.",
          between(0, 10'000'000)),
      key<&C::stream_buffer>("stream_buffer",
                             "Bytes held per stream before the upstream is read more slowly.",
                             between(4 * kKiB, 64 * kMiB)),
      key<&C::hold_json>("hold_json",
                         "A JSON answer up to this size is held whole, so that a cut is retried.",
                         between(0, 64 * kMiB)),
      key<&C::commit_buffer>(
          "commit_buffer",
          "A stream is committed after so many bytes even without a meaningful event.",
          between(kKiB, 64 * kMiB)),
      key<&C::body_memory>("body_memory",
                           "Request bodies held at once, beyond: 503; 0: a quarter of the memory.",
                           between(0, 1024 * kGiB)),
  };
  return kKeys;
}

std::span<const Key<Timeouts>> timeouts_keys() {
  using C = Timeouts;
  static constexpr Key<C> kKeys[] = {
      key<&C::connect_timeout>("connect_timeout", "A connection, names included.", kAnyWait),
      key<&C::tls_timeout>("tls_timeout", "A TLS handshake.", kAnyWait),
      Key<C>{"timeout", "From the request sent to the first byte of a streamed answer.", kAnyWait,
             type_of_timeout, read_timeout_or_profile, show_timeout},
      key<&C::read_timeout>("read_timeout", "Silence within a stream; any byte ends it.", kAnyWait),
      key<&C::content_timeout>("content_timeout", "A stream without a content event.", kAnyWait),
      key<&C::nonstream_timeout>("nonstream_timeout", "A whole answer that is not streamed.",
                                 kAnyWait),
      key<&C::total_timeout>("total_timeout",
                             "From a request's arrival to the first byte for the client, all "
                             "attempts and waits included.",
                             kAnyWait),
      key<&C::min_attempt>("min_attempt", "No attempt starts with less than this left.",
                           kWaitOrNone),
  };
  return kKeys;
}

std::span<const Key<RetryConfig>> retry_keys() {
  using C = RetryConfig;
  static constexpr Key<C> kKeys[] = {
      key<&C::max_retries>("max_retries",
                           "Attempts after the first; those that wrote no byte are not counted.",
                           between(0, 10)),
      key<&C::post>(
          "post",
          "When an inference POST may be sent again: `never`; `reused`: when a pooled connection "
          "closed before answering; `no_response`: also when nothing was answered yet."),
      key<&C::backoff_base>("backoff_base",
                            "Wait before the same endpoint is tried again; doubles each time.",
                            between(Duration(1ms), Duration(1h))),
      key<&C::backoff_jitter_percent>(
          "backoff_jitter_percent", "Each wait is spread at random by so many percent up and down.",
          between(0, 100)),
  };
  return kKeys;
}

}  // namespace qcc::config
