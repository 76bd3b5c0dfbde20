// Picks members out of a JSON document of which only little is wanted (error bodies, usage).
//
// A JsonView is a view of one value; it owns nothing, the document must outlive it. Any thread.
// It validates nothing: what cannot be found, in garbage too, is `absent`, and an absent view gives
// absent views. It never reads outside the document, never recurses, never throws, never allocates;
// one lookup is linear in the value's length. Of equal keys the first counts.
#pragma once
#include <qcc/json/skim.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace qcc::json {

class JsonView {
 public:
  JsonView() = default;
  // White space before the value is allowed; what follows it is ignored.
  explicit JsonView(std::string_view document);

  ValueKind kind() const { return kind_; }
  bool present() const { return kind_ != ValueKind::absent; }
  bool is(ValueKind kind) const { return kind_ == kind; }
  std::string_view raw() const { return raw_; }

  JsonView operator[](std::string_view key) const;  // REQUIRES: key of at most 63 bytes
  JsonView at(size_t index) const;

  // See json::unsigned_integer.
  std::optional<uint64_t> unsigned_integer() const;
  bool is_true() const { return kind_ == ValueKind::boolean && raw_ == "true"; }

  // The bytes between the quotes, still escaped; empty for other kinds.
  std::string_view inside_string() const;
  // The text; empty for other kinds, malformed escapes and what does not fit.
  std::string_view text_into(std::span<char> out) const;

  // Walks an object: start with a fresh Member and call until it returns false.
  struct Member;
  bool next_member(Member& member) const;

 private:
  JsonView(ValueKind kind, std::string_view raw) : kind_(kind), raw_(raw) {}
  // `text` begins with the value.
  static JsonView value_at(std::string_view text);

  ValueKind kind_ = ValueKind::absent;
  std::string_view raw_;
};

struct JsonView::Member {
  std::string_view inside_key;  // still escaped
  JsonView value;
  size_t next_at = 0;  // the walk's place
};

}  // namespace qcc::json
