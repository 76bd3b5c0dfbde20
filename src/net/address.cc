#include <qcc/net/address.h>

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace qcc::net {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr size_t kPathOffset = offsetof(sockaddr_un, sun_path);

}  // namespace

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) {
    std::string_view path = text.substr(kUnixPrefix.size());
    bool usable = path.size() > 1 && (path[0] == '/' || path[0] == '@') &&
                  path.size() < sizeof(sockaddr_un::sun_path) &&
                  path.find('\0') == std::string_view::npos;
    if (!usable) return std::nullopt;
    SocketAddress address;
    address.bytes_.local.sun_family = AF_UNIX;
    std::memcpy(address.bytes_.local.sun_path, path.data(), path.size());
    bool abstract = path[0] == '@';
    if (abstract) address.bytes_.local.sun_path[0] = '\0';
    address.size_ = static_cast<socklen_t>(kPathOffset + path.size() + (abstract ? 0 : 1));
    return address;
  }
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::optional<uint16_t> port = parse_port(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  bool is_v6 = host.find(':') != std::string_view::npos;
  if (!port || is_v6 != bracketed) return std::nullopt;
  return from_ip(host, *port);
}

std::optional<SocketAddress> SocketAddress::from_ip(std::string_view ip, uint16_t port) {
  std::optional<IpAddress> parsed = parse_ip(ip);
  if (!parsed) return std::nullopt;
  SocketAddress address;
  if (parsed->is_v6) {
    address.bytes_.v6.sin6_family = AF_INET6;
    address.bytes_.v6.sin6_port = htons(port);
    std::ranges::copy(parsed->view(), address.bytes_.v6.sin6_addr.s6_addr);
    address.size_ = sizeof(sockaddr_in6);
  } else {
    address.bytes_.v4.sin_family = AF_INET;
    address.bytes_.v4.sin_port = htons(port);
    std::memcpy(&address.bytes_.v4.sin_addr, parsed->bytes.data(), 4);
    address.size_ = sizeof(sockaddr_in);
  }
  return address;
}

SocketAddress SocketAddress::from_system(const sockaddr* address, socklen_t size) {
  SocketAddress copy;
  if (size < sizeof(sa_family_t) || size > sizeof copy.bytes_) return copy;
  socklen_t least = address->sa_family == AF_INET    ? sizeof(sockaddr_in)
                    : address->sa_family == AF_INET6 ? sizeof(sockaddr_in6)
                    : address->sa_family == AF_UNIX  ? sizeof(sa_family_t)
                                                     : sizeof(sockaddr_storage);
  if (size < least) return copy;
  std::memcpy(copy.bytes_.raw.data(), address, size);
  copy.size_ = size;
  return copy;
}

uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(bytes_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(bytes_.v6.sin6_port);
  return 0;
}

SocketAddress SocketAddress::with_port(uint16_t port) const {
  SocketAddress copy = *this;
  if (family() == AF_INET) copy.bytes_.v4.sin_port = htons(port);
  if (family() == AF_INET6) copy.bytes_.v6.sin6_port = htons(port);
  return copy;
}

std::string SocketAddress::format() const {
  std::array<char, INET6_ADDRSTRLEN> ip{};
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &bytes_.v4.sin_addr, ip.data(), ip.size());
    return std::string(ip.data()) + ":" + std::to_string(port());
  }
  if (family() == AF_INET6) {
    inet_ntop(AF_INET6, &bytes_.v6.sin6_addr, ip.data(), ip.size());
    return "[" + std::string(ip.data()) + "]:" + std::to_string(port());
  }
  if (family() == AF_UNIX) {
    std::string_view path(bytes_.local.sun_path, size_ - std::min<size_t>(size_, kPathOffset));
    if (path.starts_with('\0')) return "unix:@" + std::string(path.substr(1));
    return std::string(kUnixPrefix) + std::string(path.substr(0, path.find('\0')));
  }
  return "none";
}

AddressScope SocketAddress::scope() const {
  const auto* v4 = reinterpret_cast<const uint8_t*>(&bytes_.v4.sin_addr);
  if (family() == AF_INET) return scope_of_address(std::span(v4, 4));
  if (family() == AF_INET6) return scope_of_address(bytes_.v6.sin6_addr.s6_addr);
  return family() == AF_UNIX ? AddressScope::loopback : AddressScope::unspecified;
}

bool operator==(const SocketAddress& a, const SocketAddress& b) {
  return a.size_ == b.size_ && std::memcmp(a.bytes_.raw.data(), b.bytes_.raw.data(), a.size_) == 0;
}

}  // namespace qcc::net
