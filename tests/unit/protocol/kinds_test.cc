#include <doctest/doctest.h>
#include <qcc/protocol/kinds.h>

#include <string>
#include <vector>

using namespace qcc::protocol;

TEST_CASE("classify_path") {
  struct Row {
    std::string target;
    bool has_version;
    Dialect dialect;
    ApiKind kind;
    std::string path;
  };
  using enum Dialect;
  using enum ApiKind;
  const std::vector<Row> rows = {
      {"/v1/messages", false, anthropic, messages, "/v1/messages"},
      {"/v1/messages?beta=true", true, anthropic, messages, "/v1/messages?beta=true"},
      {"/v1/messages/count_tokens?beta=true", true, anthropic, count_tokens,
       "/v1/messages/count_tokens?beta=true"},
      {"/v1/chat/completions", false, openai, chat_completions, "/v1/chat/completions"},
      {"/v1/responses", false, openai, responses, "/v1/responses"},
      {"/v1/responses/resp_1", false, openai, other, "/v1/responses/resp_1"},
      {"/v1/models", false, openai, models, "/v1/models"},
      {"/v1/models?limit=1000", true, anthropic, models, "/v1/models?limit=1000"},
      {"/anthropic/v1/models", false, anthropic, models, "/v1/models"},
      {"/openai/v1/models", true, openai, models, "/v1/models"},
      {"/anthropic/v1/messages?a=b", false, anthropic, messages, "/v1/messages?a=b"},
      {"/openai/v1/chat/completions", false, openai, chat_completions, "/v1/chat/completions"},
      {"/anthropic/v1/chat/completions", false, openai, chat_completions, "/v1/chat/completions"},
      {"/v1/messages/batches", false, anthropic, other, "/v1/messages/batches"},
      {"/v1/files", false, openai, other, "/v1/files"},
      {"/v1/files", true, anthropic, other, "/v1/files"},
      {"/anthropic/v1/files", false, anthropic, other, "/v1/files"},
      {"/", false, openai, root, "/"},
      {"/?x", false, openai, root, "/?x"},
      {"/anthropic", false, anthropic, root, "/"},
      {"/anthropic?x=/v1/messages", false, openai, unknown, "/anthropic?x=/v1/messages"},
      {"/anthropics/v1/messages", false, openai, unknown, "/anthropics/v1/messages"},
      {"/anthropic/openai/v1/models", false, anthropic, unknown, "/openai/v1/models"},
      {"/V1/messages", false, openai, unknown, "/V1/messages"},
      {"/v1", false, openai, unknown, "/v1"},
      {"/v1/messagesx", false, openai, other, "/v1/messagesx"},
      {"*", false, openai, unknown, "*"},
      {"", false, openai, root, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.target);
    const Classified found = classify_path(row.target, row.has_version);
    CHECK(std::string(name_of(found.dialect)) == name_of(row.dialect));
    CHECK(std::string(name_of(found.kind)) == name_of(row.kind));
    CHECK(found.path == row.path);
  }
}
