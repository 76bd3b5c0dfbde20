#include "control.h"

#include <sys/random.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <csignal>
#include <cstring>

#include <qcc/config/diff.h>
#include <qcc/config/printable.h>
#include <qcc/upstream/connection.h>

namespace qcc::app {
namespace {

constexpr size_t kDescriptorReserve = 64;
constexpr size_t kDescriptorsMin = 128;

uint64_t random_number() {
  uint64_t value = 0;
  ssize_t got = getrandom(&value, sizeof value, 0);
  QCC_ASSERT(got == sizeof value);
  return value;
}

std::string make_instance_id() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string id;
  for (uint64_t bits = random_number(); id.size() < 8; bits >>= 4) id += kDigits[bits & 15];
  return id;
}

size_t body_budget(const config::Limits& limits) {
  if (limits.body_memory > 0) return limits.body_memory;
  struct sysinfo info{};
  if (sysinfo(&info) != 0) return size_t{1} << 30;
  return static_cast<size_t>(info.totalram) * info.mem_unit / 4;
}

rt::UringOptions ring_options(const config::ServerConfig& server) {
  rt::UringOptions options;
  options.entries = server.ring_entries;
  options.buffer_bytes = static_cast<uint32_t>(server.buffer_bytes);
  uint64_t count = std::max<uint64_t>(server.buffer_ring_bytes / server.buffer_bytes, 8);
  options.buffer_count = static_cast<uint32_t>(std::bit_floor(std::min<uint64_t>(count, 32768)));
  options.disabled = server.disable_io;
  return options;
}

rt::UringOptions small_ring(const config::ServerConfig& server) {
  rt::UringOptions options = ring_options(server);
  options.entries = 64;
  options.buffer_count = 16;
  return options;
}

}  // namespace

Control::Control(const DaemonOptions& options)
    : options_(options), config_(options.config), instance_id_(make_instance_id()) {}

Control::~Control() {
  for (auto& shard : shards_) shard->join();
  if (health_runner_) health_runner_->join();
  shards_.clear();
}

std::expected<endpoint::Setup, std::string> Control::build_setup(
    std::shared_ptr<const config::Config> config) {
  size_t endpoints = 0;
  for (const config::ClusterConfig& cluster : config->clusters)
    endpoints += cluster.endpoints.size();
  if (endpoints > endpoint::kSlotsMax)
    return std::unexpected("the configuration has " + std::to_string(endpoints) +
                           " endpoints; at most " + std::to_string(endpoint::kSlotsMax) +
                           " can be served.");
  auto directory = upstream::make_tls_directory(*config);
  if (!directory) return std::unexpected(directory.error());
  return endpoint::Setup{std::move(config), *directory};
}

std::expected<Unit, std::string> Control::open_listeners() {
  auto open_all = [](const std::vector<config::ListenAddress>& addresses, size_t threads,
                     std::vector<OpenListener>& to) -> std::expected<Unit, std::string> {
    for (const config::ListenAddress& address : addresses) {
      auto open = open_listener(address, threads);
      if (!open) return std::unexpected(open.error());
      to.push_back(std::move(*open));
    }
    return Unit{};
  };
  auto clients = open_all(config_->server.listen, shard_count_, client_listeners_);
  if (!clients) return clients;
  return open_all(config_->admin.listen, 1, admin_listeners_);
}

void Control::set_names(const config::Config& config) {
  std::vector<net::HostName> names;
  for (const config::ClusterConfig& cluster : config.clusters)
    for (const config::EndpointConfig& endpoint : cluster.endpoints)
      names.push_back({endpoint.base_url.host, endpoint.base_url.port});
  resolver_->set_names(names);
}

std::expected<Unit, std::string> Control::start() {
  descriptors_ = raise_descriptor_limit();
  log_writer_ = std::make_unique<LogWriter>(config_->log.target);
  if (!log_writer_->is_open())
    return std::unexpected("cannot open the log file " + config::printable(config_->log.target) +
                           ": " + std::strerror(log_writer_->error()) + ".");
  if (descriptors_ < kDescriptorsMin)
    return std::unexpected("the descriptor limit is " + std::to_string(descriptors_) +
                           "; QCC needs at least " + std::to_string(kDescriptorsMin) +
                           ". Raise LimitNOFILE or `ulimit -n`.");
  for (const std::string& name : config_->server.disable_io)
    if (!rt::is_uring_feature(name))
      return std::unexpected("server.disable_io: there is no io_uring feature \"" +
                             config::printable(name) + "\"; known: recv_limit.");
  shard_count_ = config_->server.shards > 0 ? config_->server.shards : usable_processors();
  if (auto opened = open_listeners(); !opened) return opened;
  auto setup = build_setup(config_);
  if (!setup) return std::unexpected(setup.error());

  auto io = rt::make_uring_io(small_ring(config_->server));
  if (!io) return std::unexpected(rt::explain_ring_failure(io.error()));
  io_ = std::move(*io);
  loop_ = std::make_unique<rt::Loop>(*io_, random_number());
  net_ = std::make_unique<net::NetContext>(*loop_, blocks_);
  scope_ = std::make_unique<rt::Scope>(*loop_, nullptr);

  net::Resolver::Options resolver;
  resolver.readers_max = shard_count_;
  resolver.clock = [] {
    timespec t{};
    clock_gettime(CLOCK_BOOTTIME, &t);
    return Instant(std::chrono::seconds(t.tv_sec) + Duration(t.tv_nsec));
  };
  resolver_ = std::make_unique<net::Resolver>(std::move(resolver));
  set_names(*config_);
  health_ =
      std::make_unique<health::HealthThread>(std::move(*setup), shard_count_, shard_count_ + 1);
  return start_threads();
}

void Control::set_log_wishes() {
  auto wish = [this](LogRing& ring) {
    ring.set_level(static_cast<LogLevel>(config_->log.level));
    ring.set_format(static_cast<LogFormat>(config_->log.format));
  };
  wish(log_);
  for (auto& shard : shards_) wish(shard->log);
}

std::expected<Unit, std::string> Control::start_threads() {
  health_runner_ = std::make_unique<HealthRunner>(*health_);
  health_runner_->start(small_ring(config_->server), random_number());
  uint32_t connections_max = config_->limits.max_connections;
  if (connections_max == 0)
    connections_max = static_cast<uint32_t>((descriptors_ - kDescriptorReserve) / 2);
  auto shards = static_cast<uint32_t>(shard_count_);
  connections_max = (connections_max + shards - 1) / shards;
  for (size_t i = 0; i < shard_count_; ++i) {
    ShardSetup setup;
    setup.number = static_cast<uint16_t>(i);
    setup.seed = random_number();
    setup.ring = ring_options(config_->server);
    for (const OpenListener& listener : client_listeners_)
      setup.listeners.push_back({listener.fds[i], listener.address.is_local()});
    setup.connections_max = connections_max;
    setup.body_budget = body_budget(config_->limits) / shard_count_;
    setup.instance_id = instance_id_;
    shards_.push_back(std::make_unique<ShardThread>(std::move(setup), *health_,
                                                    health_runner_->status, *resolver_));
    shards_.back()->start();
  }
  set_log_wishes();
  bool well = wait_until_running(health_runner_->status);
  std::string error = health_runner_->status.error;
  for (auto& shard : shards_)
    if (!wait_until_running(shard->status)) {
      well = false;
      error = shard->status.error;
    }
  if (well) return Unit{};
  for (auto& shard : shards_) shard->order(shard::Controls::kDrain | shard::Controls::kStop);
  wake_shards();
  (void)loop_->turn(loop_->now());
  return std::unexpected(error);
}

}  // namespace qcc::app
