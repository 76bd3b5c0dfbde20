// IPv4 addresses of the simulated world, for the sockets' calls.
#pragma once
#include <netinet/in.h>

namespace qcc::sim {

inline sockaddr_in ipv4_address(uint32_t host, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(host);
  return address;
}

inline const sockaddr* any(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace qcc::sim
