#include <qcc/config/secret.h>

#include <string.h>  // explicit_bzero

#include <algorithm>
#include <utility>

namespace qcc::config {
namespace {

constexpr size_t kShortestShown = 16;  // of a shorter one, four bytes would be too much
constexpr size_t kShownTail = 4;

}  // namespace

Secret::Secret(std::string_view bytes)
    : bytes_(std::make_unique_for_overwrite<char[]>(bytes.size())), size_(bytes.size()) {
  std::ranges::copy(bytes, bytes_.get());
}

Secret::Secret(Secret&& other) noexcept
    : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() {
  if (bytes_) explicit_bzero(bytes_.get(), size_);
}

std::string Secret::masked() const {
  if (empty()) return "";
  std::string_view bytes = reveal();
  std::string text = bytes.starts_with("sk-") ? "sk-…" : "…";
  if (size_ >= kShortestShown) text += bytes.substr(size_ - kShownTail);
  return text;
}

bool Secret::matches(std::string_view candidate) const {
  if (empty()) return false;
  volatile unsigned difference = candidate.size() == size_ ? 0 : 1;
  for (size_t i = 0; i < candidate.size(); ++i) {
    unsigned own = static_cast<unsigned char>(bytes_[i % size_]);
    difference = difference | (own ^ static_cast<unsigned char>(candidate[i]));
  }
  return difference == 0;
}

}  // namespace qcc::config
