#include <qcc/protocol/kinds.h>

#include <algorithm>
#include <array>
#include <optional>

namespace qcc::protocol {
namespace {

constexpr std::string_view kAnthropicPrefix = "/anthropic";
constexpr std::string_view kOpenAiPrefix = "/openai";
constexpr std::string_view kVersion = "/v1/";
constexpr std::string_view kMessages = "/v1/messages/";

struct KnownPath {
  std::string_view path;
  ApiKind kind;
  Dialect dialect;
};
constexpr std::array kKnownPaths = {
    KnownPath{"/v1/messages", ApiKind::messages, Dialect::anthropic},
    KnownPath{"/v1/messages/count_tokens", ApiKind::count_tokens, Dialect::anthropic},
    KnownPath{"/v1/chat/completions", ApiKind::chat_completions, Dialect::openai},
    KnownPath{"/v1/responses", ApiKind::responses, Dialect::openai},
};

// Removes `prefix` when whole path segments follow it.
bool take_prefix(std::string_view& target, std::string_view prefix) {
  if (!target.starts_with(prefix)) return false;
  const std::string_view rest = target.substr(prefix.size());
  if (!rest.empty() && rest[0] != '/') return false;
  target = rest.empty() ? "/" : rest;
  return true;
}

}  // namespace

Classified classify_path(std::string_view target, bool has_anthropic_version) {
  Classified result;
  std::optional<Dialect> prefix;
  if (take_prefix(target, kAnthropicPrefix)) {
    prefix = Dialect::anthropic;
  } else if (take_prefix(target, kOpenAiPrefix)) {
    prefix = Dialect::openai;
  }
  result.path = target;
  result.dialect = prefix.value_or(has_anthropic_version ? Dialect::anthropic : Dialect::openai);

  const std::string_view path = target.substr(0, target.find('?'));
  const auto* known = std::ranges::find(kKnownPaths, path, &KnownPath::path);
  if (known != kKnownPaths.end()) {
    result.kind = known->kind;
    result.dialect = known->dialect;
  } else if (path == "/v1/models") {
    result.kind = ApiKind::models;
  } else if (path == "/" || path.empty()) {
    result.kind = ApiKind::root;
  } else if (path.starts_with(kVersion)) {
    result.kind = ApiKind::other;
    if (path.starts_with(kMessages)) result.dialect = Dialect::anthropic;
  }
  return result;
}

const char* name_of(Dialect dialect) {
  return dialect == Dialect::anthropic ? "anthropic" : "openai";
}

const char* name_of(ApiKind kind) {
  switch (kind) {
    case ApiKind::messages: return "messages";
    case ApiKind::count_tokens: return "count_tokens";
    case ApiKind::chat_completions: return "chat_completions";
    case ApiKind::responses: return "responses";
    case ApiKind::models: return "models";
    case ApiKind::root: return "root";
    case ApiKind::other: return "other";
    case ApiKind::unknown: return "unknown";
  }
  return "unknown";
}

}  // namespace qcc::protocol
