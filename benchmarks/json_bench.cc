// How long a request body holds up its forwarding: the goal is 120 KB in under 20 us.
#include <benchmark/benchmark.h>
#include <qcc/base/prng.h>
#include <qcc/json/picker.h>
#include <qcc/json/skim.h>

#include <string>

namespace {

using namespace qcc;

enum class Text { english, chinese, dense, mixed };

// Escapes and characters beyond ASCII in every block: what compare.py sends.
constexpr std::string_view kMixed =
    R"(Here is file content with \"quotes\", tabs\t and\nnew lines; 中文 too. )";

void append_words(std::string& out, Prng& prng, size_t bytes, Text text) {
  const size_t end = out.size() + bytes;
  while (out.size() < end) {
    if (text == Text::chinese || text == Text::mixed) {
      out += text == Text::chinese ? "你好世界" : kMixed;
      continue;
    }
    for (size_t n = 2 + prng.below(8); n > 0; --n) out += static_cast<char>('a' + prng.below(26));
    const uint64_t dice = prng.below(100);
    out += dice < 7 ? "\\n" : dice < 10 ? "\\\"" : dice == 10 ? " – " : " ";
  }
}

void append_tool(std::string& out, Prng& prng, Text text) {
  out += R"({"name":"Tool","description":")";
  append_words(out, prng, text == Text::dense ? 20 : 2400, text);
  out += R"(","input_schema":{"$schema":"https://json-schema.org/draft/2020-12/schema",)"
         R"("type":"object","properties":{)";
  for (int i = 0; i < 7; ++i) {
    out += i == 0 ? R"("p)" : R"(,"p)";
    out += std::to_string(i) + R"(":{"description":")";
    append_words(out, prng, text == Text::dense ? 10 : 80, text);
    out += R"(","type":"string"})";
  }
  out += R"(},"required":["p0","p1"],"additionalProperties":false}})";
}

// The order and the proportions of what Claude Code sends.
std::string claude_body(size_t bytes, Text text) {
  Prng prng(1);
  std::string out =
      R"({"model":"claude-sonnet-5","messages":[{"role":"user","content":[{"type":"text","text":")";
  append_words(out, prng, bytes / 20, text);
  out += R"("}]}],"system":[{"type":"text","text":")";
  append_words(out, prng, bytes / 6, text);
  out += R"(","cache_control":{"type":"ephemeral"}}],"tools":[)";
  append_tool(out, prng, text);
  while (out.size() < bytes) {
    out += ',';
    append_tool(out, prng, text);
  }
  out += R"(],"metadata":{"user_id":"{\"device_id\":\"d\",\"session_id\":\"0003\"}"},)"
         R"("max_tokens":64000,"thinking":{"type":"adaptive"},"stream":true})";
  return out;
}

void skim(benchmark::State& state, Text text) {
  const std::string body = claude_body(static_cast<size_t>(state.range(0)), text);
  for (auto _ : state) {
    auto fields = json::skim_request(body);
    if (!fields) state.SkipWithError("refused");
    benchmark::DoNotOptimize(fields);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}

void skim_english(benchmark::State& state) { skim(state, Text::english); }
void skim_chinese(benchmark::State& state) { skim(state, Text::chinese); }
void skim_dense(benchmark::State& state) { skim(state, Text::dense); }
void skim_mixed(benchmark::State& state) { skim(state, Text::mixed); }

void pick_usage(benchmark::State& state) {
  std::string body =
      R"({"id":"msg_01","type":"message","role":"assistant","content":[{"type":"text","text":")";
  Prng prng(1);
  append_words(body, prng, 300, Text::english);
  body += R"("}],"stop_reason":"end_turn","usage":{"input_tokens":12,"output_tokens":131}})";
  for (auto _ : state) {
    auto tokens = json::JsonView(body)["usage"]["output_tokens"].unsigned_integer();
    benchmark::DoNotOptimize(tokens);
  }
}

BENCHMARK(skim_english)->Arg(1 << 10)->Arg(115 << 10)->Arg(32 << 20);
BENCHMARK(skim_chinese)->Arg(115 << 10);
BENCHMARK(skim_dense)->Arg(115 << 10);
BENCHMARK(skim_mixed)->Arg(115 << 10)->Arg(2 << 20);
BENCHMARK(pick_usage);

}  // namespace

BENCHMARK_MAIN();
