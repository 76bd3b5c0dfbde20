#include <qcc/net/resolver.h>

#include <netdb.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <qcc/base/assert.h>
#include <qcc/base/published.h>

namespace qcc::net {
namespace {

constexpr std::chrono::milliseconds kShutdownPatience{100};
constexpr Duration kSleepMax = std::chrono::seconds(60);  // bounds the wait for `kNever`

// Set by the first reader that finds the addresses stale; new addresses come with a new one.
using StaleNotice = std::shared_ptr<std::atomic<bool>>;

StaleNotice new_notice() { return std::make_shared<std::atomic<bool>>(false); }

bool is_first_to_notice(const StaleNotice& notice) {
  return !notice->load(std::memory_order_relaxed) && !notice->exchange(true);
}

// What is known about one name. Never changed once published, its notice excepted.
struct Entry {
  std::string host;
  uint16_t port = 0;
  ResolvedHost answer;  // `fresh` stands for "has addresses": a reader's clock tells its age
  Instant fresh_until{};
  StaleNotice stale_noticed = new_notice();
};

using EntryPtr = std::shared_ptr<const Entry>;
using Snapshot = std::vector<EntryPtr>;  // sorted by is_before

bool is_before(std::string_view host_a, uint16_t port_a, std::string_view host_b, uint16_t port_b) {
  int order = host_a.compare(host_b);
  return order != 0 ? order < 0 : port_a < port_b;
}

bool is_same_name(const Entry& entry, std::string_view host, uint16_t port) {
  return entry.port == port && entry.host == host;
}

// A name as the threads see it; guarded by the mutex.
struct Name {
  EntryPtr entry;
  Instant next_attempt{};
  Instant forget_at = kNever;  // set while no configuration wants it
  bool being_asked = false;
};

Name new_name(const HostName& name) {
  auto entry = std::make_shared<Entry>();
  entry->host = name.host;
  entry->port = name.port;
  return {.entry = std::move(entry)};
}

void add_once(ResolvedHost& host, const SocketAddress& address) {
  std::span<const SocketAddress> known = host.view();
  if (host.count == ResolvedHost::kAddressesMax) return;
  if (std::find(known.begin(), known.end(), address) == known.end())
    host.addresses[host.count++] = address;
}

// IPv6 first, then the families by turns; within a family the system's order (RFC 6724) stays.
ResolvedHost interleave_families(std::span<const SocketAddress> addresses) {
  std::vector<SocketAddress> v6;
  std::vector<SocketAddress> v4;
  for (const SocketAddress& address : addresses)
    if (address.is_ip() && !address.is_link_local_metadata())
      (address.family() == AF_INET6 ? v6 : v4).push_back(address);
  ResolvedHost host;
  for (size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
    if (i < v6.size()) add_once(host, v6[i]);
    if (i < v4.size()) add_once(host, v4[i]);
  }
  if (host.count > 0)
    host.state = ResolveState::fresh;
  else
    host.state = addresses.empty() ? ResolveState::failed : ResolveState::refused;
  return host;
}

ResolvedHost answer_of_literal(const SocketAddress& address) {
  ResolvedHost host;
  host.state = ResolveState::refused;
  if (address.is_link_local_metadata()) return host;
  add_once(host, address);
  host.state = ResolveState::fresh;
  return host;
}

Entry updated(const Entry& before, const LookupAnswer& lookup, Instant now) {
  Entry after = before;
  after.answer = interleave_families(lookup.addresses);
  after.answer.error = lookup.error;
  after.fresh_until = add_saturated(now, Resolver::kFreshFor);
  after.stale_noticed = new_notice();
  bool keep_old = after.answer.state == ResolveState::failed && before.answer.count > 0;
  if (keep_old) {
    after = before;
    after.answer.error = lookup.error;
  }
  return after;
}

void become_background_thread() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pthread_setname_np(pthread_self(), "qcc-dns");
}

}  // namespace

// What the threads share; outlives the Resolver while one of them is stuck in a lookup.
class Resolver::Shared : public std::enable_shared_from_this<Shared> {
 public:
  explicit Shared(Options options)
      : options_(std::move(options)),
        published_(std::make_unique<const Snapshot>(), options_.readers_max) {}

  void set_names(std::span<const HostName> wanted);
  ResolvedHost lookup(std::string_view host, uint16_t port, Instant now, size_t reader) const;
  void wake();
  void stop();

 private:
  void start_threads();
  void work();
  Name* find_name(std::string_view host, uint16_t port);
  void forget_gone(Instant now);
  Name* next_due(Instant now);
  Duration until_next_attempt(Instant now) const;
  void ask(std::unique_lock<std::mutex>& lock, Name& name);
  void publish();

  const Options options_;
  Published<Snapshot> published_;  // written under the mutex only
  std::mutex mutex_;               // never taken by a reader
  std::condition_variable changed_;
  std::vector<Name> names_;  // sorted like the snapshot
  size_t threads_running_ = 0;
  bool threads_started_ = false;
  bool stopping_ = false;
};

void Resolver::Shared::set_names(std::span<const HostName> wanted) {
  std::lock_guard lock(mutex_);
  std::vector<Name> names;
  for (const HostName& name : wanted) {
    if (SocketAddress::from_ip(name.host, name.port)) continue;
    const Name* known = find_name(name.host, name.port);
    names.push_back(known ? *known : new_name(name));
    names.back().forget_at = kNever;
  }
  Instant forget_at = add_saturated(options_.clock(), kForgetAfter);
  for (Name& known : names_) {
    known.forget_at = std::min(known.forget_at, forget_at);
    names.push_back(std::move(known));
  }
  // Of two alike the wanted one comes first and stays.
  std::sort(names.begin(), names.end(), [](const Name& a, const Name& b) {
    if (is_same_name(*a.entry, b.entry->host, b.entry->port)) return a.forget_at > b.forget_at;
    return is_before(a.entry->host, a.entry->port, b.entry->host, b.entry->port);
  });
  auto same = [](const Name& a, const Name& b) {
    return is_same_name(*a.entry, b.entry->host, b.entry->port);
  };
  names.erase(std::unique(names.begin(), names.end(), same), names.end());
  names_ = std::move(names);
  publish();
  if (!names_.empty()) start_threads();
  changed_.notify_all();
}

ResolvedHost Resolver::Shared::lookup(std::string_view host, uint16_t port, Instant now,
                                      size_t reader) const {
  if (std::optional<SocketAddress> literal = SocketAddress::from_ip(host, port))
    return answer_of_literal(*literal);
  return published_.read(reader, [&](const Snapshot& snapshot) {
    auto found = std::lower_bound(snapshot.begin(), snapshot.end(), host,
                                  [port](const EntryPtr& entry, std::string_view wanted) {
                                    return is_before(entry->host, entry->port, wanted, port);
                                  });
    if (found == snapshot.end() || !is_same_name(**found, host, port)) {
      ResolvedHost unknown;
      unknown.state = ResolveState::failed;
      return unknown;
    }
    ResolvedHost answer = (*found)->answer;
    if (answer.state == ResolveState::fresh && now >= (*found)->fresh_until)
      answer.state = ResolveState::stale;
    if (answer.state == ResolveState::stale)
      answer.first_stale = is_first_to_notice((*found)->stale_noticed);
    return answer;
  });
}

void Resolver::Shared::wake() {
  std::lock_guard lock(mutex_);  // a thread about to wait must not miss it
  changed_.notify_all();
}

void Resolver::Shared::stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
  changed_.wait_for(lock, kShutdownPatience, [this] { return threads_running_ == 0; });
}

void Resolver::Shared::start_threads() {
  if (std::exchange(threads_started_, true)) return;
  for (size_t i = 0; i < options_.threads; ++i) {
    ++threads_running_;
    std::thread([shared = shared_from_this()] { shared->work(); }).detach();
  }
}

void Resolver::Shared::work() {
  become_background_thread();
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    Instant now = options_.clock();
    forget_gone(now);
    if (Name* due = next_due(now)) {
      ask(lock, *due);
    } else {
      changed_.wait_for(lock, until_next_attempt(now));
    }
  }
  --threads_running_;
  changed_.notify_all();
}

void Resolver::Shared::forget_gone(Instant now) {
  if (std::erase_if(names_, [now](const Name& name) { return name.forget_at <= now; }) > 0)
    publish();
}

// The name that has waited longest. A name that failed waits, so it never holds up the others.
Name* Resolver::Shared::next_due(Instant now) {
  Name* due = nullptr;
  for (Name& name : names_)
    if (!name.being_asked && name.next_attempt <= now &&
        (due == nullptr || name.next_attempt < due->next_attempt))
      due = &name;
  return due;
}

Duration Resolver::Shared::until_next_attempt(Instant now) const {
  Duration wait = kSleepMax;
  for (const Name& name : names_) {
    if (!name.being_asked) wait = std::min(wait, name.next_attempt - now);
    wait = std::min(wait, name.forget_at - now);
  }
  return wait;
}

void Resolver::Shared::ask(std::unique_lock<std::mutex>& lock, Name& name) {
  name.being_asked = true;
  EntryPtr asked = name.entry;
  lock.unlock();
  LookupAnswer answer = options_.lookup(asked->host, asked->port);
  lock.lock();
  Name* still_wanted = find_name(asked->host, asked->port);
  if (still_wanted == nullptr) return;
  Instant now = options_.clock();
  still_wanted->entry = std::make_shared<const Entry>(updated(*still_wanted->entry, answer, now));
  still_wanted->next_attempt =
      add_saturated(now, answer.addresses.empty() ? kRetryEvery : kRefreshEvery);
  still_wanted->being_asked = false;
  publish();
}

Name* Resolver::Shared::find_name(std::string_view host, uint16_t port) {
  auto found = std::find_if(names_.begin(), names_.end(), [host, port](const Name& name) {
    return is_same_name(*name.entry, host, port);
  });
  return found == names_.end() ? nullptr : &*found;
}

void Resolver::Shared::publish() {
  auto snapshot = std::make_unique<Snapshot>();
  snapshot->reserve(names_.size());
  for (const Name& name : names_) snapshot->push_back(name.entry);
  published_.publish(std::move(snapshot));
}

Resolver::Resolver(Options options) : shared_(std::make_shared<Shared>(std::move(options))) {}
Resolver::~Resolver() { shared_->stop(); }

void Resolver::set_names(std::span<const HostName> names) { shared_->set_names(names); }

ResolvedHost Resolver::lookup(std::string_view host, uint16_t port, Instant now,
                              size_t reader) const {
  return shared_->lookup(host, port, now, reader);
}

void Resolver::wake() { shared_->wake(); }

LookupAnswer system_lookup(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;  // no IPv6 answers on a machine without IPv6
  addrinfo* list = nullptr;
  LookupAnswer answer;
  answer.error = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (answer.error != 0) return answer;
  for (const addrinfo* item = list; item != nullptr; item = item->ai_next)
    answer.addresses.push_back(
        SocketAddress::from_system(item->ai_addr, item->ai_addrlen).with_port(port));
  freeaddrinfo(list);
  if (answer.addresses.empty()) answer.error = EAI_NONAME;
  return answer;
}

}  // namespace qcc::net
