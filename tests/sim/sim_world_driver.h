// Steps several loops of one SimNet as if each had a thread: settles all at one instant, then moves
// the clock to the next event or timer. A bad wait shows as `hung`, a busy one as `busy`.
//
// Owner: the test. The loops and their SimIos outlive it, or are removed first.
#pragma once
#include <functional>
#include <vector>

#include <qcc/rt/loop.h>

#include "sim_io.h"
#include "sim_net.h"

namespace qcc::sim {

enum class Outcome : uint8_t {
  stopped,     // the condition holds
  finished,    // no loop has a root task left
  time_limit,  // the limit of virtual time was reached
  hung,        // root tasks wait, but no event or timer will ever wake one
  busy,        // the loops never come to rest at one instant
};
const char* name_of(Outcome outcome);

class SimWorldDriver {
 public:
  explicit SimWorldDriver(SimNet& net) : net_(net) {}

  void add(rt::Loop& loop, SimIo& io) { threads_.push_back({&loop, &io, Instant{}}); }
  void remove(rt::Loop& loop);

  // Until `stop` (may be empty), which is asked when all is settled, or at most for `limit` from
  // now.
  Outcome run(const std::function<bool()>& stop, Duration limit);
  Outcome run_to_end(Duration limit) { return run({}, limit); }
  // Runs what loops and net do within `wait`; for tests that look at the state between.
  Outcome run_for(Duration wait) {
    return run([] { return false; }, wait);
  }

 private:
  struct Thread {
    rt::Loop* loop;
    SimIo* io;
    Instant paused_until;
  };
  bool wants_turn(const Thread& thread) const;
  bool take_turn(Thread& thread);
  bool settle();
  void shuffle();
  bool finished() const;
  Instant next_moment() const;

  SimNet& net_;
  std::vector<Thread> threads_;
};

}  // namespace qcc::sim
