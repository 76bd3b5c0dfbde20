// What a request's log line costs its shard.
#include <benchmark/benchmark.h>
#include <qcc/base/log_line.h>

namespace {

using namespace qcc;

void request_line(benchmark::State& state) {
  LogRing ring;
  ring.set_format(state.range(0) == 0 ? LogFormat::text : LogFormat::json);
  std::string written;
  LogLevel level{};
  WallTime now{std::chrono::seconds(1'795'000'000)};
  for (auto _ : state) {
    now += std::chrono::microseconds(70);
    LogLine(ring, LogLevel::info, "request", now)
        .text("id", "req_9f3a61c2d4e5-0-1a2b3c")
        .text("method", "POST")
        .text("path", "/v1/messages")
        .number("status", 200)
        .text("end", "--")
        .text_if("endpoint", "anthropic-primary")
        .number("attempts", 1)
        .text_if("model", "claude-sonnet-4-5")
        .text_if("session", "9f8e1c7a-0b1c-4e5f-8a9b-0c1d2e3f4a5b")
        .milliseconds("total_ms", std::chrono::microseconds(41'234))
        .milliseconds("first_byte_ms", std::chrono::microseconds(40'123))
        .milliseconds("upstream_ms", std::chrono::microseconds(41'001))
        .number("in", 120'512)
        .number("out", 6'402)
        .number("input_tokens", 30'120)
        .number("output_tokens", 512)
        .number("cache_read_tokens", 29'000);
    written.clear();
    ring.pop(written, level);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(written.size()));
}

BENCHMARK(request_line)->ArgName("json")->Arg(0)->Arg(1);

}  // namespace

BENCHMARK_MAIN();
