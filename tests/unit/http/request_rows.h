// Request heads for table rows: parsed in every split, summed up as text, refused or looked at.
#pragma once
#include <qcc/http/request_parser.h>

#include "feeding.h"

namespace qcc::http::test {

struct Refusal {
  const char* row;
  int status;
  const char* rule;
  std::string head;
};

inline std::string summary(const RequestParser& parser, ParseStatus status) {
  if (status == ParseStatus::need_more) return "need more";
  if (status == ParseStatus::error)
    return std::to_string(parser.fault().status) + ' ' + parser.fault().rule + ' ' +
           parser.fault().message;
  const RequestHead& head = parser.head();
  std::string text(head.method_text);
  for (std::string_view part : {head.target, head.path, head.query, head.host})
    text.append(" <").append(part).append(">");
  for (const Field& field : head.fields)
    text.append("\n")
        .append(field.name)
        .append("=")
        .append(field.value)
        .append(std::to_string(static_cast<int>(field.id)));
  text += "\n" + std::to_string(head.minor_version) +
          std::to_string(static_cast<int>(head.framing)) + ',' +
          std::to_string(head.content_length) + ',' + std::to_string(head.keep_alive) +
          std::to_string(head.expect_continue) + ',' + std::to_string(head.head_bytes);
  return text;
}

inline std::string parse_in_pieces(std::string_view bytes, const Cuts& cuts,
                                   const HeadLimits& limits) {
  RequestParser parser(limits);
  ParseStatus status = ParseStatus::need_more;
  for (size_t cut : cuts) {
    status = parser.feed(bytes.substr(0, cut));
    if (status != ParseStatus::need_more) break;
  }
  return summary(parser, status);
}

inline std::string parse_every_way(std::string_view bytes, const HeadLimits& limits = {}) {
  const std::string whole = parse_in_pieces(bytes, {bytes.size()}, limits);
  for_each_split(bytes.size(),
                 [&](const Cuts& cuts) { CHECK(parse_in_pieces(bytes, cuts, limits) == whole); });
  return whole;
}

inline std::string with_field(std::string_view field) {
  return "POST /v1/messages HTTP/1.1\r\nHost: a\r\n" + std::string(field) + "\r\n\r\n";
}

inline std::string with_line(std::string_view line) {
  return std::string(line) + "\r\nHost: a\r\n\r\n";
}

inline std::string with_host(std::string_view host) {
  return "GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
}

inline void check_refusals(const std::vector<Refusal>& rows, const HeadLimits& limits = {}) {
  for (const Refusal& refusal : rows) {
    CAPTURE(refusal.row);
    CAPTURE(show(refusal.head));
    std::string wanted = std::to_string(refusal.status) + ' ' + refusal.rule + ' ';
    CHECK(parse_every_way(refusal.head, limits).substr(0, wanted.size()) == wanted);
  }
}

// The parser with the head, for looking at values.
struct Parsed {
  explicit Parsed(std::string text) : bytes(std::move(text)) {
    parse_every_way(bytes);
    REQUIRE(parser.feed(bytes) == ParseStatus::done);
  }
  std::string bytes;
  RequestParser parser;
  const RequestHead& head = parser.head();
};

inline constexpr const char* kClaudeCodeHead =
    "POST /v1/messages?beta=true HTTP/1.1\r\n"
    "Accept: application/json\r\n"
    "Authorization: Bearer sk-ant-fake\r\n"
    "Content-Type: application/json\r\n"
    "User-Agent: claude-cli/2.1.197 (external, cli)\r\n"
    "X-Claude-Code-Session-Id: 00000000-0000-4000-8000-000000000009\r\n"
    "X-Stainless-Lang: js\r\n"
    "X-Stainless-Retry-Count: 0\r\n"
    "anthropic-beta: claude-code-20250219,context-1m-2025-08-07\r\n"
    "anthropic-dangerous-direct-browser-access: true\r\n"
    "anthropic-version: 2023-06-01\r\n"
    "x-app: cli\r\n"
    "Connection: keep-alive\r\n"
    "Host: 127.0.0.1:8080\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Content-Length: 88941\r\n"
    "\r\n";

}  // namespace qcc::http::test
