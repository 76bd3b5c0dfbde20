#include <doctest/doctest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "../../../src/app/notify.h"
#include "../../../src/app/status_text.h"

namespace qcc::app {
namespace {

using namespace std::chrono_literals;

// Plays systemd on an abstract socket.
class Supervisor {
 public:
  explicit Supervisor(const char* watchdog_usec = nullptr, const char* watchdog_pid = nullptr) {
    fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)) == 0);
    socklen_t size = sizeof address;
    REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    std::string name(address.sun_path, size - sizeof(sa_family_t));
    name[0] = '@';
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    if (watchdog_usec) setenv("WATCHDOG_USEC", watchdog_usec, 1);
    if (watchdog_pid) setenv("WATCHDOG_PID", watchdog_pid, 1);
  }
  ~Supervisor() {
    close(fd_);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
  }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  // Empty when nothing was said.
  std::string heard() {
    char text[256];
    ssize_t size = recv(fd_, text, sizeof text, MSG_DONTWAIT);
    return size < 0 ? "" : std::string(text, static_cast<size_t>(size));
  }

 private:
  int fd_;
};

int times_fed(Supervisor& supervisor) {
  int count = 0;
  for (std::string said; !(said = supervisor.heard()).empty();) count += said == "WATCHDOG=1";
  return count;
}

}  // namespace

TEST_CASE("the supervisor hears each state") {
  Supervisor supervisor;
  Notifier notifier;
  notifier.ready();
  CHECK(supervisor.heard() == "READY=1");
  notifier.status("serving", Instant(100s));
  CHECK(supervisor.heard() == "STATUS=serving");
  notifier.reloading();
  CHECK(supervisor.heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  notifier.stopping();
  CHECK(supervisor.heard() == "STOPPING=1");
  notifier.watchdog(Instant(100s));
  CHECK(supervisor.heard().empty());
}

TEST_CASE("the watchdog is fed three times in its period, when it is meant for us") {
  struct Row {
    const char *usec, *pid;
    int fed;
  };
  const std::string own = std::to_string(getpid());
  const Row rows[] = {{"3000000", nullptr, 10}, {"3000000", own.c_str(), 10},
                      {"3000000", "1", 0},      {"0", nullptr, 0},
                      {"nonsense", nullptr, 0}, {nullptr, nullptr, 0}};
  for (const Row& row : rows) {
    Supervisor supervisor(row.usec, row.pid);
    Notifier notifier;
    for (Instant now(100s); now < Instant(110s); now += 100ms) notifier.watchdog(now);
    CHECK(times_fed(supervisor) == row.fed);
  }
}

TEST_CASE("the status is told when it changes, once a second at most, the latest last") {
  struct Row {
    Duration at;
    const char *status, *heard;
  };
  const Row rows[] = {{0ms, "a", "STATUS=a"}, {2s, "a", ""},     {2100ms, "b", "STATUS=b"},
                      {2200ms, "c", ""},      {2300ms, "d", ""}, {3100ms, "d", "STATUS=d"},
                      {3200ms, "e", ""},      {3300ms, "d", ""}, {9s, "d", ""},
                      {10s, "e", "STATUS=e"}, {10500ms, "", ""}, {11s, "", "STATUS="}};
  Supervisor supervisor;
  Notifier notifier;
  for (const Row& row : rows) {
    CAPTURE(row.at.count());
    notifier.status(row.status, Instant(100s) + row.at);
    CHECK(supervisor.heard() == row.heard);
  }
}

TEST_CASE("what the status says") {
  struct Row {
    StatusFacts facts;
    const char* text;
  };
  const time_t at = 1'700'000'000;
  setenv("TZ", "UTC", 1);
  const Row rows[] = {
      {{.endpoints = 1, .changed_at = at}, "serving 1 endpoint; configuration of 2023-11-14 22:13"},
      {{.endpoints = 3, .unhealthy = 1, .changed_at = at},
       "serving 3 endpoints, 1 unhealthy; configuration of 2023-11-14 22:13"},
      {{.endpoints = 4, .unhealthy = 2, .disabled = 1, .changed_at = at},
       "serving 4 endpoints, 2 unhealthy, 1 disabled; configuration of 2023-11-14 22:13"},
      {{.endpoints = 3, .unhealthy = 2, .disabled = 1, .changed_at = at},
       "no endpoint can serve: 2 unhealthy, 1 disabled; configuration of 2023-11-14 22:13"},
      {{.endpoints = 2, .changed_at = at, .reload_refused = true},
       "serving 2 endpoints; the reload of 2023-11-14 22:13 was refused, see the log"},
      {{.endpoints = 2, .unhealthy = 2, .draining = true}, "draining: no new connections"},
  };
  for (const Row& row : rows) CHECK(status_text(row.facts) == row.text);
}

TEST_CASE("without a supervisor, or with a gone one, nothing happens") {
  unsetenv("NOTIFY_SOCKET");
  Notifier().ready();
  for (const char* path : {"", "relative/path", "@nobody-listens-here", "/nonexistent/socket"}) {
    setenv("NOTIFY_SOCKET", path, 1);
    Notifier().ready();
  }
  setenv("NOTIFY_SOCKET", std::string(300, '/').c_str(), 1);
  Notifier().ready();
  unsetenv("NOTIFY_SOCKET");
}

}  // namespace qcc::app
