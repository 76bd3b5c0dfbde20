#include "sim_world_driver.h"

#include <algorithm>

namespace qcc::sim {
namespace {
constexpr int kPassesMax = 100'000;  // at one instant
}

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::stopped: return "stopped";
    case Outcome::finished: return "finished";
    case Outcome::time_limit: return "time limit";
    case Outcome::hung: return "hung";
    case Outcome::busy: return "busy";
  }
  return "unknown";
}

void SimWorldDriver::remove(rt::Loop& loop) {
  std::erase_if(threads_, [&](const Thread& thread) { return thread.loop == &loop; });
}

bool SimWorldDriver::finished() const {
  return std::all_of(threads_.begin(), threads_.end(),
                     [](const Thread& thread) { return thread.loop->roots_live() == 0; });
}

bool SimWorldDriver::wants_turn(const Thread& thread) const {
  if (thread.loop->roots_live() == 0) return false;
  return thread.loop->has_ready() || thread.io->has_arrivals() ||
         thread.loop->next_deadline() <= net_.now();
}

bool SimWorldDriver::take_turn(Thread& thread) {
  if (!wants_turn(thread) || thread.paused_until > net_.now()) return false;
  const Weather& weather = net_.weather();
  if (weather.pause_percent > 0 && net_.prng().chance(weather.pause_percent)) {
    auto longest = static_cast<uint64_t>(weather.pause_max.count());
    thread.paused_until =
        net_.now() + Duration(static_cast<int64_t>(net_.prng().below(longest + 1)));
    return true;
  }
  thread.loop->read_clock();
  thread.loop->turn(net_.now());
  return true;
}

void SimWorldDriver::shuffle() {
  for (size_t i = threads_.size(); i > 1; --i)
    std::swap(threads_[i - 1], threads_[net_.prng().below(i)]);
}

bool SimWorldDriver::settle() {
  for (int pass = 0; pass < kPassesMax; ++pass) {
    bool any = net_.run_due();
    shuffle();
    for (Thread& thread : threads_) any |= take_turn(thread);
    if (!any) return true;
  }
  return false;
}

Instant SimWorldDriver::next_moment() const {
  Instant next = net_.next_event();
  for (const Thread& thread : threads_) {
    if (thread.loop->roots_live() == 0) continue;
    Instant wanted = wants_turn(thread) ? net_.now() : thread.loop->next_deadline();
    next = std::min(next, std::max(wanted, thread.paused_until));
  }
  return next;
}

Outcome SimWorldDriver::run(const std::function<bool()>& stop, Duration limit) {
  Instant end = add_saturated(net_.now(), limit);
  for (;;) {
    if (!settle()) return Outcome::busy;
    if (stop && stop()) return Outcome::stopped;
    if (finished()) return Outcome::finished;
    Instant next = next_moment();
    if (next == kNever) return Outcome::hung;
    if (next > end) {
      net_.advance_to(end);
      return Outcome::time_limit;
    }
    net_.advance_to(next);
  }
}

}  // namespace qcc::sim
