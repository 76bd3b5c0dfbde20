#include <liburing.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "uring_features.h"

namespace qcc::rt {
namespace {

// Arms a limited multishot receive on a socket pair. Kernels before 6.18 refuse the unknown field.
bool kernel_has_recv_limit(io_uring& ring) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return false;
  io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  io_uring_prep_recv_multishot(sqe, pair[0], nullptr, 0, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = kBufferGroup;
  sqe->file_index = 64;  // `optlen` in newer headers
  ::close(pair[1]);      // so that the receive ends at once where it is understood
  io_uring_cqe* cqe = nullptr;
  bool understood = io_uring_submit_and_wait(&ring, 1) >= 0 &&
                    io_uring_peek_cqe(&ring, &cqe) == 0 && cqe->res != -EINVAL;
  if (cqe) io_uring_cqe_seen(&ring, cqe);
  ::close(pair[0]);
  return understood;
}

}  // namespace

UringFeatures probe_features(io_uring& ring, const std::vector<std::string>& disabled) {
  auto allowed = [&](std::string_view name) {
    return std::find(disabled.begin(), disabled.end(), name) == disabled.end();
  };
  UringFeatures features;
  features.recv_limit = allowed("recv_limit") && kernel_has_recv_limit(ring);
  return features;
}

bool is_uring_feature(std::string_view name) { return name == "recv_limit"; }

std::string explain_ring_failure(const Error& error) {
  std::string why = "io_uring could not be set up: ";
  switch (error.code) {
    case EPERM:
    case EACCES:
      return why +
             "the system forbids it (EPERM). Check `sysctl kernel.io_uring_disabled` (must be "
             "0) and the seccomp filter of the container or unit.";
    case ENOSYS: return why + "this kernel has none (ENOSYS). QCC needs Linux 6.1 or newer.";
    case EINVAL:
      return why + "this kernel lacks features QCC needs (EINVAL). QCC needs Linux 6.1 or newer.";
    case ENOMEM:
      return why +
             "the memory-lock limit is used up (ENOMEM). Set LimitMEMLOCK=infinity in the "
             "unit, or raise `ulimit -l`; just after a restart the old process's share may "
             "still be counted.";
    case EMFILE:
    case ENFILE: return why + "no file descriptor is free. Raise LimitNOFILE or `ulimit -n`.";
    default: return why + describe(error) + ".";
  }
}

}  // namespace qcc::rt
