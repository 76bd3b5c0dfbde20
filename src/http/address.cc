#include <qcc/base/ascii.h>
#include <qcc/base/ip.h>
#include <qcc/http/url.h>

#include <algorithm>

#include "bytes.h"

namespace qcc::http {

namespace {

// unreserved / sub-delims / pct-encoded of RFC 3986, without ','.
bool is_reg_name(std::string_view text) {
  if (text.empty()) return false;
  if (all_of_class(text, kHostByte)) return true;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_class(text[i], kHostByte)) continue;
    bool is_escape = text[i] == '%' && i + 2 < text.size() && is_hex_digit(text[i + 1]) &&
                     is_hex_digit(text[i + 2]);
    if (!is_escape) return false;
    i += 2;
  }
  return true;
}

}  // namespace

std::optional<std::string_view> host_of(std::string_view host_port) {
  bool is_bracketed = host_port.starts_with('[');
  size_t host_end = std::min(host_port.find(is_bracketed ? ']' : ':'), host_port.size());
  if (is_bracketed && host_end == host_port.size()) return {};
  std::string_view host = host_port.substr(is_bracketed, host_end - is_bracketed);
  std::string_view behind = host_port.substr(host_end + is_bracketed);
  if (is_bracketed) {
    std::optional<IpAddress> address = parse_ip(host);
    if (!address || !address->is_v6) return {};
  } else if (!is_reg_name(host)) {
    return {};
  }
  if (behind.empty() || behind == ":") return host;  // RFC 3986 allows "host:"
  bool has_port = behind.front() == ':' && parse_port(behind.substr(1));
  return has_port ? std::optional(host) : std::nullopt;
}

bool is_loopback_host(std::string_view host_port) {
  std::optional<std::string_view> parsed = host_of(host_port);
  if (!parsed) return false;
  std::string_view host = *parsed;
  std::optional<IpAddress> address = parse_ip(host);
  if (address) return is_loopback(*address);
  if (host.ends_with('.')) host.remove_suffix(1);
  constexpr std::string_view kSuffix = ".localhost";
  return iequals(host, kSuffix.substr(1)) ||
         (host.size() > kSuffix.size() &&
          iequals(host.substr(host.size() - kSuffix.size()), kSuffix));
}

std::string_view host_of_origin(std::string_view origin) {
  for (std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (!iequals(origin.substr(0, scheme.size()), scheme)) continue;
    std::string_view host = origin.substr(scheme.size());
    return host_of(host) ? host : std::string_view{};
  }
  return {};
}

}  // namespace qcc::http
