// Rows of a text and the exact lines a person reads about it.
#pragma once
#include <doctest/doctest.h>

#include <span>
#include <string>

#include "load_fixture.h"

namespace qcc::config {

struct Row {
  std::string text;
  std::string problems;  // one per line
};

inline void check_rows(std::span<const Row> rows, const Outside& outside = {}) {
  for (const Row& row : rows) {
    CAPTURE(row.text);
    LoadResult result = load_text(row.text, outside);
    CHECK(joined(problems_of(result)) == row.problems);
    bool has_error = row.problems.find(": error: ") != std::string::npos;
    CHECK((result.config == nullptr) == has_error);
  }
}

// `line` stands in line 2, behind "[table]".
inline Row in_table(const std::string& table, const std::string& line, const std::string& problem) {
  return {"[" + table + "]\n" + line + "\n" + std::string(kEndpoint), problem + "\n"};
}

// `line` stands in line 6, behind a complete endpoint.
inline Row in_endpoint(const std::string& line, const std::string& problem) {
  return {std::string(kEndpoint) + line + "\n", problem + "\n"};
}

// An endpoint of three lines: [[cluster.endpoint]], protocol, base_url.
inline std::string endpoint_at(const std::string& url) {
  return "[[cluster.endpoint]]\nprotocol = 'openai'\nbase_url = '" + url + "'\n";
}

}  // namespace qcc::config
