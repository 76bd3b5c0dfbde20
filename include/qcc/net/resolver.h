// Host names to addresses, off the shards: two threads ask the system, shards read what is known.
//
// Owner: the daemon; destroyed after the last reader is gone. `set_names` is the control thread's.
// `lookup` is any thread's that owns a reader number: it takes no lock, never blocks, allocates
// nothing. Names are asked anew every 60 s; an answer is `fresh` for 300 s and is kept, marked
// `stale`, for as long as nothing newer comes (spec R7).
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <qcc/base/time.h>
#include <qcc/net/address.h>

namespace qcc::net {

enum class ResolveState : uint8_t {
  fresh,
  stale,    // older than it should be, and the last attempts failed
  pending,  // asked, no answer yet: look again in some milliseconds
  failed,   // the name has no address, or it was never given to set_names
  refused,  // every address is one that is never an upstream (http rule T5)
};

struct ResolvedHost {
  static constexpr size_t kAddressesMax = 8;

  std::array<SocketAddress, kAddressesMax> addresses{};
  uint8_t count = 0;  // > 0 exactly when fresh or stale
  ResolveState state = ResolveState::pending;
  bool first_stale = false;  // stale, and no look-up has said so since it was fresh
  int error = 0;             // EAI_* of the last attempt if that failed; for gai_strerror()

  // In the order to try them (RFC 8305 §4): IPv6 first, then the families by turns.
  std::span<const SocketAddress> view() const { return {addresses.data(), count}; }
};

struct HostName {
  std::string host;  // a name or an IP literal without brackets
  uint16_t port = 0;
};

struct LookupAnswer {
  std::vector<SocketAddress> addresses;
  int error = 0;  // EAI_*; 0 with addresses
};

// May block for as long as it likes; called on the resolver's threads.
using LookupFunction = std::function<LookupAnswer(const std::string& host, uint16_t port)>;

// getaddrinfo.
LookupAnswer system_lookup(const std::string& host, uint16_t port);

class Resolver {
 public:
  static constexpr Duration kRefreshEvery = std::chrono::seconds(60);
  static constexpr Duration kFreshFor = std::chrono::seconds(300);
  static constexpr Duration kRetryEvery = std::chrono::seconds(5);  // after a failure
  // Requests may ask for a host of the configuration before: until their shard has followed a
  // reload, and later when they replace a connection.
  static constexpr Duration kForgetAfter = std::chrono::seconds(300);

  struct Options {
    size_t readers_max = 1;
    std::function<Instant()> clock;  // the clock of `lookup`'s `now`; called on any thread
    LookupFunction lookup = system_lookup;
    size_t threads = 2;
  };

  explicit Resolver(Options options);
  // Waits at most 100 ms for its threads. One that is stuck in the system is left to end by itself.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // From here on these names are known and kept up to date; answers of names that stay are kept.
  // Others are kept up to date too, and forgotten after `kForgetAfter`. Threads start with the
  // first name that is no IP literal.
  void set_names(std::span<const HostName> names);

  // REQUIRES: reader < readers_max, used by one thread at a time. IP literals need no set_names.
  ResolvedHost lookup(std::string_view host, uint16_t port, Instant now, size_t reader) const;

  // Looks at the clock again: after a suspend, or when a test has moved it.
  void wake();

 private:
  class Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace qcc::net
