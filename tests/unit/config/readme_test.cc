// The README's reference of settings is the one that the tables make.
#include <doctest/doctest.h>

#include <qcc/config/reference.h>

#include <filesystem>
#include <fstream>
#include <iterator>

TEST_CASE("README.md holds the reference of every setting, word for word") {
  std::filesystem::path readme =
      std::filesystem::path(__FILE__).parent_path() / "../../../README.md";
  if (!std::filesystem::exists(readme)) readme = "README.md";
  std::ifstream file(readme);
  REQUIRE_MESSAGE(file.good(), "README.md not found: run the tests in the source or build folder");
  std::string text(std::istreambuf_iterator<char>(file), {});
  CHECK(text.find(qcc::config::reference_markdown()) != std::string::npos);
}
