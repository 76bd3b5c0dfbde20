// Runs a server coroutine on a loop of this thread while a client script runs on another.
#pragma once
#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <qcc/net/stream.h>
#include <qcc/rt/uring_io.h>

namespace qcc::test {

using namespace std::chrono_literals;

// A blocking client of the system's sockets, so that it shares no code with what is tested.
class Client {
 public:
  explicit Client(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  // All until the server closes, or `quiet` passes without a byte.
  std::string receive_all(std::chrono::milliseconds quiet = 5000ms) {
    std::string all;
    while (receive_some(all, quiet)) continue;
    return all;
  }
  // Until `end` has come.
  std::string receive_until(std::string_view end) {
    std::string all;
    while (all.find(end) == all.npos && receive_some(all, 5000ms)) continue;
    return all;
  }
  bool was_reset() const { return reset_; }
  bool saw_end() const { return end_; }

 private:
  bool receive_some(std::string& to, std::chrono::milliseconds quiet) {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(quiet.count())) <= 0) return false;
    char bytes[4096];
    ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
    reset_ = n < 0 && errno == ECONNRESET;
    end_ = n == 0;
    if (n <= 0) return false;
    to.append(bytes, static_cast<size_t>(n));
    return true;
  }
  int fd_;
  bool connected_ = false;
  bool reset_ = false;
  bool end_ = false;
};

inline std::string ask(uint16_t port, std::string_view request) {
  Client client(port);
  client.send(request);
  return client.receive_all();
}

struct Grounds {
  Grounds() : io(make_io()), loop(*io, 1), blocks(4), net{loop, blocks}, scope(loop, nullptr) {}
  static std::unique_ptr<rt::Io> make_io() {
    rt::UringOptions options;
    options.entries = 64;
    options.buffer_count = 32;
    auto made = rt::make_uring_io(options);
    REQUIRE(made.has_value());
    return std::move(*made);
  }
  std::unique_ptr<rt::Io> io;
  rt::Loop loop;
  net::BlockPool blocks;
  net::NetContext net;
  rt::Scope scope;
};

// A listener on 127.0.0.1 and its port.
struct Listening {
  int fd = -1;
  uint16_t port = 0;
};
inline Listening listen_on_loopback(rt::Io& io) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  Listening made{io.listen(generic, sizeof address, 128)};
  REQUIRE(made.fd >= 0);
  socklen_t size = sizeof address;
  REQUIRE(io.local_address(made.fd, generic, &size) == 0);
  made.port = ntohs(address.sin_port);
  return made;
}

inline rt::Task<Unit> cancel_when(rt::Scope& scope, std::atomic<bool>& done) {
  while (!done.load()) {
    rt::Scope unbounded(scope.loop(), nullptr);
    co_await rt::sleep_for(unbounded, 2ms);
  }
  scope.cancel(rt::Why::shutdown);
  co_return Unit{};
}

// `client` runs on a thread of its own; when it is done, the scope is cancelled and all must end.
inline void run_with_client(Grounds& grounds, const std::function<void()>& client) {
  std::atomic<bool> done = false;
  grounds.loop.spawn(cancel_when(grounds.scope, done));
  std::thread thread([&] {
    client();
    done.store(true);
  });
  grounds.loop.run();
  thread.join();
}

}  // namespace qcc::test
