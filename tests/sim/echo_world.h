// A small world to try the simulator on: clients on one thread, an echo server on another.
#pragma once
#include <netinet/in.h>

#include <string>

#include "sim_world_driver.h"

namespace qcc::sim {

inline sockaddr_in ipv4(uint16_t port, uint32_t host = INADDR_LOOPBACK) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(host);
  return address;
}
inline const sockaddr* raw(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

struct EchoResult {
  Outcome outcome = Outcome::finished;
  std::string problems;  // empty when all went well
  int clients = 0;
  int clients_done = 0;  // that got every byte back
  uint64_t checksum = 0;
  SimCounters counters;
};

// No faults, and clients with patience: all of them must be served.
EchoResult run_echo_in_calm(uint64_t seed);
// In weather drawn from the seed, with clients that give up.
EchoResult run_echo(uint64_t seed);
void add_up(SimCounters& sum, const SimCounters& more);

}  // namespace qcc::sim
