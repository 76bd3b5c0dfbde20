#include <qcc/base/ascii.h>
#include <qcc/http/url.h>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "bytes.h"

namespace qcc::http {

namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<uint8_t, 16> kLoopbackV6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr std::array<uint8_t, 16> kCloudMetadataV6 = {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0,    0,
                                                      0,    0,    0,    0,    0, 0, 0x02, 0x54};
constexpr std::array<uint8_t, 4> kCloudMetadataV4 = {100, 100, 100, 200};

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

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

bool parse_port(std::string_view text, std::optional<uint16_t>& port) {
  if (text.empty()) return true;  // RFC 3986 allows "host:"
  uint16_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  port = value;
  return true;
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN] = {};
  if (text.empty() || text.size() >= sizeof terminated || text.find('\0') != text.npos) return {};
  std::copy(text.begin(), text.end(), terminated);
  IpAddress address;
  if (inet_pton(AF_INET, terminated, address.bytes.data()) == 1) return address;
  if (inet_pton(AF_INET6, terminated, address.bytes.data()) != 1) return {};
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin())) {
    IpAddress mapped;
    std::copy_n(address.bytes.begin() + kMappedPrefix.size(), 4, mapped.bytes.begin());
    return mapped;
  }
  address.is_v6 = true;
  return address;
}

bool is_loopback(const IpAddress& address) {
  return address.is_v6 ? address.bytes == kLoopbackV6 : address.bytes[0] == 127;
}

bool is_private(const IpAddress& address) {
  if (is_loopback(address)) return true;
  const auto& b = address.bytes;
  if (address.is_v6) return (b[0] & 0xfe) == 0xfc;
  return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
         (b[0] == 100 && (b[1] & 0xc0) == 64);
}

bool is_metadata_address(const IpAddress& address) {
  const auto& b = address.bytes;
  if (address.is_v6) return (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || b == kCloudMetadataV6;
  return (b[0] == 169 && b[1] == 254) ||
         std::equal(kCloudMetadataV4.begin(), kCloudMetadataV4.end(), b.begin());
}

std::optional<HostPort> parse_host_port(std::string_view text) {
  HostPort result;
  std::string_view after_host;
  if (text.starts_with('[')) {
    size_t close = text.find(']');
    if (close == text.npos) return {};
    result.host = text.substr(1, close - 1);
    result.is_ipv6 = true;
    after_host = text.substr(close + 1);
    if (result.host.find(':') == text.npos || !parse_ip(result.host)) return {};
  } else {
    size_t colon = std::min(text.find(':'), text.size());
    result.host = text.substr(0, colon);
    after_host = text.substr(colon);
    if (!is_reg_name(result.host)) return {};
  }
  if (after_host.empty()) return result;
  if (after_host.front() != ':' || !parse_port(after_host.substr(1), result.port)) return {};
  return result;
}

bool is_loopback_host(std::string_view host_port) {
  std::optional<HostPort> parsed = parse_host_port(host_port);
  if (!parsed) return false;
  std::string_view host = parsed->host;
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
    return parse_host_port(host) ? host : std::string_view{};
  }
  return {};
}

}  // namespace qcc::http
