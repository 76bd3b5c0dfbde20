// Options structs are named before the call; a braced one in the operand is what gcc 12 destroys
// twice.
#include <string>

#include "probe.h"

using namespace probe;

struct Options {
  Tracked owner;
  std::string name;
  std::vector<std::string> tags;
  int limit = 0;
};

static Task<int> use(Options options) {
  int n = co_await later(1);
  co_return n + options.owner.tag() + options.limit + static_cast<int>(options.tags.size());
}

static Task<int> look(const Options& options) {
  int n = co_await later(1);
  co_return n + static_cast<int>(options.name.size());
}

static Task<int> story() {
  Options options{Tracked(9), std::string(40, 'x'), {std::string(40, 'y'), "z"}, 3};
  int looked = co_await look(options);
  int used = co_await use(std::move(options));
  co_return looked + used;
}

int main() { return check(story, 41 + 15); }
