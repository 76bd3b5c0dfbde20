#include <qcc/base/spsc_ring.h>

#include <doctest/doctest.h>

#include <string>
#include <thread>

namespace qcc {
namespace {

TEST_CASE("spsc ring: first in, first out; full says so; empty says so") {
  SpscRing<std::string> ring(4);
  CHECK(ring.empty());
  CHECK_FALSE(ring.pop().has_value());
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 4; ++i) CHECK(ring.push(std::to_string(round * 10 + i)));
    CHECK_FALSE(ring.push("too many"));
    for (int i = 0; i < 4; ++i) CHECK(ring.pop() == std::to_string(round * 10 + i));
    CHECK_FALSE(ring.pop().has_value());
    CHECK(ring.empty());
  }
}

TEST_CASE("spsc ring: room appears with each pop, also in a ring of one") {
  SpscRing<int> ring(1);
  for (int i = 0; i < 100; ++i) {
    CHECK(ring.push(i));
    CHECK_FALSE(ring.push(-1));
    CHECK(ring.pop() == i);
  }
}

TEST_CASE("spsc ring: what was not popped is destroyed with the ring") {
  auto owned = std::make_shared<int>(1);
  {
    SpscRing<std::shared_ptr<int>> ring(8);
    for (int i = 0; i < 5; ++i) CHECK(ring.push(owned));
    CHECK(ring.pop().has_value());
  }
  CHECK(owned.use_count() == 1);
}

TEST_CASE("spsc ring: two threads, every value once and in order") {
  constexpr int kCount = 100'000;
  SpscRing<std::string> ring(64);
  std::thread producer([&ring] {
    for (int i = 0; i < kCount; ++i)
      while (!ring.push(std::to_string(i))) std::this_thread::yield();
  });
  int wrong = 0;
  for (int i = 0; i < kCount;) {
    std::optional<std::string> value = ring.pop();
    if (!value) {
      std::this_thread::yield();
      continue;
    }
    wrong += *value != std::to_string(i++);
  }
  producer.join();
  CHECK(wrong == 0);
  CHECK(ring.empty());
}

}  // namespace
}  // namespace qcc
