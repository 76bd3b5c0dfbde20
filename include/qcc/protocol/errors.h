// Errors in the shapes that clients of either protocol expect, and reading theirs. Pure; any
// thread. Spec R3.
#pragma once
#include <qcc/protocol/inline_text.h>
#include <qcc/protocol/kinds.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace qcc::protocol {

enum class ErrorType : uint8_t {
  invalid_request,
  authentication,
  billing,
  permission,
  not_found,        // the path or object
  model_not_found,  // differs from not_found in OpenAI's code only
  request_too_large,
  rate_limit,
  api,  // the server's own failure
  overloaded,
  timeout,
};

ErrorType error_type_of_status(int status);
int status_of(ErrorType type);  // the status it usually has
std::string_view anthropic_type(ErrorType type);
std::string_view openai_type(ErrorType type);
std::string_view openai_code(ErrorType type);  // empty: null

struct ErrorText {
  ErrorType type = ErrorType::api;
  std::string_view message;     // not empty
  std::string_view request_id;  // Anthropic only; empty: left out
  std::string_view param;       // OpenAI only: the member to blame; empty: null
};

// A whole JSON body.
std::string error_body(Dialect dialect, const ErrorText& error);
// The body with the type that `status` stands for.
std::string error_body(Dialect dialect, int status, std::string_view message,
                       std::string_view request_id);

// A server-sent event, to be followed by the end of the stream (no [DONE], no message_stop).
// REQUIRES: the stream stands at an event boundary.
std::string error_event(ApiKind kind, const ErrorText& error);

// What an error told by an upstream says about itself, from its fields only, never from its prose.
// Each text is empty when absent, longer than its room, or not a string.
struct ErrorFacts {
  bool is_error = false;  // there is an error at all
  int status = 0;         // a numeric `code` or `status` of 400-599 (OpenRouter), else 0
  InlineText<64> type;    // error.type
  InlineText<64> code;    // error.code
  InlineText<64> param;   // error.param
};

// Either dialect: {"error":{...}}, {"error":"text"}, {"type":"error",...}, {"object":"error",...}
// and the Responses API's {"response":{"error":{...}}} and {"type":"error","code":...}.
ErrorFacts read_error(std::string_view body);

// The status such an error would have had: its own, else from its type and code, else 502.
int status_of(const ErrorFacts& facts);

}  // namespace qcc::protocol
