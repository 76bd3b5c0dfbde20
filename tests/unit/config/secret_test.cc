#include <doctest/doctest.h>

#include <concepts>
#include <ostream>
#include <type_traits>
#include <utility>

#include <qcc/config/secret.h>

using qcc::config::Secret;

static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<std::string_view, Secret>);

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };
static_assert(!Printable<Secret>);

TEST_CASE("config: a secret shows its last four bytes only when it is long") {
  struct Row {
    const char* secret;
    const char* shown;
  };
  const Row rows[] = {{"", ""},
                      {"short", "…"},
                      {"123456789012345", "…"},
                      {"1234567890123456", "…3456"},
                      {"sk-short", "sk-…"},
                      {"sk-ant-0123456789abcdef", "sk-…cdef"}};
  for (const Row& row : rows) {
    CAPTURE(row.secret);
    CHECK(Secret(row.secret).masked() == row.shown);
  }
}

TEST_CASE("config: a secret matches itself and nothing else") {
  Secret secret("sk-ant-0123456789abcdef");
  CHECK(secret.matches("sk-ant-0123456789abcdef"));
  CHECK_FALSE(secret.matches("sk-ant-0123456789abcdeF"));
  CHECK_FALSE(secret.matches("sk-ant-0123456789abcde"));
  CHECK_FALSE(secret.matches("sk-ant-0123456789abcdefsk-ant-0123456789abcdef"));
  CHECK_FALSE(secret.matches(""));
  CHECK_FALSE(Secret().matches(""));
}

TEST_CASE("config: secrets are copied and moved whole") {
  Secret first("one");
  Secret copy = first;
  Secret moved = std::move(first);
  CHECK(copy.reveal() == "one");
  CHECK(moved.reveal() == "one");
  CHECK(first.empty());  // NOLINT(bugprone-use-after-move): what a moved-from secret holds
  copy = Secret("another");
  CHECK(copy.reveal() == "another");
  copy = *&copy;
  CHECK(copy.reveal() == "another");
}
