// A coroutine whose body is nothing but an await and a test of its result: the shape nearest to
// `if (co_await …)`, which gcc 12 gets wrong.
#include "probe.h"

using namespace probe;

static Task<bool> truth(bool wanted) {
  int n = co_await later(1);
  co_return wanted&& n == 1;
}

static Task<int> decide(bool wanted) {
  bool yes = co_await truth(wanted);
  if (yes) co_return 1;
  co_return 2;
}

static Task<int> count_up() {
  int n = 0;
  bool more = co_await truth(true);
  while (more) {
    ++n;
    more = co_await truth(n < 4);
  }
  co_return n;
}

static Task<int> story() {
  int yes = co_await decide(true);
  int no = co_await decide(false);
  int counted = co_await count_up();
  co_return yes * 100 + no * 10 + counted;
}

int main() { return check(story, 124); }
