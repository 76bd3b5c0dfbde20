// What a proxy must know of a request body, and what makes it refuse one.
//
// Any thread; pure; no allocation but in splice_model and describe. One pass over the body
// (json/skim.h). Facts are copies: they outlive the body. http rules J1-J3, spec R8.
#pragma once
#include <qcc/json/skim.h>
#include <qcc/protocol/inline_text.h>
#include <qcc/protocol/kinds.h>

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace qcc::protocol {

inline constexpr size_t kModelBytesMax = 256;
inline constexpr size_t kSessionBytesMax = 128;

// Where a session key was found in the body.
enum class SessionSource : uint8_t {
  none,
  metadata_session,  // the session part of metadata.user_id
  metadata_user,     // metadata.user_id names no session: it is the user as a whole
  prompt_cache_key,
  conversation,  // a string, or the `id` of an object
};

// A key longer than kSessionBytesMax is replaced by "#" and the hash of it, 16 hex digits.
struct SessionKey {
  SessionSource source = SessionSource::none;
  InlineText<kSessionBytesMax> text;
};

struct RequestFacts {
  InlineText<kModelBytesMax> model;  // decoded, not empty
  json::ByteRange model_range;       // of the value in the body, quotes included
  bool stream = false;
  std::optional<uint64_t> max_tokens;  // the limit's name differs by kind
  // Headers may rank between these two (spec R8), so they are kept apart.
  SessionKey metadata_session;
  SessionKey cache_session;
  InlineText<kSessionBytesMax> previous_response_id;
  json::ByteRange system;    // the system prompt's value, empty when absent
  json::ByteRange messages;  // the conversation's value, likewise
};

enum class BadRequestCause : uint8_t { json, missing, empty, too_long };

struct BadRequest {
  BadRequestCause cause = BadRequestCause::json;
  json::SkimError json{};  // when the cause is json
  const char* field = "";  // static; the member to blame, may be empty
};

// REQUIRES: kind is messages, count_tokens, chat_completions or responses.
std::expected<RequestFacts, BadRequest> inspect(std::string_view body, ApiKind kind);
// The same for a body that `skimmer` was fed while it came; finishes it.
std::expected<RequestFacts, BadRequest> inspect(std::string_view body, ApiKind kind,
                                                json::RequestSkimmer& skimmer);

// Whether a JSON object ends within itself: what is left of a body that was cut.
bool is_cut_json(std::string_view body);

// One sentence for the client; holds nothing of the body.
std::string describe(const BadRequest& bad);

// The session part of metadata.user_id in either of Claude Code's forms :
// {"...","session_id":"UUID"} or user_..._session_UUID; empty when it has none. `room` holds the
// text when it must be decoded.
std::string_view session_part(std::string_view user_id, std::span<char> room);

// The body with another model, in three pieces to be sent one after the other.
struct SplicedBody {
  std::string_view before;
  std::string model;  // a JSON string with its quotes
  std::string_view after;
  size_t size() const { return before.size() + model.size() + after.size(); }
};
SplicedBody splice_model(std::string_view body, json::ByteRange model_range,
                         std::string_view new_model);

}  // namespace qcc::protocol
