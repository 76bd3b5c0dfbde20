// The one seam to the outside: clock, sockets, buffers, wake-ups. `UringIo` is the real one, the
// simulator has another; code above cannot tell them apart.
//
// Owner: each thread owns one Io and one Loop over it. Thread rule: all calls come from the owning
// thread, but for `WakeHandle`s, which any thread that owns an Io may `wake`.
#pragma once
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <span>

#include <qcc/base/assert.h>
#include <qcc/base/time.h>

namespace qcc::rt {

// What came home for an operation. `res` is the kernel's result: a count, a descriptor or -errno.
struct Arrival {
  int32_t res = 0;
  uint16_t buffer_id = 0;
  bool has_buffer = false;  // whoever takes the arrival owes `return_buffer(buffer_id)`
  bool more = false;        // the operation is still armed and will arrive again
};

// One operation that the kernel (or the simulator) may still own. It is over only when its own
// arrival with `more == false` has come; until then neither it nor its buffers may be freed.
struct Completion {
  using Fire = void (*)(Completion&, const Arrival&);
  explicit Completion(Fire f) : fire(f) {}
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;
  ~Completion() { QCC_ASSERT(!in_flight); }
  Fire fire;
  bool in_flight = false;
};

struct WakeHandle {
  int32_t target = -1;
};

class Io {
 public:
  virtual ~Io() = default;

  virtual Instant now() = 0;
  virtual WallTime wall_now() = 0;

  // Plain calls, done at once. Results are descriptors or -errno.
  virtual int listen(const sockaddr* address, socklen_t size, int backlog) = 0;
  virtual int local_address(int fd, sockaddr* address, socklen_t* size) = 0;
  // Who is on the other side; -errno where nobody can tell.
  virtual int peer_address(int fd, sockaddr* address, socklen_t* size);
  virtual int open_socket(int family) = 0;
  // Whether bytes wait in the kernel. A call of its own: for where no receive is armed.
  virtual bool has_unread(int fd) = 0;
  virtual void shutdown_send(int fd) = 0;
  virtual void reset_on_close(int fd) = 0;  // SO_LINGER 0: the close that follows sends RST
  virtual void close(int fd) = 0;           // REQUIRES: no operation on fd is in flight

  // Operations. Each sets `in_flight`; the memory handed over must outlive the arrival.
  virtual void accept(int listener, Completion&) = 0;  // stays armed
  virtual void connect(int fd, const sockaddr* address, socklen_t size, Completion&) = 0;
  // Receives into buffers of this Io; may stay armed until `bytes_max` (> 0) have come. It ends
  // with the arrival that reaches them, which may go past by less than one buffer and less than
  // `bytes_max`.
  virtual void recv(int fd, uint32_t bytes_max, Completion&) = 0;
  virtual void recv_into(int fd, std::span<char> to, Completion&) = 0;
  // Reads nothing and stays armed until cancelled: arrives when the peer has ended its direction
  // (`res` holds POLLRDHUP), and when the connection breaks (POLLERR or POLLHUP), whatever waits
  // unread. The same news may come again.
  virtual void watch_end(int fd, Completion&) = 0;
  // Arrives when all is sent or the connection broke; a cancelled send may have sent a part.
  virtual void send(int fd, std::span<const char> bytes, Completion&) = 0;
  // A request: the target's own arrival is the only truth, and may be a success that won the race.
  virtual void cancel(Completion& target) = 0;

  virtual std::span<char> buffer(uint16_t buffer_id) = 0;
  virtual void return_buffer(uint16_t buffer_id) = 0;

  virtual WakeHandle wake_handle() const = 0;
  virtual void wake(WakeHandle other) = 0;
  // Called on this thread when somebody woke it; wakes may coalesce.
  std::function<void()> on_wake;

  // Submits what was asked, waits for arrivals until `until`, and fires them. False when nothing
  // can ever arrive (simulator only).
  virtual bool wait(Instant until) = 0;
};

inline int Io::peer_address(int, sockaddr*, socklen_t*) { return -EOPNOTSUPP; }

}  // namespace qcc::rt
