// Log lines on their way from one thread to the writer: a ring of bytes that holds whole lines. A
// line that does not fit is dropped and counted; neither side ever waits.
//
// Owner: the daemon; it outlives both threads. Thread rule: `push` is the producing thread's,
// `pop` the writer's (one each); all else is anyone's.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace qcc {

enum class LogLevel : uint8_t { error, warn, info, debug };
enum class LogFormat : uint8_t { text, json };

std::string_view name_of(LogLevel level);

class LogRing {
 public:
  static constexpr size_t kLineBytesMax = 64 * 1024;

  // REQUIRES: a power of two, at least 64.
  explicit LogRing(size_t capacity_bytes = size_t{1} << 20);

  // What is wanted may change at any time; lines already under way keep their form.
  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
  void set_format(LogFormat format) { format_.store(format, std::memory_order_relaxed); }
  bool wants(LogLevel level) const { return level <= level_.load(std::memory_order_relaxed); }
  LogFormat format() const { return format_.load(std::memory_order_relaxed); }

  // `line` without a line end. False when it was dropped.
  bool push(LogLevel level, std::string_view line);

  // Appends the oldest line and '\n' to `out` and says its level. False when there is none.
  bool pop(std::string& out, LogLevel& level);

  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  uint64_t pushed() const { return pushed_.load(std::memory_order_relaxed); }

 private:
  struct Header {
    uint32_t size = 0;
    LogLevel level = LogLevel::info;
  };
  void copy_in(uint64_t position, const void* from, size_t bytes);
  void copy_out(uint64_t position, void* to, size_t bytes) const;

  size_t capacity_;
  std::unique_ptr<char[]> bytes_;
  std::atomic<LogLevel> level_{LogLevel::info};
  std::atomic<LogFormat> format_{LogFormat::text};
  // Positions count bytes since the start; they never wrap.
  alignas(64) std::atomic<uint64_t> tail_{0};
  uint64_t head_seen_ = 0;  // producer's memory of head_
  std::atomic<uint64_t> pushed_{0};
  std::atomic<uint64_t> dropped_{0};
  alignas(64) std::atomic<uint64_t> head_{0};
};

}  // namespace qcc
