// What the control thread does while the shards serve: signals, reloads, draining, logs,
// heartbeats.
#include <csignal>
#include <cstdio>

#include <qcc/base/log_line.h>
#include <qcc/config/diff.h>

#include "control.h"
#include "signals.h"
#include "status_text.h"

#include <algorithm>

namespace qcc::app {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(50);
constexpr Duration kStuckAfter = std::chrono::seconds(10);

}  // namespace

void Control::say(LogLevel level, const std::string& text) {
  LogLine(log_, level, "daemon", io_->wall_now()).text("message", text, 1024);
}

void Control::wake_shards() {
  for (auto& shard : shards_) shard->wake(*io_);
}

bool Control::all_ended() const {
  return std::ranges::all_of(shards_, [](const auto& shard) {
    return shard->status.state.load(std::memory_order_acquire) == ThreadState::ended;
  });
}

// Listeners stay open for `drain_delay`, so that a balancer sees /readyz fail first.
void Control::begin_drain() {
  if (draining_) return;
  draining_ = true;
  notify_.stopping();
  drain_at_ = add_saturated(loop_->now(), config_->server.drain_delay);
  stop_at_ = add_saturated(drain_at_, config_->server.drain_timeout);
  say(LogLevel::info, "draining: no new connections, waiting for " +
                          std::to_string(to_ms(config_->server.drain_timeout) / 1000) +
                          " s at most; a second signal stops at once");
}

void Control::stop_now() {
  stop_at_ = kNever;
  drain_at_ = kNever;
  for (auto& shard : shards_) shard->order(shard::Controls::kDrain | shard::Controls::kStop);
  wake_shards();
}

void Control::on_signal(int number) {
  if (number == SIGHUP) {
    if (draining_)
      say(LogLevel::warn, "reload ignored: the daemon is draining");
    else
      reload();
  } else if (number == SIGTERM || number == SIGINT) {
    if (draining_)
      stop_now();
    else
      begin_drain();
  } else if (number == SIGUSR1) {
    log_writer_->reopen();
  }
}

rt::Task<Unit> Control::follow_signals(int fd) {
  net::Stream stream(*net_, fd, ErrorSource::local);
  for (;;) {
    Result<net::Chunk> chunk = co_await stream.read(*scope_);
    if (!chunk || chunk->size == 0) break;
    for (char number : chunk->view()) on_signal(number);
  }
  co_await stream.close();
  co_return Unit{};
}

// A bad file changes nothing; a good one is taken over whole by the health thread, in one snapshot.
void Control::reload() {
  notify_.reloading();
  reload_ok_ = take_new_config();
  reload_time_ = to_seconds(io_->wall_now().time_since_epoch());
  notify_.ready();
}

bool Control::take_new_config() {
  auto loaded = load_config(options_);
  for (const config::Problem& problem : loaded.problems)
    say(problem.severity == config::Severity::error ? LogLevel::error : LogLevel::warn,
        config::format_problem(problem));
  if (!loaded.config) {
    say(LogLevel::error, "reload refused: the configuration in force stays");
    return false;
  }
  auto setup = build_setup(loaded.config);
  if (!setup) {
    say(LogLevel::error, "reload refused: " + setup.error());
    return false;
  }
  for (const std::string& key : config::needs_restart(*config_, *loaded.config))
    say(LogLevel::warn, key + " takes effect at the next restart");
  config_ = loaded.config;
  set_names(*config_);
  health_->reconfigure(std::move(*setup));
  int32_t target = health_runner_->status.wake_target.load(std::memory_order_acquire);
  if (target >= 0) io_->wake({target});
  set_log_wishes();
  set_admin_options();
  say(LogLevel::info, "configuration reloaded");
  return true;
}

// The watchdog is fed only while every shard's heart beats.
void Control::check_heartbeats() {
  bool all_alive = true;
  for (size_t i = 0; i < shards_.size(); ++i) {
    uint64_t beat = shards_[i]->controls.heartbeat.load(std::memory_order_relaxed);
    Heart& heart = hearts_[i];
    if (beat != heart.beat) heart = {beat, loop_->now(), false};
    bool stuck = loop_->now() - heart.seen > kStuckAfter && !draining_;
    if (stuck && !heart.reported)
      say(LogLevel::error, "shard " + std::to_string(i) + " has not moved for 10 s");
    heart.reported |= stuck;
    all_alive &= !stuck;
  }
  if (all_alive) notify_.watchdog(loop_->now());
}

// One line for each endpoint that was taken out or came back.
void Control::tell_changes() {
  for_each_endpoint([this](uint16_t slot, const endpoint::SlotView& view,
                           const endpoint::Snapshot&) {
    Told& told = told_[slot];
    bool same_life = told.generation == view.generation;
    if (same_life && told.auth_failed == view.auth_failed) return;
    bool returns = told.auth_failed && told.id == view.config->id;
    told = {view.config->id, view.generation, view.auth_failed};
    if (view.auth_failed)
      say(LogLevel::error, "endpoint " + view.config->name +
                               ": its key was refused (401); it gets no request until the key is "
                               "changed in the configuration and reloaded");
    else if (returns)
      say(LogLevel::info, "endpoint " + view.config->name + ": has a new key and serves again");
  });
}

void Control::tell_status() {
  if (!notify_.has_listener()) return;
  StatusFacts facts;
  for_each_endpoint([&](uint16_t, const endpoint::SlotView& view, const endpoint::Snapshot&) {
    ++facts.endpoints;
    facts.disabled += !view.config->enabled;
    facts.unhealthy += view.config->enabled && view.auth_failed;
  });
  facts.changed_at = static_cast<time_t>(reload_time_);
  facts.reload_refused = !reload_ok_;
  facts.draining = draining_;
  notify_.status(status_text(facts), loop_->now());
}

void Control::write_logs() {
  log_writer_->drain(log_);
  for (auto& shard : shards_) log_writer_->drain(shard->log);
  log_writer_->flush();
}

rt::Task<Unit> Control::tick() {
  for (;;) {
    if (loop_->now() >= drain_at_) {
      drain_at_ = kNever;
      for (auto& shard : shards_) shard->order(shard::Controls::kDrain);
      wake_shards();
    }
    if (loop_->now() >= stop_at_) stop_now();
    check_heartbeats();
    tell_changes();
    tell_status();
    write_logs();
    if (all_ended()) break;
    co_await rt::sleep_for(*scope_, kTick);
  }
  scope_->cancel(rt::Why::shutdown);
  co_return Unit{};
}

void Control::run() {
  int fd = catch_signals();
  QCC_ASSERT(fd >= 0);
  started_at_ = loop_->now();
  start_time_ = reload_time_ = to_seconds(io_->wall_now().time_since_epoch());
  hearts_.assign(shards_.size(), {0, loop_->now(), false});
  announce();
  loop_->spawn(follow_signals(fd));
  loop_->spawn(tick());
  start_admin();
  notify_.ready();
  loop_->run();
  write_logs();
}

void Control::announce() {
  for (const OpenListener& listener : client_listeners_)
    say(LogLevel::info, "listening on " + listener.address.text());
  for (const OpenListener& listener : admin_listeners_)
    say(LogLevel::info, "admin on " + listener.address.text());
  write_logs();
}

}  // namespace qcc::app
