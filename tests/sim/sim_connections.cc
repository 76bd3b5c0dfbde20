// How simulated connections begin and end.
#include <algorithm>
#include <cerrno>
#include <tuple>

#include "sim_address.h"
#include "sim_io.h"
#include "sim_net.h"

namespace qcc::sim {

void SimNet::connect(SimIo& io, int fd, std::string address, SimOperation operation) {
  SimSocket& socket = own(io, fd);
  QCC_ASSERT(socket.state == SimSocket::State::fresh);
  socket.state = SimSocket::State::connecting;
  socket.local = loopback_address(socket.family);
  set_port(socket.local, next_port_++);
  socket.remote = std::move(address);
  socket.opening = std::move(operation);
  ++socket.pending;
  if (chance(weather_.black_hole_percent))
    schedule(now_ + kConnectPatience, Kind::connected, fd, -ETIMEDOUT);
  else if (chance(weather_.unreachable_percent))
    schedule(now_ + latency(), Kind::connected, fd, -EHOSTUNREACH);
  else if (chance(weather_.refused_percent))
    schedule(now_ + latency() + latency(), Kind::connected, fd, -ECONNREFUSED);
  else
    schedule(now_ + latency(), Kind::syn, fd, 0);
}

// Like SO_REUSEPORT: any of those that listen.
SimSocket* SimNet::pick_listener(const std::string& address) {
  auto [begin, end] = listeners_.equal_range(address);
  if (begin == end) std::tie(begin, end) = listeners_.equal_range(wildcard_of(address));
  auto count = static_cast<uint64_t>(std::distance(begin, end));
  if (count == 0) return nullptr;
  return find(std::next(begin, static_cast<int64_t>(prng_.below(count)))->second);
}

void SimNet::on_syn(SimSocket& client, int64_t attempt) {
  SimSocket* listener = pick_listener(client.remote);
  if (!listener) {
    schedule(now_ + latency(), Kind::connected, client.fd, -ECONNREFUSED);
  } else if (listener->queue.size() < listener->backlog) {
    establish(client, *listener);
  } else if (attempt < 6) {  // a full backlog drops the SYN; it is sent again
    schedule(now_ + std::chrono::seconds(1 << attempt), Kind::syn, client.fd, attempt + 1);
  } else {
    schedule(now_ + std::chrono::seconds(64), Kind::connected, client.fd, -ETIMEDOUT);
  }
}

void SimNet::establish(SimSocket& client, SimSocket& listener) {
  ++counters_.connections;
  SimSocket& server = add_socket(*listener.io, listener.family);
  server.state = SimSocket::State::connected;
  server.local = client.remote;
  server.remote = client.local;
  server.peer = client.fd;
  client.peer = server.fd;
  listener.queue.push_back(server.fd);
  poke_accept(listener);
  schedule(now_ + latency(), Kind::connected, client.fd, 0);

  client.stalls = server.stalls = chance(weather_.stalls_percent);
  bool breaks = chance(weather_.breaks_percent);
  bool vanishes = !breaks && chance(weather_.vanishes_percent);
  if (!breaks && !vanishes) return;
  auto within = static_cast<uint64_t>(weather_.breaks_within.count());
  Instant at = now_ + Duration(static_cast<int64_t>(prng_.below(within + 1)));
  Kind kind = breaks ? Kind::reset : Kind::vanish;
  schedule(at + (breaks ? latency() : Duration::zero()), kind, client.fd, ECONNRESET);
  schedule(at + (breaks ? latency() : Duration::zero()), kind, server.fd, ECONNRESET);
}

void SimNet::on_connected(SimSocket& client, int result) {
  if (client.state != SimSocket::State::connecting) return;
  if (result < 0) ++counters_.connects_failed;
  client.state = result < 0 ? SimSocket::State::fresh : SimSocket::State::connected;
  if (client.opening) finish(client, client.opening, result);
}

void SimNet::accept(SimIo& io, int fd, SimOperation operation) {
  SimSocket& listener = own(io, fd);
  QCC_ASSERT(listener.state == SimSocket::State::listening && !listener.opening);
  listener.opening = std::move(operation);
  ++listener.pending;
  poke_accept(listener);
}

void SimNet::poke_accept(SimSocket& listener) {
  if (listener.accept_poked || !listener.opening || listener.queue.empty()) return;
  listener.accept_poked = true;
  schedule(now_, Kind::accept, listener.fd);
}

void SimNet::on_accept(SimSocket& listener) {
  listener.accept_poked = false;
  if (!listener.opening || listener.queue.empty()) return;
  if (chance(weather_.accept_fails_percent)) {
    finish(listener, listener.opening, -EMFILE);
    return;
  }
  int fd = listener.queue.front();
  listener.queue.pop_front();
  arrive(listener, listener.opening, {.res = fd, .more = !chance(weather_.accept_ends_percent)});
  poke_accept(listener);
}

// A reset may overtake data that is still on its way, or come behind it.
void SimNet::send_reset(SimSocket& from) {
  SimSocket* peer = find(from.peer);
  if (!peer || from.vanished) return;
  Instant at = now_ + latency();
  if (!peer->travelling.empty() && prng_.chance(50)) at = std::max(at, peer->travelling.back().due);
  schedule(at, Kind::reset, peer->fd, ECONNRESET);
}

void SimNet::on_reset(SimSocket& socket, int error) {
  if (socket.broken) return;
  ++counters_.resets;
  socket.broken = true;
  socket.error = error == ECONNRESET && socket.fin_arrived ? EPIPE : error;
  socket.drop_travelling();
  socket.io->tell_peer_end(socket.fd, true);
  poke_watch(socket);
  poke_receive(socket);
  poke_transmit(socket);
}

// Nothing comes or goes any more. Only who waits for an acknowledgement ever learns of it.
void SimNet::on_vanish(SimSocket& socket) {
  if (socket.broken) return;
  ++counters_.connections_vanished;
  socket.vanished = true;
  SimSocket* peer = find(socket.peer);
  if (!peer || peer->travelling.empty()) return;
  socket.gives_up = true;
  schedule(now_ + kSendPatience, Kind::reset, socket.fd, ETIMEDOUT);
}

}  // namespace qcc::sim
