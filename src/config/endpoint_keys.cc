// Keys of [[cluster]] and [[cluster.endpoint]], and what is known over all tables.
#include <algorithm>

#include <qcc/base/ascii.h>

#include "keys.h"
#include "values.h"

namespace qcc::config {

std::string_view name_of(Protocol value) { return name_of_choice(value); }
std::string_view name_of(AuthMode value) { return name_of_choice(value); }
std::string_view name_of(Strategy value) { return name_of_choice(value); }

namespace {

constexpr std::string_view kLaterKeys[] = {"affinity",
                                           "client_certificate",
                                           "error_rule",
                                           "hedge",
                                           "interval",
                                           "max_concurrent",
                                           "max_failures",
                                           "max_client_wait",
                                           "max_concurrent_requests",
                                           "max_passthrough_body",
                                           "max_probe_cost",
                                           "max_queue",
                                           "max_queue_wait",
                                           "ping_interval",
                                           "prices",
                                           "probe",
                                           "proxy",
                                           "return_home",
                                           "stream_max_duration",
                                           "timeout_retry",
                                           "wait_for_cache",
                                           "wait_for_recovery",
                                           "warmup",
                                           "warmup_request"};

std::optional<std::string> check_path(std::string& path) {
  if (path.starts_with('/') && path.find('\0') == path.npos) return std::nullopt;
  return "expected an absolute path";
}

std::optional<std::string> check_server_name(std::string& name) {
  std::expected<BaseUrl, std::string> url = parse_base_url("https://" + name);
  if (!url || url->host.find(':') != std::string::npos || url->text() != "https://" + url->host) {
    return "expected a host name";
  }
  name = url->host;
  return std::nullopt;
}

}  // namespace

std::span<const Key<ClusterConfig>> cluster_keys() {
  using C = ClusterConfig;
  static constexpr Key<C> kKeys[] = {
      text_key<&C::name, check_name>("name", "Name of the cluster, unique."),
      key<&C::strategy>("strategy", "How an endpoint is chosen among those of the best priority."),
      key<&C::models>("models", "Model names to replace, for all endpoints of the cluster."),
  };
  return kKeys;
}

std::span<const Key<EndpointConfig>> endpoint_keys() {
  using C = EndpointConfig;
  static constexpr Key<C> kKeys[] = {
      text_key<&C::name, check_name>("name", "Name of the endpoint, unique in the file.")
          .by_default("the URL's host"),
      key<&C::protocol>("protocol", "What the upstream speaks, \"anthropic\" or \"openai\".")
          .required(),
      key<&C::base_url>(
          "base_url",
          "Where the upstream is, \"https://host[:port][/path]\", with or without a final `/v1`.")
          .required(),
      key<&C::key>(
          "key",
          "Credential: `env:NAME`, `file:/path`, `credential:NAME` (systemd), or the secret "
          "itself, with a warning. Needed unless `auth = \"client\"` or the host is private.")
          .by_default("none"),
      key<&C::auth>("auth", "How the credential is sent; `client`: the caller's own goes through.")
          .by_default("by protocol: anthropic `\"x-api-key\"`, openai `\"bearer\"`"),
      key<&C::priority>("priority", "Lower serves first; higher numbers are fallbacks.",
                        between(0, 1000)),
      key<&C::weight>("weight", "Share among endpoints of one priority.", between(0, 1000)),
      key<&C::enabled>("enabled", "False: kept out."),
      key<&C::models>("models", "Model names to replace; come before those of the cluster."),
      key<&C::headers>("headers",
                       "Headers to send with every request. Not for secrets: they are not masked."),
      text_key<&C::ca_file, check_path>("ca_file", "PEM file of the authorities to trust.")
          .by_default("the system's"),
      key<&C::insecure>("insecure", "Do not verify the certificate."),
      text_key<&C::sni, check_server_name>(
          "sni", "Name to send as SNI and to look for in the certificate.")
          .by_default("the URL's host"),
      key<&C::allow_plaintext>("allow_plaintext",
                               "Allow `http://` to a host that is neither loopback nor private."),
      key<&C::max_idle>("max_idle", "Idle connections kept per shard.", between(0, 10'000)),
      key<&C::idle_timeout>(
          "idle_timeout",
          "An idle connection is kept this long; must stay below the server's own limit.",
          between(Duration(1ms), Duration(24h))),
      key<&C::count_tokens>("count_tokens", "The upstream answers `/v1/messages/count_tokens`.")
          .by_default("by protocol: anthropic `true`, openai `false`"),
  };
  return kKeys;
}

std::string table_that_knows(std::string_view name) {
  auto knows = [name](const auto& keys) {
    return std::ranges::any_of(keys, [name](const auto& key) { return key.name == name; });
  };
  std::string found;
  visit_single_tables([&](std::string_view table, const auto& keys, auto) {
    if (found.empty() && knows(keys)) found = "[" + std::string(table) + "]";
  });
  if (found.empty() && knows(endpoint_keys())) found = "[[cluster.endpoint]]";
  if (found.empty() && knows(cluster_keys())) found = "[[cluster]]";
  return found;
}

bool is_of_later_version(std::string_view key) {
  return std::ranges::find(kLaterKeys, key) != std::end(kLaterKeys);
}

}  // namespace qcc::config
