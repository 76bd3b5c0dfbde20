#include <qcc/net/address.h>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace qcc::net {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr size_t kPathOffset = offsetof(sockaddr_un, sun_path);

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

constexpr bool in_block(uint32_t address, uint32_t block, int prefix_bits) {
  return (address ^ block) >> (32 - prefix_bits) == 0;
}

constexpr uint32_t ip4(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

bool starts_with(const uint8_t* address, std::initializer_list<uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address);
}

bool is_all_zero(const uint8_t* bytes, size_t count) {
  return std::all_of(bytes, bytes + count, [](uint8_t byte) { return byte == 0; });
}

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
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (ip.size() >= text.size() || ip.find('\0') != std::string_view::npos) return std::nullopt;
  std::copy(ip.begin(), ip.end(), text.begin());
  SocketAddress address;
  if (inet_pton(AF_INET, text.data(), &address.bytes_.v4.sin_addr) == 1) {
    address.bytes_.v4.sin_family = AF_INET;
    address.bytes_.v4.sin_port = htons(port);
    address.size_ = sizeof(sockaddr_in);
    return address;
  }
  if (inet_pton(AF_INET6, text.data(), &address.bytes_.v6.sin6_addr) == 1) {
    address.bytes_.v6.sin6_family = AF_INET6;
    address.bytes_.v6.sin6_port = htons(port);
    address.size_ = sizeof(sockaddr_in6);
    return address;
  }
  return std::nullopt;
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

std::optional<uint32_t> SocketAddress::ipv4() const {
  if (family() == AF_INET) return ntohl(bytes_.v4.sin_addr.s_addr);
  if (family() != AF_INET6) return std::nullopt;
  const uint8_t* v6 = ipv6();
  bool mapped = is_all_zero(v6, 10) && v6[10] == 0xff && v6[11] == 0xff;
  bool nat64 = starts_with(v6, {0x00, 0x64, 0xff, 0x9b}) && is_all_zero(v6 + 4, 8);
  if (!mapped && !nat64) return std::nullopt;
  return ip4(v6[12], v6[13], v6[14], v6[15]);
}

bool SocketAddress::is_loopback() const {
  if (family() == AF_UNIX) return true;
  if (std::optional<uint32_t> v4 = ipv4()) return in_block(*v4, ip4(127, 0, 0, 0), 8);
  return family() == AF_INET6 && is_all_zero(ipv6(), 15) && ipv6()[15] == 1;
}

bool SocketAddress::is_private() const {
  if (is_link_local_metadata()) return false;
  if (std::optional<uint32_t> v4 = ipv4())
    return in_block(*v4, ip4(10, 0, 0, 0), 8) || in_block(*v4, ip4(172, 16, 0, 0), 12) ||
           in_block(*v4, ip4(192, 168, 0, 0), 16) || in_block(*v4, ip4(100, 64, 0, 0), 10);
  return family() == AF_INET6 && (ipv6()[0] & 0xfe) == 0xfc;
}

bool SocketAddress::is_link_local_metadata() const {
  if (std::optional<uint32_t> v4 = ipv4())
    return in_block(*v4, ip4(169, 254, 0, 0), 16) || *v4 == ip4(100, 100, 100, 200);
  if (family() != AF_INET6) return false;
  bool link_local = ipv6()[0] == 0xfe && (ipv6()[1] & 0xc0) == 0x80;
  bool aws = starts_with(ipv6(), {0xfd, 0x00, 0x0e, 0xc2}) && is_all_zero(ipv6() + 4, 10) &&
             ipv6()[14] == 0x02 && ipv6()[15] == 0x54;
  return link_local || aws;
}

bool operator==(const SocketAddress& a, const SocketAddress& b) {
  return a.size_ == b.size_ && std::memcmp(a.bytes_.raw.data(), b.bytes_.raw.data(), a.size_) == 0;
}

}  // namespace qcc::net
