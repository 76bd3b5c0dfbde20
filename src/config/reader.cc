#include "reader.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <qcc/config/printable.h>

#include "keys.h"
#include "suggest.h"

namespace qcc::config {
namespace {

std::string_view describe(NodeKind kind) {
  switch (kind) {
    case NodeKind::string: return "a string";
    case NodeKind::integer: return "an integer";
    case NodeKind::decimal: return "a decimal number";
    case NodeKind::boolean: return "a boolean";
    case NodeKind::date: return "a date";
    case NodeKind::array: return "an array";
    case NodeKind::table: return "a table";
  }
  return "something else";
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (std::string_view word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

}  // namespace

void Reader::override_key(std::string key, std::string variable) {
  overrides_.insert_or_assign(std::move(key), std::move(variable));
}

void Reader::error(Position at, std::string key, std::string message) {
  has_errors_ = true;
  add(Severity::error, at, std::move(key), std::move(message));
}

void Reader::warning(Position at, std::string key, std::string message) {
  add(Severity::warning, at, std::move(key), std::move(message));
}

void Reader::add(Severity severity, Position at, std::string key, std::string message) {
  auto override = overrides_.find(key);
  bool is_of_file = override == overrides_.end();
  const std::string& blamed = is_of_file ? file_ : override->second;
  if (!is_of_file) at = {};
  problems_.push_back({severity, blamed, at.line, at.column, std::move(key), std::move(message)});
}

std::vector<Problem> Reader::take_problems() {
  std::ranges::sort(problems_, {}, [](const Problem& problem) {
    return std::tie(problem.line, problem.column, problem.key, problem.message);
  });
  return std::move(problems_);
}

std::optional<std::string> Reader::variable(const std::string& name) const {
  return outside_.variable ? outside_.variable(name) : std::nullopt;
}

std::optional<std::string> Reader::read_file(const std::string& path) const {
  return outside_.read_file ? outside_.read_file(path) : std::nullopt;
}

void Value::error_expected(std::string_view expected) const {
  error("expected " + std::string(expected) + ", got " + std::string(describe(node.kind)));
}

const std::string* Value::string(std::string_view expected) const {
  if (node.kind == NodeKind::string) return &node.text;
  error_expected(expected);
  return nullptr;
}

std::string Value::describe_range_with(std::string (*show)(int64_t)) const {
  if (range.most == std::numeric_limits<int64_t>::max()) return "at least " + show(range.least);
  return "from " + show(range.least) + " to " + show(range.most);
}

TableReader::TableReader(Reader& reader, const Node& node, std::string path)
    : reader_(reader),
      node_(node),
      path_(std::move(path)),
      is_table_(node.kind == NodeKind::table) {
  if (is_table_) return;
  reader_.error(node.at, path_, "expected a table, got " + std::string(describe(node.kind)));
}

const Node* TableReader::take(std::string_view name) {
  known_.push_back(name);
  return find(name);
}

const Node* TableReader::find(std::string_view name) const {
  auto member = std::ranges::find(node_.members, name, &Member::key);
  return member == node_.members.end() ? nullptr : &member->value;
}

Position TableReader::place_of(std::string_view name) const {
  const Node* value = find(name);
  return value ? value->at : node_.at;
}

std::string TableReader::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

void TableReader::error(std::string_view name, std::string message) {
  reader_.error(place_of(name), path_of(name), std::move(message));
}

void TableReader::warning(std::string_view name, std::string message) {
  reader_.warning(place_of(name), path_of(name), std::move(message));
}

void TableReader::report_missing(std::string_view name, std::string_view meaning) {
  reader_.error(node_.at, path_of(name), "missing: " + std::string(meaning));
}

void TableReader::report_unknown_keys() {
  for (const Member& member : node_.members) {
    if (std::ranges::find(known_, member.key) == known_.end()) report_unknown(member);
  }
}

void TableReader::report_unknown(const Member& member) {
  constexpr size_t kListedMax = 8;
  std::string message = "unknown key";
  std::string elsewhere = table_that_knows(member.key);
  if (is_of_later_version(member.key)) {
    message = "this version of QCC does not have this key yet";
  } else if (!elsewhere.empty()) {
    message += " here; it belongs in " + elsewhere;
  } else if (std::string_view near = nearest(member.key, known_); !near.empty()) {
    message += "; did you mean \"" + std::string(near) + "\"?";
  } else if (known_.size() <= kListedMax) {
    message += "; known here: " + joined(known_);
  }
  reader_.error(member.at, path_of(printable(member.key)), std::move(message));
}

}  // namespace qcc::config
