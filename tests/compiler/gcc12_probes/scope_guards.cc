// Guards run once, in order, whichever way the coroutine leaves its scope.
#include "probe.h"

using namespace probe;

static std::vector<int> left;

struct Guard {
  explicit Guard(int id) : id_(id) {}
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() { left.push_back(id_); }

 private:
  int id_;
  Tracked tracked_{0};
};

static Task<int> guarded(bool early) {
  Guard outer(1);
  {
    Guard inner(2);
    int n = co_await later(1);
    if (early) co_return n;
  }
  Guard last(3);
  int n = co_await later(2);
  co_return n;
}

static Task<int> story() {
  left.clear();
  int early = co_await guarded(true);
  DEMAND((left == std::vector<int>{2, 1}));
  left.clear();
  int late = co_await guarded(false);
  DEMAND((left == std::vector<int>{2, 3, 1}));
  co_return early * 10 + late;
}

int main() { return check(story, 12); }
