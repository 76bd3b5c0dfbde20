#include <qcc/json/picker.h>
#include <qcc/json/writer.h>
#include <qcc/protocol/errors.h>
#include <qcc/sse/writer.h>

#include <array>

namespace qcc::protocol {
namespace {

using json::JsonView;
using json::ValueKind;

struct TypeRow {
  int status;
  std::string_view anthropic, openai, code;
};

// In the order of ErrorType.
constexpr std::array kTypes = {
    TypeRow{400, "invalid_request_error", "invalid_request_error", ""},
    TypeRow{401, "authentication_error", "invalid_request_error", "invalid_api_key"},
    TypeRow{402, "billing_error", "insufficient_quota", "insufficient_quota"},
    TypeRow{403, "permission_error", "permission_error", ""},
    TypeRow{404, "not_found_error", "invalid_request_error", ""},
    TypeRow{404, "not_found_error", "invalid_request_error", "model_not_found"},
    TypeRow{413, "request_too_large", "invalid_request_error", "request_too_large"},
    TypeRow{429, "rate_limit_error", "rate_limit_error", "rate_limit_exceeded"},
    TypeRow{502, "api_error", "server_error", ""},
    TypeRow{503, "overloaded_error", "server_error", "overloaded"},
    TypeRow{504, "timeout_error", "server_error", "timeout"},
};
static_assert(kTypes.size() == static_cast<size_t>(ErrorType::timeout) + 1);

const TypeRow& row_of(ErrorType type) { return kTypes[static_cast<size_t>(type)]; }

void write_text_or_null(json::JsonWriter& writer, std::string_view name, std::string_view text) {
  writer.key(name);
  if (text.empty()) {
    writer.null();
  } else {
    writer.text(text);
  }
}

void write_anthropic(std::string& out, const ErrorText& error) {
  json::JsonWriter writer(out);
  writer.begin_object().member("type", "error").key("error").begin_object();
  writer.member("type", anthropic_type(error.type)).member("message", error.message).end_object();
  if (!error.request_id.empty()) writer.member("request_id", error.request_id);
  writer.end_object();
}

void write_openai(std::string& out, const ErrorText& error) {
  json::JsonWriter writer(out);
  writer.begin_object().key("error").begin_object();
  writer.member("message", error.message).member("type", openai_type(error.type));
  write_text_or_null(writer, "param", error.param);
  write_text_or_null(writer, "code", openai_code(error.type));
  writer.end_object().end_object();
}

void write_responses(std::string& out, const ErrorText& error) {
  const std::string_view code = openai_code(error.type);
  json::JsonWriter writer(out);
  writer.begin_object().member("type", "error");
  writer.member("code", code.empty() ? openai_type(error.type) : code);
  writer.member("message", error.message);
  write_text_or_null(writer, "param", error.param);
  writer.end_object();
}

template <size_t kCapacity>
void keep_text(const JsonView& value, InlineText<kCapacity>& out) {
  out.set_size(value.text_into(out.room()).size());
}

int status_in(const JsonView& value) {
  const uint64_t number = value.unsigned_integer().value_or(0);
  return number >= 400 && number <= 599 ? static_cast<int>(number) : 0;
}

void read_object(const JsonView& error, ErrorFacts& facts) {
  facts.is_error = true;
  keep_text(error["type"], facts.type);
  keep_text(error["code"], facts.code);
  keep_text(error["param"], facts.param);
  facts.status = status_in(error["code"]);
  if (facts.status == 0) facts.status = status_in(error["status"]);
}

struct WordRow {
  std::string_view begins;
  int status;
};
constexpr std::array kWords = {
    WordRow{"insufficient_quota", 402},
    WordRow{"billing", 402},
    WordRow{"rate_limit", 429},
    WordRow{"overloaded", 529},
    WordRow{"authentication", 401},
    WordRow{"invalid_api_key", 401},
    WordRow{"permission", 403},
    WordRow{"not_found", 404},
    WordRow{"model_not_found", 404},
    WordRow{"request_too_large", 413},
    WordRow{"timeout", 504},
    WordRow{"server_error", 500},
    WordRow{"api_error", 500},
    WordRow{"invalid_request", 400},
};

}  // namespace

ErrorType error_type_of_status(int status) {
  switch (status) {
    case 401: return ErrorType::authentication;
    case 402: return ErrorType::billing;
    case 403: return ErrorType::permission;
    case 404: return ErrorType::not_found;
    case 413: return ErrorType::request_too_large;
    case 429: return ErrorType::rate_limit;
    case 503:
    case 529: return ErrorType::overloaded;
    case 408:
    case 504: return ErrorType::timeout;
    default: return status >= 400 && status < 500 ? ErrorType::invalid_request : ErrorType::api;
  }
}

int status_of(ErrorType type) { return row_of(type).status; }
std::string_view anthropic_type(ErrorType type) { return row_of(type).anthropic; }
std::string_view openai_type(ErrorType type) { return row_of(type).openai; }
std::string_view openai_code(ErrorType type) { return row_of(type).code; }

std::string error_body(Dialect dialect, const ErrorText& error) {
  std::string body;
  if (dialect == Dialect::anthropic) {
    write_anthropic(body, error);
  } else {
    write_openai(body, error);
  }
  return body;
}

std::string error_body(Dialect dialect, int status, std::string_view message,
                       std::string_view request_id) {
  return error_body(dialect, {error_type_of_status(status), message, request_id, {}});
}

std::string error_event(ApiKind kind, const ErrorText& error) {
  std::string data, event;
  switch (kind) {
    case ApiKind::messages:
    case ApiKind::count_tokens:
      write_anthropic(data, error);
      sse::append_event(event, "error", data);
      break;
    case ApiKind::responses:
      write_responses(data, error);
      sse::append_event(event, "error", data);
      break;
    default: write_openai(data, error); sse::append_event(event, "", data);
  }
  return event;
}

ErrorFacts read_error(std::string_view body) {
  ErrorFacts facts;
  const JsonView document(body);
  const JsonView error = document["error"];
  const JsonView nested = document["response"]["error"];
  const bool says_so =
      document["type"].inside_string() == "error" || document["object"].inside_string() == "error";
  if (error.is(ValueKind::object)) {
    read_object(error, facts);
    if (facts.status == 0) facts.status = status_in(document["status"]);
  } else if (nested.is(ValueKind::object)) {
    read_object(nested, facts);
  } else if (says_so) {
    read_object(document, facts);
    if (facts.type == "error") facts.type.clear();  // says only that it is one
  } else if (error.is(ValueKind::string) || error.is_true()) {
    facts.is_error = true;
  }
  return facts;
}

int status_of(const ErrorFacts& facts) {
  if (facts.status != 0) return facts.status;
  for (const std::string_view text : {facts.code.view(), facts.type.view()})
    for (const WordRow& word : kWords)
      if (text.starts_with(word.begins)) return word.status;
  return 502;
}

}  // namespace qcc::protocol
