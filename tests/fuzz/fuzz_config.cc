// load() on any bytes: no crash, no exception; a config exactly when there is no error, and no
// message that repeats the secret, whether it comes from outside or stands in the file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <qcc/config/diff.h>
#include <qcc/config/load.h>

using namespace qcc::config;

namespace {

constexpr std::string_view kSecret = "sk-ant-THE-SECRET-0123456789";

std::optional<std::string> anything(const std::string& name) {
  if (name.starts_with("QCC_")) return std::nullopt;
  return std::string(kSecret);
}

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  LoadResult result = load(text, "fuzz.toml", Environment{anything, anything});
  bool has_error = false;
  for (const Problem& problem : result.problems) {
    has_error = has_error || problem.severity == Severity::error;
    require(format_problem(problem).find(kSecret) == std::string::npos);
  }
  require(has_error == (result.config == nullptr));
  if (result.config) require(needs_restart(*result.config, *result.config).empty());

  std::string variable(text);
  load("", "fuzz.toml",
       Environment{[&](const std::string&) { return std::optional(variable); }, {}});
  return 0;
}
