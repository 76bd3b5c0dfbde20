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
  const bool is_plain = inside_key.find('\\') == std::string_view::npos;
  for (const FieldRule& rule : kRules)
    if (is_plain ? inside_key == rule.key : unescaped_equals(inside_key, rule.key)) return &rule;
  return nullptr;
}

constexpr bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

constexpr bool may_be_in_number(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || (c | 0x20) == 'e';
}

ValueKind kind_beginning_with(char first) {
  switch (first) {
    case '"': return string;
    case '{': return object;
    case '[': return array;
    case 't':
    case 'f': return boolean;
    case 'n': return null;
    default: return number;
  }
}

}  // namespace

// A machine that stops in front of what has not come yet.
class RequestSkimmer::Machine {
 public:
  Machine() : map_(best_indexer()) {}

  void run(std::string_view body, bool is_whole) {
    body_ = body;
    is_whole_ = is_whole;
    map_.show(body, is_whole);
    while (step()) {
    }
  }

  std::expected<RequestFields, SkimError> outcome() const {
    if (place_ == Place::failed) return std::unexpected(error_);
    return fields_;
  }

 private:
  enum class Place : uint8_t {
    mark,
    object,
    first_key,
    key,
    in_key,
    colon,
    value,
    in_value,
    behind_value,
    behind_object,
    done,
    failed,
  };

  // To the end of a member; false when there is nothing more to do, yet or ever.
  bool step() {
    switch (place_) {
      case Place::mark:
        if (!refuse_mark()) return false;
        [[fallthrough]];
      case Place::object:
        if (!enter_object()) return false;
        [[fallthrough]];
      case Place::first_key: return begin_members();
      case Place::key:
        if (!enter_key()) return false;
        [[fallthrough]];
      case Place::in_key:
        if (!finish_key()) return false;
        [[fallthrough]];
      case Place::colon:
        if (!take_colon()) return false;
        [[fallthrough]];
      case Place::value:
        if (!enter_value()) return false;
        [[fallthrough]];
      case Place::in_value:
        if (!finish_value()) return false;
        [[fallthrough]];
      case Place::behind_value: return finish_member();
      case Place::behind_object: return finish_body();
      case Place::done:
      case Place::failed: break;
    }
    return false;
  }

  bool refuse_mark() {
    constexpr std::string_view kMark = "\xef\xbb\xbf";
    if (body_.size() < kMark.size() && !is_whole_) return false;
    if (body_.starts_with(kMark)) return failed(SkimFault::byte_order_mark, 0);
    return go_to(Place::object);
  }

  bool enter_object() {
    if (!sees_next()) return false;
    if (!next_is('{')) return failed(SkimFault::not_object, at_);
    ++at_;
    return go_to(Place::first_key);
  }

  bool begin_members() {
    if (!sees_next()) return false;
    return next_is('}') ? leave_object() : go_to(Place::key);
  }

  bool enter_key() {
    if (!sees_next()) return false;
    if (!next_is('"')) return failed(SkimFault::bad_member, at_);
    key_at_ = at_;
    return go_to(Place::in_key);
  }

  bool finish_key() {
    if (!take_string()) return false;
    key_length_ = at_ - key_at_;
    return go_to(Place::colon);
  }

  bool take_colon() {
    if (!sees_next()) return false;
    if (!next_is(':')) return failed(SkimFault::bad_member, at_);
    ++at_;
    return go_to(Place::value);
  }

  bool enter_value() {
    if (!sees_next()) return false;
    value_.kind = kind_beginning_with(at_ < body_.size() ? body_[at_] : '\0');
    value_.range.offset = at_;
    number_end_ = at_;
    return go_to(Place::in_value);
  }

  bool finish_value() {
    if (!take_value()) return false;
    value_.range.length = at_ - value_.range.offset;
    place_ = Place::behind_value;
    const FieldRule* rule = find_rule(body_.substr(key_at_ + 1, key_length_ - 2));
    return rule == nullptr || note_field(*rule);
  }

  bool finish_member() {
    if (!sees_next()) return false;
    if (next_is('}')) return leave_object();
    if (!next_is(',')) return failed(SkimFault::bad_member, at_);
    ++at_;
    return go_to(Place::key);
  }

  bool leave_object() {
    ++at_;
    return go_to(Place::behind_object);
  }

  bool finish_body() {
    if (!sees_next()) return false;
    if (at_ < body_.size()) return failed(SkimFault::trailing_bytes, at_);
    return go_to(Place::done);
  }

  bool note_field(const FieldRule& rule) {
    RawValue& field = fields_.*rule.value;
    if (rule.repeats == Repeats::refused && !field.is(absent))
      return failed(SkimFault::duplicate, value_.range.offset, rule.name);
    if ((rule.kinds >> static_cast<unsigned>(value_.kind) & 1) == 0)
      return failed(SkimFault::wrong_type, value_.range.offset, rule.name);
    field = value_;
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

  bool take_value() {
    switch (value_.kind) {
      case string: return take_string();
      case object:
      case array: return take_container();
      case boolean: return take_literal(body_[at_] == 't' ? "true" : "false");
      case null: return take_literal("null");
      default: return take_number();
    }
  }

  bool take_string() {
    const size_t close = map_.string_end(at_);
    if (close >= StringMap::kNotYet) return stopped(close);
    at_ = close + 1;
    return true;
  }

  bool take_container() {
    const size_t end = map_.container_end(at_);
    if (end >= StringMap::kNotYet) return stopped(end);
    at_ = end;
    return true;
  }

  bool take_literal(std::string_view literal) {
    if (body_.size() - at_ < literal.size() && !is_whole_) return false;
    if (!body_.substr(at_).starts_with(literal)) return failed(SkimFault::bad_member, at_);
    at_ += literal.size();
    return true;
  }

  bool take_number() {
    while (number_end_ < body_.size() && may_be_in_number(body_[number_end_])) ++number_end_;
    if (number_end_ == body_.size() && !is_whole_) return false;
    const size_t length = number_length(body_.substr(at_));
    if (length == 0) return failed(SkimFault::bad_member, at_);
    at_ += length;
    return true;
  }

  // Skips white space; false when what stands behind it has not come yet.
  bool sees_next() {
    size_t at = at_;
    while (at < body_.size() && is_space(body_[at])) ++at;
    at_ = at;
    return at < body_.size() || is_whole_;
  }
  bool next_is(char c) const { return at_ < body_.size() && body_[at_] == c; }

  bool go_to(Place place) {
    place_ = place;
    return true;
  }

  bool stopped(size_t why) {
    if (why == StringMap::kNotYet) return false;
    error_ = map_.error();
    place_ = Place::failed;
    return false;
  }

  bool failed(SkimFault fault, size_t offset, const char* field = "") {
    const bool cut = offset >= body_.size() && fault != SkimFault::not_object;
    error_ = {cut ? SkimFault::truncated : fault, field, std::min(offset, body_.size())};
    place_ = Place::failed;
    return false;
  }

  std::string_view body_;
  bool is_whole_ = false;
  Place place_ = Place::mark;
  StringMap map_;
  size_t at_ = 0;
  size_t key_at_ = 0;
  size_t key_length_ = 0;
  size_t number_end_ = 0;  // as far as it was looked for
  RawValue value_;
  RequestFields fields_;
  SkimError error_{SkimFault::truncated, "", 0};
};

RequestSkimmer::RequestSkimmer() = default;
RequestSkimmer::~RequestSkimmer() = default;

void RequestSkimmer::feed(std::string_view body_so_far) {
  if (!machine_) machine_ = std::make_unique<Machine>();
  machine_->run(body_so_far, false);
}

std::expected<RequestFields, SkimError> RequestSkimmer::finish(std::string_view body) {
  if (!machine_) return skim_request(body);
  const std::unique_ptr<Machine> machine = std::move(machine_);
  machine->run(body, true);
  return machine->outcome();
}

std::expected<RequestFields, SkimError> skim_request(std::string_view body) {
  RequestSkimmer::Machine machine;
  machine.run(body, true);
  return machine.outcome();
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
