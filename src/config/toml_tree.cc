#include "toml_tree.h"

#include <algorithm>
#include <utility>

#include <qcc/config/printable.h>

#include "text_check.h"

// The system's shared library is built with exceptions; ours is compiled in here, without them.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 16
// Its assertions fail on malformed files ("[=]") for which its own error paths are right behind.
#undef NDEBUG  // with it, the same conditions would become assumptions of the optimiser
#define TOML_ASSERT(condition) static_assert(true)
#include <toml++/toml.h>

namespace qcc::config {
namespace {

constexpr size_t kTextMax = 1 << 20;
constexpr size_t kCharacterMax = 7;  // of what is quoted as a single character

Position position_of(const toml::source_position& at) { return {at.line, at.column}; }

Node convert(const toml::node& from);

Node convert_table(const toml::table& table, Node node) {
  node.kind = NodeKind::table;
  for (auto&& [key, value] : table) {
    node.members.push_back(
        {std::string(key.str()), position_of(key.source().begin), convert(value)});
  }
  std::ranges::sort(node.members, {}, &Member::at);
  return node;
}

Node convert_array(const toml::array& array, Node node) {
  node.kind = NodeKind::array;
  for (const toml::node& item : array) node.items.push_back(convert(item));
  return node;
}

Node convert(const toml::node& from) {
  Node node;
  node.at = position_of(from.source().begin);
  switch (from.type()) {
    case toml::node_type::table: return convert_table(*from.as_table(), std::move(node));
    case toml::node_type::array: return convert_array(*from.as_array(), std::move(node));
    case toml::node_type::string:
      node.kind = NodeKind::string;
      node.text = from.as_string()->get();
      break;
    case toml::node_type::integer:
      node.kind = NodeKind::integer;
      node.integer = from.as_integer()->get();
      break;
    case toml::node_type::boolean:
      node.kind = NodeKind::boolean;
      node.boolean = from.as_boolean()->get();
      break;
    case toml::node_type::floating_point: node.kind = NodeKind::decimal; break;
    default: node.kind = NodeKind::date; break;
  }
  return node;
}

// The library quotes single characters, keys and, of malformed numbers, whole values. A value may
// be a secret that lacks its quotes.
std::string fit_to_show(std::string_view quoted, bool is_of_key) {
  bool is_character = quoted.size() <= kCharacterMax;
  if (!is_character && !is_of_key) return "the value";
  // The library writes the beginning of such a key twice, which would hide what it is.
  bool is_key_in_quotes = !is_character && (quoted.front() == '"' || quoted.front() == '\'');
  return "'" + (is_key_in_quotes ? std::string(kNotShown) : printable(quoted)) + "'";
}

std::string without_secrets(std::string_view message) {
  constexpr std::string_view kPrefix = "Error while parsing ";
  if (message.starts_with(kPrefix)) message.remove_prefix(kPrefix.size());
  bool is_of_key = message.starts_with("key") || message.starts_with("table");
  std::string text(message.substr(0, message.find('\'')));
  if (text.size() < message.size()) {
    message.remove_prefix(text.size() + 1);
    size_t close = std::min(message.rfind('\''), message.size());  // a long message lacks its end
    text += fit_to_show(message.substr(0, close), is_of_key);
    text += message.substr(std::min(close + 1, message.size()));
  }
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return text;
}

std::string explain(std::string_view message) {
  std::string text = "not TOML: " + without_secrets(message);
  if (message.find("could not determine value type") != message.npos) {
    text += "; a string stands in quotes";
  }
  return text;
}

}  // namespace

std::expected<Node, SyntaxError> parse_toml(std::string_view text) {
  if (text.size() > kTextMax) {
    return std::unexpected(SyntaxError{{1, 1}, "the file is larger than 1 MiB"});
  }
  if (std::optional<SyntaxError> unfit = TextCheck(text).run()) {
    unfit->message = "not TOML: " + unfit->message;
    return std::unexpected(*unfit);
  }
  toml::parse_result result = toml::parse(text);
  if (!result) {
    const toml::parse_error& error = result.error();
    return std::unexpected(
        SyntaxError{position_of(error.source().begin), explain(error.description())});
  }
  return convert(result.table());
}

}  // namespace qcc::config
