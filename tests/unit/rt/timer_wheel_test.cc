#include <qcc/rt/timer_wheel.h>

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <vector>

#include <qcc/base/prng.h>

namespace qcc::rt {
namespace {
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kTick{1 << 20};

struct Noted : Timer {
  explicit Noted(std::vector<Noted*>& l) : Timer(&ring), log(l) {}
  static void ring(Timer& timer) {
    auto& self = static_cast<Noted&>(timer);
    self.log.push_back(&self);
  }
  std::vector<Noted*>& log;
};

Instant at(Duration d) { return Instant(hours(1)) + d; }

TEST_CASE("timer wheel: never early, at most one tick late, at every distance") {
  for (int power = 0; power < 55; ++power) {
    for (int64_t off : {-1, 0, 1}) {
      int64_t distance = (int64_t{1} << power) + off;
      CAPTURE(distance);
      std::vector<Noted*> log;
      Instant start = at(Duration(power * 12'345));
      TimerWheel wheel(start);
      Noted timer(log);
      wheel.arm(timer, start + Duration(distance));
      Instant now = start;
      int wakes = 0;
      while (log.empty()) {
        Instant next = wheel.next_deadline();
        REQUIRE(next > now);
        REQUIRE(next < start + Duration(distance) + kTick + Duration(1));
        now = next;
        wheel.advance(now);
        ++wakes;
      }
      CHECK(now >= timer.at);
      CHECK(now <= timer.at + kTick);
      CHECK(wakes <= 7);
      CHECK(wheel.armed_count() == 0);
      CHECK(wheel.next_deadline() == kNever);
    }
  }
}

TEST_CASE("timer wheel: a disarmed timer causes no wake-up") {
  std::vector<Noted*> log;
  TimerWheel wheel(at({}));
  Noted far(log);
  wheel.arm(far, at(seconds(10)));
  Instant expected = wheel.next_deadline();
  for (int ms : {0, 1, 5, 40, 64, 65, 100, 900, 4000}) {
    Noted near(log);
    wheel.arm(near, at(milliseconds(ms)));
    CHECK(wheel.next_deadline() <= at(milliseconds(ms)) + kTick);
    wheel.disarm(near);
    CHECK(wheel.next_deadline() == expected);
  }
  wheel.disarm(far);
  CHECK(wheel.next_deadline() == kNever);
  wheel.advance(at(hours(1000)));
  CHECK(log.empty());
}

TEST_CASE("timer wheel: disarming one of two in a slot keeps the other") {
  std::vector<Noted*> log;
  TimerWheel wheel(at({}));
  Noted first(log), second(log);
  wheel.arm(first, at(milliseconds(50)));
  wheel.arm(second, at(milliseconds(50)));
  wheel.disarm(first);
  CHECK(wheel.next_deadline() <= at(milliseconds(50)) + kTick);
  wheel.advance(at(milliseconds(60)));
  CHECK(log == std::vector<Noted*>{&second});
  wheel.disarm(second);
  CHECK_FALSE(second.armed());
}

TEST_CASE("timer wheel: kNever arms nothing; the past fires with the next tick") {
  std::vector<Noted*> log;
  TimerWheel wheel(at({}));
  Noted never(log), past(log);
  wheel.arm(never, kNever);
  CHECK_FALSE(never.armed());
  CHECK(wheel.next_deadline() == kNever);
  wheel.arm(past, at(-seconds(5)));
  CHECK(wheel.next_deadline() <= at(kTick));
  wheel.advance(at({}));
  CHECK(log.empty());
  wheel.advance(at(kTick));
  CHECK(log.size() == 1);
}

TEST_CASE("timer wheel: a clock that stands or goes back fires nothing") {
  std::vector<Noted*> log;
  TimerWheel wheel(at(seconds(1)));
  Noted timer(log);
  wheel.arm(timer, at(seconds(1) + milliseconds(10)));
  wheel.advance(at(seconds(1)));
  wheel.advance(at({}));
  CHECK(log.empty());
  CHECK(wheel.next_deadline() > at(seconds(1)));
  wheel.disarm(timer);
}

struct Meddler : Timer {
  explicit Meddler(TimerWheel& w) : Timer(&ring), wheel(w) {}
  static void ring(Timer& timer) {
    auto& self = static_cast<Meddler&>(timer);
    ++self.rings;
    if (self.victim) self.wheel.disarm(*self.victim);
    if (self.again) self.wheel.arm(self, self.at);
  }
  TimerWheel& wheel;
  Timer* victim = nullptr;
  bool again = false;
  int rings = 0;
};

TEST_CASE("timer wheel: while firing, timers may disarm those that are due and arm themselves") {
  TimerWheel wheel(at({}));
  Meddler first(wheel), second(wheel);
  wheel.arm(first, at(milliseconds(5)));
  wheel.arm(second, at(milliseconds(5)));
  first.victim = &second;
  first.again = true;  // in the past already: the next call's turn
  wheel.advance(at(milliseconds(20)));
  CHECK(first.rings == 1);
  CHECK(second.rings == 0);
  CHECK(first.armed());
  CHECK(wheel.armed_count() == 1);
  first.again = false;
  wheel.advance(at(milliseconds(22)));
  CHECK(first.rings == 2);
  CHECK(wheel.next_deadline() == kNever);
}

// The same against a sorted map: random arms, disarms and jumps, short and long.
class Model {
 public:
  explicit Model(uint64_t seed)
      : prng_(seed),
        now_(at(Duration(static_cast<int64_t>(prng_.below(1ull << 50))))),
        wheel_(now_) {
    for (int i = 0; i < 60; ++i) timers_.push_back(std::make_unique<Noted>(log_));
  }
  ~Model() {
    for (auto& timer : timers_) wheel_.disarm(*timer);
  }

  void step() {
    Noted& timer = *timers_[prng_.below(timers_.size())];
    switch (prng_.below(5)) {
      case 0:
      case 1:
        if (!timer.armed()) arm(timer);
        break;
      case 2: disarm(timer); break;
      case 3: advance(now_ + span()); break;
      case 4:
        if (wheel_.next_deadline() != kNever) advance(wheel_.next_deadline());
        break;
    }
    check_deadline();
  }

 private:
  Duration span() {
    return Duration(static_cast<int64_t>(prng_.below(1ull << (1 + prng_.below(57)))));
  }
  void arm(Noted& timer) {
    wheel_.arm(timer, now_ + span() - Duration(prng_.chance(5) ? seconds(3) : seconds(0)));
    model_.emplace(timer.at, &timer);
  }
  void disarm(Noted& timer) {
    wheel_.disarm(timer);
    std::erase_if(model_, [&](const auto& entry) { return entry.second == &timer; });
  }
  void advance(Instant to) {
    Instant before = now_;
    now_ = to;
    log_.clear();
    wheel_.advance(now_);
    Instant last = Instant::min();
    for (Noted* timer : log_) {
      REQUIRE(timer->at <= now_);
      REQUIRE(std::max(timer->at, before) + kTick > last);  // in order, but for one tick
      last = std::max(last, timer->at);
      REQUIRE(std::erase_if(model_, [&](const auto& e) { return e.second == timer; }) == 1);
    }
    // What lies a full tick back has fired. A timer armed in the past waits for one tick to pass.
    if (now_ - before < kTick) return;
    for (const auto& [due, timer] : model_) REQUIRE(due + kTick > now_);
  }
  void check_deadline() {
    REQUIRE(wheel_.armed_count() == model_.size());
    Instant next = wheel_.next_deadline();
    if (model_.empty()) {
      REQUIRE(next == kNever);
      return;
    }
    REQUIRE(next > now_);
    REQUIRE(next <= std::max(model_.begin()->first, now_) + kTick);
  }

  Prng prng_;
  std::vector<Noted*> log_;
  std::vector<std::unique_ptr<Noted>> timers_;
  std::multimap<Instant, Noted*> model_;
  Instant now_;
  TimerWheel wheel_;
};

TEST_CASE("timer wheel: agrees with a sorted map over long random runs") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Model model(seed);
    for (int i = 0; i < 3000; ++i) model.step();
  }
}

}  // namespace
}  // namespace qcc::rt
