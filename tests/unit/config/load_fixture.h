// A made-up outside for load(), and short ways to call it.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <qcc/config/load.h>

namespace qcc::config {

struct Outside {
  std::map<std::string, std::string> variables = {{"KEY", "sk-ant-0123456789abcdef"}};
  std::map<std::string, std::string> files;

  Environment environment() const {
    auto look_up = [](const std::map<std::string, std::string>& map, const std::string& name) {
      auto found = map.find(name);
      return found == map.end() ? std::nullopt : std::optional(found->second);
    };
    return {[this, look_up](const std::string& name) { return look_up(variables, name); },
            [this, look_up](const std::string& path) { return look_up(files, path); }};
  }
};

// Five lines that make any file complete; put a table in front of them or keys behind them.
inline constexpr std::string_view kEndpoint =
    "[[cluster]]\n"
    "[[cluster.endpoint]]\n"
    "protocol = \"anthropic\"\n"
    "base_url = \"https://api.anthropic.com\"\n"
    "key = \"env:KEY\"\n";

inline LoadResult load_text(const std::string& text, const Outside& outside = {}) {
  return load(text, "qcc.toml", outside.environment());
}

inline std::vector<std::string> problems_of(const LoadResult& result) {
  std::vector<std::string> lines;
  for (const Problem& problem : result.problems) lines.push_back(format_problem(problem));
  return lines;
}

inline std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace qcc::config
