#include <doctest/doctest.h>
#include <qcc/protocol/errors.h>

#include <string>
#include <vector>

using namespace qcc::protocol;

TEST_CASE("error bodies have the exact shapes of both protocols") {
  CHECK(error_body(Dialect::anthropic, 429, "slow \"down\"", "req_1") ==
        R"({"type":"error","error":{"type":"rate_limit_error","message":"slow \"down\""},)"
        R"("request_id":"req_1"})");
  CHECK(error_body(Dialect::anthropic, 404, "m", "") ==
        R"({"type":"error","error":{"type":"not_found_error","message":"m"}})");
  CHECK(error_body(Dialect::openai, 401, "no", "req_1") ==
        R"({"error":{"message":"no","type":"invalid_request_error","param":null,)"
        R"("code":"invalid_api_key"}})");
  CHECK(
      error_body(Dialect::openai, {ErrorType::invalid_request, "bad", "", "model"}) ==
      R"({"error":{"message":"bad","type":"invalid_request_error","param":"model","code":null}})");
  CHECK(error_body(Dialect::openai, {ErrorType::model_not_found, "model: x", "", ""}) ==
        R"({"error":{"message":"model: x","type":"invalid_request_error","param":null,)"
        R"("code":"model_not_found"}})");
}

TEST_CASE("error events") {
  const ErrorText error{ErrorType::api, "cut", "req_1", ""};
  CHECK(error_event(ApiKind::messages, error) ==
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":"
        "\"cut\"},\"request_id\":\"req_1\"}\n\n");
  CHECK(error_event(ApiKind::chat_completions, error) ==
        "data: {\"error\":{\"message\":\"cut\",\"type\":\"server_error\",\"param\":null,"
        "\"code\":null}}\n\n");
  CHECK(error_event(ApiKind::responses, error) ==
        "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"cut\","
        "\"param\":null}\n\n");
  // A message cannot break out of its event.
  const ErrorText lines{ErrorType::api, "a\n\nevent: x", "", ""};
  CHECK(error_event(ApiKind::messages, lines).find("\n\n") + 2 ==
        error_event(ApiKind::messages, lines).size());
}

TEST_CASE("status and type") {
  struct Row {
    int status;
    std::string anthropic, openai, code;
  };
  const std::vector<Row> rows = {
      {400, "invalid_request_error", "invalid_request_error", ""},
      {401, "authentication_error", "invalid_request_error", "invalid_api_key"},
      {402, "billing_error", "insufficient_quota", "insufficient_quota"},
      {403, "permission_error", "permission_error", ""},
      {404, "not_found_error", "invalid_request_error", ""},
      {408, "timeout_error", "server_error", "timeout"},
      {409, "invalid_request_error", "invalid_request_error", ""},
      {413, "request_too_large", "invalid_request_error", "request_too_large"},
      {415, "invalid_request_error", "invalid_request_error", ""},
      {429, "rate_limit_error", "rate_limit_error", "rate_limit_exceeded"},
      {500, "api_error", "server_error", ""},
      {502, "api_error", "server_error", ""},
      {503, "overloaded_error", "server_error", "overloaded"},
      {504, "timeout_error", "server_error", "timeout"},
      {508, "api_error", "server_error", ""},
      {529, "overloaded_error", "server_error", "overloaded"},
  };
  for (const Row& row : rows) {
    const ErrorType type = error_type_of_status(row.status);
    CHECK(anthropic_type(type) == row.anthropic);
    CHECK(openai_type(type) == row.openai);
    CHECK(openai_code(type) == row.code);
  }
  for (int i = 0; i <= static_cast<int>(ErrorType::timeout); ++i) {
    const ErrorType type = static_cast<ErrorType>(i);
    CHECK(anthropic_type(error_type_of_status(status_of(type))) == anthropic_type(type));
  }
}

TEST_CASE("read_error and its status") {
  struct Row {
    std::string body;
    bool is_error;
    std::string type, code;
    int status;
  };
  const std::vector<Row> rows = {
      {R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})", true,
       "overloaded_error", "", 529},
      {R"({"error":{"message":"x","type":"requests","param":null,"code":"rate_limit_exceeded"}})",
       true, "requests", "rate_limit_exceeded", 429},
      {R"({"error":{"message":"x","type":"invalid_request_error","code":"invalid_api_key"}})", true,
       "invalid_request_error", "invalid_api_key", 401},
      {R"({"error":{"type":"invalid_request_error","code":null}})", true, "invalid_request_error",
       "", 400},
      {R"({"error":{"code":429,"message":"provider"}})", true, "", "", 429},
      {R"({"error":{"code":99999,"message":"provider"}})", true, "", "", 502},
      {R"({"error":{"type":"x","code":"model_not_found"}})", true, "x", "model_not_found", 404},
      {R"({"error":{"type":"insufficient_quota"}})", true, "insufficient_quota", "", 402},
      {R"({"object":"error","message":"x","type":"BadRequestError","code":400})", true,
       "BadRequestError", "", 400},
      {R"({"type":"error","code":"server_error","message":"m"})", true, "", "server_error", 500},
      {R"({"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded"}}})", true,
       "", "rate_limit_exceeded", 429},
      {R"({"error":"text"})", true, "", "", 502},
      {R"({"error":null})", false, "", "", 502},
      {R"({"type":"message","content":[]})", false, "", "", 502},
      {"<html>", false, "", "", 502},
      {"", false, "", "", 502},
      {"{\"error\":{\"type\":\"" + std::string(100, 'x') + "\"}}", true, "", "", 502},
      {R"({"error":{"type":["x"],"code":{}}})", true, "", "", 502},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    const ErrorFacts facts = read_error(row.body);
    CHECK(facts.is_error == row.is_error);
    CHECK(facts.type == row.type);
    CHECK(facts.code == row.code);
    CHECK(status_of(facts) == row.status);
  }
}
