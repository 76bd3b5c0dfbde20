// Member functions as coroutines, a base class's too, and an operation that is built into a named
// variable.
#include "probe.h"

using namespace probe;

class Counter {
 public:
  virtual ~Counter() = default;
  virtual Task<int> add(Tracked tracked) {
    int n = co_await later(1);
    total_ += tracked.tag() + n;
    co_return total_;
  }

 protected:
  int total_ = 0;
  Tracked kept_{8};
};

class Doubling final : public Counter {
 public:
  Task<int> add(Tracked tracked) override {
    int sum = co_await Counter::add(std::move(tracked));
    Op op(2);
    int factor = co_await op;
    co_return sum* factor + kept_.tag();
  }
};

static Task<int> story() {
  Doubling counter;
  Counter& base = counter;
  Tracked first(3);
  Tracked second(4);
  int once = co_await base.add(std::move(first));
  int twice = co_await base.add(std::move(second));
  co_return once * 100 + twice;
}

int main() { return check(story, (8 + 8) * 100 + 18 + 8); }
