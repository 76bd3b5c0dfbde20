#include "signals.h"

#include <sys/socket.h>
#include <unistd.h>
#include <csignal>

#include <cerrno>

namespace qcc::app {
namespace {

int write_end = -1;

void on_signal(int number) {
  int saved = errno;
  char byte = static_cast<char>(number);
  (void)!::write(write_end, &byte, 1);  // a full pipe already holds news enough
  errno = saved;
}

}  // namespace

int catch_signals() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return -errno;
  write_end = pair[1];
  struct sigaction action{};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  for (int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaction(number, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return pair[0];
}

}  // namespace qcc::app
