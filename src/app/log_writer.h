// Takes log lines out of the rings and writes them, on the control thread, in batches. A pipe or
// socket that nobody reads never holds that thread up: lines wait in the rings, which drop and
// count what finds no room. Lines to the journal carry their priority.
#pragma once
#include <string>

#include <qcc/base/log_ring.h>

namespace qcc::app {

class LogWriter {
 public:
  // "stderr" or the path of a file that is appended to.
  explicit LogWriter(std::string target);
  // Gives a slow reader half a second to take the rest.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  bool is_open() const { return fd_ >= 0; }
  int error() const { return error_; }
  // Opens the file anew, after it was rotated. Keeps the old one when that fails.
  void reopen();
  // Takes what there is, as far as the target keeps up.
  void drain(LogRing& ring);
  // Writes what the target takes at once. What it refuses (disk full, reader gone) is lost.
  void flush();

 private:
  enum class Kind : uint8_t { file, pipe, socket };
  int open_target();
  void look_at_target();
  bool take_line(LogRing& ring);
  ssize_t write_some(const char* bytes, size_t size) const;

  std::string target_;
  int fd_ = -1;
  int error_ = 0;
  Kind kind_ = Kind::file;
  bool is_journal_ = false;
  std::string batch_;
};

}  // namespace qcc::app
