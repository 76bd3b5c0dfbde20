// A credential: held in one place, shown only masked, wiped when it goes (spec R14).
// A Secret converts to nothing by itself, so that it cannot slip into a log line or an error; who
// needs its bytes says so with reveal(). Immutable after construction; any thread may read it.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace qcc::config {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes);
  Secret(const Secret& other) : Secret(other.reveal()) {}
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret other) noexcept;
  ~Secret();

  bool empty() const { return size_ == 0; }

  // The bytes themselves, valid as long as this Secret. For the wire only.
  std::string_view reveal() const { return {bytes_.get(), size_}; }

  // "sk-…wxyz": what logs, status pages and error texts may show. Short secrets show nothing.
  std::string masked() const;

  // Takes a time that depends on the candidate's length only. An empty Secret matches nothing.
  bool matches(std::string_view candidate) const;

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
};

}  // namespace qcc::config
