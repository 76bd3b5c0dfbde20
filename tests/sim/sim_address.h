// Socket addresses as map keys: only the bytes that tell two addresses apart.
#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace qcc::sim {

std::string key_of(const sockaddr* address, socklen_t size);
int family_of(const std::string& key);
uint16_t port_of(const std::string& key);  // not 0 where a family has no ports
void set_port(std::string& key, uint16_t port);
std::string any_address(int family);       // port 0
std::string loopback_address(int family);  // port 0
// The key with its host replaced by the wildcard, which a listener may have bound.
std::string wildcard_of(const std::string& key);
void copy_out(const std::string& key, sockaddr* address, socklen_t* size);

}  // namespace qcc::sim
