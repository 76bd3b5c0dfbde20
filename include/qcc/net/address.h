// The address of a socket: IPv4, IPv6 or a Unix path. A plain value, 112 bytes, any thread.
// Text form: "127.0.0.1:80", "[::1]:80", "unix:/run/qcc.sock", "unix:@abstract". No names, no zone
// ids, no short or octal IPv4 forms.
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <qcc/base/ip.h>

namespace qcc::net {

class SocketAddress {
 public:
  SocketAddress() = default;  // of no family, size 0

  static std::optional<SocketAddress> parse(std::string_view text);
  // `ip` without brackets.
  static std::optional<SocketAddress> from_ip(std::string_view ip, uint16_t port);
  // What the system gave; of no family when it is none of the three or cut short.
  static SocketAddress from_system(const sockaddr* address, socklen_t size);

  const sockaddr* get() const { return &bytes_.any; }
  socklen_t size() const { return size_; }

  int family() const { return bytes_.any.sa_family; }
  bool is_ip() const { return family() == AF_INET || family() == AF_INET6; }
  uint16_t port() const;                         // 0 for a Unix path
  SocketAddress with_port(uint16_t port) const;  // a Unix path stays as it is
  std::string format() const;

  // IPv4 inside IPv6 (mapped, or behind NAT64) is judged as the IPv4 address it stands for.
  // This machine: 127.0.0.0/8, ::1, a Unix path.
  bool is_loopback() const { return scope() == AddressScope::loopback; }
  // RFC 1918, RFC 6598, RFC 4193; neither loopback nor link-local.
  bool is_private() const { return scope() == AddressScope::private_network; }
  // Link-local, or where clouds hand out a machine's credentials: 169.254.0.0/16, fe80::/10,
  // fd00:ec2::254, 100.100.100.200. Never an upstream (http rule T5).
  bool is_link_local_metadata() const { return scope() == AddressScope::link_local; }

  friend bool operator==(const SocketAddress& a, const SocketAddress& b);

 private:
  AddressScope scope() const;

  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
    std::array<char, sizeof(sockaddr_un)> raw{};
  } bytes_;
  socklen_t size_ = 0;
};

}  // namespace qcc::net
