// Writes JSON by pushing values. The caller owns the output string and may keep its capacity.
//
// Any thread; one writer, one thread. Keys and strings are escaped; bytes that are not UTF-8 become
// U+FFFD, so the result is always valid. REQUIRES calls in the order the grammar wants (a key
// before each member's value, ends that match) and at most 63 nested containers: asserted.
#pragma once
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace qcc::json {

// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view value);
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  JsonWriter& number(std::signed_integral auto value) { return integer(value); }
  JsonWriter& number(std::unsigned_integral auto value) { return natural(value); }
  // Shortest form that reads back the same; null when not finite.
  JsonWriter& number(double value);
  // `json` is put in as it is. REQUIRES: one valid JSON value.
  JsonWriter& raw(std::string_view json);

  JsonWriter& member(std::string_view name, std::string_view value) {
    return key(name).text(value);
  }
  JsonWriter& member(std::string_view name, const char* value) { return key(name).text(value); }
  JsonWriter& member(std::string_view name, std::same_as<bool> auto value) {
    return key(name).boolean(value);
  }
  template <class N>
    requires(std::integral<N> && !std::same_as<N, bool>) || std::same_as<N, double>
  JsonWriter& member(std::string_view name, N value) {
    return key(name).number(value);
  }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& integer(int64_t value);
  JsonWriter& natural(uint64_t value);
  void before_value();

  std::string& out_;
  uint64_t has_values_ = 0;  // bit d: the container at depth d already holds something
  uint64_t is_object_ = 0;   // bit d: it is an object
  unsigned depth_ = 0;
  bool key_written_ = false;
};

}  // namespace qcc::json
