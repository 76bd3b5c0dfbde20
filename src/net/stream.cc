#include <qcc/net/stream.h>

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <qcc/tls/engine.h>

namespace qcc::net {
namespace {
constexpr Duration kStarvedRetry = std::chrono::milliseconds(1);
constexpr uint8_t kLeasesMax = 2;
constexpr size_t kRoomMin = 1024;
}  // namespace

Stream::Stream(NetContext& context, int fd, ErrorSource source)
    : Completion(&arrived),
      context_(context),
      fd_(fd),
      source_(source),
      changed_(context.loop),
      rearm_(*this),
      end_watch_(*this) {
  QCC_ASSERT(context.window_bytes <= kWindowBytesMax);
  arm();
}

Stream::~Stream() { QCC_ASSERT(fd_ < 0); }

// ---- the receive side ----

void Stream::arm() {
  if (in_flight || ended_ || direct_ || fd_ < 0 || rearm_.armed()) return;
  bool full = queued_bytes_ >= context_.window_bytes || count_ >= kQueueMax - 1;
  if (full && observer_) watch_end();
  if (full) return;
  context_.loop.operation_began();
  auto room = static_cast<uint32_t>(context_.window_bytes - queued_bytes_);
  context_.loop.io().recv(fd_, room, *this);
}

// It stays in flight until `close`: a peer that has filled the window fills it again.
void Stream::watch_end() {
  if (end_watch_.in_flight || peer_end() == PeerEnd::broken) return;
  context_.loop.operation_began();
  context_.loop.io().watch_end(fd_, end_watch_);
}

void Stream::end_seen(rt::Completion& completion, const rt::Arrival& arrival) {
  Stream& self = static_cast<EndWatch&>(completion).stream;
  if (!arrival.more) self.context_.loop.operation_ended();
  self.changed_.set();
  if (arrival.res <= 0) return;
  bool broken = (arrival.res & (POLLERR | POLLHUP)) != 0;
  self.end_ahead_ = broken ? PeerEnd::broken : PeerEnd::orderly;
  bool receive_will_tell = self.in_flight || self.reader_;
  if (!receive_will_tell && self.observer_) self.observer_->on_unread(self);
}

void Stream::arrived(rt::Completion& completion, const rt::Arrival& arrival) {
  auto& self = static_cast<Stream&>(completion);
  if (!arrival.more) self.context_.loop.operation_ended();
  self.on_arrival(arrival);
}

void Stream::on_arrival(const rt::Arrival& arrival) {
  Lease lease;
  if (arrival.has_buffer) lease = Lease(context_.loop.io(), arrival.buffer_id);
  if (arrival.res > 0) {
    absorb(std::move(lease), static_cast<size_t>(arrival.res));
  } else if (arrival.res == 0) {
    on_transport_end();
  } else if (arrival.res == -ENOBUFS) {
    ++context_.stats.buffers_starved;
    bool again = !direct_ && !rearm_.armed();  // not while `close` waits for this arrival
    if (again) context_.loop.timers().arm(rearm_, context_.loop.now() + kStarvedRetry);
  } else if (arrival.res != -ECANCELED && arrival.res != -EINTR && arrival.res != -EAGAIN) {
    end(error_from_errno(arrival.res, source_, "receive"));
  }
  if (!arrival.more) arm();
  notify();
}

void Stream::absorb(Lease lease, size_t size) {
  bytes_received_ += size;
  std::string_view bytes(lease.data(), size);
  if (engine_)
    absorb_cipher(bytes);
  else if (leases_ < kLeasesMax && count_ < kQueueMax - 1)
    enqueue(std::move(lease), size);
  else
    append_copy(bytes);
}

void Stream::absorb_cipher(std::string_view cipher) {
  if (ended_ || handshake_ == tls::HandshakeStatus::failed) return;
  engine_->feed_cipher({cipher.data(), cipher.size()});
  advance_tls();
}

void Stream::advance_tls() {
  if (!engine_->established()) handshake_ = engine_->handshake();
  if (!engine_->established()) return;
  tls::ReadStatus status = decrypt();
  if (status == tls::ReadStatus::failed) end(engine_->last_error());
  if (status == tls::ReadStatus::closed) end(std::nullopt);
  if (status == tls::ReadStatus::truncated)
    end(Error{ErrorKind::eof, source_, 0, "TLS ended without close_notify"});
}

// Decrypts into the room of the last block, so that many small records share one.
tls::ReadStatus Stream::decrypt() {
  tls::ReadResult result;
  do {
    std::span<char> room = tail_room();
    if (room.size() < kRoomMin) {
      enqueue(Lease(context_.blocks), 0);
      room = tail_room();
    }
    result = engine_->read_plain(room);
    grow_tail(result.bytes);
  } while (result.status == tls::ReadStatus::more);
  if (tail().size == 0) drop_tail();
  return result.status;
}

// What is free behind the last chunk, when that chunk is a block of ours.
std::span<char> Stream::tail_room() {
  if (count_ == 0 || !tail().lease.is_block()) return {};
  char* end = tail().begin + tail().size;
  return {end, static_cast<size_t>(tail().lease.data() + kBlockBytes - end)};
}

void Stream::grow_tail(size_t n) {
  tail().size += n;
  queued_bytes_ += n;
}

void Stream::drop_tail() {
  tail().lease.release();
  --count_;
}

void Stream::enqueue(Lease lease, size_t size) {
  QCC_ASSERT(count_ < kQueueMax);
  if (!lease.is_block()) ++leases_;
  Chunk& chunk = queue_[(head_ + count_++) % kQueueMax];
  chunk.begin = lease.data();
  chunk.lease = std::move(lease);
  chunk.size = size;
  queued_bytes_ += size;
}

void Stream::append_copy(std::string_view bytes) {
  context_.stats.bytes_copied_out += bytes.size();
  while (!bytes.empty()) {
    std::span<char> room = tail_room();
    if (room.empty()) {
      enqueue(Lease(context_.blocks), 0);
      continue;
    }
    size_t n = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), n);
    grow_tail(n);
    bytes.remove_prefix(n);
  }
}

void Stream::on_transport_end() {
  if (engine_ && !ended_ && handshake_ != tls::HandshakeStatus::failed) {
    engine_->feed_eof();
    advance_tls();
  }
  end(std::nullopt);
}

void Stream::end(std::optional<Error> failure) {
  if (ended_) return;
  ended_ = true;
  failure_ = failure;
}

void Stream::notify() {
  changed_.set();
  if (reader_) {
    if (!readable()) return;
    context_.loop.make_ready(std::exchange(reader_, nullptr)->waiter_);
  } else if (observer_ && readable()) {
    observer_->on_unread(*this);
  }
}

Chunk Stream::pop() {
  Chunk chunk = std::move(queue_[head_]);
  head_ = static_cast<uint8_t>((head_ + 1) % kQueueMax);
  --count_;
  queued_bytes_ -= chunk.size;
  if (!chunk.lease.is_block()) --leases_;
  arm();
  return chunk;
}

void Stream::unread(Chunk chunk) {
  if (chunk.size == 0) return;
  QCC_ASSERT(count_ < kQueueMax);
  head_ = static_cast<uint8_t>((head_ + kQueueMax - 1) % kQueueMax);
  ++count_;
  queued_bytes_ += chunk.size;
  if (!chunk.lease.is_block()) ++leases_;
  queue_[head_] = std::move(chunk);
}

void Stream::Read::await_suspend(std::coroutine_handle<> waiter) {
  QCC_ASSERT(!stream_.reader_);
  waiter_ = waiter;
  stream_.reader_ = this;
  scope_.add(*this);
  stream_.arm();
}

void Stream::Read::on_cancel() {
  if (stream_.reader_ != this) return;  // already on its way
  stream_.reader_ = nullptr;
  scope_.loop().make_ready(waiter_);
}

Result<Chunk> Stream::Read::await_resume() {
  if (linked()) unlink();
  if (scope_.cancelled()) return std::unexpected(rt::error_of(scope_, stream_.source_, "receive"));
  if (stream_.count_ > 0) return stream_.pop();
  if (stream_.failure_) return std::unexpected(*stream_.failure_);
  return Chunk{};
}

// Asks the receive or the watch to end, and waits until it has.
rt::Task<Unit> Stream::quiesce(rt::Completion& operation) {
  rt::Scope unbounded(context_.loop, nullptr);
  context_.loop.timers().disarm(rearm_);
  if (operation.in_flight) context_.loop.io().cancel(operation);
  while (operation.in_flight) {
    changed_.clear();
    co_await rt::wait_for(changed_, unbounded);
  }
  co_return Unit{};
}

// The receive into buffers stays disarmed from the first call on: arming and cancelling it around
// each piece would cost a large body more than it saves.
rt::Task<Result<size_t>> Stream::read_into(std::span<char> to, rt::Scope& scope) {
  direct_ = !engine_;
  if (direct_ && in_flight) {
    co_await quiesce(*this);
  }
  bool from_buffers = engine_ || count_ > 0 || ended_;
  if (from_buffers) {
    Result<Chunk> chunk = co_await next_chunk(scope);
    if (!chunk) co_return std::unexpected(chunk.error());
    size_t n = std::min(to.size(), chunk->size);
    if (n > 0) std::memcpy(to.data(), chunk->begin, n);
    chunk->remove_prefix(n);
    unread(std::move(*chunk));
    co_return n;
  }
  int got = co_await rt::receive_into(scope, fd_, to);
  if (got < 0) co_return std::unexpected(error_here(scope, got, "receive"));
  bytes_received_ += static_cast<size_t>(got);
  if (got == 0) end(std::nullopt);
  co_return static_cast<size_t>(got);
}

// ---- the send side ----

Error Stream::error_here(rt::Scope& scope, int result, const char* where) const {
  if (scope.cancelled()) return rt::error_of(scope, source_, where);
  return error_from_errno(result, source_, where);
}

rt::Task<Result<Unit>> Stream::write(std::span<const char> bytes, rt::Scope& scope) {
  while (engine_ && !bytes.empty()) {
    Result<size_t> taken = engine_->write_plain(bytes);
    if (!taken) co_return std::unexpected(taken.error());
    bytes = bytes.subspan(*taken);
    Result<Unit> flushed = co_await flush_cipher(scope);
    if (!flushed) co_return flushed;
  }
  if (bytes.empty()) co_return Unit{};
  int sent = co_await rt::send(scope, fd_, bytes);
  if (sent > 0) bytes_sent_ += static_cast<size_t>(sent);
  if (sent < 0 || static_cast<size_t>(sent) < bytes.size())
    co_return std::unexpected(error_here(scope, sent < 0 ? sent : -EPIPE, "send"));
  co_return Unit{};
}

rt::Task<Result<Unit>> Stream::flush_cipher(rt::Scope& scope) {
  while (engine_->has_cipher()) {
    std::span<const char> cipher = engine_->take_cipher();
    int sent = co_await rt::send(scope, fd_, cipher);
    if (sent < 0 || static_cast<size_t>(sent) < cipher.size())
      co_return std::unexpected(error_here(scope, sent < 0 ? sent : -EPIPE, "send"));
    engine_->consume_cipher(static_cast<size_t>(sent));
    bytes_sent_ += static_cast<size_t>(sent);
  }
  co_return Unit{};
}

rt::Task<Result<Unit>> Stream::start_tls(std::unique_ptr<tls::TlsEngine> engine, rt::Scope& scope) {
  engine_ = std::move(engine);
  handshake_ = engine_->handshake();
  for (;;) {
    changed_.clear();
    tls::HandshakeStatus status = handshake_;
    Result<Unit> flushed = co_await flush_cipher(scope);
    if (status == tls::HandshakeStatus::failed) co_return std::unexpected(engine_->last_error());
    if (!flushed) co_return flushed;
    if (status == tls::HandshakeStatus::done) co_return Unit{};
    if (ended_) {
      Error early{ErrorKind::eof, source_, 0, "TLS handshake"};
      co_return std::unexpected(failure_.value_or(early));
    }
    bool changed = co_await rt::wait_for(changed_, scope);
    if (!changed) co_return std::unexpected(rt::error_of(scope, source_, "TLS handshake"));
  }
}

rt::Task<Result<Unit>> Stream::finish_writing(rt::Scope& scope) {
  Result<Unit> result = Unit{};
  if (engine_ && engine_->established()) {
    engine_->close_notify();
    result = co_await flush_cipher(scope);
  }
  context_.loop.io().shutdown_send(fd_);
  co_return result;
}

rt::Task<Unit> Stream::close() {
  if (fd_ < 0) co_return Unit{};
  direct_ = true;  // nothing re-arms
  co_await quiesce(*this);
  if (end_watch_.in_flight) {
    co_await quiesce(end_watch_);
  }
  while (count_ > 0) {
    Chunk dropped = pop();
    dropped.lease.release();
  }
  context_.loop.io().close(fd_);
  fd_ = -1;
  co_return Unit{};
}

}  // namespace qcc::net
