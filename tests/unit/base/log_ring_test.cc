#include <doctest/doctest.h>

#include <qcc/base/log_ring.h>

#include <string>
#include <thread>
#include <vector>

namespace qcc {
namespace {

std::vector<std::string> drain(LogRing& ring) {
  std::vector<std::string> lines;
  std::string line;
  LogLevel level{};
  while (ring.pop(line, level)) {
    lines.push_back(line);
    line.clear();
  }
  return lines;
}

}  // namespace

TEST_CASE("lines come out whole, in order, with their level") {
  LogRing ring(256);
  CHECK(ring.push(LogLevel::warn, "first"));
  CHECK(ring.push(LogLevel::info, ""));
  std::string out = "kept ";
  LogLevel level{};
  CHECK(ring.pop(out, level));
  CHECK(out == "kept first\n");
  CHECK(level == LogLevel::warn);
  CHECK(ring.pop(out, level));
  CHECK(out == "kept first\n\n");
  CHECK(level == LogLevel::info);
  CHECK_FALSE(ring.pop(out, level));
}

TEST_CASE("every length survives every place where the ring wraps") {
  LogRing ring(64);
  for (size_t round = 0; round < 500; ++round) {
    std::string line(round % 50, static_cast<char>('a' + round % 26));
    REQUIRE(ring.push(LogLevel::info, line));
    auto lines = drain(ring);
    REQUIRE(lines.size() == 1);
    REQUIRE(lines[0] == line + "\n");
  }
  CHECK(ring.dropped() == 0);
}

TEST_CASE("what does not fit is dropped and counted, what is there stays") {
  LogRing ring(64);
  CHECK(ring.push(LogLevel::info, std::string(30, 'x')));
  CHECK_FALSE(ring.push(LogLevel::info, std::string(30, 'y')));
  CHECK(ring.push(LogLevel::info, "z"));
  CHECK(ring.dropped() == 1);
  CHECK(ring.pushed() == 2);
  auto lines = drain(ring);
  REQUIRE(lines.size() == 2);
  CHECK(lines[1] == "z\n");
  CHECK(ring.push(LogLevel::info, std::string(56, 'y')));
  CHECK_FALSE(ring.push(LogLevel::info, ""));
}

TEST_CASE("a line longer than the ring takes is dropped") {
  LogRing ring(size_t{1} << 20);
  CHECK(ring.push(LogLevel::info, std::string(LogRing::kLineBytesMax, 'x')));
  CHECK_FALSE(ring.push(LogLevel::info, std::string(LogRing::kLineBytesMax + 1, 'x')));
  CHECK(drain(ring).size() == 1);
}

TEST_CASE("levels up to the one that is set are wanted") {
  LogRing ring(64);
  CHECK(ring.wants(LogLevel::error));
  CHECK(ring.wants(LogLevel::info));
  CHECK_FALSE(ring.wants(LogLevel::debug));
  ring.set_level(LogLevel::debug);
  CHECK(ring.wants(LogLevel::debug));
  ring.set_level(LogLevel::error);
  CHECK_FALSE(ring.wants(LogLevel::warn));
}

TEST_CASE("two threads: nothing is torn, what is missing was counted") {
  LogRing ring(4096);
  constexpr uint64_t kLines = 50'000;
  std::thread producer([&ring] {
    for (uint64_t i = 0; i < kLines; ++i)
      ring.push(LogLevel::info, std::to_string(i) + std::string(i % 40, '.'));
  });
  uint64_t seen = 0, next = 0;
  std::string line;
  LogLevel level{};
  while (seen + ring.dropped() < kLines) {
    line.clear();
    if (!ring.pop(line, level)) continue;
    uint64_t number = std::stoull(line);
    REQUIRE(number >= next);
    REQUIRE(line == std::to_string(number) + std::string(number % 40, '.') + "\n");
    next = number + 1;
    ++seen;
  }
  producer.join();
  CHECK(seen == ring.pushed());
  CHECK(seen + ring.dropped() == kLines);
}

}  // namespace qcc
