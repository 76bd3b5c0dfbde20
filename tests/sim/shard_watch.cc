#include "shard_watch.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace qcc::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kClientGone = milliseconds(100);  // spec R10
constexpr Duration kLinger = seconds(2);
constexpr uint64_t kLeasesPerStream = 2;  // spec R10

}  // namespace

Duration tolerance_of(const Weather& weather) {
  Duration tolerance = milliseconds(4) + 4 * weather.cancel_delay_max;
  if (weather.pause_percent > 0) tolerance += 8 * weather.pause_max;
  return tolerance;
}

TimeLimits::TimeLimits(Findings& f, Duration t)
    : head(f, "head_timeout", t),
      body_idle(f, "body_idle_timeout", t),
      body(f, "body_timeout", t),
      total(f, "total_timeout", t),
      keepalive(f, "keepalive_timeout", t),
      send_stall(f, "send_stall_timeout", t),
      linger(f, "linger", t),
      connect(f, "connect_timeout", t),
      first_byte(f, "timeout", t),
      whole(f, "nonstream_timeout", t),
      silence(f, "read_timeout", t),
      content(f, "content_timeout", t),
      pool_idle(f, "idle_timeout", t),
      client_gone(f, "client gone", t),
      dead_idle(f, "dead idle connection", t) {}

ShardWatch::ShardWatch(uint16_t shard, SimNet& net, const ProxyPlan& plan, Ledger& ledger,
                       RefusedKeys& keys)
    : shard_(shard),
      net_(net),
      plan_(plan),
      ledger_(ledger),
      keys_(keys),
      config_(*plan.config),
      tolerance_(tolerance_of(plan.weather)),
      limits_(ledger.findings, tolerance_),
      leases_(ledger.findings, "leased buffers", kLeasesPerStream),
      connections_(ledger.findings, "max_connections", plan.connections_max),
      bodies_(ledger.findings, "body_memory", plan.body_budget) {}

// ---- clients ----

void ShardWatch::on_accepted(int fd) {
  clients_.try_emplace(fd);
  limits_.head.begin(static_cast<uint64_t>(fd), now(), config_.limits.head_timeout);
}

void ShardWatch::take_request_bytes(int fd, ClientSide& client, std::string_view bytes) {
  auto key = static_cast<uint64_t>(fd);
  limits_.keepalive.end(key, now());
  if (client.over) return;
  client.late |= limits_.head.reached(key, now()) || limits_.body.reached(key, now()) ||
                 limits_.body_idle.reached(key, now());
  if (client.requests.message().done || client.requests.message().broken) {
    client.waiting.append(bytes);
    return;
  }
  bool begins = !client.requests.message().begun;
  bool had_head = client.requests.message().head_done;
  if (begins) begin_request(fd, client);
  size_t taken = client.requests.feed(bytes);
  client.waiting.append(bytes.substr(taken));
  const WireMessage& message = client.requests.message();
  if (message.broken) return end_client_spans(fd);
  if (message.head_done && !had_head) on_request_head(fd, client);
  limits_.body_idle.restart(key, now());
  if (message.done) on_request_whole(fd, client);
}

void ShardWatch::begin_request(int fd, ClientSide&) {
  auto key = static_cast<uint64_t>(fd);
  limits_.head.end(key, now());
  limits_.head.begin(key, now(), config_.limits.head_timeout);
  limits_.total.begin(key, now(), config_.timeouts.total_timeout);
}

void ShardWatch::on_request_head(int fd, ClientSide& client) {
  auto key = static_cast<uint64_t>(fd);
  limits_.head.end(key, now());
  client.log = ledger_.find(client.requests.message().request_mark);
  const std::string& method = client.requests.message().method;
  if (!client.answers.message().begun)
    client.answers.next(method == "HEAD" ? http::Method::head : http::Method::post);
  if (client.log) {
    client.log->arrived = now();
    client.log->shut_down = stopped_;
    client_of_[client.log->number] = fd;
  }
  if (client.requests.message().done) return;
  limits_.body.begin(key, now(), config_.limits.body_timeout);
  limits_.body_idle.begin(key, now(), config_.limits.body_idle_timeout);
}

// The total counts from the request's arrival, but nothing can be asked before its last byte.
void ShardWatch::on_request_whole(int fd, ClientSide& client) {
  auto key = static_cast<uint64_t>(fd);
  limits_.body.end(key, now());
  limits_.body_idle.end(key, now());
  if (limits_.total.is_open(key)) {
    Duration spent = limits_.total.lasted(key, now());
    Duration left = std::max(config_.timeouts.total_timeout - spent, Duration::zero());
    limits_.total.begin(key, now(), left);
  }
  client.in_service = true;
}

void ShardWatch::take_answer_bytes(int fd, ClientSide& client, std::string_view bytes) {
  auto key = static_cast<uint64_t>(fd);
  client.sending = true;
  bool turned_away = bytes.find("no room for another connection") != std::string_view::npos;
  if (turned_away) client.over = true;
  limits_.send_stall.begin(key, now(), config_.limits.send_stall_timeout);
  size_t taken = client.answers.feed(bytes);
  const WireMessage& message = client.answers.message();
  findings().demand(!message.broken && (taken == bytes.size() || message.done), "answer bytes",
                    "the shard writes what is not HTTP: " + std::string(bytes.substr(0, 300)));
  if (!message.head_done) return;  // 100 Continue
  judge_patience(fd, client, bytes);
  if (!client.in_service) limits_.total.suspend(key);
  limits_.total.end(key, now());
  limits_.head.suspend(key);
  limits_.body.suspend(key);
  limits_.body_idle.suspend(key);
  if (client.log) client.log->answer_begun = true;
  if (!client.over) count_served(client);
  auto upstream = upstreams_.find(client.upstream_fd);
  bool asks =
      upstream != upstreams_.end() && upstream->second.active && upstream->second.client_fd == fd;
  if (!asks) return;
  pause_reading(client.upstream_fd, upstream->second);
  if (message.answer_mark.empty()) return;
  limits_.whole.end(static_cast<uint64_t>(client.upstream_fd), now());  // too large to be held
}

// Who gives up because of a limit must have waited for it.
void ShardWatch::judge_patience(int fd, const ClientSide& client, std::string_view bytes) {
  constexpr const char* kChecker = "patience";
  auto key = static_cast<uint64_t>(fd);
  auto asked = static_cast<uint64_t>(client.upstream_fd);
  const WireMessage& message = client.answers.message();
  bool own = message.answer_mark.empty();
  if (own && message.status == 408)
    findings().demand(limits_.head.reached(key, now()) || limits_.body.reached(key, now()) ||
                          limits_.body_idle.reached(key, now()) || client.late || !client.log,
                      kChecker, "408 too soon");
  if (own && message.status == 504 && client.log)
    findings().demand(
        limits_.total.reached(key, now()) || client.log->timed_out ||
            limits_.first_byte.reached(asked, now()) || limits_.whole.reached(asked, now()) ||
            limits_.silence.reached(asked, now()) || limits_.content.reached(asked, now()) ||
            connect_given_up_at_ >= client.log->arrived,
        kChecker, "504 too soon for request " + std::to_string(client.log->number));
  bool silent = !own && bytes.find("fell silent within its answer") != std::string_view::npos;
  if (silent)
    findings().demand(
        limits_.silence.reached(asked, now()) || limits_.content.reached(asked, now()) ||
            (client.log && client.log->timed_out),
        kChecker,
        "an answer was cut as silent after " +
            std::to_string(to_ms(limits_.silence.lasted(asked, now()))) + " ms, " +
            std::to_string(to_ms(limits_.content.lasted(asked, now()))) + " ms without content");
}

void ShardWatch::on_answer_whole(int fd, ClientSide& client) {
  auto key = static_cast<uint64_t>(fd);
  bool more_wanted = client.answers.message().keep_alive && client.requests.message().done;
  client.in_service = false;
  client.counted = client.late = false;
  client.upstream_fd = -1;
  client.log = nullptr;
  limits_.client_gone.end(key, now());
  client.answers.next();
  client.requests.next();
  client.over = !more_wanted;
  if (client.over) return;
  if (client.waiting.empty()) {
    limits_.keepalive.begin(key, now(), config_.limits.keepalive_timeout);
    return;
  }
  std::string waiting = std::exchange(client.waiting, {});
  take_request_bytes(fd, client, waiting);
}

void ShardWatch::count_served(ClientSide& client) {
  requests_served_ += !client.counted;
  client.counted = true;
}

void ShardWatch::on_peer_end(int fd, bool broken) {
  auto client = clients_.find(fd);
  if (client == clients_.end()) return;
  client->second.gone |= broken || !config_.server.allow_half_close;
  begin_client_gone(fd, client->second);
}

void ShardWatch::begin_client_gone(int fd, const ClientSide& client) {
  auto key = static_cast<uint64_t>(fd);
  auto upstream = upstreams_.find(client.upstream_fd);
  bool asks =
      upstream != upstreams_.end() && upstream->second.active && upstream->second.client_fd == fd;
  if (!client.gone || !client.in_service || !asks || limits_.client_gone.is_open(key)) return;
  limits_.client_gone.begin(key, now(), kClientGone);
}

// The shard has learned of it: from here on it asks nobody.
void ShardWatch::on_client_end(int fd, ClientSide& client, bool broken) {
  bool gone = broken || !config_.server.allow_half_close;
  if (!gone || !client.in_service) return;
  if (client.log) client.log->client_gone = true;
  limits_.total.suspend(static_cast<uint64_t>(fd));
}

void ShardWatch::end_client_spans(int fd) {
  auto key = static_cast<uint64_t>(fd);
  if (!clients_.at(fd).in_service) limits_.total.suspend(key);
  limits_.head.end(key, now());
  limits_.body.end(key, now());
  limits_.body_idle.end(key, now());
  limits_.total.end(key, now());
  limits_.keepalive.end(key, now());
}

// ---- both sides ----

void ShardWatch::on_received(int fd, std::string_view bytes) {
  if (auto client = clients_.find(fd); client != clients_.end())
    return take_request_bytes(fd, client->second, bytes);
  if (auto upstream = upstreams_.find(fd); upstream != upstreams_.end())
    on_upstream_bytes(fd, upstream->second, bytes);
}

void ShardWatch::on_receive_end(int fd, int result) {
  if (auto client = clients_.find(fd); client != clients_.end())
    return on_client_end(fd, client->second, result < 0);
  if (auto upstream = upstreams_.find(fd); upstream != upstreams_.end())
    on_upstream_end(fd, upstream->second);
}

void ShardWatch::on_end_seen(int fd, int events) {
  auto client = clients_.find(fd);
  if (client != clients_.end())
    on_client_end(fd, client->second, (events & (POLLERR | POLLHUP)) != 0);
}

void ShardWatch::on_send(int fd, std::string_view bytes) {
  if (auto client = clients_.find(fd); client != clients_.end())
    return take_answer_bytes(fd, client->second, bytes);
  auto found = upstreams_.find(fd);
  if (found == upstreams_.end()) return;
  UpstreamSide& upstream = found->second;
  bool begins = !upstream.active;
  if (begins) upstream.requests.next();
  upstream.requests.feed(bytes);
  if (begins) begin_exchange(fd, upstream);
}

void ShardWatch::on_sent(int fd, int result) {
  auto key = static_cast<uint64_t>(fd);
  auto client = clients_.find(fd);
  if (client == clients_.end()) {
    auto upstream = upstreams_.find(fd);
    if (upstream == upstreams_.end() || !upstream->second.active) return;
    if (result == -ECANCELED && upstream->second.answer_bytes == 0) return;
    if (result == -EPIPE) return on_upstream_end(fd, upstream->second);
    return on_request_sent(fd, upstream->second);
  }
  limits_.send_stall.end(key, now());
  ClientSide& side = client->second;
  side.sending = false;
  auto upstream = upstreams_.find(side.upstream_fd);
  if (upstream != upstreams_.end() && upstream->second.client_fd == fd) {
    UpstreamSide& asked = upstream->second;
    bool reads_on = asked.active && asked.answers.message().head_done;
    uint64_t asked_key = static_cast<uint64_t>(side.upstream_fd);
    if (reads_on) resume_reading(side.upstream_fd, asked);
    if (!asked.active && limits_.pool_idle.is_open(asked_key)) begin_idle(side.upstream_fd, asked);
    if (!asked.active && asked.poisoned) begin_dead_idle(side.upstream_fd, asked);
  }
  if (side.answers.message().done && result >= 0) on_answer_whole(fd, side);
}

void ShardWatch::on_shutdown(int fd) {
  if (!clients_.contains(fd)) return;
  end_client_spans(fd);
  clients_.at(fd).over = true;
  limits_.linger.begin(static_cast<uint64_t>(fd), now(), kLinger);
}

void ShardWatch::on_closing(int fd) {
  auto key = static_cast<uint64_t>(fd);
  if (clients_.contains(fd)) {
    end_client_spans(fd);
    limits_.linger.end(key, now());
    limits_.client_gone.end(key, now());
    clients_.erase(fd);
    return;
  }
  auto upstream = upstreams_.find(fd);
  if (upstream == upstreams_.end()) return;
  limits_.connect.end(key, now());
  if (upstream->second.active) end_exchange_spans(fd, upstream->second);
  limits_.pool_idle.end(key, now());
  limits_.dead_idle.end(key, now());
  upstreams_.erase(upstream);
}

void ShardWatch::on_leased(int fd) { ++leased_[fd]; }

void ShardWatch::on_returned(int fd) {
  if (--leased_[fd] == 0) leased_.erase(fd);
}

// What a turn takes for a moment does not count; what is kept while waiting does.
void ShardWatch::on_rest() {
  for (const auto& [fd, count] : leased_) leases_.set(static_cast<uint64_t>(fd), count);
  if (sessions_live) connections_.set(shard_, sessions_live());
  if (body_bytes) bodies_.set(shard_, body_bytes());
}

void ShardWatch::note_stop() {
  stopped_ = true;
  for (auto& [fd, client] : clients_)
    if (client.log) client.log->shut_down = true;
}

void ShardWatch::finish() {
  limits_.each([this](SpanLimit& limit) { limit.finish(now()); });
  for (const auto& [fd, count] : leased_)
    findings().demand(count == 0, "leased buffers",
                      std::to_string(count) + " left of descriptor " + std::to_string(fd));
}

}  // namespace qcc::sim
