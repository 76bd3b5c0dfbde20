// The Io of one simulated thread. It keeps what rt/io.h promises and nothing more, as unkindly as
// the weather asks for. Returned buffers are overwritten (and poisoned under AddressSanitizer).
//
// Owner: the test; it outlives the Loop over it. Its SimNet outlives it.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <qcc/rt/io.h>

#include "sim_net.h"

namespace qcc::sim {

struct SimIoOptions {
  uint32_t buffer_count = 64;
  uint32_t buffer_bytes = 16 * 1024;
};

class SimIo final : public rt::Io {
 public:
  explicit SimIo(SimNet& net, const SimIoOptions& options = {});
  ~SimIo() override;

  Instant now() override { return net_.now(); }
  WallTime wall_now() override { return net_.wall_now(); }

  int listen(const sockaddr* address, socklen_t size, int backlog) override;
  int local_address(int fd, sockaddr* address, socklen_t* size) override;
  int peer_address(int fd, sockaddr* address, socklen_t* size) override;
  int open_socket(int family) override { return net_.open_socket(*this, family); }
  bool has_unread(int fd) override { return net_.has_unread(*this, fd); }
  void shutdown_send(int fd) override { net_.shutdown_send(*this, fd); }
  void reset_on_close(int fd) override { net_.reset_on_close(*this, fd); }
  void close(int fd) override { net_.close(*this, fd); }

  void accept(int listener, rt::Completion& c) override;
  void connect(int fd, const sockaddr* address, socklen_t size, rt::Completion& c) override;
  void recv(int fd, uint32_t bytes_max, rt::Completion& c) override;
  void recv_into(int fd, std::span<char> to, rt::Completion& c) override;
  void watch_end(int fd, rt::Completion& c) override;
  void send(int fd, std::span<const char> bytes, rt::Completion& c) override;
  void cancel(rt::Completion& target) override;

  std::span<char> buffer(uint16_t buffer_id) override;
  void return_buffer(uint16_t buffer_id) override;

  rt::WakeHandle wake_handle() const override { return {static_cast<int32_t>(index_)}; }
  void wake(rt::WakeHandle other) override { net_.wake(static_cast<uint32_t>(other.target)); }

  // Moves the clock of the whole net when `until` lies ahead: fine for one thread alone. Several
  // are stepped by a SimWorldDriver, which never lets them wait.
  bool wait(Instant until) override;

  // Anything for `wait` to hand out right now?
  bool has_arrivals() const { return woken_ || !arrivals_.empty(); }
  size_t buffers_leased() const { return buffers_.size() - free_.size(); }
  size_t operations_live() const { return live_.size(); }

  // Told when a peer's end is at a socket of this thread, whether or not anybody reads there.
  std::function<void(int fd, bool broken)> on_peer_end;

  // ---- for SimNet ----
  void tell_peer_end(int fd, bool broken) const {
    if (on_peer_end) on_peer_end(fd, broken);
  }
  void post(rt::Completion& completion, const rt::Arrival& arrival);
  void note_wake() { woken_ = true; }
  // Copies `bytes` into a free buffer; none when all are leased.
  std::optional<uint16_t> lease_buffer(std::string_view bytes);

 private:
  struct Live {
    int fd;
    uint64_t id;
  };
  struct Posted {
    rt::Completion* completion;
    rt::Arrival arrival;
  };
  struct Buffer {
    std::unique_ptr<char[]> bytes;
    size_t used = 0;  // how much of it does not hold the pattern
    bool leased = false;
  };

  SimOperation begin(int fd, rt::Completion& c);
  bool await_arrivals(Instant until);
  void fire(const Posted& posted);
  void poison(Buffer& buffer);
  void unpoison(Buffer& buffer);

  SimNet& net_;
  SimIoOptions options_;
  uint32_t index_;
  std::vector<Buffer> buffers_;
  std::vector<uint16_t> free_;
  std::vector<Posted> arrivals_;
  std::map<rt::Completion*, Live> live_;  // looked up, never walked: addresses differ by run
  bool woken_ = false;
  uint64_t next_id_ = 1;
};

}  // namespace qcc::sim
