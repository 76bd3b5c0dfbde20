// Results that own something come back by value: a unique_ptr, a pair that is taken apart, an
// optional.
#include "probe.h"

using namespace probe;

static Task<std::unique_ptr<Tracked>> make(int tag) {
  int n = co_await later(tag);
  co_return std::make_unique<Tracked>(n);
}

static Task<std::pair<Tracked, int>> both(int tag) {
  int n = co_await later(tag);
  Tracked tracked(n);
  std::pair<Tracked, int> result(std::move(tracked), n + 1);
  co_return result;
}

static Task<std::optional<Tracked>> maybe(bool wanted) {
  int n = co_await later(5);
  std::optional<Tracked> result;
  if (wanted) result.emplace(n);
  co_return result;
}

static Task<int> story() {
  int total = 0;
  for (int i = 1; i < 4; ++i) {
    auto [tracked, next] = co_await both(i);
    total += tracked.tag() * 10 + next;
  }
  auto owned = co_await make(3);
  auto some = co_await maybe(true);
  auto none = co_await maybe(false);
  co_return total + owned->tag() + some->tag() + (none ? 1000 : 0);
}

int main() { return check(story, 60 + 9 + 3 + 5); }
