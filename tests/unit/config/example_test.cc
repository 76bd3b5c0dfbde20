// deploy/qcc.toml must load, and must agree with the reference in every key and default.
#include <doctest/doctest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <qcc/config/reference.h>

#include "load_fixture.h"

using namespace qcc::config;

namespace {

std::string example() {
  std::filesystem::path here = std::filesystem::path(__FILE__).parent_path();
  const std::filesystem::path candidates[] = {here / "../../../deploy/qcc.toml", "deploy/qcc.toml",
                                              "../deploy/qcc.toml"};
  for (const std::filesystem::path& path : candidates) {
    std::ifstream file(path);
    if (!file) continue;
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  FAIL("deploy/qcc.toml not found: run the tests in the source or the build folder");
  return "";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Settings are commented out as "#key = …", prose as "# …".
bool is_disabled_setting(const std::string& line) {
  return line.size() > 1 && line[0] == '#' &&
         (std::islower(static_cast<unsigned char>(line[1])) || line[1] == '[');
}

std::string all_enabled(const std::string& text) {
  std::string enabled;
  for (const std::string& line : lines_of(text)) {
    enabled += (is_disabled_setting(line) ? line.substr(1) : line) + "\n";
  }
  return enabled;
}

Outside fake_outside() {
  Outside outside;
  outside.variables["ANTHROPIC_API_KEY"] = "sk-ant-0123456789abcdef";
  outside.files["/etc/qcc/admin.token"] = "admin-token-0123456789\n";
  outside.files["/etc/qcc/relay.key"] = "relay-key-0123456789\n";
  outside.files["/etc/qcc/laptop.key"] = "laptop-key-0123456789\n";
  outside.files["/etc/qcc/ca.pem"] = "-----BEGIN CERTIFICATE-----\n";
  return outside;
}

struct Row {
  std::string table;  // "[server]"
  std::string key;
  std::string shown_default;
};

std::vector<Row> reference_rows() {
  std::vector<Row> rows;
  std::string table;
  for (const std::string& line : lines_of(reference_markdown())) {
    if (line.starts_with("### `")) table = line.substr(5, line.size() - 6);
    if (!line.starts_with("| `")) continue;
    size_t key_end = line.find('`', 3);
    size_t type_end = line.find(" | ", key_end + 4);
    size_t default_end = line.find(" | ", type_end + 3);
    rows.push_back({table, line.substr(3, key_end - 3),
                    line.substr(type_end + 3, default_end - type_end - 3)});
  }
  return rows;
}

// The line that sets `key` in the first table headed `table`.
std::string line_of(const std::string& text, const std::string& table, const std::string& key) {
  bool is_inside = false;
  for (const std::string& line : lines_of(text)) {
    std::string bare = is_disabled_setting(line) ? line.substr(1) : line;
    if (bare.starts_with("[")) {
      if (is_inside) return "";
      is_inside = bare == table;
    }
    if (is_inside && bare.starts_with(key + " = ")) return line;
  }
  return "";
}

}  // namespace

TEST_CASE("config: the example file loads as it is") {
  LoadResult result = load_text(example(), fake_outside());
  CHECK(joined(problems_of(result)) == "");
  REQUIRE(result.config != nullptr);
  CHECK(result.config->clusters.at(0).endpoints.at(0).name == "anthropic");
}

TEST_CASE("config: the example file loads with every setting enabled") {
  LoadResult result = load_text(all_enabled(example()), fake_outside());
  CHECK(joined(problems_of(result)) == "");
  REQUIRE(result.config != nullptr);
  CHECK(result.config->clusters.at(0).endpoints.size() == 2);
  CHECK(result.config->client_keys.size() == 1);
}

TEST_CASE("config: the example file shows every key of the reference, and its default") {
  const std::string text = example();
  const std::vector<Row> rows = reference_rows();
  CHECK(rows.size() > 60);
  for (const Row& row : rows) {
    CAPTURE(row.table);
    CAPTURE(row.key);
    std::string line = line_of(text, row.table, row.key);
    CHECK(line != "");
    bool is_plain = row.shown_default.starts_with('`') && row.shown_default != "`{}`";
    if (is_plain && line.starts_with('#')) {
      std::string expected = row.shown_default.substr(1, row.shown_default.size() - 2);
      CHECK(line == "#" + row.key + " = " + expected);
    }
  }
}

TEST_CASE("config: the reference names key, type, default and meaning") {
  const std::string text = reference_markdown();
  CHECK(text.find("### `[limits]`\n\n| key | type | default | meaning |\n") != std::string::npos);
  CHECK(text.find("| `max_body` | size | `\"32MiB\"` | Largest request body; beyond: 413. |\n") !=
        std::string::npos);
  CHECK(text.find("| `base_url` | URL | required | ") != std::string::npos);
  CHECK(text.find("| `shards` | \"auto\" or integer, 1 to 64 | `\"auto\"` | ") !=
        std::string::npos);
  CHECK(text.find("### `[[cluster.endpoint]]`") != std::string::npos);
}
