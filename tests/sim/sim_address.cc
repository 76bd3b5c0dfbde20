#include "sim_address.h"

#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

namespace qcc::sim {
namespace {

template <class T>
std::string bytes_of(const T& address) {
  std::string key(sizeof address, '\0');
  std::memcpy(key.data(), &address, sizeof address);
  return key;
}

template <class T>
T from_bytes(const std::string& key) {
  T address{};
  std::memcpy(&address, key.data(), std::min(key.size(), sizeof address));
  return address;
}

}  // namespace

std::string key_of(const sockaddr* address, socklen_t size) {
  if (address->sa_family == AF_INET) {
    sockaddr_in given{}, kept{};
    std::memcpy(&given, address, std::min<size_t>(size, sizeof given));
    kept.sin_family = AF_INET;
    kept.sin_port = given.sin_port;
    kept.sin_addr = given.sin_addr;
    return bytes_of(kept);
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 given{}, kept{};
    std::memcpy(&given, address, std::min<size_t>(size, sizeof given));
    kept.sin6_family = AF_INET6;
    kept.sin6_port = given.sin6_port;
    kept.sin6_addr = given.sin6_addr;
    return bytes_of(kept);
  }
  sockaddr_un kept{};
  std::memcpy(&kept, address, std::min<size_t>(size, sizeof kept));
  return bytes_of(kept);
}

int family_of(const std::string& key) { return from_bytes<sockaddr>(key).sa_family; }

uint16_t port_of(const std::string& key) {
  switch (family_of(key)) {
    case AF_INET: return ntohs(from_bytes<sockaddr_in>(key).sin_port);
    case AF_INET6: return ntohs(from_bytes<sockaddr_in6>(key).sin6_port);
    default: return 1;
  }
}

void set_port(std::string& key, uint16_t port) {
  if (family_of(key) == AF_INET) {
    auto address = from_bytes<sockaddr_in>(key);
    address.sin_port = htons(port);
    key = bytes_of(address);
  } else if (family_of(key) == AF_INET6) {
    auto address = from_bytes<sockaddr_in6>(key);
    address.sin6_port = htons(port);
    key = bytes_of(address);
  }
}

std::string any_address(int family) {
  if (family == AF_INET) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    return bytes_of(address);
  }
  if (family == AF_INET6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    return bytes_of(address);
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  return bytes_of(address);
}

std::string loopback_address(int family) {
  std::string key = any_address(family);
  if (family == AF_INET) {
    auto address = from_bytes<sockaddr_in>(key);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    key = bytes_of(address);
  } else if (family == AF_INET6) {
    auto address = from_bytes<sockaddr_in6>(key);
    address.sin6_addr = in6addr_loopback;
    key = bytes_of(address);
  }
  return key;
}

std::string wildcard_of(const std::string& key) {
  std::string wildcard = any_address(family_of(key));
  set_port(wildcard, port_of(key));
  return wildcard;
}

void copy_out(const std::string& key, sockaddr* address, socklen_t* size) {
  std::memcpy(address, key.data(), std::min<size_t>(*size, key.size()));
  *size = static_cast<socklen_t>(key.size());
}

}  // namespace qcc::sim
