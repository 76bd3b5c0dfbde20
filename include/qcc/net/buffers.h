// Memory for bytes on their way: receive buffers leased from the Io, and 16 KiB blocks of a pool.
// Both come back by the destructor of a Lease.
//
// Owner: a BlockPool belongs to one thread and outlives every Lease made from it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <qcc/base/assert.h>
#include <qcc/rt/io.h>

namespace qcc::net {

inline constexpr size_t kBlockBytes = 16 * 1024;

// Blocks of one size. Freed blocks are kept up to `kept_max` and go back to the system beyond it.
class BlockPool {
 public:
  explicit BlockPool(size_t kept_max) : kept_max_(kept_max) {}
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  char* take();
  void give_back(char* block);
  size_t live() const { return live_; }

 private:
  size_t kept_max_;
  size_t live_ = 0;
  std::vector<char*> free_;
};

// One buffer or block, held. Move-only; empty when moved from.
class Lease {
 public:
  Lease() = default;
  Lease(rt::Io& io, uint16_t buffer_id)
      : io_(&io), data_(io.buffer(buffer_id).data()), buffer_id_(buffer_id) {}
  explicit Lease(BlockPool& pool) : pool_(&pool), data_(pool.take()) {}
  Lease(Lease&& other) noexcept { swap(other); }
  Lease& operator=(Lease&& other) noexcept {
    Lease moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~Lease() { release(); }

  bool is_block() const { return pool_ != nullptr; }
  char* data() const { return data_; }
  void release();

 private:
  void swap(Lease& other) noexcept {
    std::swap(io_, other.io_);
    std::swap(pool_, other.pool_);
    std::swap(data_, other.data_);
    std::swap(buffer_id_, other.buffer_id_);
  }
  rt::Io* io_ = nullptr;
  BlockPool* pool_ = nullptr;
  char* data_ = nullptr;
  uint16_t buffer_id_ = 0;
};

// Received bytes with the memory they lie in.
struct Chunk {
  Lease lease;
  char* begin = nullptr;
  size_t size = 0;

  std::string_view view() const { return {begin, size}; }
  std::span<char> bytes() { return {begin, size}; }
  void remove_prefix(size_t n) {
    QCC_ASSERT(n <= size);
    begin += n;
    size -= n;
  }
};

}  // namespace qcc::net
