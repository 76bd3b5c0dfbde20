// Assertions that stay on in release builds: a broken invariant aborts, with a backtrace and the
// request that was being served, before it can harm anything else (spec R15).
#pragma once

namespace qcc {

// Prints the failed condition, the innermost request id noted on this thread and a backtrace, then
// aborts. Never returns.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

// Remembers which request this thread works on, for the message above. `id` must outlive its use.
void note_current_request(const char* id) noexcept;

}  // namespace qcc

#define QCC_ASSERT(condition)                                  \
  do {                                                         \
    if (!(condition)) [[unlikely]]                             \
      ::qcc::assertion_failed(#condition, __FILE__, __LINE__); \
  } while (false)
