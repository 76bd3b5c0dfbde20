#include "limit_checkers.h"

namespace qcc::sim {

void SpanLimit::judge(uint64_t key, const Span& span, Instant now) {
  Duration lasted = now - span.since;
  bool holds = span.limit == kUnlimited || lasted <= span.limit + tolerance_;
  findings_.demand(holds, name_,
                   holds
                       ? std::string()
                       : "of " + std::to_string(key) + " lasted " + std::to_string(to_ms(lasted)) +
                             " ms instead of at most " + std::to_string(to_ms(span.limit)));
}

void SpanLimit::restart(uint64_t key, Instant now) {
  auto at = open_.find(key);
  if (at == open_.end()) return;
  judge(key, at->second, now);
  at->second.since = now;
}

void SpanLimit::end(uint64_t key, Instant now) {
  auto at = open_.find(key);
  if (at == open_.end()) return;
  judge(key, at->second, now);
  open_.erase(at);
}

void SpanLimit::finish(Instant now) {
  for (const auto& [key, span] : open_) judge(key, span, now);
  open_.clear();
}

Duration SpanLimit::lasted(uint64_t key, Instant now) const {
  auto at = open_.find(key);
  return at == open_.end() ? Duration::zero() : now - at->second.since;
}

bool SpanLimit::reached(uint64_t key, Instant now) const {
  auto at = open_.find(key);
  return at != open_.end() && now - at->second.since >= at->second.limit;
}

void CountLimit::set(uint64_t key, uint64_t count) {
  bool holds = count <= most_;
  findings_.demand(holds, name_,
                   holds ? std::string()
                         : std::to_string(count) + " at " + std::to_string(key) +
                               " instead of at most " + std::to_string(most_));
}

}  // namespace qcc::sim
