// What only the kernel can show: features and their fallbacks, two rings, descriptors.
#include <dirent.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include <qcc/base/spsc_ring.h>

#include "io_under_test.h"

namespace qcc::rt {
namespace {
using std::chrono::milliseconds;

int descriptors_open() {
  int count = 0;
  DIR* folder = opendir("/proc/self/fd");
  REQUIRE(folder);
  while (readdir(folder)) ++count;
  closedir(folder);
  return count;
}

const UringOptions kPlain{.entries = 64, .buffer_count = 8, .buffer_bytes = 4096};
const UringOptions kOld{
    .entries = 64, .buffer_count = 8, .buffer_bytes = 4096, .disabled = {"recv_limit"}};

TEST_CASE("uring: with and without the limited receive, the same bytes; only the arrivals differ") {
  for (const UringOptions& options : {kPlain, kOld}) {
    bool old = !options.disabled.empty();
    CAPTURE(old);
    OnUring world(options);
    Pair pair(world.io);
    std::string sent(10'000, 'q'), got;
    CHECK(send_all(world.io, pair.client, sent) == 10'000);
    while (got.size() < sent.size()) {
      auto left = static_cast<uint32_t>(sent.size() - got.size());
      Inbox inbox(world.io);
      world.io.recv(pair.server, left, inbox);
      REQUIRE(wait_for_end(world.io, inbox));
      if (old) CHECK(inbox.arrivals.size() == 1);
      CHECK(inbox.bytes.size() <= left);
      got += inbox.bytes;
    }
    CHECK(got == sent);
  }
}

TEST_CASE("uring: the old receive ends with each arrival and honours a small limit") {
  OnUring world(kOld);
  Pair pair(world.io);
  CHECK(send_all(world.io, pair.client, "abcdef") == 6);
  Inbox inbox(world.io);
  for (const char* so_far : {"ab", "abcd", "abcdef"}) {
    world.io.recv(pair.server, 2, inbox);
    REQUIRE(wait_for_end(world.io, inbox));
    CHECK(inbox.bytes == so_far);
  }
}

TEST_CASE("uring: descriptors all come back") {
  int before = descriptors_open();
  {
    OnUring world(kPlain);
    for (int i = 0; i < 20; ++i) Pair pair(world.io);
  }
  CHECK(descriptors_open() == before);
}

TEST_CASE("uring: a close that was the last thing asked for happens before the ring goes") {
  int before = descriptors_open();
  {
    OnUring world(kPlain);
    world.io.close(world.io.open_socket(AF_INET));
  }
  CHECK(descriptors_open() == before);
}

TEST_CASE("uring: more requests than the queue has entries") {
  OnUring world({.entries = 4, .buffer_count = 8, .buffer_bytes = 4096});
  Pair pair(world.io);
  std::vector<std::unique_ptr<Inbox>> sends;
  for (int i = 0; i < 50; ++i) {
    sends.push_back(std::make_unique<Inbox>(world.io));
    world.io.send(pair.client, std::string_view("0123456789"), *sends.back());
  }
  size_t got = 0;
  while (got < 500) {
    Inbox inbox(world.io);
    world.io.recv(pair.server, static_cast<uint32_t>(500 - got), inbox);
    REQUIRE(wait_for_end(world.io, inbox));
    got += inbox.bytes.size();
  }
  for (auto& send : sends) {
    CHECK(wait_for_end(world.io, *send));
    CHECK(send->last().res == 10);
  }
}

TEST_CASE("uring: a wait that submits still ends at its time") {
  OnUring world(kPlain);
  Pair pair(world.io);
  Inbox inbox(world.io);
  Instant start = world.io.now();
  world.io.recv(pair.server, 10, inbox);
  world.io.wait(start + milliseconds(60));
  Duration waited = world.io.now() - start;
  CHECK(waited >= milliseconds(60));
  CHECK(waited < milliseconds(110));  // not once for the submission and once more for the wait
  world.io.cancel(inbox);
  CHECK(wait_for_end(world.io, inbox));
}

// Two rings on two threads hand numbers back and forth; each hand-over is a wake alone.
struct PingPong {
  SpscRing<int> there{64}, back{64};
  std::atomic<int32_t> target{-1};
};

void echo_numbers(PingPong& game, WakeHandle player, int rounds) {
  OnUring world(kPlain);
  int echoed = 0;
  world.io.on_wake = [&] {
    while (std::optional<int> number = game.there.pop()) {
      game.back.push(*number + 1);
      world.io.wake(player);
      ++echoed;
    }
  };
  game.target = world.io.wake_handle().target;
  while (echoed < rounds) world.io.wait(kNever);
  world.io.wait(world.io.now());
}

TEST_CASE("uring: two rings on two threads wake each other, none is lost") {
  constexpr int kRounds = 2000;
  PingPong game;
  OnUring world(kPlain);
  std::thread partner(echo_numbers, std::ref(game), world.io.wake_handle(), kRounds);
  while (game.target < 0) std::this_thread::yield();
  int wakes = 0, received = 0;
  world.io.on_wake = [&] {
    ++wakes;
    while (std::optional<int> number = game.back.pop()) {
      CHECK(*number == received + 1);
      ++received;
    }
  };
  for (int round = 0; round < kRounds; ++round) {
    game.there.push(round);
    world.io.wake({game.target});
    while (received == round) {
      Instant end = world.io.now() + std::chrono::seconds(10);
      world.io.wait(end);
      REQUIRE(world.io.now() < end);
    }
  }
  partner.join();
  CHECK(received == kRounds);
  CHECK(wakes <= kRounds);
}

TEST_CASE("uring: a wake for a ring that is gone harms nobody") {
  OnUring world(kPlain);
  WakeHandle gone;
  {
    OnUring other(kPlain);
    gone = other.io.wake_handle();
  }
  world.io.wake(gone);
  world.io.wait(world.io.now() + milliseconds(5));
}

TEST_CASE("uring: features have names, failures have advice") {
  CHECK(is_uring_feature("recv_limit"));
  CHECK_FALSE(is_uring_feature("recv"));
  CHECK_FALSE(is_uring_feature(""));
  auto odd = make_uring_io({.entries = 64, .buffer_count = 3, .buffer_bytes = 4096});
  REQUIRE_FALSE(odd.has_value());
  CHECK(odd.error().code == EINVAL);
  for (int code : {EPERM, ENOSYS, EINVAL, ENOMEM, EMFILE, EIO}) {
    std::string advice =
        explain_ring_failure({ErrorKind::system, ErrorSource::local, code, "ring"});
    CHECK(advice.starts_with("io_uring could not be set up: "));
    CHECK(advice.ends_with("."));
  }
}

}  // namespace
}  // namespace qcc::rt
