// Any bytes as a stream: the tap must stay within them, keep its promises, and see the same
// whatever the splits.
#include <qcc/protocol/stream_tap.h>
#include <qcc/sse/scanner.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

using namespace qcc;
using namespace qcc::protocol;

void require(bool condition) {
  if (!condition) abort();
}

StreamTap watch(ApiKind kind, std::string_view stream, size_t piece_bytes) {
  StreamTap tap(kind);
  sse::SseScanner scanner(1024);
  while (!stream.empty()) {
    const std::string_view piece = stream.substr(0, piece_bytes);
    stream.remove_prefix(piece.size());
    const std::vector<char> copy(piece.begin(), piece.end());
    scanner.feed({copy.data(), copy.size()});
    for (sse::SseEvent event; scanner.next(event);) {
      const bool had_content = tap.has_content();
      const EventNews news = tap.on_event(event);
      require(!had_content || tap.has_content());
      require(news != EventNews::error || tap.has_error());
      require(news != EventNews::end || tap.has_ended());
      require(news != EventNews::content || tap.has_content());
    }
  }
  return tap;
}

}  // namespace

// The first byte chooses the protocol.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr ApiKind kKinds[] = {ApiKind::messages, ApiKind::chat_completions, ApiKind::responses};
  const ApiKind kind = kKinds[data[0] % 3];
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const StreamTap whole = watch(kind, stream, stream.size());
  const StreamTap split = watch(kind, stream, 7);
  const Usage usage = whole.usage();
  require(usage == split.usage());
  require(whole.has_content() == split.has_content() && whole.has_ended() == split.has_ended());
  require(whole.stop_reason() == split.stop_reason());
  for (uint64_t tokens : {usage.input, usage.output, usage.cache_write_5m, usage.cache_write_1h,
                          usage.cache_read, usage.reasoning})
    require(tokens <= kTokensMax);
  return 0;
}
