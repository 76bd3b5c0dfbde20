#include <qcc/shard/shard.h>

#include <algorithm>

namespace qcc::shard {

void Reporter::report(endpoint::EndpointRef endpoint, const endpoint::Verdict& verdict) {
  bool succeeded = verdict.attempt_class == endpoint::AttemptClass::success ||
                   verdict.attempt_class == endpoint::AttemptClass::client;
  if (succeeded) return;  // counted in metric cells, no news for the health thread
  endpoint::Outcome outcome{endpoint, verdict.attempt_class, shard_, 0};
  if (!verdict.takes_out) {
    bool queued = pending_.empty() && line_.inbox->outcomes.push(outcome);
    if (!queued) ++dropped_;
    return;
  }
  outcome.sequence = ++sequence_;
  vetoes_.add(endpoint, outcome.sequence);
  std::erase_if(pending_, [&](const auto& waiting) { return waiting.second.endpoint == endpoint; });
  pending_.emplace(outcome.sequence, outcome);
  flush();
}

// In the order of their numbers, or a snapshot would claim to include what still waits here.
void Reporter::flush() {
  bool sent = false;
  while (!pending_.empty()) {
    if (!line_.inbox->outcomes.push(pending_.begin()->second)) break;
    pending_.erase(pending_.begin());
    sent = true;
  }
  if (sent) wake_health();
}

void Reporter::wake_health() {
  int32_t target = line_.wake_target->load(std::memory_order_acquire);
  if (target >= 0) loop_.io().wake({target});
}

}  // namespace qcc::shard
