// An Io between a shard and its SimIo that tells an observer of everything that passes: what the
// proxy does is judged here, on virtual time, without the latencies of the net between.
//
// Owner: the world; the SimIo outlives it, and it the Loop over it.
#pragma once
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "sim_io.h"

namespace qcc::sim {

class IoObserver {
 public:
  virtual void on_accepted(int fd) = 0;
  virtual void on_connect(int fd, const sockaddr* address, socklen_t size) = 0;
  virtual void on_connected(int fd, int result) = 0;
  virtual void on_received(int fd, std::string_view bytes) = 0;
  virtual void on_receive_end(int fd, int result) = 0;  // 0: orderly
  virtual void on_end_seen(int fd, int events) = 0;     // without reading up to it
  virtual void on_send(int fd, std::string_view bytes) = 0;
  virtual void on_sent(int fd, int result) = 0;  // 0: all of it; -ECANCELED: given up; else broken
  virtual void on_shutdown(int fd) = 0;
  virtual void on_closing(int fd) = 0;
  virtual void on_leased(int fd) = 0;
  virtual void on_returned(int fd) = 0;
  virtual void on_rest() = 0;  // all that could be done is done, the loop waits

 protected:
  ~IoObserver() = default;
};

class WatchedIo final : public rt::Io {
 public:
  WatchedIo(SimIo& inner, IoObserver& observer);

  Instant now() override { return inner_.now(); }
  WallTime wall_now() override { return inner_.wall_now(); }
  int listen(const sockaddr* address, socklen_t size, int backlog) override {
    return inner_.listen(address, size, backlog);
  }
  int local_address(int fd, sockaddr* address, socklen_t* size) override {
    return inner_.local_address(fd, address, size);
  }
  int peer_address(int fd, sockaddr* address, socklen_t* size) override {
    return inner_.peer_address(fd, address, size);
  }
  int open_socket(int family) override { return inner_.open_socket(family); }
  bool has_unread(int fd) override { return inner_.has_unread(fd); }
  void shutdown_send(int fd) override;
  void reset_on_close(int fd) override { inner_.reset_on_close(fd); }
  void close(int fd) override;

  void accept(int listener, rt::Completion& c) override;
  void connect(int fd, const sockaddr* address, socklen_t size, rt::Completion& c) override;
  void recv(int fd, uint32_t bytes_max, rt::Completion& c) override;
  void recv_into(int fd, std::span<char> to, rt::Completion& c) override;
  void watch_end(int fd, rt::Completion& c) override;
  void send(int fd, std::span<const char> bytes, rt::Completion& c) override;
  void cancel(rt::Completion& target) override;

  std::span<char> buffer(uint16_t buffer_id) override { return inner_.buffer(buffer_id); }
  void return_buffer(uint16_t buffer_id) override;
  rt::WakeHandle wake_handle() const override { return inner_.wake_handle(); }
  void wake(rt::WakeHandle other) override { inner_.wake(other); }
  bool wait(Instant until) override {
    observer_.on_rest();
    return inner_.wait(until);
  }

 private:
  enum class Kind : uint8_t { accept, connect, recv, recv_into, watch_end, send };
  struct Relay : rt::Completion {
    Relay(WatchedIo& i, rt::Completion& t, Kind k, int f)
        : Completion(&arrived), io(i), target(t), kind(k), fd(f) {}
    WatchedIo& io;
    rt::Completion& target;
    Kind kind;
    int fd;
    std::span<char> to;
    size_t sending = 0;
    bool cancelled = false;
  };
  static void arrived(rt::Completion& completion, const rt::Arrival& arrival);
  Relay& begin(rt::Completion& target, Kind kind, int fd);
  static int send_result(const Relay& relay, int result);
  void tell(const Relay& relay, const rt::Arrival& arrival);
  void tell_received(const Relay& relay, const rt::Arrival& arrival);

  SimIo& inner_;
  IoObserver& observer_;
  std::map<rt::Completion*, std::unique_ptr<Relay>> live_;  // looked up, never walked
  std::vector<int> lessees_;                                // descriptor by buffer
};

}  // namespace qcc::sim
