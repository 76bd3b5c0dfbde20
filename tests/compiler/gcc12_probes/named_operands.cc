// Operands are named values: moved in, passed by reference, passed by copy.
#include "probe.h"

using namespace probe;

static Task<int> by_value(Tracked tracked) {
  int n = co_await later(1);
  co_return n + tracked.tag();
}

static Task<int> by_reference(const Tracked& tracked) {
  int n = co_await later(2);
  co_return n + tracked.tag();
}

static Task<int> story() {
  Tracked first(10);
  Tracked second(20);
  int sum = co_await by_reference(first);
  int moved = co_await by_value(std::move(first));
  int copied = co_await by_value(second);
  co_return sum + moved + copied + second.tag();
}

int main() { return check(story, 12 + 11 + 21 + 20); }
