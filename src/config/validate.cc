#include "validate.h"

#include <algorithm>
#include <bit>

#include <qcc/config/printable.h>

#include "number.h"

namespace qcc::config {
namespace {

constexpr Duration kClaudeCodePatience = 300s;
constexpr uint64_t kBuffersPerRingMax = 32768;
constexpr size_t kShortSecret = 16;

std::string quoted(std::string_view text) { return "\"" + printable(text) + "\""; }

// The key to blame when two disagree: the one that is given, the first when both are.
std::string_view given_of(const TableReader& table, std::string_view one, std::string_view other) {
  return table.has(one) ? one : other;
}

void warn_if_beyond_total(TableReader& table, std::string_view name, Duration limit,
                          Duration total) {
  if (limit <= total || !table.has(name)) return;
  table.warning(name, std::string(name) + " (" + show_duration(limit) +
                          ") never ends an attempt: " + "total_timeout (" + show_duration(total) +
                          ") ends the request before");
}

void check_credential(TableReader& table, const EndpointConfig& endpoint, AddressScope scope) {
  if (endpoint.auth == AuthMode::client) {
    if (table.has("key")) {
      table.warning("key", "not used: with auth = \"client\" the caller's credential is sent");
    }
    return;
  }
  bool is_near = scope == AddressScope::loopback || scope == AddressScope::private_network;
  if (table.has("key") || is_near) return;
  table.error("key",
              "missing: the credential, \"env:NAME\", \"file:/path\" or "
              "\"credential:NAME\" (or auth = \"client\")");
}

void check_host_scope(TableReader& table, const EndpointConfig& endpoint, AddressScope scope) {
  if (scope == AddressScope::link_local) {
    return table.error("base_url", "link-local and cloud metadata addresses are refused");
  }
  if (scope == AddressScope::unspecified) {
    return table.error("base_url", "this address names no host; write 127.0.0.1 for this machine");
  }
  bool is_exposed = !endpoint.base_url.tls && scope == AddressScope::global;
  if (is_exposed && !endpoint.allow_plaintext) {
    table.error("base_url",
                "http:// would send the credential in clear text over the network: write https://, "
                "or set allow_plaintext = true");
  }
}

const ListenAddress* first_reachable(const std::vector<ListenAddress>& addresses) {
  auto found = std::ranges::find_if_not(addresses, &ListenAddress::is_local);
  return found == addresses.end() ? nullptr : &*found;
}

bool sends_own_credential(const Config& config) {
  return std::ranges::any_of(config.clusters, [](const ClusterConfig& cluster) {
    return std::ranges::any_of(cluster.endpoints, [](const EndpointConfig& endpoint) {
      return endpoint.auth != AuthMode::client;
    });
  });
}

Position place_in(const TableReader& root, std::string_view table, std::string_view key) {
  const Node* node = root.find(table);
  if (!node) return {};
  auto member = std::ranges::find(node->members, key, &Member::key);
  return member == node->members.end() ? node->at : member->value.at;
}

void check_client_listeners(TableReader& root, const Config& config) {
  Position at = place_in(root, "server", "listen");
  if (config.server.listen.empty()) {
    return root.reader().error(at, "server.listen", "there must be at least one address");
  }
  const ListenAddress* reachable = first_reachable(config.server.listen);
  if (reachable && config.client_keys.empty() && sends_own_credential(config)) {
    root.reader().error(at, "server.listen",
                        reachable->text() + " can be reached from other machines, which could " +
                            "spend your credit: add [client_keys] or listen on 127.0.0.1");
  }
}

void check_admin_listeners(TableReader& root, const Config& config) {
  Position at = place_in(root, "admin", "listen");
  const ListenAddress* reachable = first_reachable(config.admin.listen);
  if (reachable && config.admin.token.empty()) {
    root.reader().error(at, "admin.listen",
                        reachable->text() +
                            " can be reached from other machines: set admin.token, or listen on "
                            "127.0.0.1");
  }
  for (const ListenAddress& address : config.admin.listen) {
    bool is_taken = std::ranges::find(config.server.listen, address) != config.server.listen.end();
    if (is_taken && address.is_fixed()) {
      root.reader().error(at, "admin.listen",
                          printable(address.text()) + " is also in server.listen");
    }
  }
}

}  // namespace

void check_table(TableReader& table, const ServerConfig& server) {
  if (!std::has_single_bit(server.ring_entries)) {
    table.error("ring_entries", "must be a power of two");
  }
  uint64_t buffers = server.buffer_ring_bytes / server.buffer_bytes;
  bool is_whole = buffers * server.buffer_bytes == server.buffer_ring_bytes;
  if (!is_whole || !std::has_single_bit(buffers) || buffers > kBuffersPerRingMax) {
    table.error(given_of(table, "buffer_ring_bytes", "buffer_bytes"),
                "buffer_ring_bytes must be buffer_bytes times a power of two up to 32768");
  }
}

void check_table(TableReader& table, const Limits& limits) {
  if (limits.body_memory != 0 && limits.body_memory < limits.max_body) {
    table.error("body_memory", "smaller than max_body (" + show_size(limits.max_body) +
                                   "): the largest body could never be held");
  }
  if (limits.max_field > limits.max_head) {
    table.error(given_of(table, "max_field", "max_head"), "max_field must not exceed max_head");
  }
  if (limits.max_request_line > limits.max_head) {
    table.error(given_of(table, "max_request_line", "max_head"),
                "max_request_line must not exceed max_head");
  }
}

void check_table(TableReader& table, const Timeouts& timeouts) {
  Duration total = timeouts.total_timeout;
  warn_if_beyond_total(table, "timeout", timeouts.timeout, total);
  warn_if_beyond_total(table, "nonstream_timeout", timeouts.nonstream_timeout, total);
  bool is_given_here = table.has("min_attempt") || table.has("total_timeout");
  if (timeouts.min_attempt >= total && is_given_here) {
    table.error(given_of(table, "min_attempt", "total_timeout"),
                "min_attempt (" + show_duration(timeouts.min_attempt) +
                    ") must be less than total_timeout (" + show_duration(total) +
                    "), or no attempt could start");
  }
  if (total >= kClaudeCodePatience && table.has("total_timeout")) {
    table.warning("total_timeout",
                  "Claude Code gives up after 300s: a failover later than that comes too late");
  }
}

void check_endpoint(TableReader& table, const EndpointConfig& endpoint) {
  if (!table.has("base_url") || endpoint.base_url.host.empty()) return;  // already reported
  AddressScope scope = scope_of_host(endpoint.base_url.host);
  check_host_scope(table, endpoint, scope);
  check_credential(table, endpoint, scope);
  if (endpoint.insecure && endpoint.base_url.tls) {
    table.warning("insecure",
                  "the certificate is not verified: anyone on the way can read the credential");
  }
  if (!endpoint.ca_file.empty() && !table.reader().read_file(endpoint.ca_file)) {
    table.error("ca_file", "this file cannot be read");
  }
}

void check_cluster(TableReader& table, const ClusterConfig& cluster) {
  if (cluster.endpoints.empty()) {
    return table.error("endpoint", "missing: at least one [[cluster.endpoint]]");
  }
  auto is_out = [](const EndpointConfig& endpoint) {
    return !endpoint.enabled || endpoint.weight == 0;
  };
  if (std::ranges::all_of(cluster.endpoints, is_out)) {
    table.warning("endpoint", "every endpoint is disabled or has weight 0: nothing can serve");
  }
}

void check_client_key(const Value& value, const ClientKey& client,
                      const std::vector<ClientKey>& others) {
  size_t length = client.secret.reveal().size();
  if (length == 0) return;  // already reported
  if (length < kShortSecret) value.warning("a secret of fewer than 16 bytes can be guessed");
  for (const ClientKey& other : others) {
    if (other.secret.matches(client.secret.reveal())) {
      value.error("the same secret as " + quoted(other.alias));
    }
  }
}

void check_whole(TableReader& root, const Config& config) {
  check_client_listeners(root, config);
  check_admin_listeners(root, config);
}

void EndpointRegister::add(TableReader& table, const EndpointConfig& endpoint) {
  for (const Entry& first : entries_) {
    if (first.endpoint.id == endpoint.id && !endpoint.name.empty()) {
      report_same_name(table, endpoint, first);
      break;
    }
  }
  for (const Entry& first : entries_) {
    bool is_same_url = first.endpoint.base_url == endpoint.base_url;
    bool is_same_key = first.endpoint.key.reveal() == endpoint.key.reveal();
    if (is_same_url && is_same_key && !endpoint.base_url.host.empty()) {
      report_same_account(table, first);
      break;
    }
  }
  std::string_view name_key = table.has("name") ? "name" : "base_url";
  entries_.push_back({endpoint, table.place_of(name_key), table.place_of("base_url")});
}

void EndpointRegister::report_same_name(TableReader& table, const EndpointConfig& endpoint,
                                        const Entry& first) {
  std::string line = std::to_string(first.name_at.line);
  if (first.endpoint.name != endpoint.name) {
    return table.error("name", quoted(endpoint.name) + " has the same id as " +
                                   quoted(first.endpoint.name) + " (line " + line +
                                   "): choose another name");
  }
  std::string message =
      "the name " + quoted(endpoint.name) + " is taken by the endpoint of line " + line;
  if (table.has("name")) return table.error("name", message);
  table.error("base_url", message + ": without a name the host serves as one; give this a name");
}

void EndpointRegister::report_same_account(TableReader& table, const Entry& first) {
  table.warning("base_url", "the same URL and key as endpoint " + quoted(first.endpoint.name) +
                                " (line " + std::to_string(first.url_at.line) + ")");
}

}  // namespace qcc::config
