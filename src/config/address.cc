#include <qcc/config/address.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

#include <qcc/base/ascii.h>

#include "number.h"

namespace qcc::config {
namespace {

constexpr size_t kUnixPathMax = 107;  // sun_path less its final zero

struct IpAddress {
  std::array<uint8_t, 16> bytes{};
  size_t size = 0;
  std::span<const uint8_t> span() const { return std::span(bytes).first(size); }
};

std::optional<IpAddress> parse_ip(std::string_view host) {
  std::string text(host);  // inet_pton wants its final zero
  if (text.size() != std::string_view(text.c_str()).size()) return std::nullopt;
  IpAddress address;
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
    address.size = 4;
  } else if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
    address.size = 16;
  } else {
    return std::nullopt;
  }
  return address;
}

bool starts_with(std::span<const uint8_t> address, std::initializer_list<uint8_t> prefix) {
  return address.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), address.begin());
}

AddressScope scope_of_ipv4(std::span<const uint8_t> a) {
  if (starts_with(a, {0})) return AddressScope::unspecified;
  if (starts_with(a, {127})) return AddressScope::loopback;
  if (starts_with(a, {169, 254}) || starts_with(a, {100, 100, 100, 200})) {
    return AddressScope::link_local;
  }
  bool is_private = a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) ||
                    starts_with(a, {192, 168}) || (a[0] == 100 && (a[1] & 0xc0) == 64);
  return is_private ? AddressScope::private_network : AddressScope::global;
}

bool holds_ipv4(std::span<const uint8_t> a) {
  bool is_mapped = starts_with(a, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff});
  bool is_nat64 = starts_with(a, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0});
  return is_mapped || is_nat64;
}

AddressScope scope_of_ipv6(std::span<const uint8_t> a) {
  if (holds_ipv4(a)) return scope_of_ipv4(a.subspan(12));
  if (std::ranges::all_of(a.first(15), [](uint8_t byte) { return byte == 0; })) {
    if (a[15] == 0) return AddressScope::unspecified;
    if (a[15] == 1) return AddressScope::loopback;
  }
  bool is_metadata =
      starts_with(a, {0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54});
  if (is_metadata || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80)) return AddressScope::link_local;
  if ((a[0] & 0xfe) == 0xfc) return AddressScope::private_network;
  return AddressScope::global;
}

std::expected<ListenAddress, std::string> parse_unix_address(std::string_view path) {
  if (!path.starts_with('/')) return std::unexpected("a unix socket needs an absolute path");
  if (path.size() > kUnixPathMax) {
    return std::unexpected("the path of a unix socket has at most 107 bytes");
  }
  if (path.find('\0') != path.npos) return std::unexpected("a path cannot hold a zero byte");
  return ListenAddress{ListenAddress::Kind::unix_socket, std::string(path), 0};
}

}  // namespace

bool ListenAddress::is_local() const {
  return kind == Kind::unix_socket || scope_of_host(host) == AddressScope::loopback;
}

std::string ListenAddress::text() const {
  switch (kind) {
    case Kind::unix_socket: return "unix:" + host;
    case Kind::ipv6: return "[" + host + "]:" + std::to_string(port);
    case Kind::ipv4: break;
  }
  return host + ":" + std::to_string(port);
}

std::expected<ListenAddress, std::string> parse_listen_address(std::string_view text) {
  constexpr const char* kForms = R"(expected "127.0.0.1:7860", "[::1]:7860" or "unix:/path")";
  if (text.starts_with("unix:")) return parse_unix_address(text.substr(5));
  size_t colon = text.rfind(':');
  if (colon == text.npos) return std::unexpected(std::string(kForms) + ": there is no port");
  std::string_view host = text.substr(0, colon);
  std::optional<uint64_t> port = parse_decimal(text.substr(colon + 1));
  if (!port || *port > 65535) {
    return std::unexpected(std::string(kForms) + ": a port is a number up to 65535");
  }
  bool has_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (has_brackets) host = host.substr(1, host.size() - 2);
  std::optional<IpAddress> address = parse_ip(host);
  if (!address) {
    return std::unexpected(std::string(kForms) + ": the host must be an address, not a name");
  }
  bool is_ipv6 = address->size == 16;
  if (is_ipv6 != has_brackets) {
    return std::unexpected(std::string(kForms) + ": IPv6, and only IPv6, stands in brackets");
  }
  return ListenAddress{is_ipv6 ? ListenAddress::Kind::ipv6 : ListenAddress::Kind::ipv4,
                       std::string(host), static_cast<uint16_t>(*port)};
}

bool is_ip_address(std::string_view host) { return parse_ip(host).has_value(); }

AddressScope scope_of_address(std::span<const uint8_t> address) {
  switch (address.size()) {
    case 4: return scope_of_ipv4(address);
    case 16: return scope_of_ipv6(address);
    default: return AddressScope::unspecified;
  }
}

AddressScope scope_of_host(std::string_view host) {
  if (std::optional<IpAddress> address = parse_ip(host)) return scope_of_address(address->span());
  std::string name(host);
  std::ranges::transform(name, name.begin(), ascii_lower);
  if (name == "localhost" || name.ends_with(".localhost")) return AddressScope::loopback;
  if (name == "metadata.google.internal") return AddressScope::link_local;
  if (name.find('.') == name.npos) return AddressScope::private_network;
  constexpr std::string_view kPrivateEnds[] = {".local", ".internal", ".lan", ".home.arpa"};
  for (std::string_view end : kPrivateEnds) {
    if (name.ends_with(end)) return AddressScope::private_network;
  }
  return AddressScope::global;
}

}  // namespace qcc::config
