#include "log_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace qcc::app {
namespace {

constexpr size_t kBatchBytes = 256 * 1024;
constexpr int kLastTries = 5, kLastTryMs = 100;

// sd-daemon(3): a line that begins so has that syslog priority.
constexpr std::string_view kJournalPrefix = "<6>";
char journal_digit(LogLevel level) {
  switch (level) {
    case LogLevel::error: return '3';
    case LogLevel::warn: return '4';
    case LogLevel::info: return '6';
    case LogLevel::debug: return '7';
  }
  return '6';
}

// systemd names the device and inode of the stream it gave us (systemd.exec(5)).
bool leads_to_journal(const struct stat& status) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  return stream && std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == stream;
}

}  // namespace

LogWriter::LogWriter(std::string target) : target_(std::move(target)) {
  fd_ = open_target();
  look_at_target();
}

LogWriter::~LogWriter() {
  flush();
  for (int tries = 0; tries < kLastTries && !batch_.empty(); ++tries) {
    pollfd target{fd_, POLLOUT, 0};
    poll(&target, 1, kLastTryMs);
    flush();
  }
  if (fd_ > STDERR_FILENO) close(fd_);
}

int LogWriter::open_target() {
  if (target_ == "stderr") return STDERR_FILENO;
  int fd = open(target_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) error_ = errno;
  return fd;
}

void LogWriter::look_at_target() {
  struct stat status{};
  if (fd_ < 0 || fstat(fd_, &status) != 0) return;
  kind_ = Kind::pipe;
  if (S_ISREG(status.st_mode)) kind_ = Kind::file;
  if (S_ISSOCK(status.st_mode)) kind_ = Kind::socket;
  is_journal_ = leads_to_journal(status);
}

void LogWriter::reopen() {
  flush();
  int fd = open_target();
  if (fd < 0 || fd == STDERR_FILENO) return;
  close(fd_);
  fd_ = fd;
  look_at_target();
}

bool LogWriter::take_line(LogRing& ring) {
  size_t start = batch_.size();
  if (is_journal_) batch_ += kJournalPrefix;
  LogLevel level{};
  if (!ring.pop(batch_, level)) {
    batch_.resize(start);
    return false;
  }
  if (is_journal_) batch_[start + 1] = journal_digit(level);
  return true;
}

void LogWriter::drain(LogRing& ring) {
  do {
    if (batch_.size() >= kBatchBytes) flush();
  } while (batch_.size() < kBatchBytes && take_line(ring));
}

// O_NONBLOCK would do it for all, but also for everyone who shares our stderr.
ssize_t LogWriter::write_some(const char* bytes, size_t size) const {
  if (kind_ == Kind::socket) return send(fd_, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (kind_ == Kind::file) return write(fd_, bytes, size);
  pollfd target{fd_, POLLOUT, 0};
  if (poll(&target, 1, 0) == 0) {
    errno = EAGAIN;
    return -1;
  }
  return write(fd_, bytes, std::min<size_t>(size, PIPE_BUF));  // a ready pipe takes that much
}

void LogWriter::flush() {
  size_t done = 0;
  while (done < batch_.size()) {
    ssize_t written = write_some(batch_.data() + done, batch_.size() - done);
    if (written > 0) {
      done += static_cast<size_t>(written);
    } else if (written < 0 && errno == EAGAIN) {
      break;
    } else if (written == 0 || errno != EINTR) {
      done = batch_.size();
    }
  }
  batch_.erase(0, done);
}

}  // namespace qcc::app
