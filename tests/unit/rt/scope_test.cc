// Scope, Event and sleep, on both kinds of Io.
#include <memory>

#include "io_under_test.h"

namespace qcc::rt {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

#define FOR_BOTH_IOS(name) TEST_CASE_TEMPLATE(name, T, OnUring, OnSim)

struct Sleeper {
  Instant ended;
  int outcome = -1;  // 1 slept, 0 the scope ended first
};

Task<Unit> sleep_in(Scope& scope, Duration wait, Sleeper& sleeper) {
  bool slept = co_await sleep_for(scope, wait);
  sleeper.outcome = slept;
  sleeper.ended = scope.loop().now();
  co_return Unit{};
}

Task<Unit> sleep_within(Loop& loop, Scope* parent, Duration limit, Duration wait, Sleeper& sleeper,
                        Why& why) {
  Scope scope(loop, parent, limit);
  co_await sleep_in(scope, wait, sleeper);
  why = scope.why();
  co_return Unit{};
}

Task<Unit> cancel_after(Loop& loop, Scope& scope, Duration wait, Why why) {
  Scope own(loop, nullptr);
  co_await sleep_for(own, wait);
  scope.cancel(why);
  co_return Unit{};
}

FOR_BOTH_IOS("scope: its limit ends a longer sleep and leaves a shorter one alone") {
  for (bool shorter : {true, false}) {
    CAPTURE(shorter);
    T world;
    Loop loop(world.io, 1);
    Sleeper sleeper;
    Why why = Why::none;
    Instant start = loop.read_clock();
    loop.spawn(sleep_within(loop, nullptr, milliseconds(20), milliseconds(shorter ? 5 : 500),
                            sleeper, why));
    loop.run();
    CHECK(sleeper.outcome == (shorter ? 1 : 0));
    CHECK(why == (shorter ? Why::none : Why::timeout));
    CHECK(sleeper.ended >= start + milliseconds(shorter ? 5 : 20));
    CHECK(sleeper.ended < start + milliseconds(200));
    CHECK(loop.timers().armed_count() == 0);
  }
}

FOR_BOTH_IOS("scope: cancelling a parent ends all below, with its reason; the first reason stays") {
  T world;
  Loop loop(world.io, 1);
  Scope parent(loop, nullptr);
  Sleeper sleepers[3];
  Why whys[3] = {};
  for (int i = 0; i < 3; ++i)
    loop.spawn(sleep_within(loop, &parent, i ? kUnlimited : seconds(9), seconds(10), sleepers[i],
                            whys[i]));
  loop.spawn(cancel_after(loop, parent, milliseconds(5), Why::client_gone));
  loop.spawn(cancel_after(loop, parent, milliseconds(5), Why::shutdown));
  Instant start = loop.read_clock();
  loop.run();
  CHECK(loop.now() < start + seconds(2));
  for (int i = 0; i < 3; ++i) {
    CHECK(sleepers[i].outcome == 0);
    CHECK(whys[i] == Why::client_gone);
  }
  CHECK(parent.why() == Why::client_gone);
  CHECK_FALSE(parent.timed_out());
  CHECK(loop.timers().armed_count() == 0);
}

FOR_BOTH_IOS("scope: cancelling a child leaves its parent and its sister alone") {
  T world;
  Loop loop(world.io, 1);
  Scope parent(loop, nullptr);
  Scope child(loop, &parent), sister(loop, &parent);
  child.cancel(Why::given_up);
  CHECK(child.cancelled());
  CHECK_FALSE(parent.cancelled());
  CHECK_FALSE(sister.cancelled());
  CHECK(child.left() == Duration::zero());
}

FOR_BOTH_IOS("scope: under a cancelled one nothing waits, and a new child is cancelled too") {
  T world;
  Loop loop(world.io, 1);
  Scope parent(loop, nullptr);
  parent.cancel(Why::shutdown);
  Sleeper sleeper;
  Why why = Why::none;
  loop.spawn(sleep_within(loop, &parent, seconds(1), seconds(1), sleeper, why));
  Instant start = loop.read_clock();
  loop.run();
  CHECK(loop.now() < start + milliseconds(500));
  CHECK(sleeper.outcome == 0);
  CHECK(why == Why::shutdown);
  CHECK(loop.stats().operations == 0);
}

FOR_BOTH_IOS("scope: deadline and left see the earliest of all above; set_limit replaces its own") {
  T world;
  Loop loop(world.io, 1);
  Instant now = loop.read_clock();
  Scope root(loop, nullptr);
  CHECK(root.deadline() == kNever);
  CHECK(root.left() == kUnlimited);
  Scope outer(loop, &root, seconds(5));
  Scope inner(loop, &outer, seconds(60));
  CHECK(inner.deadline() == now + seconds(5));
  CHECK(inner.left() == seconds(5));
  inner.set_limit(seconds(1));
  CHECK(inner.deadline() == now + seconds(1));
  CHECK(outer.left() == seconds(5));
  inner.set_limit(kUnlimited);
  CHECK(inner.left() == seconds(5));
  outer.cancel(Why::given_up);
  CHECK(inner.cancelled());
  inner.set_limit(seconds(1));
  CHECK(inner.deadline() == kNever);
  CHECK(error_of(inner, ErrorSource::client, "x").kind == ErrorKind::cancelled);
}

FOR_BOTH_IOS("scope: a limit of zero ends it with the next tick, also when nobody waits") {
  T world;
  Loop loop(world.io, 1);
  Sleeper sleeper;
  Why why = Why::none;
  loop.spawn(sleep_within(loop, nullptr, Duration::zero(), seconds(5), sleeper, why));
  loop.run();
  CHECK(sleeper.outcome == 0);
  CHECK(why == Why::timeout);
}

Task<Unit> sleep_and_note(Scope& scope, int ms, std::vector<int>& order) {
  co_await sleep_for(scope, milliseconds(ms));
  order.push_back(ms);
  co_return Unit{};
}

FOR_BOTH_IOS("sleep: many end in the order of their times") {
  T world;
  Loop loop(world.io, 1);
  Scope scope(loop, nullptr);
  std::vector<int> order;
  for (int ms : {40, 4, 22, 13, 31}) loop.spawn(sleep_and_note(scope, ms, order));
  loop.run();
  CHECK(order == std::vector<int>{4, 13, 22, 31, 40});
}

// A sleep and its scope end in the same turn: it is resumed once.
FOR_BOTH_IOS("sleep: rung and cancelled in one turn") {
  T world;
  Loop loop(world.io, 1);
  for (int sleep_ms : {10, 11, 12, 13}) {
    Sleeper sleeper;
    Why why = Why::none;
    loop.spawn(sleep_within(loop, nullptr, milliseconds(12), milliseconds(sleep_ms), sleeper, why));
    while (loop.roots_live() > 0) {  // late turns, so that both timers are due at once
      wait_ms(world.io, 30);
      loop.turn(loop.read_clock());
    }
    CHECK(sleeper.outcome >= 0);
  }
}

// ---- events ----

Task<Unit> await_event(Event& event, Scope& scope, int& outcome) {
  bool happened = co_await wait_for(event, scope);
  outcome = happened;
  co_return Unit{};
}

Task<Unit> set_after(Loop& loop, Event& event, Duration wait) {
  Scope scope(loop, nullptr);
  co_await sleep_for(scope, wait);
  event.set();
  co_return Unit{};
}

FOR_BOTH_IOS("event: wakes its waiter, stays set until cleared") {
  T world;
  Loop loop(world.io, 1);
  Scope scope(loop, nullptr);
  Event event(loop);
  int first = -1, second = -1, third = -1;
  loop.spawn(await_event(event, scope, first));
  loop.spawn(set_after(loop, event, milliseconds(3)));
  loop.run();
  CHECK(first == 1);
  CHECK(event.is_set());
  loop.spawn(await_event(event, scope, second));
  loop.run();
  CHECK(second == 1);
  event.clear();
  loop.spawn(await_event(event, scope, third));
  loop.spawn(cancel_after(loop, scope, milliseconds(3), Why::shutdown));
  loop.run();
  CHECK(third == 0);
  CHECK_FALSE(event.has_waiter());
}

Task<Unit> set_and_cancel(Event& event, Scope& scope, bool set_first) {
  if (set_first) event.set();
  scope.cancel(Why::given_up);
  if (!set_first) event.set();
  co_return Unit{};
}

FOR_BOTH_IOS("event: set and cancelled in one turn resume once; what came first counts") {
  for (bool set_first : {true, false}) {
    T world;
    Loop loop(world.io, 1);
    Scope scope(loop, nullptr);
    Event event(loop);
    int outcome = -1;
    loop.spawn(await_event(event, scope, outcome));
    loop.spawn(set_and_cancel(event, scope, set_first));
    loop.run();
    CHECK(outcome == (set_first ? 1 : 0));
  }
}

Task<Unit> drop_event(std::unique_ptr<Event>& event, Scope& scope) {
  event->set();
  event.reset();
  scope.cancel(Why::given_up);
  co_return Unit{};
}

FOR_BOTH_IOS("event: may be gone when a waiter that it woke is cancelled") {
  T world;
  Loop loop(world.io, 1);
  Scope scope(loop, nullptr);
  auto event = std::make_unique<Event>(loop);
  int outcome = -1;
  loop.spawn(await_event(*event, scope, outcome));
  loop.spawn(drop_event(event, scope));
  loop.run();
  CHECK(outcome == 1);
}

// ---- operations under scopes ----

Task<Unit> receive_under(Scope& scope, int fd, std::span<char> to, int& result) {
  result = co_await receive_into(scope, fd, to);
  co_return Unit{};
}

Task<Unit> send_under(Scope& scope, int fd, std::span<const char> bytes, int& result) {
  result = co_await send(scope, fd, bytes);
  co_return Unit{};
}

FOR_BOTH_IOS("operation: a timeout cancels a receive, and its own arrival ends it") {
  T world;
  Pair pair(world.io);
  Loop loop(world.io, 1);
  Scope scope(loop, nullptr, milliseconds(10));
  char to[16];
  int result = 0, late = 0;
  loop.spawn(receive_under(scope, pair.server, to, result));
  loop.run();
  CHECK(result == -ECANCELED);
  CHECK(scope.timed_out());
  CHECK(loop.operations_live() == 0);
  CHECK(error_of(scope, ErrorSource::client, "receive").kind == ErrorKind::timeout);
  uint64_t submitted = loop.stats().operations;
  loop.spawn(receive_under(scope, pair.server, to, late));
  loop.run();
  CHECK(late == -ECANCELED);
  CHECK(loop.stats().operations == submitted);
}

FOR_BOTH_IOS("operation: send and receive meet; a cancelled send reports its part") {
  T world;
  Pair pair(world.io);
  Loop loop(world.io, 1);
  Scope scope(loop, nullptr, seconds(5));
  char to[16];
  int received = 0, sent = 0, cut = 0;
  loop.spawn(receive_under(scope, pair.server, to, received));
  loop.spawn(send_under(scope, pair.client, std::string_view("ping"), sent));
  loop.run();
  CHECK(sent == 4);
  CHECK(received == 4);
  std::string big(32 << 20, 'b');
  Scope brief(loop, &scope, milliseconds(20));
  loop.spawn(send_under(brief, pair.client, big, cut));
  loop.run();
  CHECK(cut > 0);
  CHECK(cut < 32 << 20);
  CHECK(brief.timed_out());
  CHECK_FALSE(scope.cancelled());
  CHECK(loop.operations_live() == 0);
}

}  // namespace
}  // namespace qcc::rt
