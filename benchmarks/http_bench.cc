// What HTTP costs per request: heads of the shape Claude Code sends, answers as Anthropic sends
// them.
#include <qcc/http/body_decoder.h>
#include <qcc/http/forward.h>
#include <qcc/http/request_parser.h>
#include <qcc/http/response_parser.h>
#include <qcc/http/serialize.h>
#include <qcc/http/url.h>

#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <string_view>

namespace {

using namespace qcc::http;

constexpr std::string_view kRequestHead =
    "POST /v1/messages?beta=true HTTP/1.1\r\n"
    "Accept: application/json\r\n"
    "Authorization: Bearer sk-ant-fake-client-token\r\n"
    "Content-Type: application/json\r\n"
    "User-Agent: claude-cli/2.1.197 (external, cli)\r\n"
    "X-Claude-Code-Session-Id: 00000000-0000-4000-8000-000000000009\r\n"
    "X-Stainless-Arch: x64\r\n"
    "X-Stainless-Lang: js\r\n"
    "X-Stainless-OS: Linux\r\n"
    "X-Stainless-Package-Version: 0.94.0\r\n"
    "X-Stainless-Retry-Count: 0\r\n"
    "X-Stainless-Runtime: node\r\n"
    "X-Stainless-Runtime-Version: v26.3.0\r\n"
    "X-Stainless-Timeout: 600\r\n"
    "anthropic-beta: claude-code-20250219,context-1m-2025-08-07,interleaved-thinking-2025-05-14,"
    "redact-thinking-2026-02-12,thinking-token-count-2026-05-13,context-management-2025-06-27,"
    "prompt-caching-scope-2026-01-05,mid-conversation-system-2026-04-07,effort-2025-11-24\r\n"
    "anthropic-dangerous-direct-browser-access: true\r\n"
    "anthropic-version: 2023-06-01\r\n"
    "x-app: cli\r\n"
    "Connection: keep-alive\r\n"
    "Host: 127.0.0.1:8080\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Content-Length: 88941\r\n"
    "\r\n";

// An SDK's head: 15 fields.
constexpr std::string_view kSmallRequestHead =
    "POST /v1/messages HTTP/1.1\r\n"
    "host: 127.0.0.1:8080\r\n"
    "connection: keep-alive\r\n"
    "anthropic-version: 2023-06-01\r\n"
    "content-type: application/json\r\n"
    "user-agent: Anthropic/JS 0.94.0\r\n"
    "x-api-key: sk-fake\r\n"
    "accept: application/json\r\n"
    "x-stainless-arch: x64\r\n"
    "x-stainless-lang: js\r\n"
    "x-stainless-os: Linux\r\n"
    "x-stainless-retry-count: 0\r\n"
    "x-stainless-runtime: node\r\n"
    "x-stainless-timeout: 600\r\n"
    "accept-encoding: gzip, deflate\r\n"
    "content-length: 117\r\n"
    "\r\n";

constexpr std::string_view kResponseHead =
    "HTTP/1.1 200 OK\r\n"
    "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    "Content-Type: text/event-stream; charset=utf-8\r\n"
    "Transfer-Encoding: chunked\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: no-cache\r\n"
    "request-id: req_011CSHoEeqs5C35K2UUqR7Fy\r\n"
    "anthropic-ratelimit-requests-remaining: 3999\r\n"
    "anthropic-ratelimit-tokens-remaining: 399000\r\n"
    "Server: cloudflare\r\n"
    "\r\n";

void request_head(benchmark::State& state, std::string_view text) {
  const std::string bytes = std::string(text) + "{\"model\":\"claude-opus-4-8\",\"messages\":[]}";
  RequestParser parser;
  for (auto _ : state) {
    parser.reset();
    if (parser.feed(bytes) != ParseStatus::done) state.SkipWithError("refused");
    benchmark::DoNotOptimize(parser.head().content_length);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK_CAPTURE(request_head, claude_code_21_fields, kRequestHead);
BENCHMARK_CAPTURE(request_head, sdk_15_fields, kSmallRequestHead);

void request_head_in_pieces(benchmark::State& state) {
  RequestParser parser;
  const auto step = static_cast<size_t>(state.range(0));
  for (auto _ : state) {
    parser.reset();
    ParseStatus status = ParseStatus::need_more;
    for (size_t end = step; status == ParseStatus::need_more; end += step)
      status = parser.feed(kRequestHead.substr(0, end));
    benchmark::DoNotOptimize(status);
  }
}
BENCHMARK(request_head_in_pieces)->Arg(1)->Arg(64);

void response_head(benchmark::State& state) {
  const std::string bytes = std::string(kResponseHead) + "12\r\nevent: message_start\r\n";
  ResponseParser parser(Method::post);
  for (auto _ : state) {
    parser.reset(Method::post);
    if (parser.feed(bytes) != ParseStatus::done) state.SkipWithError("refused");
    benchmark::DoNotOptimize(parser.head().status);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kResponseHead.size()));
}
BENCHMARK(response_head);

void chunk_decode(benchmark::State& state) {
  const std::string payload(static_cast<size_t>(state.range(0)), 'x');
  std::array<char, kChunkHeaderBytesMax> header;
  const size_t header_bytes = write_chunk_header(header, payload.size());
  const std::string chunk =
      std::string(header.data(), header_bytes) + payload + std::string(kChunkEnd);
  BodyLimits limits;
  limits.body_bytes = INT64_MAX;
  BodyDecoder decoder(BodyFraming::chunked, 0, limits);
  for (auto _ : state) {
    BodyStep step = decoder.next(chunk);
    if (step.consumed != chunk.size()) state.SkipWithError("refused");
    benchmark::DoNotOptimize(step.payload);
  }
}
BENCHMARK(chunk_decode)->Arg(120)->Arg(4096);

void forwarded_head(benchmark::State& state) {
  RequestParser parser;
  if (parser.feed(kRequestHead) != ParseStatus::done) return state.SkipWithError("refused");
  const RequestHead& head = parser.head();
  std::array<char, 4096> buffer;
  for (auto _ : state) {
    HeadWriter writer(buffer);
    writer.request_line(head.method_text, {"", head.path, head.query})
        .add("Host", "api.anthropic.com")
        .add(KnownField::x_api_key, "sk-ant-api03-0123456789")
        .add(KnownField::accept_encoding, "identity");
    for (const Field& field : head.fields)
      if (forwards_to_upstream(field, head.connection)) writer.forward(field);
    writer.content_length(88941).end();
    benchmark::DoNotOptimize(writer.text());
  }
}
BENCHMARK(forwarded_head);

void normalized_path(benchmark::State& state, std::string_view raw) {
  std::array<char, 256> scratch;
  for (auto _ : state) benchmark::DoNotOptimize(normalize_path(raw, scratch));
}
BENCHMARK_CAPTURE(normalized_path, plain, "/v1/messages/count_tokens");
BENCHMARK_CAPTURE(normalized_path, escaped, "/v1/%6dessages/../messages");

}  // namespace

BENCHMARK_MAIN();
