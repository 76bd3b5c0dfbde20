// What the simulated kernel knows of a descriptor and of the operations on it.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <qcc/base/time.h>
#include <qcc/rt/io.h>

namespace qcc::sim {

class SimIo;

struct SimOperation {
  uint64_t id = 0;
  rt::Completion* completion = nullptr;
  std::span<char> to;          // recv_into; empty for recv
  std::span<const char> from;  // send
  size_t done = 0;             // send: bytes that the peer's window took
  uint32_t arrival_max = 0;    // recv: the most that one arrival carries
  uint32_t left = 0;           // recv: bytes until the operation ends
  bool into = false;           // recv_into
  bool one_shot = false;
};

struct SimSegment {
  Instant due;
  std::string bytes;  // empty: FIN
};

struct SimSocket {
  enum class State : uint8_t { fresh, connecting, connected, listening };

  int fd = -1;
  SimIo* io = nullptr;
  State state = State::fresh;
  int family = 0;
  std::string local, remote;  // raw addresses
  int peer = -1;              // stays when the peer is closed

  // What the kernel still owns. `pending` also counts arrivals that were not fired yet.
  std::optional<SimOperation> opening;  // accept or connect
  std::optional<SimOperation> receiving;
  std::optional<SimOperation> sending;
  std::optional<SimOperation> watching;
  uint32_t pending = 0;
  bool receive_poked = false, transmit_poked = false, accept_poked = false, watch_poked = false;

  // The way in.
  std::deque<SimSegment> travelling;
  std::string unread;
  size_t unread_from = 0;
  size_t travelling_bytes = 0;
  bool fin_arrived = false;

  // The way out.
  bool fin_sent = false;
  bool reset_on_close = false;
  size_t lost_bytes = 0;  // sent to a peer that was gone

  // The connection.
  bool broken = false;
  int error = 0;  // reported once, then a broken socket reads as ended, as on Linux
  bool vanished = false;
  bool gives_up = false;
  bool stalls = false;

  // A listener.
  size_t backlog = 0;
  std::deque<int> queue;

  std::string_view readable() const { return std::string_view(unread).substr(unread_from); }
  size_t held_bytes() const { return travelling_bytes + readable().size(); }
  void drop_travelling() {
    travelling.clear();
    travelling_bytes = 0;
  }
};

}  // namespace qcc::sim
