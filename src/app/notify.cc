#include "notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace qcc::app {
namespace {

constexpr Duration kStatusPause = std::chrono::seconds(1);

}  // namespace

Notifier::Notifier() {
  if (const char* path = std::getenv("NOTIFY_SOCKET")) socket_ = path;
  const char* every = std::getenv("WATCHDOG_USEC");
  const char* pid = std::getenv("WATCHDOG_PID");
  bool ours = every && (!pid || std::strtol(pid, nullptr, 10) == getpid());
  int64_t microseconds = ours ? std::strtoll(every, nullptr, 10) : 0;
  if (microseconds > 0) watchdog_every_ = std::chrono::microseconds(microseconds) / 3;
}

void Notifier::send(std::string_view state) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  bool usable = !socket_.empty() && socket_.size() < sizeof address.sun_path &&
                (socket_[0] == '/' || socket_[0] == '@');
  if (!usable) return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_[0] == '@') address.sun_path[0] = '\0';
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address), size);
  close(fd);
}

// systemd compares with CLOCK_MONOTONIC.
void Notifier::reloading() const {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  int64_t microseconds = int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

void Notifier::status(const std::string& text, Instant now) {
  if (text == status_ || now < next_status_) return;
  status_ = text;
  next_status_ = now + kStatusPause;
  send("STATUS=" + text);
}

void Notifier::watchdog(Instant now) {
  if (watchdog_every_ == kUnlimited || now - watchdog_fed_ < watchdog_every_) return;
  watchdog_fed_ = now;
  send("WATCHDOG=1");
}

}  // namespace qcc::app
