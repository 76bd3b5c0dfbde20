#include <qcc/config/load.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include <qcc/base/hash.h>
#include <qcc/config/printable.h>

#include "keys.h"
#include "read_cluster.h"
#include "validate.h"
#include "values.h"

namespace qcc::config {
namespace {

constexpr const char* kListenVariable = "QCC_LISTEN";
constexpr const char* kLogVariable = "QCC_LOG";

template <class T>
void read_single_table(TableReader& root, std::string_view name, std::span<const Key<T>> keys,
                       T& into) {
  const Node* node = root.take(name);
  if (!node) return;
  TableReader table(root.reader(), *node, std::string(name));
  table.read(keys, into);
  check_table(table, into);
  table.report_unknown_keys();
}

void read_client_key(Reader& reader, const Member& member, std::vector<ClientKey>& into) {
  std::string alias = member.key;
  bool is_swapped = alias.starts_with("sk-");  // and must not appear in a message
  if (std::optional<std::string> complaint = check_name(alias); complaint || is_swapped) {
    return reader.error(
        member.at, "client_keys",
        is_swapped ? "the client's name stands before the =, its secret behind" : *complaint);
  }
  Value value{reader, member.value, "client_keys." + printable(alias), {}};
  ClientKey client{alias, {}};
  read_value(value, client.secret);
  check_client_key(value, client, into);
  into.push_back(std::move(client));
}

void read_client_keys(TableReader& root, std::vector<ClientKey>& into) {
  const Node* node = root.take("client_keys");
  if (!node) return;
  TableReader table(root.reader(), *node, "client_keys");  // reports what is no table
  for (const Member& member : node->members) read_client_key(root.reader(), member, into);
}

std::vector<std::string_view> split_at_commas(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.push_back(part);
    if (comma == text.npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

Node string_node(std::string_view text) {
  Node node;
  node.kind = NodeKind::string;
  node.text = text;
  return node;
}

void override_listen(Reader& reader, const std::string& text, ServerConfig& server) {
  reader.override_key("server.listen", kListenVariable);
  Node list;
  list.kind = NodeKind::array;
  for (std::string_view part : split_at_commas(text)) list.items.push_back(string_node(part));
  read_value(Value{reader, list, "server.listen", {}}, server.listen);
}

void override_log(Reader& reader, const std::string& text, LogConfig& log) {
  reader.override_key("log.level", kLogVariable);
  for (std::string_view part : split_at_commas(text)) {
    bool is_format = part == name_of(LogFormat::text) || part == name_of(LogFormat::json);
    Node node = string_node(part);
    if (is_format) {
      read_value(Value{reader, node, "log.format", {}}, log.format);
    } else {
      read_value(Value{reader, node, "log.level", {}}, log.level);
    }
  }
}

void apply_variables(Reader& reader, Config& config) {
  std::optional<std::string> listen = reader.variable(kListenVariable);
  if (listen && !listen->empty()) override_listen(reader, *listen, config.server);
  std::optional<std::string> log = reader.variable(kLogVariable);
  if (log && !log->empty()) override_log(reader, *log, config.log);
}

void read_file_into(Reader& reader, const Node& tree, Config& config) {
  TableReader root(reader, tree, "");
  visit_single_tables([&](std::string_view name, const auto& keys, auto member) {
    read_single_table(root, name, keys, config.*member);
  });
  read_clusters(root, config.timeouts, config.clusters);
  read_client_keys(root, config.client_keys);
  root.report_unknown_keys();
  apply_variables(reader, config);
  check_whole(root, config);
}

}  // namespace

std::string format_problem(const Problem& problem) {
  std::string text = problem.file;
  if (problem.line != 0) {
    text += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
  }
  text += problem.severity == Severity::error ? ": error: " : ": warning: ";
  if (!problem.key.empty()) text += problem.key + ": ";
  return text + problem.message;
}

LoadResult load(std::string_view text, std::string_view file_name, const Environment& environment) {
  Reader reader(file_name, environment);
  std::shared_ptr<Config> config = std::make_shared<Config>();
  std::expected<Node, SyntaxError> tree = parse_toml(text);
  if (tree) {
    read_file_into(reader, *tree, *config);
  } else {
    reader.error(tree.error().at, "", tree.error().message);
  }
  if (reader.has_errors()) config.reset();
  return {std::move(config), reader.take_problems()};
}

LoadResult config_from_environment(const Environment& environment) {
  struct Vendor {
    const char* variable;
    const char* endpoint;
  };
  constexpr Vendor kVendors[] = {
      {"ANTHROPIC_API_KEY",
       "name = \"anthropic\"\nprotocol = \"anthropic\"\nbase_url = "
       "\"https://api.anthropic.com\"\n"},
      {"OPENAI_API_KEY",
       "name = \"openai\"\nprotocol = \"openai\"\nbase_url = \"https://api.openai.com\"\n"},
      {"OPENROUTER_API_KEY",
       "name = \"openrouter\"\nprotocol = \"openai\"\nbase_url = \"https://openrouter.ai/api\"\n"},
  };
  for (const Vendor& vendor : kVendors) {
    std::optional<std::string> key;
    if (environment.variable) key = environment.variable(vendor.variable);
    if (!key || key->empty()) continue;
    std::string text = "[[cluster.endpoint]]\n" + std::string(vendor.endpoint) +
                       "key = \"env:" + vendor.variable + "\"\n";
    LoadResult result = load(text, vendor.variable, environment);
    for (Problem& problem : result.problems) problem.line = problem.column = 0;  // there is no file
    return result;
  }
  Problem problem;
  problem.file = "environment";
  problem.message =
      "there is no configuration file, and none of ANTHROPIC_API_KEY, OPENAI_API_KEY and "
      "OPENROUTER_API_KEY is set";
  return {nullptr, {problem}};
}

std::string endpoint_id(std::string_view name) {
  uint64_t hash = fnv1a(name);
  char text[9];
  std::snprintf(text, sizeof text, "%08x",
                static_cast<unsigned>((hash >> 32) ^ (hash & 0xffffffff)));
  return text;
}

}  // namespace qcc::config
