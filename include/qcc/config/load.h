// From the text of qcc.toml to a checked Config. Every problem is found in one run and says where
// it is, what is wrong and what was expected. Of the file's values only names are repeated
// (endpoints, variables, paths, addresses), never a text that might hold a secret.
// Control thread only; touches the outside only through the Environment handed in. Never throws.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <qcc/config/config.h>

namespace qcc::config {

// The outside as load() sees it. An empty function finds nothing.
struct Environment {
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::function<std::optional<std::string>(const std::string& path)> read_file;
};

enum class Severity : uint8_t { error, warning };

struct Problem {
  Severity severity = Severity::error;
  std::string file;     // the file, or the environment variable to blame
  uint32_t line = 0;    // from 1; 0: not in a file
  uint32_t column = 0;  // from 1, in characters
  std::string key;      // "cluster.endpoint.weight"; empty for syntax
  std::string message;
};

// "qcc.toml:12:5: error: limits.max_body: expected a size such as "32MiB", …"
std::string format_problem(const Problem& problem);

struct LoadResult {
  std::shared_ptr<const Config> config;  // null if any problem is an error
  std::vector<Problem> problems;         // in file order
};

// Variables that override the file: QCC_LISTEN (addresses, separated by commas) and QCC_LOG (a
// level, a format or both, separated by a comma). Variables that the file refers to: env:NAME, and
// CREDENTIALS_DIRECTORY for credential:NAME.
LoadResult load(std::string_view text, std::string_view file_name, const Environment& environment);

// For a start without a file: one endpoint from the first of ANTHROPIC_API_KEY, OPENAI_API_KEY and
// OPENROUTER_API_KEY that is set. An error if none is.
LoadResult config_from_environment(const Environment& environment);

}  // namespace qcc::config
