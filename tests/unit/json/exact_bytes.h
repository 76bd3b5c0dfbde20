// A copy of some bytes that ends exactly where readable memory ends: one byte too far is a fault.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <string_view>

class ExactBytes {
 public:
  explicit ExactBytes(std::string_view bytes) : size_(bytes.size()) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    mapped_ = (size_ / page + 2) * page;
    void* memory =
        mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("mmap");
    base_ = static_cast<char*>(memory);
    if (mprotect(base_ + mapped_ - page, page, PROT_NONE) != 0)
      throw std::runtime_error("mprotect");
    begin_ = base_ + mapped_ - page - size_;
    std::memcpy(begin_, bytes.data(), size_);
  }
  ~ExactBytes() { munmap(base_, mapped_); }
  ExactBytes(const ExactBytes&) = delete;
  ExactBytes& operator=(const ExactBytes&) = delete;

  std::string_view view() const { return {begin_, size_}; }

 private:
  size_t size_;
  size_t mapped_ = 0;
  char* base_ = nullptr;
  char* begin_ = nullptr;
};
