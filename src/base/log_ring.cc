#include <qcc/base/log_ring.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include <qcc/base/assert.h>

namespace qcc {
namespace {

// Cheaper than a locked increment; right because only the producer writes.
void count_one(std::atomic<uint64_t>& cell) {
  cell.store(cell.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::error: return "error";
    case LogLevel::warn: return "warn";
    case LogLevel::info: return "info";
    case LogLevel::debug: return "debug";
  }
  return "unknown";
}

LogRing::LogRing(size_t capacity_bytes)
    : capacity_(capacity_bytes), bytes_(std::make_unique_for_overwrite<char[]>(capacity_bytes)) {
  QCC_ASSERT(std::has_single_bit(capacity_bytes) && capacity_bytes >= 64);
}

bool LogRing::push(LogLevel level, std::string_view line) {
  Header header{static_cast<uint32_t>(line.size()), level};
  size_t needed = sizeof header + line.size();
  uint64_t tail = tail_.load(std::memory_order_relaxed);
  if (needed > capacity_ - (tail - head_seen_)) head_seen_ = head_.load(std::memory_order_acquire);
  if (line.size() > kLineBytesMax || needed > capacity_ - (tail - head_seen_)) {
    count_one(dropped_);
    return false;
  }
  copy_in(tail, &header, sizeof header);
  copy_in(tail + sizeof header, line.data(), line.size());
  tail_.store(tail + needed, std::memory_order_release);
  count_one(pushed_);
  return true;
}

bool LogRing::pop(std::string& out, LogLevel& level) {
  uint64_t head = head_.load(std::memory_order_relaxed);
  if (head == tail_.load(std::memory_order_acquire)) return false;
  Header header;
  copy_out(head, &header, sizeof header);
  QCC_ASSERT(header.size <= kLineBytesMax);
  size_t at = out.size();
  out.resize(at + header.size + 1, '\n');
  copy_out(head + sizeof header, out.data() + at, header.size);
  level = header.level;
  head_.store(head + sizeof header + header.size, std::memory_order_release);
  return true;
}

void LogRing::copy_in(uint64_t position, const void* from, size_t bytes) {
  size_t offset = position & (capacity_ - 1);
  size_t first = std::min(bytes, capacity_ - offset);
  const char* source = static_cast<const char*>(from);
  if (first > 0) std::memcpy(bytes_.get() + offset, source, first);
  if (first < bytes) std::memcpy(bytes_.get(), source + first, bytes - first);
}

void LogRing::copy_out(uint64_t position, void* to, size_t bytes) const {
  size_t offset = position & (capacity_ - 1);
  size_t first = std::min(bytes, capacity_ - offset);
  char* target = static_cast<char*>(to);
  if (first > 0) std::memcpy(target, bytes_.get() + offset, first);
  if (first < bytes) std::memcpy(target + first, bytes_.get(), bytes - first);
}

}  // namespace qcc
