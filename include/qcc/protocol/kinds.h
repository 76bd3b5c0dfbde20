// What a request path asks for, and in whose protocol. Pure; any thread.
#pragma once
#include <cstdint>
#include <string_view>

namespace qcc::protocol {

enum class Dialect : uint8_t { anthropic, openai };

enum class ApiKind : uint8_t {
  messages,          // POST /v1/messages
  count_tokens,      // POST /v1/messages/count_tokens
  chat_completions,  // POST /v1/chat/completions
  responses,         // POST /v1/responses
  models,            // GET /v1/models
  root,              // /
  other,             // anything else below /v1/: passed through
  unknown,           // not below /v1/
};

struct Classified {
  Dialect dialect = Dialect::openai;
  ApiKind kind = ApiKind::unknown;
  std::string_view path;  // as given, query and all, without the prefix /anthropic or /openai
};

// `target` is a request's path with or without its query. A path that only one protocol has decides
// the dialect; else the prefix, else the `anthropic-version` header, else it is OpenAI's (spec R1).
// The method is the caller's to check.
Classified classify_path(std::string_view target, bool has_anthropic_version);

// Whether the body is a request to a model: has `model`, is routed, retried and accounted.
constexpr bool is_inference(ApiKind kind) {
  return kind == ApiKind::messages || kind == ApiKind::chat_completions ||
         kind == ApiKind::responses;
}

const char* name_of(Dialect dialect);
const char* name_of(ApiKind kind);

}  // namespace qcc::protocol
