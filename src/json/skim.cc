#include <qcc/json/picker.h>
#include <qcc/json/skim.h>
#include <qcc/json/text.h>

#include <algorithm>
#include <array>

#include "number.h"
#include "string_map.h"

namespace qcc::json {
namespace {

enum class Repeats : uint8_t { refused, last_counts };

struct FieldRule {
  std::string_view key;
  const char* name;
  RawValue RequestFields::* value;
  Repeats repeats;
  uint16_t kinds;  // bit per ValueKind
};

constexpr uint16_t kinds(auto... kind) {
  return static_cast<uint16_t>(((1u << static_cast<unsigned>(kind)) | ...));
}

using enum ValueKind;
constexpr uint16_t kAny = 0xffff;
constexpr FieldRule rule(const char* name, RawValue RequestFields::* value, uint16_t kinds,
                         Repeats repeats = Repeats::last_counts) {
  return {name, name, value, repeats, kinds};
}
using F = RequestFields;
constexpr std::array kRules = {
    rule("model", &F::model, kinds(string), Repeats::refused),
    rule("stream", &F::stream, kinds(boolean, null), Repeats::refused),
    rule("max_tokens", &F::max_tokens, kinds(number, null)),
    rule("max_completion_tokens", &F::max_completion_tokens, kinds(number, null)),
    rule("max_output_tokens", &F::max_output_tokens, kinds(number, null)),
    rule("metadata", &F::metadata, kinds(object, null)),
    rule("prompt_cache_key", &F::prompt_cache_key, kAny),
    rule("previous_response_id", &F::previous_response_id, kAny),
    rule("conversation", &F::conversation, kAny),
    rule("system", &F::system, kAny),
    rule("instructions", &F::instructions, kAny),
    rule("messages", &F::messages, kAny),
    rule("input", &F::input, kAny),
};

const FieldRule* find_rule(std::string_view inside_key) {
  for (const FieldRule& rule : kRules)
    if (unescaped_equals(inside_key, rule.key)) return &rule;
  return nullptr;
}

constexpr bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

class RequestSkimmer {
 public:
  explicit RequestSkimmer(std::string_view body) : body_(body), map_(body, best_indexer()) {}

  std::expected<RequestFields, SkimError> run() {
    if (!read_object()) return std::unexpected(error_);
    return fields_;
  }

 private:
  bool read_object() {
    if (body_.starts_with("\xef\xbb\xbf")) return failed(SkimFault::byte_order_mark, 0);
    skip_space();
    if (!next_is('{')) return failed(SkimFault::not_object, at_);
    ++at_;
    skip_space();
    if (next_is('}')) {
      ++at_;
    } else if (!read_members()) {
      return false;
    }
    skip_space();
    return at_ == body_.size() || failed(SkimFault::trailing_bytes, at_);
  }

  bool read_members() {
    for (;;) {
      if (!read_member()) return false;
      skip_space();
      if (next_is('}')) return ++at_, true;
      if (!next_is(',')) return failed(SkimFault::bad_member, at_);
      ++at_;
      skip_space();
    }
  }

  bool read_member() {
    const size_t key_at = at_;
    if (!next_is('"')) return failed(SkimFault::bad_member, at_);
    if (!take_string()) return false;
    const std::string_view inside_key = body_.substr(key_at + 1, at_ - key_at - 2);
    skip_space();
    if (!next_is(':')) return failed(SkimFault::bad_member, at_);
    ++at_;
    skip_space();
    RawValue value;
    if (!take_value(value)) return false;
    const FieldRule* rule = find_rule(inside_key);
    return rule == nullptr || note_field(*rule, value);
  }

  bool note_field(const FieldRule& rule, const RawValue& value) {
    RawValue& field = fields_.*rule.value;
    if (rule.repeats == Repeats::refused && !field.is(absent))
      return failed(SkimFault::duplicate, value.range.offset, rule.name);
    if ((rule.kinds >> static_cast<unsigned>(value.kind) & 1) == 0)
      return failed(SkimFault::wrong_type, value.range.offset, rule.name);
    field = value;
    return rule.value != &F::metadata || note_user_id();
  }

  bool note_user_id() {
    fields_.user_id = {};
    const ByteRange& metadata = fields_.metadata.range;
    const JsonView user_id = JsonView(metadata.of(body_))["user_id"];
    if (user_id.kind() == absent) return true;
    const size_t offset = static_cast<size_t>(user_id.raw().data() - body_.data());
    if (user_id.kind() != string && user_id.kind() != null)
      return failed(SkimFault::wrong_type, offset, "metadata.user_id");
    fields_.user_id = {user_id.kind(), {offset, user_id.raw().size()}};
    return true;
  }

  bool take_value(RawValue& value) {
    value.range.offset = at_;
    const char first = at_ < body_.size() ? body_[at_] : '\0';
    switch (first) {
      case '"': value.kind = string; break;
      case '{': value.kind = object; break;
      case '[': value.kind = array; break;
      case 't':
      case 'f': value.kind = boolean; break;
      case 'n': value.kind = null; break;
      default: value.kind = number;
    }
    bool taken = false;
    switch (value.kind) {
      case string: taken = take_string(); break;
      case object:
      case array: taken = take_container(); break;
      case boolean: taken = take_literal(first == 't' ? "true" : "false"); break;
      case null: taken = take_literal("null"); break;
      default: taken = take_number();
    }
    value.range.length = at_ - value.range.offset;
    return taken;
  }

  bool take_string() {
    const size_t close = map_.string_end(at_);
    if (close == StringMap::kNotFound) return error_ = map_.error(), false;
    at_ = close + 1;
    return true;
  }

  bool take_container() {
    const size_t end = map_.container_end(at_, 1);
    if (end == StringMap::kNotFound) return error_ = map_.error(), false;
    at_ = end;
    return true;
  }

  bool take_literal(std::string_view literal) {
    if (!body_.substr(at_).starts_with(literal)) return failed(SkimFault::bad_member, at_);
    at_ += literal.size();
    return true;
  }

  bool take_number() {
    const size_t length = number_length(body_.substr(at_));
    if (length == 0) return failed(SkimFault::bad_member, at_);
    at_ += length;
    return true;
  }

  void skip_space() {
    while (at_ < body_.size() && is_space(body_[at_])) ++at_;
  }
  bool next_is(char c) const { return at_ < body_.size() && body_[at_] == c; }

  bool failed(SkimFault fault, size_t offset, const char* field = "") {
    const bool cut = offset >= body_.size() && fault != SkimFault::not_object;
    error_ = {cut ? SkimFault::truncated : fault, field, std::min(offset, body_.size())};
    return false;
  }

  std::string_view body_;
  StringMap map_;
  size_t at_ = 0;
  RequestFields fields_;
  SkimError error_{SkimFault::truncated, "", 0};
};

}  // namespace

std::expected<RequestFields, SkimError> skim_request(std::string_view body) {
  return RequestSkimmer(body).run();
}

const char* describe(SkimFault fault) {
  switch (fault) {
    case SkimFault::not_object: return "the body is not a JSON object";
    case SkimFault::byte_order_mark: return "the body begins with a byte order mark";
    case SkimFault::truncated: return "the body ends before its JSON does";
    case SkimFault::trailing_bytes: return "bytes follow the JSON object";
    case SkimFault::bad_member: return "the JSON is malformed";
    case SkimFault::mismatched: return "the JSON's brackets do not match";
    case SkimFault::too_deep: return "the JSON is nested too deeply";
    case SkimFault::control_character: return "a JSON string holds a control character";
    case SkimFault::bad_escape: return "a JSON string holds a malformed escape";
    case SkimFault::bad_utf8: return "the body is not valid UTF-8";
    case SkimFault::duplicate: return "the member is there more than once";
    case SkimFault::wrong_type: return "the member has the wrong type";
  }
  return "the JSON is malformed";
}

}  // namespace qcc::json
