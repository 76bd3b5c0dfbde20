#include "weather.h"

namespace qcc::sim {
namespace {

// Zero in two draws of three, so that faults come in different company each time.
unsigned maybe(Prng& prng, unsigned percent_max) {
  if (!prng.chance(33)) return 0;
  return 1 + static_cast<unsigned>(prng.below(percent_max));
}

Duration duration_up_to(Prng& prng, Duration longest) {
  return Duration(static_cast<int64_t>(prng.below(static_cast<uint64_t>(longest.count()) + 1)));
}

}  // namespace

Weather Weather::draw(Prng& prng) {
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  Weather w;
  w.latency_min = duration_up_to(prng, microseconds(200));
  w.latency_max =
      w.latency_min + duration_up_to(prng, prng.chance(50) ? microseconds(100) : milliseconds(80));
  w.window_bytes = 1u << (12 + prng.below(6));
  w.segment_bytes = prng.chance(20) ? 64 + static_cast<uint32_t>(prng.below(1400)) : 16 * 1024;
  w.refused_percent = maybe(prng, 30);
  w.unreachable_percent = maybe(prng, 5);
  w.black_hole_percent = maybe(prng, 10);
  w.breaks_percent = maybe(prng, 30);
  w.vanishes_percent = maybe(prng, 5);
  w.stalls_percent = maybe(prng, 20);
  w.breaks_within = duration_up_to(prng, prng.chance(50) ? milliseconds(20) : milliseconds(60'000));
  w.stall_max = duration_up_to(prng, milliseconds(90'000));
  w.short_read_percent = prng.chance(20) ? 100 : maybe(prng, 50);
  w.one_shot_percent = prng.chance(20) ? 100 : maybe(prng, 50);
  w.starved_percent = maybe(prng, 10);
  w.accept_ends_percent = maybe(prng, 30);
  w.accept_fails_percent = maybe(prng, 10);
  w.no_descriptor_percent = maybe(prng, 3);
  w.part_batch_percent = maybe(prng, 60);
  w.cancel_delay_max = duration_up_to(prng, prng.chance(80) ? microseconds(100) : milliseconds(30));
  w.pause_percent = maybe(prng, 5);
  w.pause_max = duration_up_to(prng, milliseconds(20));
  return w;
}

}  // namespace qcc::sim
