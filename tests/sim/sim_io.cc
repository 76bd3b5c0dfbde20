#include "sim_io.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "sim_address.h"

#if defined(__SANITIZE_ADDRESS__)
#define QCC_SIM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QCC_SIM_ASAN 1
#endif
#endif
#ifdef QCC_SIM_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace qcc::sim {
namespace {
constexpr char kPattern = '\xdb';
}

SimIo::SimIo(SimNet& net, const SimIoOptions& options)
    : net_(net), options_(options), index_(net.join(*this)), buffers_(options.buffer_count) {
  for (uint32_t id = options.buffer_count; id-- > 0;) {
    Buffer& buffer = buffers_[id];
    buffer.bytes.reset(new char[options.buffer_bytes]);
    std::memset(buffer.bytes.get(), kPattern, options.buffer_bytes);
    poison(buffer);
    free_.push_back(static_cast<uint16_t>(id));
  }
}

SimIo::~SimIo() {
  QCC_ASSERT(live_.empty());
  for (Buffer& buffer : buffers_) unpoison(buffer);
  net_.leave(*this);
}

// ---- requests ----

int SimIo::listen(const sockaddr* address, socklen_t size, int backlog) {
  return net_.listen(*this, key_of(address, size), backlog);
}

int SimIo::local_address(int fd, sockaddr* address, socklen_t* size) {
  std::string key;
  int result = net_.local_address(fd, key);
  if (result == 0) copy_out(key, address, size);
  return result;
}

int SimIo::peer_address(int fd, sockaddr* address, socklen_t* size) {
  std::string key;
  int result = net_.peer_address(fd, key);
  if (result == 0) copy_out(key, address, size);
  return result;
}

SimOperation SimIo::begin(int fd, rt::Completion& c) {
  QCC_ASSERT(!c.in_flight);
  c.in_flight = true;
  uint64_t id = next_id_++;
  live_[&c] = {fd, id};
  SimOperation operation;
  operation.id = id;
  operation.completion = &c;
  return operation;
}

void SimIo::accept(int listener, rt::Completion& c) {
  net_.accept(*this, listener, begin(listener, c));
}

void SimIo::connect(int fd, const sockaddr* address, socklen_t size, rt::Completion& c) {
  net_.connect(*this, fd, key_of(address, size), begin(fd, c));
}

void SimIo::recv(int fd, uint32_t bytes_max, rt::Completion& c) {
  QCC_ASSERT(bytes_max > 0);
  SimOperation operation = begin(fd, c);
  operation.left = bytes_max;
  operation.arrival_max = std::min(bytes_max, options_.buffer_bytes);
  net_.receive(*this, fd, std::move(operation));
}

void SimIo::recv_into(int fd, std::span<char> to, rt::Completion& c) {
  QCC_ASSERT(!to.empty());
  SimOperation operation = begin(fd, c);
  operation.to = to;
  operation.into = true;
  net_.receive(*this, fd, std::move(operation));
}

void SimIo::watch_end(int fd, rt::Completion& c) { net_.watch_end(*this, fd, begin(fd, c)); }

void SimIo::send(int fd, std::span<const char> bytes, rt::Completion& c) {
  SimOperation operation = begin(fd, c);
  operation.from = bytes;
  net_.send(*this, fd, std::move(operation));
}

void SimIo::cancel(rt::Completion& target) {
  if (!target.in_flight) return;
  auto found = live_.find(&target);
  QCC_ASSERT(found != live_.end());  // another thread's operation
  net_.cancel(found->second.fd, found->second.id);
}

// ---- buffers ----

void SimIo::poison([[maybe_unused]] Buffer& buffer) {
#ifdef QCC_SIM_ASAN
  ASAN_POISON_MEMORY_REGION(buffer.bytes.get(), options_.buffer_bytes);
#endif
}

void SimIo::unpoison([[maybe_unused]] Buffer& buffer) {
#ifdef QCC_SIM_ASAN
  ASAN_UNPOISON_MEMORY_REGION(buffer.bytes.get(), options_.buffer_bytes);
#endif
}

std::optional<uint16_t> SimIo::lease_buffer(std::string_view bytes) {
  if (free_.empty()) return std::nullopt;
  uint16_t id = free_.back();
  free_.pop_back();
  Buffer& buffer = buffers_[id];
  unpoison(buffer);
  for (size_t i = 0; i < bytes.size(); ++i) QCC_ASSERT(buffer.bytes[i] == kPattern);
  std::memcpy(buffer.bytes.get(), bytes.data(), bytes.size());
  buffer.used = bytes.size();
  buffer.leased = true;
  return id;
}

std::span<char> SimIo::buffer(uint16_t buffer_id) {
  QCC_ASSERT(buffer_id < buffers_.size() && buffers_[buffer_id].leased);
  return {buffers_[buffer_id].bytes.get(), options_.buffer_bytes};
}

void SimIo::return_buffer(uint16_t buffer_id) {
  QCC_ASSERT(buffer_id < buffers_.size() && buffers_[buffer_id].leased);
  Buffer& buffer = buffers_[buffer_id];
  std::memset(buffer.bytes.get(), kPattern, buffer.used);
  poison(buffer);
  buffer.leased = false;
  free_.push_back(buffer_id);
}

// ---- arrivals ----

void SimIo::post(rt::Completion& completion, const rt::Arrival& arrival) {
  arrivals_.push_back({&completion, arrival});
}

bool SimIo::await_arrivals(Instant until) {
  net_.run_due();
  while (!has_arrivals() && net_.now() < until) {
    Instant next = net_.next_event();
    if (next == kNever && until == kNever) return false;
    net_.advance_to(std::min(next, until));
    net_.run_due();
  }
  return true;
}

bool SimIo::wait(Instant until) {
  bool alive = await_arrivals(until);
  std::vector<Posted> batch = std::exchange(arrivals_, {});
  if (batch.size() > 1 && net_.weather().part_batch_percent > 0 &&
      net_.prng().chance(net_.weather().part_batch_percent)) {
    auto kept = static_cast<int64_t>(1 + net_.prng().below(batch.size() - 1));
    arrivals_.assign(batch.begin() + kept, batch.end());
    batch.resize(static_cast<size_t>(kept), batch.front());
  }
  bool woken = std::exchange(woken_, false);
  for (const Posted& posted : batch) fire(posted);
  if (woken && on_wake) on_wake();
  return alive;
}

void SimIo::fire(const Posted& posted) {
  rt::Completion& completion = *posted.completion;
  QCC_ASSERT(completion.in_flight);
  completion.in_flight = posted.arrival.more;
  if (!posted.arrival.more) {
    auto live = live_.extract(&completion);
    net_.fired_last(live.mapped().fd);
  }
  completion.fire(completion, posted.arrival);
}

}  // namespace qcc::sim
