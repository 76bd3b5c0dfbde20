// The skimmer: finds the few top-level members of a request body that a proxy must know, in one
// SIMD pass, without building a tree and without touching the rest.
//
// Any thread; skim_request is pure and does not allocate; reads only `body`; linear time whatever
// the bytes.
//
// Checked everywhere: UTF-8, terminated strings, their escapes and control characters, brackets
// that match in number and kind, nesting of at most 256, no byte order mark, nothing but white
// space after the object. Checked at the top level: the whole JSON grammar. NOT checked: what
// stands between the strings and brackets of nested values (commas, colons, number and literal
// spelling) and how large a number is, because that would cost more than all the rest; the upstream
// judges it. For members other than `model` and `stream` the last of several equal keys counts.
//
// http rules J1-J3: keys are compared as they decode, so "\u006dodel" is `model`.
#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>

namespace qcc::json {

inline constexpr size_t kSkimDepthMax = 256;

struct ByteRange {
  size_t offset = 0;
  size_t length = 0;
  std::string_view of(std::string_view body) const { return body.substr(offset, length); }
};

enum class ValueKind : uint8_t { absent, null, boolean, number, string, array, object };

// A value as it stands in the body; a string's range includes its quotes.
struct RawValue {
  ValueKind kind = ValueKind::absent;
  ByteRange range;
  bool is(ValueKind wanted) const { return kind == wanted; }
  // The bytes between a string's quotes, still escaped; empty for other kinds.
  std::string_view inside_string(std::string_view body) const {
    return kind == ValueKind::string ? range.of(body).substr(1, range.length - 2)
                                     : std::string_view();
  }
};

// Kinds are as checked: `model` is absent or a string; `stream` absent, null or boolean; the token
// limits absent, null or numbers; `metadata` absent, null or object; `user_id` (of `metadata`)
// absent, null or string. The others may be of any kind.
struct RequestFields {
  RawValue model;
  RawValue stream;
  RawValue max_tokens;
  RawValue max_completion_tokens;
  RawValue max_output_tokens;
  RawValue metadata;
  RawValue user_id;
  RawValue prompt_cache_key;
  RawValue previous_response_id;
  RawValue conversation;
  RawValue system;
  RawValue instructions;
  RawValue messages;
  RawValue input;
};

enum class SkimFault : uint8_t {
  not_object,  // empty, or the top level is something else
  byte_order_mark,
  truncated,  // ends within a string, a container or the object
  trailing_bytes,
  bad_member,  // key, colon, comma or value of the top level breaks the grammar
  mismatched,  // brackets of different kinds, or a stray byte between values
  too_deep,
  control_character,
  bad_escape,  // also a lone surrogate
  bad_utf8,
  duplicate,   // `field` is there twice
  wrong_type,  // `field` has the wrong type
};

struct SkimError {
  SkimFault fault;
  const char* field = "";  // static name of the member; empty unless duplicate or wrong_type
  size_t offset = 0;       // where in the body, at most its size
};

std::expected<RequestFields, SkimError> skim_request(std::string_view body);

// The same for a body that comes in pieces: each is skimmed while it is still in the caches, and
// never again. The outcome is that of skim_request, whatever the pieces.
//
// One body at a time. Allocates some 3 KiB at the first `feed`, freed by `finish`; without a
// `feed`, `finish` is skim_request.
class RequestSkimmer {
 public:
  RequestSkimmer();
  ~RequestSkimmer();

  // The body from its first byte as far as it has come. Does what work these bytes allow; a fault
  // that they show is kept for `finish`. REQUIRES: it begins with what was fed before (which may
  // have moved).
  void feed(std::string_view body_so_far);
  // REQUIRES: as for `feed`.
  std::expected<RequestFields, SkimError> finish(std::string_view body);

 private:
  friend std::expected<RequestFields, SkimError> skim_request(std::string_view body);
  class Machine;
  std::unique_ptr<Machine> machine_;
};

// The number when it is a non-negative integer (2^64 - 1 when larger); nothing for other spellings.
std::optional<uint64_t> unsigned_integer(std::string_view number);

// A sentence for the client; holds nothing of the body.
const char* describe(SkimFault fault);

}  // namespace qcc::json
