#include "shard_thread.h"

#include <netdb.h>
#include <pthread.h>

#include <array>

#include <qcc/base/log_line.h>

namespace qcc::app {
namespace {

std::span<const std::string_view> attempt_class_names() {
  static const auto kNames = [] {
    std::array<std::string_view, endpoint::kAttemptClasses> names;
    for (size_t i = 0; i < names.size(); ++i)
      names[i] = endpoint::name_of(static_cast<endpoint::AttemptClass>(i));
    return names;
  }();
  return kNames;
}

void enter(ThreadStatus& status, ThreadState state) {
  status.state.store(state, std::memory_order_release);
  status.state.notify_all();
}

void fail_to_start(ThreadStatus& status, const Error& error) {
  status.error = rt::explain_ring_failure(error);
  enter(status, ThreadState::failed);
}

}  // namespace

bool wait_until_running(const ThreadStatus& status) {
  status.state.wait(ThreadState::starting, std::memory_order_acquire);
  return status.state.load(std::memory_order_acquire) == ThreadState::running;
}

net::ResolvedHost ShardAddresses::lookup(std::string_view host, uint16_t port) {
  net::ResolvedHost answer = resolver_.lookup(host, port, loop_.now(), reader_);
  if (answer.state == net::ResolveState::stale) metrics_.dns_stale.add(1);
  if (answer.first_stale) tell_stale(host, answer.error);
  return answer;
}

void ShardAddresses::tell_stale(std::string_view host, int error) {
  LogLine(log_, LogLevel::warn, "dns", loop_.io().wall_now())
      .text("message", "the name cannot be resolved any more; its last known addresses serve on")
      .text("host", host)
      .text("cause", error == 0 ? "no answer yet" : gai_strerror(error));
}

ShardThread::ShardThread(ShardSetup setup, health::HealthThread& health,
                         ThreadStatus& health_status, const net::Resolver& resolver)
    : metrics(attempt_class_names()),
      setup_(std::move(setup)),
      health_(health),
      health_status_(health_status),
      resolver_(resolver) {}

ShardThread::~ShardThread() { join(); }

void ShardThread::start() {
  thread_ = std::thread([this] { main(); });
}

void ShardThread::join() {
  if (thread_.joinable()) thread_.join();
}

void ShardThread::main() {
  pthread_setname_np(pthread_self(), ("shard-" + std::to_string(setup_.number)).c_str());
  Result<std::unique_ptr<rt::Io>> io = rt::make_uring_io(setup_.ring);
  if (!io) {
    fail_to_start(status, io.error());
    return;
  }
  {
    rt::Loop loop(**io, setup_.seed);
    ShardAddresses addresses(resolver_, loop, setup_.number, metrics, log);
    proxy::ProxyParts parts{loop, addresses,     health_.snapshots(), metrics,
                            log,  setup_.number, setup_.instance_id,  setup_.body_budget};
    shard::HealthLine line{&health_.inbox(setup_.number), &health_status_.wake_target};
    shard::Shard shard({loop, controls, parts, line, setup_.listeners, setup_.connections_max});
    status.wake_target.store((*io)->wake_handle().target, std::memory_order_release);
    enter(status, ThreadState::running);
    loop.spawn(shard.run());
    loop.run();
    status.wake_target.store(-1, std::memory_order_release);
  }
  enter(status, ThreadState::ended);
}

void ShardThread::wake(rt::Io& from) const {
  int32_t target = status.wake_target.load(std::memory_order_acquire);
  if (target >= 0) from.wake({target});
}

HealthRunner::~HealthRunner() { join(); }

void HealthRunner::start(const rt::UringOptions& ring, uint64_t seed) {
  thread_ = std::thread([this, ring, seed] {
    pthread_setname_np(pthread_self(), "health");
    Result<std::unique_ptr<rt::Io>> io = rt::make_uring_io(ring);
    if (!io) {
      fail_to_start(status, io.error());
      return;
    }
    {
      rt::Loop loop(**io, seed);
      status.wake_target.store((*io)->wake_handle().target, std::memory_order_release);
      enter(status, ThreadState::running);
      loop.spawn(health_.run(loop));
      loop.run();
      status.wake_target.store(-1, std::memory_order_release);
    }
    enter(status, ThreadState::ended);
  });
}

void HealthRunner::join() {
  if (!thread_.joinable()) return;
  health_.stop();
  thread_.join();
}

}  // namespace qcc::app
