// A lambda with captures is named, then passed; a lambda without captures may be a coroutine
// itself.
#include "probe.h"

using namespace probe;

template <class Fn>
static Task<int> call(Fn fn) {
  int n = co_await later(1);
  co_return n + fn();
}

template <class Fn>
static Task<int> call_by_reference(const Fn& fn) {
  int n = co_await later(1);
  co_return n + fn();
}

static Task<int> story() {
  Tracked tracked(7);
  auto by_copy = [tracked]() { return tracked.tag(); };
  auto by_move = [moved = std::move(tracked)]() { return moved.tag(); };
  auto twice = [](int value) -> Task<int> {
    int n = co_await later(value);
    co_return 2 * n;
  };
  int copied = co_await call_by_reference(by_copy);
  int moved = co_await call(std::move(by_move));
  int doubled = co_await twice(20);
  co_return copied + moved + doubled;
}

int main() { return check(story, 8 + 8 + 40); }
