// The skimmer against RapidJSON's SAX reader: whatever RapidJSON accepts must give the same
// members; what only the skimmer accepts must be broken inside a nested value, as its header says.
// In pieces it must find the same as at once.
#include <qcc/json/picker.h>
#include <qcc/json/skim.h>
#include <qcc/json/text.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace qcc::json;

void require(bool condition) {
  if (!condition) abort();
}

struct Seen {
  ValueKind kind = ValueKind::absent;
  std::string text;  // of a string, decoded; of a number, as spelled; of a boolean
};

// Notes the members of the top level, and `user_id` of every `metadata`.
class Oracle : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Oracle> {
 public:
  bool Null() { return value(ValueKind::null, ""); }
  bool Bool(bool b) { return value(ValueKind::boolean, b ? "true" : "false"); }
  bool RawNumber(const char* s, unsigned n, bool) { return value(ValueKind::number, {s, n}); }
  bool String(const char* s, unsigned n, bool) { return value(ValueKind::string, {s, n}); }
  bool StartObject() { return value(ValueKind::object, "") && enter(); }
  bool StartArray() { return value(ValueKind::array, "") && enter(); }
  bool EndObject(unsigned) { return leave(); }
  bool EndArray(unsigned) { return leave(); }
  bool Key(const char* s, unsigned n, bool) {
    if (depth == 1) key_ = std::string(s, n);
    if (depth == 2) inner_key_ = std::string(s, n);
    return true;
  }

  bool must_be_refused() const {
    return root != ValueKind::object || depth_seen > kSkimDepthMax || broken_rule_;
  }

  std::map<std::string, Seen> members;
  Seen user_id;
  ValueKind root = ValueKind::absent;
  size_t depth = 0;
  size_t depth_seen = 0;

 private:
  bool enter() { return depth_seen = std::max(depth_seen, ++depth), true; }
  bool leave() { return --depth, true; }

  bool value(ValueKind kind, std::string text) {
    if (depth == 0) root = kind;
    if (depth == 1 && root == ValueKind::object) note_member(kind, std::move(text));
    if (depth == 2 && key_ == "metadata" && inner_key_ == "user_id" &&
        members["metadata"].kind == ValueKind::object && user_id.kind == ValueKind::absent) {
      broken_rule_ |= kind != ValueKind::string && kind != ValueKind::null;
      user_id = {kind, std::move(text)};
    }
    return true;
  }

  void note_member(ValueKind kind, std::string text) {
    using enum ValueKind;
    if (key_ == "model" || key_ == "stream") broken_rule_ |= members.contains(key_);
    if (key_ == "model") broken_rule_ |= kind != string;
    if (key_ == "stream") broken_rule_ |= kind != boolean && kind != null;
    if (key_ == "max_tokens" || key_ == "max_completion_tokens" || key_ == "max_output_tokens")
      broken_rule_ |= kind != number && kind != null;
    if (key_ == "metadata") {
      broken_rule_ |= kind != object && kind != null;
      user_id = {};
      inner_key_.clear();
    }
    members[key_] = {kind, std::move(text)};
  }

  std::string key_;
  std::string inner_key_;
  bool broken_rule_ = false;
};

void compare(std::string_view body, const RawValue& found, const Seen& seen) {
  require(found.kind == seen.kind);
  if (found.kind == ValueKind::absent) return;
  require(found.range.offset + found.range.length <= body.size());
  if (found.kind == ValueKind::string) {
    std::vector<char> text(found.range.length);
    const auto length = unescape_into(text, found.inside_string(body));
    require(length && std::string_view(text.data(), *length) == seen.text);
  } else if (found.kind == ValueKind::number || found.kind == ValueKind::boolean) {
    require(found.range.of(body) == seen.text);
  }
}

// RapidJSON takes a lone low surrogate for a character; the skimmer and RFC 8259's advice do not.
bool may_hold_low_surrogate(std::string_view body) {
  for (size_t at = body.find("\\u"); at != body.npos; at = body.find("\\u", at + 1))
    if (at + 2 < body.size() && (body[at + 2] | 0x20) == 'd') return true;
  return false;
}

bool same(const RawValue& a, const RawValue& b) {
  return a.kind == b.kind && a.range.offset == b.range.offset && a.range.length == b.range.length;
}

bool same(const RequestFields& a, const RequestFields& b) {
  for (RawValue RequestFields::* value :
       {&RequestFields::model, &RequestFields::stream, &RequestFields::max_tokens,
        &RequestFields::max_completion_tokens, &RequestFields::max_output_tokens,
        &RequestFields::metadata, &RequestFields::user_id, &RequestFields::prompt_cache_key,
        &RequestFields::previous_response_id, &RequestFields::conversation, &RequestFields::system,
        &RequestFields::instructions, &RequestFields::messages, &RequestFields::input})
    if (!same(a.*value, b.*value)) return false;
  return true;
}

// The bytes say how long the pieces are that they come in.
void compare_in_pieces(std::string_view body,
                       const std::expected<RequestFields, SkimError>& at_once) {
  RequestSkimmer skimmer;
  for (size_t fed = 0; fed < body.size();) {
    fed = std::min(body.size(), fed + 1 + static_cast<uint8_t>(body[fed]) % 97);
    const std::vector<char> so_far(body.begin(), body.begin() + static_cast<ptrdiff_t>(fed));
    skimmer.feed({so_far.data(), so_far.size()});
  }
  const auto in_pieces = skimmer.finish(body);
  require(in_pieces.has_value() == at_once.has_value());
  if (in_pieces) {
    require(same(*in_pieces, *at_once));
  } else {
    require(in_pieces.error().fault == at_once.error().fault);
    require(in_pieces.error().offset == at_once.error().offset);
    require(in_pieces.error().field == at_once.error().field);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A heap copy of exact size, so that AddressSanitizer sees a read past the end.
  const std::vector<char> copy(data, data + size);
  const std::string_view body(copy.data(), copy.size());
  const auto fields = skim_request(body);
  if (!fields) require(fields.error().offset <= size);
  compare_in_pieces(body, fields);
  if (body.find('\0') != body.npos) return 0;  // RapidJSON takes it for the end

  rapidjson::MemoryStream stream(body.data(), body.size());
  rapidjson::Reader reader;
  Oracle oracle;
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                              rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseNumbersAsStringsFlag;
  const rapidjson::ParseResult parsed = reader.Parse<kFlags>(stream, oracle);
  const bool accepted = !parsed.IsError();

  if (fields && !accepted && parsed.Code() != rapidjson::kParseErrorNumberTooBig)
    require(oracle.depth >= 2);
  if (fields || accepted) {
    const bool differs_by_surrogate =
        !fields && fields.error().fault == SkimFault::bad_escape && may_hold_low_surrogate(body);
    if (accepted && !differs_by_surrogate) require(fields.has_value() != oracle.must_be_refused());
  }
  if (!fields || !accepted) return 0;
  const RequestFields& f = *fields;
  compare(body, f.model, oracle.members["model"]);
  compare(body, f.stream, oracle.members["stream"]);
  compare(body, f.max_tokens, oracle.members["max_tokens"]);
  compare(body, f.max_completion_tokens, oracle.members["max_completion_tokens"]);
  compare(body, f.max_output_tokens, oracle.members["max_output_tokens"]);
  compare(body, f.metadata, oracle.members["metadata"]);
  compare(body, f.user_id, oracle.user_id);
  compare(body, f.prompt_cache_key, oracle.members["prompt_cache_key"]);
  compare(body, f.previous_response_id, oracle.members["previous_response_id"]);
  compare(body, f.conversation, oracle.members["conversation"]);
  compare(body, f.messages, oracle.members["messages"]);
  compare(body, f.system, oracle.members["system"]);
  return 0;
}
