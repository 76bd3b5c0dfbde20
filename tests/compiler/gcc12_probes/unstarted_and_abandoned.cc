// Tasks that are held in a variable, never started, or destroyed while they are suspended:
// parameters and locals die exactly once.
#include "probe.h"

using namespace probe;

static Task<int> child(Tracked parameter) {
  Tracked local(1);
  int n = co_await later(2);
  co_return n + local.tag() + parameter.tag();
}

static Task<int> story() {
  {
    Tracked never(5);
    auto unstarted = child(std::move(never));
  }
  {
    Tracked held(6);
    auto abandoned = child(std::move(held));
    std::coroutine_handle<> nobody = std::noop_coroutine();
    bool waits = abandoned.await_suspend(nobody);
    DEMAND(waits);
    suspended.pop_back();
  }
  Tracked kept(7);
  auto started = child(std::move(kept));
  int n = co_await std::move(started);
  co_return n;
}

int main() { return check(story, 10); }
