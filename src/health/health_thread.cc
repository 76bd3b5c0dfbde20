#include <qcc/health/health_thread.h>

namespace qcc::health {
namespace {

// Reports that change nothing are folded in at leisure; those that do come with a wake.
constexpr Duration kTick = std::chrono::milliseconds(100);
constexpr size_t kDrainMax = 4096;

}  // namespace

HealthThread::HealthThread(endpoint::Setup setup, size_t shards, size_t readers_max)
    : table_(std::move(setup), shards), snapshots_(table_.make_snapshot(), readers_max) {
  for (size_t i = 0; i < shards; ++i) inboxes_.push_back(std::make_unique<endpoint::Inbox>());
}

void HealthThread::reconfigure(endpoint::Setup setup) {
  auto next = std::make_unique<endpoint::Setup>(std::move(setup));
  std::unique_ptr<endpoint::Setup> unread(next_setup_.exchange(next.release()));
}

bool HealthThread::take_configuration() {
  std::unique_ptr<endpoint::Setup> next(next_setup_.exchange(nullptr));
  if (!next) return false;
  if (table_.reconfigure(std::move(*next))) return true;
  refused_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

bool HealthThread::drain() {
  bool changed = false;
  for (auto& inbox : inboxes_)
    for (size_t i = 0; i < kDrainMax; ++i) {
      std::optional<endpoint::Outcome> outcome = inbox->outcomes.pop();
      if (!outcome) break;
      changed |= table_.apply(*outcome);
    }
  return changed;
}

void HealthThread::work() {
  bool changed = drain();
  changed |= take_configuration();
  if (!changed) return;
  snapshots_.publish(table_.make_snapshot());
  publications_.fetch_add(1, std::memory_order_relaxed);
}

rt::Task<Unit> HealthThread::run(rt::Loop& loop) {
  rt::Scope forever(loop, nullptr);
  rt::Event woken(loop);
  loop.io().on_wake = [&woken] { woken.set(); };
  while (!stopping_.load(std::memory_order_acquire)) {
    work();
    rt::Scope tick(loop, &forever, kTick);
    co_await rt::wait_for(woken, tick);
    woken.clear();
  }
  work();
  loop.io().on_wake = nullptr;
  co_return Unit{};
}

}  // namespace qcc::health
