// How bytes travel through simulated connections.
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "sim_io.h"
#include "sim_net.h"

namespace qcc::sim {

// ---- sending ----

void SimNet::send(SimIo& io, int fd, SimOperation operation) {
  SimSocket& socket = own(io, fd);
  QCC_ASSERT(!socket.sending);  // two sends at once would mix their bytes
  socket.sending = std::move(operation);
  ++socket.pending;
  poke_transmit(socket);
}

void SimNet::poke_transmit(SimSocket& socket) {
  if (!socket.sending) return;
  schedule(now_, Kind::transmit, socket.fd);
}

void SimNet::on_transmit(SimSocket& socket) {
  socket.transmit_poked = false;
  if (!socket.sending) return;
  SimOperation& operation = *socket.sending;
  auto done = [&] { return static_cast<int32_t>(operation.done); };
  bool open = socket.state == SimSocket::State::connected && !socket.broken && !socket.fin_sent;
  if (!open) {
    if (operation.done > 0) {
      ++counters_.sends_cut;
      return finish(socket, socket.sending, done());
    }
    int error = std::exchange(socket.error, 0);
    return finish(socket, socket.sending, error ? -error : -EPIPE);
  }
  while (!operation.from.empty()) {
    size_t size = std::min(
        {operation.from.size(), window_left(socket), static_cast<size_t>(weather_.segment_bytes)});
    if (size == 0) {
      ++counters_.sends_blocked;
      return;
    }
    take_bytes(socket, size);
  }
  finish(socket, socket.sending, done());
}

size_t SimNet::window_left(SimSocket& from) {
  SimSocket* peer = find(from.peer);
  size_t held = !peer || peer->broken ? from.lost_bytes : peer->held_bytes();
  return weather_.window_bytes - std::min<size_t>(weather_.window_bytes, held);
}

void SimNet::take_bytes(SimSocket& from, size_t size) {
  SimOperation& operation = *from.sending;
  std::string bytes(operation.from.data(), size);
  operation.from = operation.from.subspan(size);
  operation.done += size;
  SimSocket* peer = find(from.peer);
  if (peer && !peer->broken) {
    push_segment(*peer, std::move(bytes));
  } else {
    from.lost_bytes += size;
    if (!from.vanished) schedule(now_ + latency() + latency(), Kind::reset, from.fd, ECONNRESET);
  }
  if (!from.vanished || from.gives_up) return;
  from.gives_up = true;
  schedule(now_ + kSendPatience, Kind::reset, from.fd, ETIMEDOUT);
}

void SimNet::send_fin(SimSocket& from) {
  from.fin_sent = true;
  SimSocket* peer = find(from.peer);
  if (peer && !peer->broken) push_segment(*peer, {});
}

void SimNet::push_segment(SimSocket& to, std::string bytes) {
  Instant due = now_ + latency();
  if (to.stalls && prng_.chance(5))
    due += Duration(
        static_cast<int64_t>(prng_.below(static_cast<uint64_t>(weather_.stall_max.count()) + 1)));
  if (!to.travelling.empty()) due = std::max(due, to.travelling.back().due);
  to.travelling_bytes += bytes.size();
  to.travelling.push_back({due, std::move(bytes)});
  schedule(due, Kind::deliver, to.fd);
}

void SimNet::on_deliver(SimSocket& socket) {
  if (socket.vanished || socket.travelling.empty()) return;
  SimSegment segment = std::move(socket.travelling.front());
  socket.travelling.pop_front();
  socket.travelling_bytes -= segment.bytes.size();
  counters_.bytes_delivered += segment.bytes.size();
  socket.unread += segment.bytes;
  if (segment.bytes.empty()) {
    socket.fin_arrived = true;
    socket.io->tell_peer_end(socket.fd, false);
    poke_watch(socket);
  }
  poke_receive(socket);
}

// ---- receiving ----

void SimNet::receive(SimIo& io, int fd, SimOperation operation) {
  SimSocket& socket = own(io, fd);
  QCC_ASSERT(!socket.receiving);
  operation.one_shot = operation.into || chance(weather_.one_shot_percent);
  socket.receiving = std::move(operation);
  ++socket.pending;
  poke_receive(socket);
}

void SimNet::poke_receive(SimSocket& socket) {
  if (socket.receive_poked || !socket.receiving) return;
  socket.receive_poked = true;
  schedule(now_, Kind::receive, socket.fd);
}

void SimNet::on_receive(SimSocket& socket) {
  socket.receive_poked = false;
  if (!socket.receiving) return;
  if (socket.state != SimSocket::State::connected)
    finish(socket, socket.receiving, -ENOTCONN);
  else if (!socket.readable().empty())
    hand_over(socket);
  else if (socket.error != 0)
    finish(socket, socket.receiving, -std::exchange(socket.error, 0));
  else if (socket.fin_arrived || socket.broken)
    finish(socket, socket.receiving, 0);
}

void SimNet::hand_over(SimSocket& socket) {
  SimOperation& operation = *socket.receiving;
  size_t room = operation.into ? operation.to.size() : operation.arrival_max;
  size_t size = std::min(socket.readable().size(), room);
  if (size > 1 && chance(weather_.short_read_percent)) {
    size = 1 + prng_.below(size);
    ++counters_.short_reads;
  }
  std::string_view bytes = socket.readable().substr(0, size);
  rt::Arrival arrival{.res = static_cast<int32_t>(size)};
  if (operation.into) {
    std::memcpy(operation.to.data(), bytes.data(), size);
  } else {
    bool starved = chance(weather_.starved_percent);
    std::optional<uint16_t> id = starved ? std::nullopt : socket.io->lease_buffer(bytes);
    if (!id) {
      ++counters_.starved;
      return finish(socket, socket.receiving, -ENOBUFS);
    }
    operation.left -= static_cast<uint32_t>(std::min<size_t>(operation.left, size));
    arrival.buffer_id = *id;
    arrival.has_buffer = true;
    arrival.more = operation.left > 0 && !operation.one_shot;
  }
  socket.unread_from += size;
  if (socket.readable().empty()) {
    socket.unread.clear();
    socket.unread_from = 0;
  }
  arrive(socket, socket.receiving, arrival);
  window_opened(socket);
  bool goes_on = !socket.readable().empty() || socket.fin_arrived || socket.broken;
  if (goes_on) poke_receive(socket);
}

// ---- watching ----

void SimNet::watch_end(SimIo& io, int fd, SimOperation operation) {
  SimSocket& socket = own(io, fd);
  QCC_ASSERT(!socket.watching);
  socket.watching = std::move(operation);
  ++socket.pending;
  poke_watch(socket);
}

// What poll would tell of the socket, as far as it is about the end.
unsigned SimNet::end_events(const SimSocket& socket) {
  bool open = socket.state == SimSocket::State::connected && !socket.broken;
  unsigned events = socket.fin_arrived || socket.broken ? POLLRDHUP : 0;
  if (!open || (socket.fin_arrived && socket.fin_sent)) events |= POLLHUP;
  if (socket.error != 0) events |= POLLERR;
  return events;
}

void SimNet::poke_watch(SimSocket& socket) {
  if (socket.watch_poked || !socket.watching || end_events(socket) == 0) return;
  socket.watch_poked = true;
  schedule(now_, Kind::end_seen, socket.fd);
}

void SimNet::on_end_seen(SimSocket& socket) {
  socket.watch_poked = false;
  if (!socket.watching) return;
  arrive(socket, socket.watching, {.res = static_cast<int>(end_events(socket)), .more = true});
}

void SimNet::window_opened(SimSocket& reader) {
  SimSocket* peer = find(reader.peer);
  if (!peer || !peer->sending || peer->transmit_poked || reader.vanished) return;
  peer->transmit_poked = true;
  schedule(now_ + latency(), Kind::transmit, peer->fd);
}

}  // namespace qcc::sim
