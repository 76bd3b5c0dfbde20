#include <qcc/base/ascii.h>
#include <qcc/http/url.h>

#include <algorithm>

#include "bytes.h"

namespace qcc::http {

namespace {

constexpr uint16_t kHttpPort = 80;
constexpr uint16_t kHttpsPort = 443;

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), ascii_lower);
  return result;
}

// "127.1", "0x7f.0.0.1", "2130706433": some resolvers make addresses of them.
bool ends_in_number(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  std::string_view label = host.substr(host.rfind('.') + 1);
  if (label.starts_with("0x")) return true;
  return !label.empty() &&
         std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Names that only a private network can answer for.
bool is_private_name(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  for (std::string_view suffix : {".localhost", ".local", ".internal", ".home.arpa"})
    if (host.ends_with(suffix)) return true;
  return host.find('.') == host.npos;
}

std::expected<void, UrlFault> check_host(const BaseUrl& url, Plaintext plaintext) {
  std::optional<IpAddress> address = parse_ip(url.host);
  if (!address && ends_in_number(url.host)) return std::unexpected(UrlFault::numeric_host);
  bool is_metadata =
      address ? is_metadata_address(*address) : url.host.starts_with("metadata.google.internal");
  if (is_metadata) return std::unexpected(UrlFault::metadata_host);
  bool is_near = address ? is_private(*address) : is_private_name(url.host);
  if (!url.is_https && !is_near && plaintext != Plaintext::allowed)
    return std::unexpected(UrlFault::plaintext);
  return {};
}

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    size_t slash = path.find('/', 1);
    std::string_view segment = path.substr(1, slash == path.npos ? slash : slash - 1);
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(std::min(slash, path.size()));
  }
  return false;
}

std::expected<void, UrlFault> read_path(std::string_view path, BaseUrl& url) {
  if (path.find_first_of("?#") != path.npos) return std::unexpected(UrlFault::query);
  if (!all_of_class(path, kTargetByte) || path.find('%') != path.npos || has_dot_segment(path))
    return std::unexpected(UrlFault::path);
  while (path.ends_with('/')) path.remove_suffix(1);
  url.base_path = path;
  return {};
}

std::expected<void, UrlFault> read_authority(std::string_view authority, BaseUrl& url) {
  if (authority.find('@') != authority.npos) return std::unexpected(UrlFault::userinfo);
  std::optional<HostPort> parsed = parse_host_port(authority);
  if (!parsed) {
    size_t colon = authority.rfind(':');
    bool is_port = colon != authority.npos && parse_host_port(authority.substr(0, colon));
    return std::unexpected(is_port ? UrlFault::port : UrlFault::host);
  }
  // A percent sign or a sub-delimiter is legal in a URL, but no name or certificate can match it.
  if (parsed->host.find_first_of("%!$&'()*+;=~") != parsed->host.npos)
    return std::unexpected(UrlFault::host);
  if (parsed->port == uint16_t{0}) return std::unexpected(UrlFault::port);
  const uint16_t default_port = url.is_https ? kHttpsPort : kHttpPort;
  url.host = lower(parsed->host);
  url.port = parsed->port.value_or(default_port);
  url.authority = parsed->is_ipv6 ? '[' + url.host + ']' : url.host;
  if (url.port != default_port) url.authority += ':' + std::to_string(url.port);
  return {};
}

}  // namespace

const char* describe(UrlFault fault) {
  switch (fault) {
    case UrlFault::scheme: return "must start with https:// or http://";
    case UrlFault::host: return "host is missing or malformed";
    case UrlFault::numeric_host: return "host is a number but not a dotted address";
    case UrlFault::userinfo: return "must not hold a user name or password";
    case UrlFault::port: return "port must be 1 to 65535";
    case UrlFault::path: return "path holds a forbidden character or dot segment";
    case UrlFault::query: return "must not hold a query or fragment";
    case UrlFault::metadata_host: return "points to a cloud metadata service";
    case UrlFault::plaintext: return "http:// to a public host needs allow_plaintext = true";
  }
  return "malformed";
}

std::expected<BaseUrl, UrlFault> parse_base_url(std::string_view text, Plaintext plaintext) {
  BaseUrl url;
  size_t scheme_end = text.find("://");
  std::string_view scheme = text.substr(0, std::min(scheme_end, text.size()));
  url.is_https = iequals(scheme, "https");
  if (scheme_end == text.npos || (!url.is_https && !iequals(scheme, "http")))
    return std::unexpected(UrlFault::scheme);
  text.remove_prefix(scheme_end + 3);
  size_t authority_end = std::min(text.find_first_of("/?#"), text.size());
  auto sound = read_authority(text.substr(0, authority_end), url);
  if (sound) sound = read_path(text.substr(authority_end), url);
  if (sound) sound = check_host(url, plaintext);
  if (!sound) return std::unexpected(sound.error());
  return url;
}

}  // namespace qcc::http
