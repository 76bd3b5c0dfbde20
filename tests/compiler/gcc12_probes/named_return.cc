// A result that is made of awaited parts is put together in statements, then returned by name.
#include <string>

#include "probe.h"

using namespace probe;

struct Answer {
  Tracked body;
  std::string text;
  int code = 0;
};

static Task<Tracked> part(int tag) {
  int n = co_await later(tag);
  Tracked made(n);
  co_return made;
}

static Task<Answer> answer() {
  Tracked body = co_await part(4);
  int code = co_await later(200);
  Answer built{std::move(body), std::string(50, 'a'), code};
  co_return built;
}

static Task<Answer> forwarded() { co_return co_await answer(); }

static Task<int> story() {
  Answer got = co_await forwarded();
  co_return got.body.tag() + got.code + static_cast<int>(got.text.size());
}

int main() { return check(story, 254); }
