// A short text kept by value: no allocation, safe to move and to outlive what it was read from.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace qcc::protocol {

template <size_t kCapacity>
class InlineText {
  static_assert(kCapacity <= UINT16_MAX);

 public:
  InlineText() = default;
  // What does not fit is cut off.
  explicit InlineText(std::string_view text) { assign(text); }
  // Only what is there is copied: the room is some hundred bytes, the text often empty.
  InlineText(const InlineText& other) { assign(other.view()); }
  InlineText& operator=(const InlineText& other) {
    if (this != &other) assign(other.view());
    return *this;
  }

  void assign(std::string_view text) {
    size_ = static_cast<uint16_t>(std::min(text.size(), kCapacity));
    std::copy_n(text.data(), size_, bytes_.data());
  }
  void clear() { size_ = 0; }

  std::string_view view() const { return {bytes_.data(), size_}; }
  bool empty() const { return size_ == 0; }
  static constexpr size_t capacity() { return kCapacity; }

  // For a writer that fills the room itself and then says how much it used.
  std::span<char> room() { return bytes_; }
  void set_size(size_t size) { size_ = static_cast<uint16_t>(std::min(size, kCapacity)); }

  friend bool operator==(const InlineText& a, std::string_view b) { return a.view() == b; }

 private:
  uint16_t size_ = 0;
  std::array<char, kCapacity> bytes_;
};

}  // namespace qcc::protocol
