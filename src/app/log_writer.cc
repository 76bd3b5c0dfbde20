#include "log_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace qcc::app {
namespace {
constexpr size_t kBatchBytes = 256 * 1024;
}

LogWriter::LogWriter(std::string target) : target_(std::move(target)) { fd_ = open_target(); }

LogWriter::~LogWriter() {
  flush();
  if (fd_ > STDERR_FILENO) close(fd_);
}

int LogWriter::open_target() {
  if (target_ == "stderr") return STDERR_FILENO;
  int fd = open(target_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) error_ = errno;
  return fd;
}

void LogWriter::reopen() {
  flush();
  int fd = open_target();
  if (fd < 0 || fd == STDERR_FILENO) return;
  close(fd_);
  fd_ = fd;
}

void LogWriter::drain(LogRing& ring) {
  LogLevel level{};
  while (ring.pop(batch_, level))
    if (batch_.size() >= kBatchBytes) flush();
}

// What the disk or pipe does not take is lost: a request never waits for a log.
void LogWriter::flush() {
  for (size_t at = 0; at < batch_.size();) {
    ssize_t written = write(fd_, batch_.data() + at, batch_.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    at += static_cast<size_t>(written);
  }
  batch_.clear();
}

}  // namespace qcc::app
