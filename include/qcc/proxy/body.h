// Request bodies, held until the commit point so that every attempt sends the same bytes, in
// regions that are reused while warm and given back to the system when a burst is over.
//
// Owner: a BodyMemory belongs to one shard and outlives its Bodies.
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <qcc/base/error.h>
#include <qcc/rt/loop.h>

namespace qcc::proxy {

struct Region {
  char* data = nullptr;
  size_t capacity = 0;
};

class BodyMemory {
 public:
  // `budget` bounds the body bytes held at once.
  BodyMemory(rt::Loop& loop, size_t budget);
  ~BodyMemory();

  // A region of a power of two ≥ `at_least`; its pages are not touched. Without data when the
  // system has no room for it.
  Region take(size_t at_least);
  void give_back(Region region);

  bool charge(size_t bytes);
  void discharge(size_t bytes);
  size_t charged() const { return charged_; }
  size_t regions_live() const { return live_; }
  size_t bytes_kept() const { return kept_; }

 private:
  static constexpr int kSmallestBits = 12, kClasses = 23;  // 4 KiB … 16 GiB
  struct Class {
    std::vector<char*> free;
    size_t unused = 0;  // fewest free regions since the last trim: nobody needed these
  };
  struct Trim : rt::Timer {
    explicit Trim(BodyMemory& m) : rt::Timer(&fire_trim), memory(m) {}
    static void fire_trim(rt::Timer& timer) { static_cast<Trim&>(timer).memory.trim(); }
    BodyMemory& memory;
  };
  static int class_of(size_t bytes);
  static size_t bytes_of(int size_class) { return size_t{1} << (kSmallestBits + size_class); }
  void trim();
  void arm_trim();

  rt::Loop& loop_;
  size_t budget_;
  size_t charged_ = 0;
  size_t live_ = 0;
  size_t kept_ = 0;
  std::array<Class, kClasses> classes_;
  Trim trim_;
};

// Bytes with room before them: an attempt writes its request head there and sends both at once.
class Body {
 public:
  static constexpr size_t kHeadroom = 3 * 1024;

  explicit Body(BodyMemory& memory) : memory_(&memory) {}
  ~Body() { clear(); }
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  // Room for `bytes` in all, without touching it. Called with the announced length.
  // Both: ErrorKind::limit when the budget of held bodies, or the system's memory, is used up.
  Result<Unit> reserve(size_t bytes);
  Result<Unit> append(std::string_view bytes);
  // Free room behind the bytes, for reading straight into; then `grew`.
  std::span<char> room() { return {data() + size_, region_.capacity - kHeadroom - size_}; }
  Result<Unit> grew(size_t bytes);
  void clear();

  std::string_view view() const { return {data(), size_}; }
  size_t size() const { return size_; }
  // The bytes right before the body. REQUIRES: bytes <= kHeadroom and memory is reserved.
  std::span<char> headroom(size_t bytes) { return {data() - bytes, bytes}; }
  bool has_memory() const { return region_.data != nullptr; }

 private:
  char* data() const { return region_.data ? region_.data + kHeadroom : nullptr; }
  BodyMemory* memory_;
  Region region_;
  size_t size_ = 0;
};

}  // namespace qcc::proxy
