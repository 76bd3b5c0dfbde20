// Takes log lines out of the rings and writes them, on the control thread, in batches.
#pragma once
#include <string>

#include <qcc/base/log_ring.h>

namespace qcc::app {

class LogWriter {
 public:
  // "stderr" or the path of a file that is appended to.
  explicit LogWriter(std::string target);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  bool is_open() const { return fd_ >= 0; }
  int error() const { return error_; }
  // Opens the file anew, after it was rotated. Keeps the old one when that fails.
  void reopen();
  void drain(LogRing& ring);
  void flush();

 private:
  int open_target();
  std::string target_;
  int fd_ = -1;
  int error_ = 0;
  std::string batch_;
};

}  // namespace qcc::app
