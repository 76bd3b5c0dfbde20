// What looking at one event of a stream costs: the goal is under 100 ns, better 40, for
// finding it and reading its usage.
#include <benchmark/benchmark.h>
#include <qcc/protocol/stream_tap.h>
#include <qcc/sse/scanner.h>

#include <string>

namespace {

using namespace qcc;

constexpr int kEvents = 200;

std::string anthropic_stream() {
  std::string stream =
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_01\","
      "\"usage\":{\"input_tokens\":12,\"output_tokens\":1}}}\n\n"
      "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
      "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
  for (int i = 0; i < kEvents - 2; ++i)
    stream +=
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
        "\"delta\":{\"type\":\"text_delta\",\"text\":\"some words of an answer \"}}\n\n";
  return stream;
}

std::string openai_stream() {
  std::string stream;
  for (int i = 0; i < kEvents; ++i)
    stream +=
        "data: {\"id\":\"chatcmpl-mWgOUpqYU6ZxfGbPuyCPxDrPxZExw\",\"object\":"
        "\"chat.completion.chunk\",\"created\":1795247400,\"model\":\"gpt-mock\",\"service_tier\":"
        "\"default\",\"system_fingerprint\":\"fp_mock\",\"choices\":[{\"index\":0,\"delta\":"
        "{\"content\":\"Hello "
        "fro\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n";
  return stream;
}

void scan(benchmark::State& state, const std::string& stream, size_t piece_bytes) {
  int64_t events = 0;
  for (auto _ : state) {
    sse::SseScanner scanner;
    for (std::string_view rest = stream; !rest.empty();) {
      const std::string_view piece = rest.substr(0, piece_bytes);
      scanner.feed(piece);
      for (sse::SseEvent event; scanner.next(event); ++events) benchmark::DoNotOptimize(event);
      rest.remove_prefix(piece.size());
    }
  }
  state.SetItemsProcessed(events);
}

void tap(benchmark::State& state, const std::string& stream, protocol::ApiKind kind) {
  int64_t events = 0;
  for (auto _ : state) {
    sse::SseScanner scanner;
    protocol::StreamTap tap(kind);
    scanner.feed(stream);
    for (sse::SseEvent event; scanner.next(event); ++events) tap.on_event(event);
    bool committed = tap.has_content();
    benchmark::DoNotOptimize(committed);
  }
  state.SetItemsProcessed(events);
}

void scan_whole(benchmark::State& state) { scan(state, anthropic_stream(), SIZE_MAX); }
void scan_split(benchmark::State& state) { scan(state, anthropic_stream(), 1448); }
void scan_and_tap_anthropic(benchmark::State& state) {
  tap(state, anthropic_stream(), protocol::ApiKind::messages);
}
void scan_and_tap_openai(benchmark::State& state) {
  tap(state, openai_stream(), protocol::ApiKind::chat_completions);
}

BENCHMARK(scan_whole);
BENCHMARK(scan_split);
BENCHMARK(scan_and_tap_anthropic);
BENCHMARK(scan_and_tap_openai);

}  // namespace

BENCHMARK_MAIN();
