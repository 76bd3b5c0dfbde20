// Hosts, addresses, endpoint URLs and request paths. Pure functions; views live as long as their
// input. RFC 3986 §3, §5.2.4, §6; RFC 9110 §4.2, §7.2.
#pragma once
#include <qcc/http/head.h>

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace qcc::http {

// ---- addresses ----

struct IpAddress {
  bool is_v6 = false;
  std::array<uint8_t, 16> bytes{};  // network order; IPv4 uses the first four

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

// Dotted quad or IPv6 text without brackets and zone. An IPv4-mapped IPv6 address becomes IPv4.
std::optional<IpAddress> parse_ip(std::string_view text);
bool is_loopback(const IpAddress& address);
// Loopback, RFC 1918, RFC 6598 and RFC 4193 addresses.
bool is_private(const IpAddress& address);
// Where clouds hand out machine credentials: 169.254.0.0/16, fe80::/10, fd00:ec2::254,
// 100.100.100.200. To be asked again for every address a name resolves to.
bool is_metadata_address(const IpAddress& address);

// ---- hosts ----

struct HostPort {
  std::string_view host;  // an IPv6 literal comes without its brackets
  bool is_ipv6 = false;
  std::optional<uint16_t> port;
};

// uri-host [":" port] as in Host: nothing around it, no userinfo, port <= 65535.
std::optional<HostPort> parse_host_port(std::string_view text);
// "localhost", "x.localhost", 127.0.0.0/8 or [::1], with or without a port.
bool is_loopback_host(std::string_view host_port);
// host[:port] of an Origin value; empty for "null" and for anything malformed.
std::string_view host_of_origin(std::string_view origin);

// ---- endpoint URLs ----

struct BaseUrl {
  bool is_https = true;
  std::string host;  // lower case, without brackets: for DNS and SNI
  uint16_t port = 443;
  std::string authority;  // for the Host field; the scheme's own port is left out
  std::string base_path;  // starts with '/' and does not end with one, or is empty
};

enum class UrlFault : uint8_t {
  scheme,        // neither http:// nor https://
  host,          // missing or malformed
  numeric_host,  // a number that only some resolvers take for an address
  userinfo,
  port,
  path,           // bytes no path may hold, or dot segments
  query,          // a query or fragment
  metadata_host,  // would leak the machine's own credentials
  plaintext,      // http:// to a public host
};
const char* describe(UrlFault fault);

enum class Plaintext : uint8_t { private_hosts_only, allowed };

// "https://host[:port][/base/path]".
std::expected<BaseUrl, UrlFault> parse_base_url(
    std::string_view text, Plaintext plaintext = Plaintext::private_hosts_only);

// ---- request paths ----

struct NormalizedPath {
  std::string_view path;  // a view of `raw` or of the scratch space
  const HttpFault* fault = nullptr;
  bool changed = false;  // `path` differs from `raw`
};

// Percent-decodes once and removes dot segments: for routing only, never to be sent anywhere.
// REQUIRES: scratch.size() >= raw.size().
NormalizedPath normalize_path(std::string_view raw, std::span<char> scratch);

}  // namespace qcc::http
