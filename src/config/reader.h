// Reading a TOML tree into structs by tables of keys. One Key says a key's name, type, bounds,
// default and meaning; reading, the search for unknown keys, the reference and the list of what
// needs a restart all come from it.
#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <qcc/config/load.h>

#include "toml_tree.h"

namespace qcc::config {

// Collects the problems of one run and hands through to the outside.
class Reader {
 public:
  Reader(std::string_view file, const Environment& outside) : file_(file), outside_(outside) {}

  // From now on problems of `key` are the variable's, whatever the file says.
  void override_key(std::string key, std::string variable);

  void error(Position at, std::string key, std::string message);
  void warning(Position at, std::string key, std::string message);
  bool has_errors() const { return has_errors_; }
  std::vector<Problem> take_problems();  // sorted by place

  std::optional<std::string> variable(const std::string& name) const;
  std::optional<std::string> read_file(const std::string& path) const;

 private:
  void add(Severity severity, Position at, std::string key, std::string message);

  std::string file_;
  std::map<std::string, std::string> overrides_;  // key → variable
  const Environment& outside_;
  std::vector<Problem> problems_;
  bool has_errors_ = false;
};

// Inclusive bounds of a number, in nanoseconds, bytes or by count.
struct Range {
  int64_t least = 0;
  int64_t most = std::numeric_limits<int64_t>::max();
  bool holds(int64_t value) const { return value >= least && value <= most; }
};
constexpr Range between(Duration least, Duration most) { return {least.count(), most.count()}; }
constexpr Range between(int64_t least, int64_t most) { return {least, most}; }

// A value of the file with all that is needed to complain about it.
struct Value {
  Reader& reader;
  const Node& node;
  std::string path;
  Range range;

  void error(std::string message) const { reader.error(node.at, path, std::move(message)); }
  void warning(std::string message) const { reader.warning(node.at, path, std::move(message)); }
  // Reports that `expected` was expected and what stands there instead.
  void error_expected(std::string_view expected) const;
  // The text if this is a string; else reports.
  const std::string* string(std::string_view expected) const;
  std::string describe_range_with(std::string (*show)(int64_t)) const;
};

template <class T>
struct Key {
  std::string_view name;
  std::string_view meaning;
  Range range;
  std::string (*type)(const Range&);
  void (*read)(const Value&, T&);
  std::string (*show)(const T&);       // as the file would say it
  std::string_view default_text = {};  // for the reference, where a plain value would mislead
  bool is_required = false;
  bool is_restart = false;  // takes effect only at a restart

  constexpr Key required() const {
    Key key = *this;
    key.is_required = true;
    return key;
  }
  constexpr Key restart() const {
    Key key = *this;
    key.is_restart = true;
    return key;
  }
  constexpr Key by_default(std::string_view text) const {
    Key key = *this;
    key.default_text = text;
    return key;
  }
};

// One TOML table being read: hands out its keys and knows at the end which ones nobody asked for.
class TableReader {
 public:
  // A node that is no table is reported and read as an empty one.
  TableReader(Reader& reader, const Node& node, std::string path);

  template <class T>
  void read(std::span<const Key<T>> keys, T& into) {
    for (const Key<T>& key : keys) {
      const Node* node = take(key.name);
      if (node) {
        key.read(Value{reader_, *node, path_of(key.name), key.range}, into);
      } else if (key.is_required && is_table_) {
        report_missing(key.name, key.meaning);
      }
    }
  }

  // The value of a key, or null; from now on the key counts as known.
  const Node* take(std::string_view name);
  const Node* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }

  // Where the value of `name` stands; the table itself when it is not given.
  Position place_of(std::string_view name) const;
  std::string path_of(std::string_view name) const;
  void error(std::string_view name, std::string message);
  void warning(std::string_view name, std::string message);
  Reader& reader() { return reader_; }

  // Call last.
  void report_unknown_keys();

 private:
  void report_missing(std::string_view name, std::string_view meaning);
  void report_unknown(const Member& member);

  Reader& reader_;
  const Node& node_;
  std::string path_;
  bool is_table_;
  std::vector<std::string_view> known_;
};

}  // namespace qcc::config
