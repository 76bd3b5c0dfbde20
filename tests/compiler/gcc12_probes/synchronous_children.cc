// A hundred thousand children that finish without suspending, from one loop: the stack must not
// grow, which symmetric transfer would make it do without optimisation.
#include "probe.h"

using namespace probe;

static Task<int> at_once(int value) { co_return value; }

static Task<int> story() {
  int total = 0;
  for (int i = 0; i < 100'000; ++i) {
    int n = co_await at_once(i % 3);
    total += n;
  }
  int last = co_await later(1);
  co_return total + last;
}

int main() { return check(story, 99'999 + 1); }
