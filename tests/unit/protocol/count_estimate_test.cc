#include <doctest/doctest.h>
#include <qcc/protocol/count_estimate.h>

#include <string>

using namespace qcc::protocol;

namespace {

std::string message(const std::string& text) {
  return R"({"model":"m","messages":[{"role":"user","content":")" + text + "\"}]}";
}

std::string repeat(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("the estimate grows with the text, in any script") {
  const uint64_t english = estimate_tokens(message(repeat("The quick brown fox jumps. ", 1000)));
  CHECK(english > 6500);
  CHECK(english < 8500);
  const uint64_t chinese = estimate_tokens(message(repeat("你好世界", 1000)));
  CHECK(chinese > 3500);
  CHECK(chinese < 4500);
  CHECK(estimate_tokens(message("foo")) < 30);
}

TEST_CASE("an image is not counted by its base64 text") {
  const std::string image = message(repeat("iVBORw0KGgo+/A", 50'000));
  CHECK(estimate_tokens(image) > 1000);
  CHECK(estimate_tokens(image) < 2500);
}

TEST_CASE("garbage gives a number too") {
  CHECK(estimate_tokens("") == 1);
  CHECK(estimate_tokens("\"") == 1);
  CHECK(estimate_tokens("\"\\") >= 1);
  CHECK(estimate_tokens("\"abc\\\"") >= 1);
  CHECK(count_answer(21) == R"({"input_tokens":21})");
}
