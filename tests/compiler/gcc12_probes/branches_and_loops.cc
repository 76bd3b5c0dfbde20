// Awaits inside braces of if, else, switch, for and try, with early exits that must run
// destructors.
#include "probe.h"

using namespace probe;

static Task<int> pick(int kind) {
  Tracked outer(1);
  switch (kind) {
    case 0: {
      Tracked inner(5);
      int n = co_await later(2);
      co_return n + inner.tag();
    }
    case 1: {
      int n = co_await later(3);
      if (n == 3) {
        co_return n;
      }
      break;
    }
    default: break;
  }
  int rest = co_await later(4);
  co_return rest + outer.tag();
}

static Task<int> loop_until(int stop) {
  int total = 0;
  for (int i = 0; i < 10; ++i) {
    Tracked each(i);
    int n = co_await later(i);
    if (n == stop) break;
    if (n % 2 == 0) continue;
    total += each.tag();
  }
  co_return total;
}

static Task<int> story() {
  int total = 0;
  for (int kind = 0; kind < 3; ++kind) {
    int n = co_await pick(kind);
    total += n;
  }
  int odd = co_await loop_until(6);
  co_return total * 100 + odd;
}

int main() { return check(story, (7 + 3 + 5) * 100 + 9); }
