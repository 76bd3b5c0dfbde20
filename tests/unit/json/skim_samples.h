// Bodies to skim: a usual one, and what is refused.
#pragma once
#include <qcc/json/skim.h>

#include <string>
#include <vector>

// A body of the shape Claude Code sends, `padding` bytes of text in its middle.
inline std::string claude_body(size_t padding) {
  std::string body = R"({"model":"claude-sonnet-5","messages":[{"role":"user","content":[)"
                     R"({"type":"text","text":"say \"hi\"\n\u00e9 – {[}] )";
  body.append(padding, 'x');
  body += R"("}]}],"tools":[{"name":"Read","input_schema":{"type":"object","required":["a"]}}],)"
          R"("metadata":{"user_id":"{\"session_id\":\"0001\"}"},"max_tokens":64000,)"
          R"("thinking":{"type":"adaptive"},"stream":true})";
  return body;
}

struct Refused {
  std::string body;
  qcc::json::SkimFault fault;
  std::string field = "";
};

inline const std::vector<Refused>& refused() {
  using namespace std::string_literals;
  using enum qcc::json::SkimFault;
  static const std::vector<Refused> table = {
      {"", not_object},
      {"  ", not_object},
      {"[]", not_object},
      {"\"model\"", not_object},
      {"null", not_object},
      {"\xef\xbb\xbf{}", byte_order_mark},
      {"{", truncated},
      {"{\"a", truncated},
      {"{\"a\"", truncated},
      {"{\"a\":", truncated},
      {"{\"a\":1", truncated},
      {"{\"a\":[1", truncated},
      {"{\"a\":[{\"b\":\"c\"}", truncated},
      {"{\"a\":\"b\\", truncated},
      {"{}x", trailing_bytes},
      {"{}{}", trailing_bytes},
      {"{} \n\t\r\"", trailing_bytes},
      {"{}\0"s, trailing_bytes},
      {"{,}", bad_member},
      {"{a:1}", bad_member},
      {"{\"a\" 1}", bad_member},
      {"{\"a\":}", bad_member},
      {"{\"a\":1,}", bad_member},
      {"{\"a\":1 \"b\":2}", bad_member},
      {"{\"a\":01}", bad_member},
      {"{\"a\":+1}", bad_member},
      {"{\"a\":1.}", bad_member},
      {"{\"a\":.5}", bad_member},
      {"{\"a\":1e}", bad_member},
      {"{\"a\":NaN}", bad_member},
      {"{\"a\":tru}", bad_member},
      {"{\"a\":truex}", bad_member},
      {"{\"a\":nul}", bad_member},
      {"{/**/\"a\":1}", bad_member},
      {"{\"a\":[}]}", mismatched},
      {"{\"a\":[1}}", mismatched},
      {"{\"a\":{\"b\":1]}", mismatched},
      {"{\"a\":[\\\"b\"]}", mismatched},
      {"{\"a\":[\x01]}", mismatched},
      {"{\"a\":[\xc3\xa9]}", mismatched},
      {"{\"a\":[\"\n\"]}", control_character},
      {"{\"a\":\"\x1f\"}", control_character},
      {"{\"a\":[\"\0\"]}"s, control_character},
      {"{\"a\":\"\\x\"}", bad_escape},
      {"{\"a\":[\"\\u12g4\"]}", bad_escape},
      {"{\"a\":\"\\u12\"}", bad_escape},
      {"{\"a\":\"\\ud800\"}", bad_escape},
      {"{\"a\":\"\\ud800x\"}", bad_escape},
      {"{\"a\":\"\\ud800\\n00dc00\"}", bad_escape},
      {"{\"a\":\"\\ud800\\u0041\"}", bad_escape},
      {"{\"a\":\"\\udc00\"}", bad_escape},
      {"{\"a\":\"\\\\udc00\\udc00\"}", bad_escape},
      {"{\"a\":\"\xff\"}", bad_utf8},
      {"{\"a\":\"\xc0\xaf\"}", bad_utf8},
      {"{\"a\":\"\xe0\x80\xaf\"}", bad_utf8},
      {"{\"a\":\"\xed\xa0\x80\"}", bad_utf8},
      {"{\"a\":\"\xf4\x90\x80\x80\"}", bad_utf8},
      {"{\"a\":\"\xf0\x80\x80\x80\"}", bad_utf8},
      {"{\"a\":\"\xe2\x82\"}", bad_utf8},
      {"{\"a\":\"\x80\"}", bad_utf8},
      {R"({"model":"a","model":"b"})", duplicate, "model"},
      {R"({"model":"a","\u006dodel":"b"})", duplicate, "model"},
      {R"({"stream":true,"model":"a","stream":true})", duplicate, "stream"},
      {R"({"stream":null,"stream":true})", duplicate, "stream"},
      {R"({"model":5})", wrong_type, "model"},
      {R"({"model":null})", wrong_type, "model"},
      {R"({"\u006d\u006Fdel":["x"]})", wrong_type, "model"},
      {R"({"stream":"true"})", wrong_type, "stream"},
      {R"({"stream":1})", wrong_type, "stream"},
      {R"({"max_tokens":"5"})", wrong_type, "max_tokens"},
      {R"({"max_completion_tokens":{}})", wrong_type, "max_completion_tokens"},
      {R"({"metadata":[]})", wrong_type, "metadata"},
      {R"({"metadata":{"user_id":5}})", wrong_type, "metadata.user_id"},
  };
  return table;
}
