#include <qcc/base/published.h>

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

namespace qcc {
namespace {

// Counts those alive, and shows a use after its end even without a sanitizer.
struct Snapshot {
  explicit Snapshot(uint64_t v) : value(v), twice(v * 2) { ++alive; }
  ~Snapshot() {
    value = twice = 0xdead;
    --alive;
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  uint64_t value, twice;
  static inline std::atomic<int> alive{0};
};

TEST_CASE("published: readers see the newest, old ones are freed") {
  {
    Published<Snapshot> published(std::make_unique<Snapshot>(1), 2);
    CHECK(published.read(0, [](const Snapshot& s) { return s.value; }) == 1);
    for (uint64_t i = 2; i < 10; ++i) {
      published.publish(std::make_unique<Snapshot>(i));
      CHECK(published.read(1, [](const Snapshot& s) { return s.value; }) == i);
      CHECK(published.retired_count() == 0);
      CHECK(Snapshot::alive == 1);
    }
  }
  CHECK(Snapshot::alive == 0);
}

TEST_CASE("published: what a reader holds outlives every later publication") {
  {
    Published<Snapshot> published(std::make_unique<Snapshot>(1), 2);
    published.read(0, [&](const Snapshot& held) {
      for (uint64_t i = 2; i < 6; ++i) {
        published.publish(std::make_unique<Snapshot>(i));
        CHECK(held.value == 1);
        CHECK(published.read(1, [](const Snapshot& s) { return s.value; }) == i);
        CHECK(published.retired_count() == 1);
        CHECK(Snapshot::alive == 2);
      }
    });
    published.publish(std::make_unique<Snapshot>(9));
    CHECK(published.retired_count() == 0);
    CHECK(Snapshot::alive == 1);
  }
  CHECK(Snapshot::alive == 0);
}

void read_until(const Published<Snapshot>& published, size_t slot, const std::atomic<bool>& over,
                std::atomic<int>& faults, std::atomic<uint64_t>& reads) {
  uint64_t last = 0;
  while (!over) {
    published.read(slot, [&](const Snapshot& s) {
      if (s.twice != s.value * 2 || s.value < last) ++faults;
      last = s.value;
    });
    ++reads;
  }
}

TEST_CASE("published: three readers and a writer, whole values that never go back") {
  {
    Published<Snapshot> published(std::make_unique<Snapshot>(0), 3);
    std::atomic<bool> over{false};
    std::atomic<int> faults{0};
    std::atomic<uint64_t> reads{0};
    std::vector<std::thread> readers;
    for (size_t slot = 0; slot < 3; ++slot)
      readers.emplace_back(read_until, std::cref(published), slot, std::cref(over),
                           std::ref(faults), std::ref(reads));
    for (uint64_t i = 1; i < 20'000 || reads < 10'000; ++i) {
      published.publish(std::make_unique<Snapshot>(i));
      CHECK_MESSAGE(published.retired_count() <= 3, "more than readers can hold");
      if (i % 64 == 0) std::this_thread::yield();
    }
    over = true;
    for (std::thread& reader : readers) reader.join();
    CHECK(faults == 0);
  }
  CHECK(Snapshot::alive == 0);
}

}  // namespace
}  // namespace qcc
