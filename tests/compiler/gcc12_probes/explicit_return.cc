// Result<T>-like values travel up by early return, through two levels, with owners in the frames
// between.
#include <expected>

#include "probe.h"

using namespace probe;

using Outcome = std::expected<std::unique_ptr<Tracked>, int>;

static Task<Outcome> leaf(int number) {
  int n = co_await later(number);
  if (n % 2 != 0) co_return std::unexpected(n);
  co_return std::make_unique<Tracked>(n);
}

static Task<Outcome> middle(int number) {
  Tracked owner(number);
  auto got = co_await leaf(number);
  if (!got) co_return std::unexpected(got.error() + owner.tag());
  (*got) = std::make_unique<Tracked>((*got)->tag() + owner.tag());
  co_return got;
}

static Task<int> story() {
  int total = 0;
  for (int number = 0; number < 4; ++number) {
    auto got = co_await middle(number);
    if (!got) {
      total += 100 * got.error();
      continue;
    }
    total += (*got)->tag();
  }
  co_return total;
}

int main() { return check(story, 100 * (2 + 6) + 0 + 4); }
