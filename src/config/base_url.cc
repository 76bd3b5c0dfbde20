// Base URLs: a small, strict subset of RFC 3986. Forms that resolvers read differently from people
// ("127.1", "0x7f000001", user@host) are refused.
#include <qcc/config/address.h>

#include <algorithm>
#include <optional>

#include <qcc/base/ascii.h>

namespace qcc::config {
namespace {

constexpr uint16_t kHttpsPort = 443;
constexpr uint16_t kHttpPort = 80;
constexpr size_t kHostMax = 253;  // RFC 1035 §2.3.4, as text
constexpr size_t kLabelMax = 63;
constexpr size_t kPathMax = 1024;

using Failure = std::optional<std::string>;

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kLabelMax) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
}

bool is_number_like(std::string_view label) {
  return std::ranges::all_of(label, is_digit) || label.starts_with("0x");
}

Failure check_name(std::string_view host) {
  if (host.size() > kHostMax) return "the host name is too long";
  std::string_view rest = host;
  std::string_view last;
  while (true) {
    size_t dot = rest.find('.');
    last = rest.substr(0, dot);
    if (!is_label(last)) return "the host is neither a name nor an address";
    if (dot == rest.npos) break;
    rest.remove_prefix(dot + 1);
  }
  // A name that ends in a number is an IPv4 address to resolvers, in a form that hides which one.
  if (is_number_like(last)) return "write an IPv4 address as four decimal numbers";
  return std::nullopt;
}

bool is_path_char(char c) {
  return is_alnum(c) || std::string_view("-._~!$&'()*+,;=:@/").find(c) != std::string_view::npos;
}

Failure check_path(std::string_view path) {
  if (path.size() > kPathMax) return "the path is too long";
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%' && i + 2 < path.size() && is_hex_digit(path[i + 1]) &&
        is_hex_digit(path[i + 2])) {
      i += 2;
    } else if (!is_path_char(path[i])) {
      return "the path holds a character that no URL path may hold";
    }
  }
  bool has_dots = path.find("/./") != path.npos || path.find("/../") != path.npos ||
                  path.ends_with("/.") || path.ends_with("/..");
  if (has_dots || path.find("//") != path.npos) {
    return "the path may not hold \"//\", \"/.\" or \"/..\"";
  }
  return std::nullopt;
}

// Every route begins with /v1 itself, so "https://host/api/v1" and "https://host/api" are one.
std::string_view without_version(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with("/v1")) path.remove_suffix(3);
  return path;
}

Failure read_port(std::string_view text, BaseUrl& url) {
  std::optional<uint16_t> port = parse_port(text);
  if (!port || *port == 0) return "a port is a number from 1 to 65535";
  url.port = *port;
  return std::nullopt;
}

Failure read_authority(std::string_view authority, BaseUrl& url) {
  if (authority.find('@') != authority.npos) {
    return "a URL cannot carry a user or password here: put the credential in \"key\"";
  }
  bool is_ipv6 = authority.starts_with('[');
  size_t host_end = is_ipv6 ? authority.find(']') : authority.find(':');
  if (is_ipv6 && host_end == authority.npos) return "the bracket of the IPv6 address is not closed";
  std::string_view host = authority.substr(is_ipv6 ? 1 : 0, host_end - (is_ipv6 ? 1 : 0));
  std::string_view rest;
  if (host_end != authority.npos) rest = authority.substr(host_end + (is_ipv6 ? 1 : 0));

  if (host.empty()) return "there is no host";
  url.host = std::string(host);
  std::ranges::transform(url.host, url.host.begin(), ascii_lower);
  std::optional<IpAddress> address = parse_ip(host);
  if (is_ipv6 && !(address && address->is_v6)) return "the brackets hold no IPv6 address";
  if (!address) {
    if (Failure failure = check_name(url.host)) return failure;
  }
  if (rest.empty()) return std::nullopt;
  if (rest.front() != ':') return "after an IPv6 address comes a port or a path";
  return read_port(rest.substr(1), url);
}

std::string bracketed(const std::string& host) {
  return host.find(':') == host.npos ? host : "[" + host + "]";
}

}  // namespace

std::string BaseUrl::host_header() const {
  bool is_default_port = port == (tls ? kHttpsPort : kHttpPort);
  return is_default_port ? bracketed(host) : bracketed(host) + ":" + std::to_string(port);
}

std::string BaseUrl::text() const {
  return (tls ? "https://" : "http://") + host_header() + base_path;
}

std::expected<BaseUrl, std::string> parse_base_url(std::string_view text) {
  size_t scheme_end = text.find("://");
  std::string_view scheme = text.substr(0, scheme_end);
  bool is_https = iequals(scheme, "https");
  if (scheme_end == text.npos || !(is_https || iequals(scheme, "http"))) {
    return std::unexpected("expected a URL such as \"https://api.anthropic.com\"");
  }
  std::string_view rest = text.substr(scheme_end + 3);
  if (rest.find_first_of("?#") != rest.npos) {
    return std::unexpected("a base URL has no query and no fragment");
  }
  size_t path_start = std::min(rest.find('/'), rest.size());
  std::string_view path = without_version(rest.substr(path_start));

  BaseUrl url;
  url.tls = is_https;
  url.port = is_https ? kHttpsPort : kHttpPort;
  url.base_path = std::string(path);
  if (Failure failure = read_authority(rest.substr(0, path_start), url)) {
    return std::unexpected(*failure);
  }
  if (Failure failure = check_path(path)) return std::unexpected(*failure);
  return url;
}

}  // namespace qcc::config
