#include "sim_net.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "sim_address.h"
#include "sim_io.h"

namespace qcc::sim {

SimNet::SimNet(uint64_t seed, const Weather& weather)
    : prng_(seed),
      weather_(weather),
      start_(std::chrono::hours(1) + Duration(static_cast<int64_t>(prng_.below(1 << 30)))),
      now_(start_),
      wall_start_(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)) {}

SimNet::~SimNet() {
  for (SimIo* io : ios_) QCC_ASSERT(!io);
}

// ---- time and events ----

void SimNet::mix(uint64_t value) {
  checksum_ = (checksum_ ^ value) * 0x9e3779b97f4a7c15ull;
  checksum_ ^= checksum_ >> 29;
}

void SimNet::schedule(Instant at, Kind kind, int fd, int64_t detail) {
  events_.push({at, prng_.next(), sequence_++, kind, fd, detail});
}

void SimNet::at(Instant when, std::function<void()> action) {
  uint64_t id = sequence_;
  actions_.emplace(id, std::move(action));
  schedule(std::max(when, now_), Kind::action, -1, static_cast<int64_t>(id));
}

bool SimNet::run_due() {
  bool any = false;
  while (!events_.empty() && events_.top().at <= now_) {
    Event event = events_.top();
    events_.pop();
    run(event);
    any = true;
  }
  return any;
}

void SimNet::advance_to(Instant at) {
  QCC_ASSERT(at >= now_ && at <= next_event());
  now_ = at;
}

const char* SimNet::name_of(Kind kind) {
  static constexpr const char* kNames[] = {"deliver", "receive",   "transmit", "accept",
                                           "syn",     "connected", "reset",    "vanish",
                                           "cancel",  "wake",      "action",   "end_seen"};
  return kNames[static_cast<size_t>(kind)];
}

void SimNet::run(const Event& event) {
  ++counters_.events;
  mix(static_cast<uint64_t>(now_.time_since_epoch().count()));
  mix((static_cast<uint64_t>(event.kind) << 32) | static_cast<uint32_t>(event.fd));
  mix(static_cast<uint64_t>(event.detail));
  if (trace_)
    std::fprintf(trace_, "%.6f %s fd=%d detail=%lld\n", to_seconds(elapsed()), name_of(event.kind),
                 event.fd, static_cast<long long>(event.detail));
  if (event.kind == Kind::action) {
    auto action = actions_.extract(static_cast<uint64_t>(event.detail));
    action.mapped()();
  } else if (event.kind == Kind::wake) {
    if (SimIo* io = ios_[static_cast<size_t>(event.detail)]) io->note_wake();
  } else if (SimSocket* socket = find(event.fd)) {
    on_socket(*socket, event);
  }
}

void SimNet::on_socket(SimSocket& socket, const Event& event) {
  switch (event.kind) {
    case Kind::deliver: return on_deliver(socket);
    case Kind::receive: return on_receive(socket);
    case Kind::transmit: return on_transmit(socket);
    case Kind::accept: return on_accept(socket);
    case Kind::syn: return on_syn(socket, event.detail);
    case Kind::connected: return on_connected(socket, static_cast<int>(event.detail));
    case Kind::reset: return on_reset(socket, static_cast<int>(event.detail));
    case Kind::vanish: return on_vanish(socket);
    case Kind::cancel: return on_cancel(socket, static_cast<uint64_t>(event.detail));
    case Kind::end_seen: return on_end_seen(socket);
    case Kind::wake:
    case Kind::action: return;
  }
}

Duration SimNet::latency() {
  Duration spread = weather_.latency_max - weather_.latency_min;
  auto extra = prng_.below(static_cast<uint64_t>(spread.count()) + 1);
  return weather_.latency_min + Duration(static_cast<int64_t>(extra));
}

// ---- threads ----

uint32_t SimNet::join(SimIo& io) {
  ios_.push_back(&io);
  return static_cast<uint32_t>(ios_.size() - 1);
}

void SimNet::leave(SimIo& io) {
  std::replace(ios_.begin(), ios_.end(), &io, static_cast<SimIo*>(nullptr));
}

void SimNet::wake(uint32_t io_index) {
  QCC_ASSERT(io_index < ios_.size());
  schedule(now_ + Duration(static_cast<int64_t>(prng_.below(10'000))), Kind::wake, -1, io_index);
}

// ---- descriptors ----

SimSocket* SimNet::find(int fd) {
  auto found = sockets_.find(fd);
  return found == sockets_.end() ? nullptr : &found->second;
}

SimSocket& SimNet::own(SimIo& io, int fd) {
  SimSocket* socket = find(fd);
  QCC_ASSERT(socket);             // a descriptor that is closed, or never was one
  QCC_ASSERT(socket->io == &io);  // another thread's descriptor
  return *socket;
}

SimSocket& SimNet::add_socket(SimIo& io, int family) {
  ++counters_.descriptors_opened;
  SimSocket& socket = sockets_[next_fd_];
  socket.fd = next_fd_++;
  socket.io = &io;
  socket.family = family;
  return socket;
}

size_t SimNet::queued_connections() const {
  size_t queued = 0;
  for (const auto& [address, fd] : listeners_) queued += sockets_.at(fd).queue.size();
  return queued;
}

int SimNet::open_socket(SimIo& io, int family) {
  if (chance(weather_.no_descriptor_percent)) return -EMFILE;
  return add_socket(io, family).fd;
}

int SimNet::listen(SimIo& io, std::string address, int backlog) {
  if (family_of(address) == AF_UNIX && listeners_.contains(address)) return -EADDRINUSE;
  if (port_of(address) == 0) set_port(address, next_port_++);
  SimSocket& socket = add_socket(io, family_of(address));
  socket.state = SimSocket::State::listening;
  socket.backlog = static_cast<size_t>(std::max(backlog, 1));
  socket.local = address;
  listeners_.emplace(address, socket.fd);
  return socket.fd;
}

int SimNet::local_address(int fd, std::string& address) {
  SimSocket* socket = find(fd);
  if (!socket) return -EBADF;
  address = socket->local.empty() ? any_address(socket->family) : socket->local;
  return 0;
}

int SimNet::peer_address(int fd, std::string& address) {
  SimSocket* socket = find(fd);
  if (!socket) return -EBADF;
  if (socket->state != SimSocket::State::connected || socket->broken) return -ENOTCONN;
  address = socket->remote;
  return 0;
}

void SimNet::shutdown_send(SimIo& io, int fd) {
  SimSocket& socket = own(io, fd);
  if (socket.state != SimSocket::State::connected || socket.fin_sent || socket.broken) return;
  send_fin(socket);
  if (socket.sending) poke_transmit(socket);
}

void SimNet::reset_on_close(SimIo& io, int fd) { own(io, fd).reset_on_close = true; }

void SimNet::close(SimIo& io, int fd) {
  SimSocket& socket = own(io, fd);
  QCC_ASSERT(socket.pending == 0);
  if (socket.state == SimSocket::State::listening) {
    std::erase_if(listeners_, [&](const auto& entry) { return entry.second == fd; });
    for (int queued : socket.queue) {
      send_reset(sockets_.at(queued));
      sockets_.erase(queued);
    }
  } else if (socket.peer >= 0 && !socket.broken) {
    bool unread = !socket.readable().empty();
    if (unread || socket.reset_on_close || socket.state != SimSocket::State::connected)
      send_reset(socket);
    else if (!socket.fin_sent)
      send_fin(socket);
    // What is still on its way finds nobody: the sender hears of it.
    SimSocket* peer = find(socket.peer);
    if (peer && socket.travelling_bytes > 0 && !socket.vanished)
      schedule(socket.travelling.front().due + latency(), Kind::reset, peer->fd, ECONNRESET);
  }
  sockets_.erase(fd);
}

// ---- the ends of operations ----

void SimNet::arrive(SimSocket& socket, std::optional<SimOperation>& operation,
                    rt::Arrival arrival) {
  ++counters_.arrivals;
  mix(static_cast<uint64_t>(arrival.res) * 2 + arrival.more);
  if (trace_)
    std::fprintf(trace_, "%.6f   arrival fd=%d res=%d more=%d\n", to_seconds(elapsed()), socket.fd,
                 arrival.res, arrival.more);
  rt::Completion& completion = *operation->completion;
  if (!arrival.more) operation.reset();
  socket.io->post(completion, arrival);
}

void SimNet::finish(SimSocket& socket, std::optional<SimOperation>& operation, int32_t result) {
  arrive(socket, operation, {.res = result});
}

void SimNet::fired_last(int fd) {
  SimSocket* socket = find(fd);
  QCC_ASSERT(socket && socket->pending > 0);
  --socket->pending;
}

void SimNet::cancel(int fd, uint64_t operation_id) {
  auto delay = prng_.below(static_cast<uint64_t>(weather_.cancel_delay_max.count()) + 1);
  schedule(now_ + Duration(static_cast<int64_t>(delay)), Kind::cancel, fd,
           static_cast<int64_t>(operation_id));
}

void SimNet::on_cancel(SimSocket& socket, uint64_t operation_id) {
  auto is_it = [&](const std::optional<SimOperation>& o) { return o && o->id == operation_id; };
  if (is_it(socket.opening)) {
    finish(socket, socket.opening, -ECANCELED);
  } else if (is_it(socket.receiving)) {
    finish(socket, socket.receiving, -ECANCELED);
  } else if (is_it(socket.watching)) {
    finish(socket, socket.watching, -ECANCELED);
  } else if (is_it(socket.sending)) {
    size_t done = socket.sending->done;
    if (done > 0) ++counters_.sends_cut;
    finish(socket, socket.sending, done > 0 ? static_cast<int32_t>(done) : -ECANCELED);
  } else {
    ++counters_.cancels_lost;
    return;
  }
  ++counters_.cancels_won;
}

}  // namespace qcc::sim
