#include <doctest/doctest.h>
#include <netdb.h>
#include <qcc/net/resolver.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace qcc::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A name service and a clock that the test commands. Shared, because a thread that is stuck in a
// lookup outlives its resolver.
class FakeDns : public std::enable_shared_from_this<FakeDns> {
 public:
  Resolver::Options options() {
    return {
        .readers_max = 2,
        .clock = [self = shared_from_this()] { return self->now(); },
        .lookup = [self = shared_from_this()](const std::string& host,
                                              uint16_t port) { return self->answer(host, port); }};
  }

  Instant now() const { return Instant(seconds(now_s_.load())); }
  void advance(int64_t by_s) { now_s_ += by_s; }

  void set(const std::string& host, std::vector<const char*> ips) {
    std::lock_guard lock(mutex_);
    answers_[host] = std::move(ips);
    stuck_.erase(host);
    released_.notify_all();
  }
  void hang(const std::string& host) {
    std::lock_guard lock(mutex_);
    stuck_[host] = true;
  }
  int asked(const std::string& host) {
    std::lock_guard lock(mutex_);
    return asked_[host];
  }

 private:
  LookupAnswer answer(const std::string& host, uint16_t port) {
    std::unique_lock lock(mutex_);
    ++asked_[host];
    released_.wait(lock, [&] { return !stuck_.contains(host); });
    LookupAnswer answer;
    for (const char* ip : answers_[host])
      answer.addresses.push_back(*SocketAddress::from_ip(ip, port));
    answer.error = answer.addresses.empty() ? EAI_AGAIN : 0;
    return answer;
  }

  std::atomic<int64_t> now_s_{1000};
  std::mutex mutex_;
  std::condition_variable released_;
  std::map<std::string, std::vector<const char*>> answers_;
  std::map<std::string, bool> stuck_;
  std::map<std::string, int> asked_;
};

struct World {
  std::shared_ptr<FakeDns> dns = std::make_shared<FakeDns>();
  Resolver resolver{dns->options()};

  ResolvedHost look(std::string_view host, uint16_t port = 443) const {
    return resolver.lookup(host, port, dns->now(), 0);
  }
  void names(std::vector<HostName> wanted) { resolver.set_names(wanted); }
  void advance(int64_t by_s) {
    dns->advance(by_s);
    resolver.wake();
  }
  // Time goes on with each look: a look-up that was under way decides by its own end when the next
  // one is due.
  bool is_fresh_after_a_while(std::string_view host) {
    advance(5);
    return look(host).state == ResolveState::fresh;
  }
};

template <class Condition>
bool eventually(Condition&& condition) {
  for (int i = 0; i < 5000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return false;
}

std::string text_of(const ResolvedHost& host) {
  std::string text;
  for (const SocketAddress& address : host.view())
    text += (text.empty() ? "" : " ") + address.format();
  return text;
}

TEST_CASE("resolver: IP literals are answered at once, unknown names are not") {
  World world;
  CHECK(world.look("127.0.0.1", 80).state == ResolveState::fresh);
  CHECK(text_of(world.look("127.0.0.1", 80)) == "127.0.0.1:80");
  CHECK(text_of(world.look("::1", 80)) == "[::1]:80");
  CHECK(world.look("169.254.169.254").state == ResolveState::refused);
  CHECK(world.look("169.254.169.254").count == 0);
  CHECK(world.look("never.given").state == ResolveState::failed);
  world.names({{"127.0.0.1", 80}});
  CHECK(world.dns->asked("127.0.0.1") == 0);
}

TEST_CASE("resolver: a name is pending until it is answered") {
  World world;
  world.dns->hang("slow.test");
  world.names({{"slow.test", 443}});
  CHECK(world.look("slow.test").state == ResolveState::pending);
  CHECK(world.look("slow.test").count == 0);
  world.dns->set("slow.test", {"192.0.2.1"});
  CHECK(eventually([&] { return world.look("slow.test").state == ResolveState::fresh; }));
  CHECK(text_of(world.look("slow.test")) == "192.0.2.1:443");
  CHECK(world.look("slow.test", 80).state == ResolveState::failed);  // another port, not given
}

TEST_CASE("resolver: families by turns, no address twice, at most eight") {
  struct Row {
    std::vector<const char*> answer;
    const char* order;
  };
  const Row rows[] = {
      {{"1.0.0.1", "2001::1"}, "[2001::1]:443 1.0.0.1:443"},
      {{"1.0.0.2", "1.0.0.1"}, "1.0.0.2:443 1.0.0.1:443"},
      {{"2001::2", "2001::1"}, "[2001::2]:443 [2001::1]:443"},
      {{"1.0.0.1", "1.0.0.1", "2001::1", "2001::1"}, "[2001::1]:443 1.0.0.1:443"},
      {{"2001::1", "2001::2", "2001::3", "1.0.0.1"},
       "[2001::1]:443 1.0.0.1:443 [2001::2]:443 [2001::3]:443"},
      {{"1.0.0.1", "1.0.0.2", "1.0.0.3", "1.0.0.4", "1.0.0.5", "1.0.0.6", "1.0.0.7", "1.0.0.8",
        "1.0.0.9", "2001::1"},
       "[2001::1]:443 1.0.0.1:443 1.0.0.2:443 1.0.0.3:443 1.0.0.4:443 1.0.0.5:443 1.0.0.6:443 "
       "1.0.0.7:443"},
      {{"169.254.169.254", "1.0.0.1"}, "1.0.0.1:443"},
      {{"fe80::1", "fd00:ec2::254"}, ""},
  };
  for (const Row& row : rows) {
    World world;
    world.dns->set("a.test", row.answer);
    world.names({{"a.test", 443}});
    CHECK(eventually([&] { return world.look("a.test").state != ResolveState::pending; }));
    CHECK(text_of(world.look("a.test")) == row.order);
    CHECK(world.look("a.test").state == (*row.order ? ResolveState::fresh : ResolveState::refused));
  }
}

TEST_CASE("resolver: asked anew every minute, not before") {
  World world;
  world.dns->set("a.test", {"192.0.2.1"});
  world.names({{"a.test", 443}});
  CHECK(eventually([&] { return world.look("a.test").count == 1; }));
  world.dns->set("a.test", {"192.0.2.2"});
  world.advance(59);
  std::this_thread::sleep_for(milliseconds(20));
  CHECK(world.dns->asked("a.test") == 1);
  CHECK(text_of(world.look("a.test")) == "192.0.2.1:443");
  world.advance(1);
  CHECK(eventually([&] { return text_of(world.look("a.test")) == "192.0.2.2:443"; }));
  CHECK(world.dns->asked("a.test") == 2);
}

TEST_CASE("resolver: old addresses outlive a failing name service, marked stale after 300 s") {
  World world;
  world.dns->set("a.test", {"192.0.2.1"});
  world.names({{"a.test", 443}});
  CHECK(eventually([&] { return world.look("a.test").count == 1; }));
  world.dns->set("a.test", {});
  world.advance(60);
  CHECK(eventually([&] { return world.look("a.test").error == EAI_AGAIN; }));
  CHECK(world.look("a.test").state == ResolveState::fresh);
  world.advance(239);
  CHECK(world.look("a.test").state == ResolveState::fresh);
  world.advance(1);
  CHECK(world.look("a.test").state == ResolveState::stale);
  CHECK(text_of(world.look("a.test")) == "192.0.2.1:443");
  world.advance(100'000);
  CHECK(world.look("a.test").state == ResolveState::stale);
  world.dns->set("a.test", {"192.0.2.9"});
  CHECK(eventually([&] { return world.is_fresh_after_a_while("a.test"); }));
  CHECK(text_of(world.look("a.test")) == "192.0.2.9:443");
  CHECK(world.look("a.test").error == 0);
}

TEST_CASE("resolver: a name without an address is asked again after 5 s") {
  World world;
  world.names({{"a.test", 443}});
  CHECK(eventually([&] { return world.look("a.test").state == ResolveState::failed; }));
  CHECK(world.look("a.test").error == EAI_AGAIN);
  CHECK(world.dns->asked("a.test") == 1);
  world.dns->set("a.test", {"192.0.2.1"});
  world.advance(5);
  CHECK(eventually([&] { return world.look("a.test").state == ResolveState::fresh; }));
}

TEST_CASE("resolver: a stuck name does not hold up the others") {
  World world;
  world.dns->hang("stuck.test");
  world.dns->set("a.test", {"192.0.2.1"});
  world.dns->set("b.test", {"192.0.2.2"});
  world.names({{"stuck.test", 443}, {"a.test", 443}, {"b.test", 443}});
  CHECK(eventually(
      [&] { return world.look("a.test").count == 1 && world.look("b.test").count == 1; }));
  CHECK(world.look("stuck.test").state == ResolveState::pending);
  world.dns->set("stuck.test", {});
}

TEST_CASE("resolver: each time a name goes stale, one look-up hears of it") {
  World world;
  auto hears = [&world](size_t reader) {
    return world.resolver.lookup("a.test", 443, world.dns->now(), reader).first_stale;
  };
  world.dns->set("a.test", {"192.0.2.1"});
  world.names({{"a.test", 443}});
  CHECK(eventually([&] { return world.look("a.test").count == 1; }));
  for (int time = 0; time < 2; ++time) {
    world.dns->set("a.test", {});
    world.advance(60);
    CHECK(eventually([&] { return world.look("a.test").error == EAI_AGAIN; }));
    CHECK_FALSE(hears(0));
    world.dns->advance(240);
    CHECK(hears(1));
    CHECK_FALSE(hears(0));
    int asked = world.dns->asked("a.test");
    world.advance(5);
    CHECK(eventually([&] { return world.dns->asked("a.test") > asked; }));
    CHECK_FALSE(hears(1));
    world.names({{"a.test", 443}, {"b.test", 443}});
    CHECK_FALSE(hears(1));
    world.dns->set("a.test", {"192.0.2.9"});
    CHECK(eventually([&] { return world.is_fresh_after_a_while("a.test"); }));
    CHECK_FALSE(hears(1));
  }
}

TEST_CASE("resolver: new names join, names that stay keep their answer") {
  World world;
  world.dns->set("a.test", {"192.0.2.1"});
  world.dns->set("b.test", {"192.0.2.2"});
  world.dns->set("c.test", {"192.0.2.3"});
  world.names({{"b.test", 443}, {"a.test", 443}, {"a.test", 443}});
  CHECK(eventually(
      [&] { return world.look("a.test").count == 1 && world.look("b.test").count == 1; }));
  world.names({{"c.test", 443}, {"b.test", 443}});
  CHECK(world.look("b.test").count == 1);
  CHECK(eventually([&] { return world.look("c.test").count == 1; }));
  CHECK(world.dns->asked("a.test") == 1);
  CHECK(world.dns->asked("b.test") == 1);
}

TEST_CASE("resolver: a name that is gone serves requests under way, and is forgotten later") {
  World world;
  world.dns->set("a.test", {"192.0.2.1"});
  world.dns->set("b.test", {"192.0.2.2"});
  world.dns->set("c.test", {"192.0.2.3"});
  world.names({{"a.test", 443}, {"b.test", 443}});
  CHECK(eventually(
      [&] { return world.look("a.test").count == 1 && world.look("b.test").count == 1; }));
  world.names({{"c.test", 443}});
  CHECK(eventually([&] { return world.look("c.test").count == 1; }));
  CHECK(world.look("a.test").state == ResolveState::fresh);
  world.advance(200);
  world.names({{"b.test", 443}});
  CHECK(world.look("a.test").count == 1);
  world.advance(99);
  std::this_thread::sleep_for(milliseconds(20));
  CHECK(world.look("a.test").count == 1);
  world.advance(1);
  CHECK(eventually([&] { return world.look("a.test").state == ResolveState::failed; }));
  CHECK(world.look("b.test").count == 1);
  CHECK(world.look("c.test").count == 1);
  world.advance(200);
  CHECK(eventually([&] { return world.look("c.test").state == ResolveState::failed; }));
  CHECK(world.look("b.test").count == 1);
  int asked = world.dns->asked("a.test");
  world.advance(1000);
  CHECK(eventually([&] { return world.dns->asked("b.test") > 3; }));
  CHECK(world.dns->asked("a.test") == asked);
}

TEST_CASE("resolver: a look-up under way when its name goes is still answered") {
  World world;
  world.dns->hang("a.test");
  world.names({{"a.test", 443}});
  CHECK(eventually([&] { return world.dns->asked("a.test") == 1; }));
  world.names({});
  CHECK(world.look("a.test").state == ResolveState::pending);
  world.dns->set("a.test", {"192.0.2.1"});
  CHECK(eventually([&] { return world.look("a.test").count == 1; }));
}

TEST_CASE("resolver: one host on several ports") {
  World world;
  world.dns->set("a.test", {"192.0.2.1"});
  world.names({{"a.test", 8443}, {"a.test", 80}, {"a.test", 443}, {"b.test", 80}});
  const uint16_t ports[] = {80, 443, 8443};
  for (uint16_t port : ports) {
    CHECK(eventually([&] { return world.look("a.test", port).count == 1; }));
    CHECK(text_of(world.look("a.test", port)) == "192.0.2.1:" + std::to_string(port));
  }
}

TEST_CASE("resolver: an answer for a name that is no longer wanted is dropped") {
  World world;
  world.dns->hang("a.test");
  world.names({{"a.test", 443}});
  CHECK(eventually([&] { return world.dns->asked("a.test") == 1; }));
  world.names({});
  world.advance(300);
  CHECK(eventually([&] { return world.look("a.test").state == ResolveState::failed; }));
  world.dns->set("a.test", {"192.0.2.1"});
  std::this_thread::sleep_for(milliseconds(5));
  CHECK(world.look("a.test").state == ResolveState::failed);
}

TEST_CASE("resolver: a lookup that never ends does not hold up the shutdown") {
  auto dns = std::make_shared<FakeDns>();
  dns->hang("stuck.test");
  auto resolver = std::make_unique<Resolver>(dns->options());
  std::vector<HostName> names = {{"stuck.test", 443}};
  resolver->set_names(names);
  CHECK(eventually([&] { return dns->asked("stuck.test") == 1; }));
  auto start = std::chrono::steady_clock::now();
  resolver.reset();
  auto took = std::chrono::steady_clock::now() - start;
  CHECK(took >= milliseconds(90));
  CHECK(took < milliseconds(1000));
  dns->set("stuck.test", {});  // lets the thread end before the test program does
}

TEST_CASE("resolver: readers always see whole answers while names change") {
  World world;
  world.dns->set("a.test", {"192.0.2.1", "2001:db8::1"});
  world.names({{"a.test", 443}});
  CHECK(eventually([&] { return world.look("a.test").count == 2; }));
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::vector<std::thread> readers;
  for (size_t reader = 0; reader < 2; ++reader)
    readers.emplace_back([&, reader] {
      while (!stop) {
        ResolvedHost seen = world.resolver.lookup("a.test", 443, world.dns->now(), reader);
        if (seen.count != 2 || seen.addresses[0].family() != AF_INET6) ++torn;
      }
    });
  for (int i = 0; i < 300; ++i) {
    std::vector<HostName> names = {{"a.test", 443}, {"x" + std::to_string(i) + ".test", 443}};
    world.resolver.set_names(names);
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(torn == 0);
}

TEST_CASE("resolver: the system knows localhost and not an invalid name") {
  LookupAnswer local = system_lookup("localhost", 80);
  REQUIRE(local.error == 0);
  for (const SocketAddress& address : local.addresses) {
    CHECK(address.is_loopback());
    CHECK(address.port() == 80);
  }
  LookupAnswer invalid = system_lookup("no..such..name", 80);
  CHECK(invalid.error != 0);
  CHECK(invalid.addresses.empty());
}

}  // namespace
}  // namespace qcc::net
