#include <qcc/base/assert.h>

#include <execinfo.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace qcc {
namespace {
thread_local const char* current_request = "none";
}

void note_current_request(const char* id) noexcept { current_request = id; }

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "qcc: broken invariant: %s at %s:%d (request %s)\n", condition, file, line,
               current_request);
  void* frames[48];
  int depth = backtrace(frames, 48);
  backtrace_symbols_fd(frames, depth, STDERR_FILENO);
  std::abort();
}

}  // namespace qcc
