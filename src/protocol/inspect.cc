#include <qcc/base/hash.h>
#include <qcc/json/picker.h>
#include <qcc/json/text.h>
#include <qcc/json/writer.h>
#include <qcc/protocol/inspect.h>

#include <array>

namespace qcc::protocol {
namespace {

using json::JsonView;
using json::RawValue;
using json::ValueKind;

// Claude Code's user_id is some 200 bytes; room for ten times that.
constexpr size_t kUserIdBytesMax = 2048;
constexpr std::string_view kSessionMark = "_session_";

void hash_key(std::string_view key, InlineText<kSessionBytesMax>& out) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::array<char, 17> text{'#'};
  uint64_t hash = fnv1a(key);
  for (size_t i = 16; i > 0; --i, hash >>= 4) text[i] = kHexDigits[hash & 0xf];
  out.assign({text.data(), text.size()});
}

void keep_key(std::string_view key, SessionSource source, SessionKey& out) {
  if (key.empty()) return;
  out.source = source;
  if (key.size() <= kSessionBytesMax) {
    out.text.assign(key);
  } else {
    hash_key(key, out.text);
  }
}

// `inside` is still escaped. One that is too long to decode is named by its spelling.
void keep_escaped_key(std::string_view inside, SessionSource source, SessionKey& out) {
  std::array<char, kUserIdBytesMax> room;
  const std::optional<size_t> length = json::unescape_into(room, inside);
  keep_key(length ? std::string_view(room.data(), *length) : inside, source, out);
}

void read_user_id(std::string_view inside, SessionKey& out) {
  std::array<char, kUserIdBytesMax> room, session_room;
  const std::optional<size_t> length = json::unescape_into(room, inside);
  if (!length) return keep_key(inside, SessionSource::metadata_user, out);
  const std::string_view user_id(room.data(), *length);
  const std::string_view session = session_part(user_id, session_room);
  if (session.empty()) return keep_key(user_id, SessionSource::metadata_user, out);
  keep_key(session, SessionSource::metadata_session, out);
}

void read_cache_session(std::string_view body, const json::RequestFields& fields, SessionKey& out) {
  keep_escaped_key(fields.prompt_cache_key.inside_string(body), SessionSource::prompt_cache_key,
                   out);
  if (out.source != SessionSource::none) return;
  const JsonView conversation(fields.conversation.range.of(body));
  const JsonView id = conversation.is(ValueKind::object) ? conversation["id"] : conversation;
  keep_escaped_key(id.inside_string(), SessionSource::conversation, out);
}

std::optional<uint64_t> read_max_tokens(std::string_view body, const json::RequestFields& fields,
                                        ApiKind kind) {
  const RawValue* limit = &fields.max_tokens;
  if (kind == ApiKind::responses) limit = &fields.max_output_tokens;
  if (kind == ApiKind::chat_completions && fields.max_completion_tokens.is(ValueKind::number))
    limit = &fields.max_completion_tokens;
  return limit->is(ValueKind::number) ? json::unsigned_integer(limit->range.of(body))
                                      : std::nullopt;
}

const char* sentence_end(BadRequestCause cause) {
  switch (cause) {
    case BadRequestCause::missing: return ": Field required";
    case BadRequestCause::empty: return ": must not be empty";
    case BadRequestCause::too_long: return ": too long";
    case BadRequestCause::json: break;
  }
  return "";
}

}  // namespace

std::string_view session_part(std::string_view user_id, std::span<char> room) {
  if (user_id.starts_with('{')) return JsonView(user_id)["session_id"].text_into(room);
  const size_t mark = user_id.rfind(kSessionMark);
  return mark == user_id.npos ? std::string_view() : user_id.substr(mark + kSessionMark.size());
}

std::expected<RequestFacts, BadRequest> inspect(std::string_view body, ApiKind kind) {
  json::RequestSkimmer unfed;
  return inspect(body, kind, unfed);
}

std::expected<RequestFacts, BadRequest> inspect(std::string_view body, ApiKind kind,
                                                json::RequestSkimmer& skimmer) {
  const auto skimmed = skimmer.finish(body);
  if (!skimmed)
    return std::unexpected(
        BadRequest{BadRequestCause::json, skimmed.error(), skimmed.error().field});
  const json::RequestFields& fields = *skimmed;
  if (!fields.model.is(ValueKind::string))
    return std::unexpected(BadRequest{BadRequestCause::missing, {}, "model"});

  RequestFacts facts;
  facts.model_range = fields.model.range;
  const std::optional<size_t> model_length =
      json::unescape_into(facts.model.room(), fields.model.inside_string(body));
  if (!model_length) return std::unexpected(BadRequest{BadRequestCause::too_long, {}, "model"});
  if (*model_length == 0) return std::unexpected(BadRequest{BadRequestCause::empty, {}, "model"});
  facts.model.set_size(*model_length);

  facts.stream = fields.stream.range.of(body) == "true";
  facts.max_tokens = read_max_tokens(body, fields, kind);
  read_user_id(fields.user_id.inside_string(body), facts.metadata_session);
  read_cache_session(body, fields, facts.cache_session);
  const std::string_view previous = fields.previous_response_id.inside_string(body);
  if (previous.size() <= kSessionBytesMax) facts.previous_response_id.assign(previous);

  const bool is_responses = kind == ApiKind::responses;
  facts.system = (is_responses ? fields.instructions : fields.system).range;
  facts.messages = (is_responses ? fields.input : fields.messages).range;
  return facts;
}

bool is_cut_json(std::string_view body) {
  auto fields = json::skim_request(body);
  return !fields && fields.error().fault == json::SkimFault::truncated;
}

std::string describe(const BadRequest& bad) {
  if (bad.cause != BadRequestCause::json) return std::string(bad.field) + sentence_end(bad.cause);
  std::string text = *bad.field == '\0' ? "" : std::string(bad.field) + ": ";
  return text + json::describe(bad.json.fault) + " (byte " + std::to_string(bad.json.offset) + ")";
}

SplicedBody splice_model(std::string_view body, json::ByteRange model_range,
                         std::string_view new_model) {
  SplicedBody spliced;
  spliced.before = body.substr(0, model_range.offset);
  json::append_json_string(spliced.model, new_model);
  spliced.after = body.substr(model_range.offset + model_range.length);
  return spliced;
}

}  // namespace qcc::protocol
