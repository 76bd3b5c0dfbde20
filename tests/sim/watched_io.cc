#include "watched_io.h"

#include <cerrno>
#include <utility>

namespace qcc::sim {

WatchedIo::WatchedIo(SimIo& inner, IoObserver& observer) : inner_(inner), observer_(observer) {
  inner_.on_wake = [this] {
    if (on_wake) on_wake();
  };
}

WatchedIo::Relay& WatchedIo::begin(rt::Completion& target, Kind kind, int fd) {
  QCC_ASSERT(!target.in_flight);
  target.in_flight = true;
  auto relay = std::make_unique<Relay>(*this, target, kind, fd);
  Relay& begun = *relay;
  live_[&target] = std::move(relay);
  return begun;
}

void WatchedIo::shutdown_send(int fd) {
  observer_.on_shutdown(fd);
  inner_.shutdown_send(fd);
}

void WatchedIo::close(int fd) {
  observer_.on_closing(fd);
  inner_.close(fd);
}

void WatchedIo::accept(int listener, rt::Completion& c) {
  inner_.accept(listener, begin(c, Kind::accept, listener));
}

void WatchedIo::connect(int fd, const sockaddr* address, socklen_t size, rt::Completion& c) {
  observer_.on_connect(fd, address, size);
  inner_.connect(fd, address, size, begin(c, Kind::connect, fd));
}

void WatchedIo::recv(int fd, uint32_t bytes_max, rt::Completion& c) {
  inner_.recv(fd, bytes_max, begin(c, Kind::recv, fd));
}

void WatchedIo::recv_into(int fd, std::span<char> to, rt::Completion& c) {
  Relay& relay = begin(c, Kind::recv_into, fd);
  relay.to = to;
  inner_.recv_into(fd, to, relay);
}

void WatchedIo::watch_end(int fd, rt::Completion& c) {
  inner_.watch_end(fd, begin(c, Kind::watch_end, fd));
}

void WatchedIo::send(int fd, std::span<const char> bytes, rt::Completion& c) {
  observer_.on_send(fd, {bytes.data(), bytes.size()});
  Relay& relay = begin(c, Kind::send, fd);
  relay.sending = bytes.size();
  inner_.send(fd, bytes, relay);
}

void WatchedIo::cancel(rt::Completion& target) {
  if (!target.in_flight) return;
  auto found = live_.find(&target);
  QCC_ASSERT(found != live_.end());
  found->second->cancelled = true;
  inner_.cancel(*found->second);
}

void WatchedIo::return_buffer(uint16_t buffer_id) {
  observer_.on_returned(lessees_[buffer_id]);
  inner_.return_buffer(buffer_id);
}

void WatchedIo::arrived(rt::Completion& completion, const rt::Arrival& arrival) {
  auto& relay = static_cast<Relay&>(completion);
  WatchedIo& io = relay.io;
  rt::Completion& target = relay.target;
  std::unique_ptr<Relay> ended;  // lives until the arrival is told
  if (!arrival.more) {
    auto found = io.live_.find(&target);
    ended = std::move(found->second);
    io.live_.erase(found);
  }
  io.tell(relay, arrival);
  target.in_flight = arrival.more;
  target.fire(target, arrival);
}

int WatchedIo::send_result(const Relay& relay, int result) {
  if (result >= 0 && static_cast<size_t>(result) == relay.sending) return 0;
  return relay.cancelled ? -ECANCELED : -EPIPE;
}

void WatchedIo::tell(const Relay& relay, const rt::Arrival& arrival) {
  switch (relay.kind) {
    case Kind::accept:
      if (arrival.res >= 0) observer_.on_accepted(arrival.res);
      return;
    case Kind::connect: return observer_.on_connected(relay.fd, arrival.res);
    case Kind::recv:
    case Kind::recv_into: return tell_received(relay, arrival);
    case Kind::watch_end:
      if (arrival.res > 0) observer_.on_end_seen(relay.fd, arrival.res);
      return;
    case Kind::send: return observer_.on_sent(relay.fd, send_result(relay, arrival.res));
  }
}

void WatchedIo::tell_received(const Relay& relay, const rt::Arrival& arrival) {
  if (arrival.has_buffer) {
    if (lessees_.size() <= arrival.buffer_id) lessees_.resize(arrival.buffer_id + size_t{1}, -1);
    lessees_[arrival.buffer_id] = relay.fd;
    observer_.on_leased(relay.fd);
  }
  if (arrival.res > 0) {
    const char* bytes =
        arrival.has_buffer ? inner_.buffer(arrival.buffer_id).data() : relay.to.data();
    observer_.on_received(relay.fd, {bytes, static_cast<size_t>(arrival.res)});
    return;
  }
  bool harmless = arrival.res == -ENOBUFS || arrival.res == -ECANCELED;
  if (!harmless) observer_.on_receive_end(relay.fd, arrival.res);
}

}  // namespace qcc::sim
