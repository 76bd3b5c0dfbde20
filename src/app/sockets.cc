#include "sockets.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <qcc/net/address.h>

namespace qcc::app {
namespace {

constexpr int kBacklog = 4096;
constexpr int kBindRetries = 10;
constexpr unsigned kBindPauseMicroseconds = 50'000;

net::SocketAddress to_socket_address(const config::ListenAddress& address) {
  if (address.kind == config::ListenAddress::Kind::unix_socket)
    return net::SocketAddress::parse(address.text()).value_or(net::SocketAddress());
  return net::SocketAddress::from_ip(address.host, address.port).value_or(net::SocketAddress());
}

int bound_socket(const net::SocketAddress& address, bool shared) {
  int fd = socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int on = 1;
  if (address.is_ip()) {
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // handed on to what it accepts
  }
  if (shared && address.is_ip()) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (address.family() == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(fd, address.get(), address.size()) == 0) return fd;
  int error = -errno;
  close(fd);
  return error;
}

// A socket file that nobody answers is left over from a process that died. Connecting to a file
// that is no socket is refused as well.
bool is_left_over(const net::SocketAddress& address) {
  struct stat status{};
  const char* path = reinterpret_cast<const sockaddr_un*>(address.get())->sun_path;
  if (lstat(path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  bool refused = connect(fd, address.get(), address.size()) != 0 && errno == ECONNREFUSED;
  close(fd);
  return refused;
}

std::string explain(const config::ListenAddress& address, int error) {
  std::string text = "cannot listen on " + address.text() + ": ";
  switch (-error) {
    case EADDRINUSE:
      return text +
             "another process already listens there. Stop it, or choose another address "
             "in server.listen or admin.listen.";
    case EACCES:
      return text +
             "permission denied. Ports below 1024 need CAP_NET_BIND_SERVICE; a unix socket "
             "needs a folder that this user may write.";
    case EADDRNOTAVAIL: return text + "no interface of this machine has this address.";
    case EAFNOSUPPORT: return text + "this machine does not have this address family.";
    default: return text + std::strerror(-error) + ".";
  }
}

// SO_REUSEPORT would let a second daemon take half the traffic: first ask without it.
int check_free(const net::SocketAddress& address) {
  if (!address.is_ip()) {
    if (is_left_over(address))
      unlink(reinterpret_cast<const sockaddr_un*>(address.get())->sun_path);
    return 0;
  }
  int fd = bound_socket(address, false);
  // The kernel closes the sockets of a process that was killed a moment late.
  for (int attempt = 0; fd == -EADDRINUSE && attempt < kBindRetries; ++attempt) {
    usleep(kBindPauseMicroseconds);
    fd = bound_socket(address, false);
  }
  if (fd < 0) return fd;
  close(fd);
  return 0;
}

uint16_t port_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* any = reinterpret_cast<sockaddr*>(&storage);
  if (getsockname(fd, any, &size) != 0) return 0;
  return net::SocketAddress::from_system(any, size).port();
}

}  // namespace

std::expected<OpenListener, std::string> open_listener(const config::ListenAddress& wanted,
                                                       size_t shards) {
  OpenListener open{wanted, {}};
  net::SocketAddress address = to_socket_address(wanted);
  if (int error = check_free(address); error < 0) return std::unexpected(explain(wanted, error));
  for (size_t i = 0; i < shards; ++i) {
    bool share_first = i > 0 && !address.is_ip();
    int fd = share_first ? dup(open.fds[0]) : bound_socket(address, true);
    if (fd >= 0 && !share_first && listen(fd, kBacklog) != 0) {
      int error = -errno;
      close(fd);
      fd = error;
    }
    if (fd < 0) return std::unexpected(explain(wanted, fd));
    open.fds.push_back(fd);
    if (i == 0 && address.is_ip() && wanted.port == 0) {
      open.address.port = port_of(fd);
      address = to_socket_address(open.address);
    }
  }
  return open;
}

unsigned usable_processors() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  unsigned usable = 1;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0)
    usable = static_cast<unsigned>(CPU_COUNT(&mask));
  if (FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "re")) {
    double quota = 0, period = 0;
    if (std::fscanf(file, "%lf %lf", &quota, &period) == 2 && period > 0)
      usable = std::min(usable, std::max(1u, static_cast<unsigned>(quota / period + 0.5)));
    std::fclose(file);
  }
  return std::clamp(usable, 1u, 64u);
}

size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<size_t>(limit.rlim_cur);
}

}  // namespace qcc::app
