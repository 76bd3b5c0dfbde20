#include <qcc/rt/uring_io.h>

#include <fcntl.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "uring_features.h"

namespace qcc::rt {
namespace {

// `user_data` is the address of a Completion; small values are messages that nobody awaits.
enum Tag : uint64_t { kTagIgnore = 1, kTagWake = 2, kTagLast = 15 };

Duration read_clock(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return std::chrono::seconds(t.tv_sec) + Duration(t.tv_nsec);
}

class UringIo final : public Io {
 public:
  static Result<std::unique_ptr<Io>> make(const UringOptions& options);
  ~UringIo() override;

  Instant now() override { return Instant(read_clock(CLOCK_BOOTTIME)); }
  WallTime wall_now() override { return WallTime(read_clock(CLOCK_REALTIME)); }

  int listen(const sockaddr* address, socklen_t size, int backlog) override;
  int local_address(int fd, sockaddr* address, socklen_t* size) override {
    return getsockname(fd, address, size) == 0 ? 0 : -errno;
  }
  int peer_address(int fd, sockaddr* address, socklen_t* size) override {
    return getpeername(fd, address, size) == 0 ? 0 : -errno;
  }
  int open_socket(int family) override;
  bool has_unread(int fd) override {
    char byte;
    return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }
  void shutdown_send(int fd) override { ::shutdown(fd, SHUT_WR); }
  void reset_on_close(int fd) override {
    linger reset{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  void close(int fd) override;

  void accept(int listener, Completion& c) override;
  void connect(int fd, const sockaddr* address, socklen_t size, Completion& c) override;
  void recv(int fd, uint32_t bytes_max, Completion& c) override;
  void recv_into(int fd, std::span<char> to, Completion& c) override;
  void watch_end(int fd, Completion& c) override;
  void send(int fd, std::span<const char> bytes, Completion& c) override;
  void cancel(Completion& target) override;

  std::span<char> buffer(uint16_t id) override {
    return {buffers_ + size_t{id} * options_.buffer_bytes, options_.buffer_bytes};
  }
  void return_buffer(uint16_t id) override;

  WakeHandle wake_handle() const override { return {ring_.ring_fd}; }
  void wake(WakeHandle other) override;
  bool wait(Instant until) override;

 private:
  explicit UringIo(const UringOptions& options) : options_(options) {}
  int set_up_ring();
  int set_up_buffers();
  io_uring_sqe* next_sqe();
  io_uring_sqe* sqe_for(Completion& c);
  void offer_buffer(uint16_t id, int position);
  int submit_and_wait(Instant until);
  void collect();

  struct Arrived {
    uint64_t user_data;
    int32_t res;
    uint32_t flags;
  };

  UringOptions options_;
  UringFeatures features_;
  io_uring ring_{};
  bool ring_made_ = false;
  io_uring_buf_ring* buffer_ring_ = nullptr;
  size_t buffer_ring_bytes_ = 0;
  char* buffers_ = nullptr;
  std::vector<Arrived> batch_;
};

Result<std::unique_ptr<Io>> UringIo::make(const UringOptions& options) {
  std::unique_ptr<UringIo> io(new UringIo(options));
  if (int error = io->set_up_ring(); error < 0)
    return std::unexpected(error_from_errno(error, ErrorSource::local, "io_uring setup"));
  if (int error = io->set_up_buffers(); error < 0)
    return std::unexpected(error_from_errno(error, ErrorSource::local, "io_uring buffers"));
  io->features_ = probe_features(io->ring_, options.disabled);
  io_uring_register_ring_fd(&io->ring_);  // saves a descriptor look-up per turn; optional
  return io;
}

int UringIo::set_up_ring() {
  // A process that died gives its locked-memory share back late: ENOMEM may pass by itself.
  int error = 0;
  uint32_t entries = options_.entries;
  for (int attempt = 0; attempt < 8; ++attempt) {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE |
                   IORING_SETUP_CLAMP;
    params.cq_entries = entries * 8;
    error = io_uring_queue_init_params(entries, &ring_, &params);
    if (error == 0) {
      ring_made_ = true;
      return 0;
    }
    if (error != -ENOMEM) return error;
    usleep(50'000);
    if (attempt >= 3 && entries > 64) entries /= 2;
  }
  return error;
}

int UringIo::set_up_buffers() {
  size_t total = size_t{options_.buffer_count} * options_.buffer_bytes;
  void* memory = mmap(nullptr, total, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return -errno;
  buffers_ = static_cast<char*>(memory);

  buffer_ring_bytes_ = options_.buffer_count * sizeof(io_uring_buf);
  void* ring =
      mmap(nullptr, buffer_ring_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (ring == MAP_FAILED) return -errno;
  buffer_ring_ = static_cast<io_uring_buf_ring*>(ring);

  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uint64_t>(buffer_ring_);
  registration.ring_entries = options_.buffer_count;
  registration.bgid = kBufferGroup;
  if (int error = io_uring_register_buf_ring(&ring_, &registration, 0); error < 0) return error;
  io_uring_buf_ring_init(buffer_ring_);
  for (uint32_t id = 0; id < options_.buffer_count; ++id)
    offer_buffer(static_cast<uint16_t>(id), static_cast<int>(id));
  io_uring_buf_ring_advance(buffer_ring_, static_cast<int>(options_.buffer_count));
  return 0;
}

UringIo::~UringIo() {
  if (ring_made_) {
    io_uring_submit(&ring_);  // closes asked for in the last turn
    io_uring_queue_exit(&ring_);
  }
  if (buffer_ring_) munmap(buffer_ring_, buffer_ring_bytes_);
  if (buffers_) munmap(buffers_, size_t{options_.buffer_count} * options_.buffer_bytes);
}

// The cast: in C++ the flexible array of 6.1's header lies 8 bytes too far on.
void UringIo::offer_buffer(uint16_t id, int position) {
  auto* slots = reinterpret_cast<io_uring_buf*>(buffer_ring_);
  uint32_t mask = options_.buffer_count - 1;
  io_uring_buf& slot = slots[(buffer_ring_->tail + static_cast<uint32_t>(position)) & mask];
  slot.addr = reinterpret_cast<uint64_t>(buffers_ + size_t{id} * options_.buffer_bytes);
  slot.len = options_.buffer_bytes;
  slot.bid = id;
}

void UringIo::return_buffer(uint16_t id) {
  offer_buffer(id, 0);
  io_uring_buf_ring_advance(buffer_ring_, 1);
}

int UringIo::listen(const sockaddr* address, socklen_t size, int backlog) {
  int fd = open_socket(address->sa_family);
  if (fd < 0) return fd;
  int on = 1;
  if (address->sa_family != AF_UNIX) {
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  }
  if (address->sa_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(fd, address, size) != 0 || ::listen(fd, backlog) != 0) {
    int error = -errno;
    ::close(fd);
    return error;
  }
  return fd;
}

int UringIo::open_socket(int family) {
  int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int on = 1;  // a listener hands it on to what it accepts
  if (family != AF_UNIX) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

io_uring_sqe* UringIo::next_sqe() {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  if (sqe) return sqe;
  io_uring_submit(&ring_);
  sqe = io_uring_get_sqe(&ring_);
  QCC_ASSERT(sqe);
  return sqe;
}

io_uring_sqe* UringIo::sqe_for(Completion& c) {
  QCC_ASSERT(!c.in_flight);
  c.in_flight = true;
  return next_sqe();
}

void UringIo::accept(int listener, Completion& c) {
  io_uring_sqe* sqe = sqe_for(c);
  io_uring_prep_multishot_accept(sqe, listener, nullptr, nullptr, SOCK_CLOEXEC);
  io_uring_sqe_set_data(sqe, &c);
}

void UringIo::connect(int fd, const sockaddr* address, socklen_t size, Completion& c) {
  io_uring_sqe* sqe = sqe_for(c);
  io_uring_prep_connect(sqe, fd, address, size);
  io_uring_sqe_set_data(sqe, &c);
}

void UringIo::recv(int fd, uint32_t bytes_max, Completion& c) {
  QCC_ASSERT(bytes_max > 0);
  uint32_t arrival_max = std::min(bytes_max, options_.buffer_bytes);
  io_uring_sqe* sqe = sqe_for(c);
  if (features_.recv_limit) {
    io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0);
    sqe->len = arrival_max;       // the limit below ends the receive, but cuts no single arrival
    sqe->file_index = bytes_max;  // `optlen` in newer headers
  } else {
    io_uring_prep_recv(sqe, fd, nullptr, arrival_max, 0);
  }
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = kBufferGroup;
  io_uring_sqe_set_data(sqe, &c);
}

void UringIo::recv_into(int fd, std::span<char> to, Completion& c) {
  io_uring_sqe* sqe = sqe_for(c);
  io_uring_prep_recv(sqe, fd, to.data(), to.size(), 0);
  io_uring_sqe_set_data(sqe, &c);
}

void UringIo::watch_end(int fd, Completion& c) {
  io_uring_sqe* sqe = sqe_for(c);
  io_uring_prep_poll_multishot(sqe, fd, POLLRDHUP | POLLHUP | POLLERR);
  io_uring_sqe_set_data(sqe, &c);
}

void UringIo::send(int fd, std::span<const char> bytes, Completion& c) {
  io_uring_sqe* sqe = sqe_for(c);
  io_uring_prep_send(sqe, fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_WAITALL);
  io_uring_sqe_set_data(sqe, &c);
}

void UringIo::cancel(Completion& target) {
  if (!target.in_flight) return;
  io_uring_sqe* sqe = next_sqe();
  io_uring_prep_cancel64(sqe, reinterpret_cast<uint64_t>(&target), 0);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(sqe, kTagIgnore);
}

void UringIo::close(int fd) {
  io_uring_sqe* sqe = next_sqe();
  io_uring_prep_close(sqe, fd);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(sqe, kTagIgnore);
}

void UringIo::wake(WakeHandle other) {
  io_uring_sqe* sqe = next_sqe();
  io_uring_prep_msg_ring(sqe, other.target, 0, kTagWake, 0);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(sqe, kTagIgnore);
}

// Copies all arrivals out before any is fired: no recursion, and a debugger sees them.
void UringIo::collect() {
  batch_.clear();
  unsigned head = 0, count = 0;
  io_uring_cqe* cqe = nullptr;
  io_uring_for_each_cqe(&ring_, head, cqe) {
    ++count;
    batch_.push_back({cqe->user_data, cqe->res, cqe->flags});
  }
  io_uring_cq_advance(&ring_, count);
}

int UringIo::submit_and_wait(Instant until) {
  io_uring_cqe* first = nullptr;
  if (until == kNever) return io_uring_submit_and_wait_timeout(&ring_, &first, 1, nullptr, nullptr);
  Duration left = until - now();
  if (left <= Duration::zero()) return io_uring_submit_and_get_events(&ring_);
  __kernel_timespec limit{};
  limit.tv_sec = left / std::chrono::seconds(1);
  limit.tv_nsec = (left % std::chrono::seconds(1)).count();
  return io_uring_submit_and_wait_timeout(&ring_, &first, 1, &limit, nullptr);
}

bool UringIo::wait(Instant until) {
  int result = submit_and_wait(until);
  QCC_ASSERT(result >= 0 || result == -ETIME || result == -EINTR || result == -EBUSY ||
             result == -EAGAIN);
  collect();
  bool woken = false;
  for (const Arrived& a : batch_) {
    if (a.user_data <= kTagLast) {
      woken |= a.user_data == kTagWake;
      continue;
    }
    auto& completion = *reinterpret_cast<Completion*>(a.user_data);
    QCC_ASSERT(completion.in_flight);
    Arrival arrival{a.res, static_cast<uint16_t>(a.flags >> IORING_CQE_BUFFER_SHIFT),
                    (a.flags & IORING_CQE_F_BUFFER) != 0, (a.flags & IORING_CQE_F_MORE) != 0};
    completion.in_flight = arrival.more;
    completion.fire(completion, arrival);
  }
  if (woken && on_wake) on_wake();
  return true;
}

}  // namespace

Result<std::unique_ptr<Io>> make_uring_io(const UringOptions& options) {
  return UringIo::make(options);
}

}  // namespace qcc::rt
