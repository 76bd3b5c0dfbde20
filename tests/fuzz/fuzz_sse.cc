// The events and the bytes let through must not depend on where the stream was split.
#include <qcc/sse/scanner.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace qcc::sse;

void require(bool condition) {
  if (!condition) abort();
}

struct Outcome {
  std::vector<std::string> events;
  std::string forwarded;
  bool operator==(const Outcome&) const = default;
};

void take(SseScanner& scanner, std::string_view piece, Outcome& outcome) {
  const std::vector<char> copy(piece.begin(), piece.end());
  const std::string_view own(copy.data(), copy.size());
  scanner.feed(own);
  size_t forwarded = 0;
  for (SseEvent event; scanner.next(event);) {
    require(event.end_offset > forwarded && event.end_offset <= own.size());
    require(event.carried.empty() || forwarded == 0);
    outcome.forwarded += event.carried;
    outcome.forwarded += own.substr(forwarded, event.end_offset - forwarded);
    forwarded = event.end_offset;
    if (!event.complete || !(event.has_data || event.oversize || !event.name.empty())) continue;
    outcome.events.push_back(std::string(event.name) + '|' + std::string(event.data) +
                             (event.oversize ? "|oversize" : ""));
  }
}

template <class NextLength>
Outcome scan(std::string_view stream, size_t limit, NextLength next_length) {
  SseScanner scanner(limit);
  Outcome outcome;
  for (std::string_view rest = stream; !rest.empty();) {
    const std::string_view piece = rest.substr(0, next_length());
    take(scanner, piece, outcome);
    rest.remove_prefix(piece.size());
    require(scanner.pending_bytes() <= limit);
    require(outcome.forwarded.size() + scanner.pending_bytes() == stream.size() - rest.size());
  }
  require(stream.starts_with(outcome.forwarded));
  return outcome;
}

}  // namespace

// The first byte chooses the limit, the second how the stream is split.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t limit = data[0] < 128 ? kEventLimitBytes : data[0] - 100u;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Outcome whole = scan(stream, limit, [&] { return stream.size(); });
  const Outcome by_byte = scan(stream, limit, [] { return size_t{1}; });
  uint32_t state = data[1];
  const Outcome by_chance = scan(stream, limit, [&] {
    state = state * 1664525 + 1013904223;
    return size_t{1} + (state >> 24) % 40;
  });
  require(whole.events == by_byte.events && whole.events == by_chance.events);
  return 0;
}
