// What a shard does with its endpoints.
#include <algorithm>
#include <cerrno>

#include <netinet/in.h>

#include "shard_watch.h"

namespace qcc::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kSurplusIdle = seconds(1);
constexpr Duration kDeadIdle = milliseconds(20);
// From the break of a kept connection to its replacement: the send under way comes home first, and
// an answer that is still on its way is waited for.
constexpr Duration kSendGivenUp = milliseconds(50);

uint32_t host_of(const sockaddr* address, socklen_t size) {
  if (size < sizeof(sockaddr_in) || address->sa_family != AF_INET) return 0;
  return ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr);
}

}  // namespace

const config::EndpointConfig* ShardWatch::config_of(size_t endpoint) const {
  for (const config::ClusterConfig& cluster : config_.clusters)
    for (const config::EndpointConfig& candidate : cluster.endpoints)
      if (candidate.name == plan_.endpoints[endpoint].name) return &candidate;
  return nullptr;
}

void ShardWatch::on_lookup(size_t endpoint, bool again) {
  asked_at_[endpoint] = now();
  if (again) return;
  Duration delay = kSendGivenUp + tolerance_;
  auto stale = stale_at_.lower_bound({endpoint, now() - delay});
  bool replaces = stale != stale_at_.end() && stale->first == endpoint;
  if (replaces) stale_at_.erase(stale);
  if (replaces) return;
  keys_.selected(shard_, plan_.endpoints[endpoint].name);
}

void ShardWatch::on_connect(int fd, const sockaddr* address, socklen_t size) {
  uint32_t host = host_of(address, size);
  UpstreamSide& upstream = upstreams_[fd];
  upstream.endpoint = plan_.endpoints.size();
  for (size_t i = 0; i < plan_.endpoints.size(); ++i)
    if (plan_.endpoints[i].own_address == host) upstream.endpoint = i;
  limits_.connect.begin(static_cast<uint64_t>(fd), now(), config_.timeouts.connect_timeout);
}

void ShardWatch::on_connected(int fd, int result) {
  if (result == -ECANCELED) connect_given_up_at_ = now();
  limits_.connect.end(static_cast<uint64_t>(fd), now());
  auto upstream = upstreams_.find(fd);
  if (upstream != upstreams_.end()) upstream->second.connected = result >= 0;
}

// ---- an exchange ----

void ShardWatch::begin_exchange(int fd, UpstreamSide& upstream) {
  auto key = static_cast<uint64_t>(fd);
  findings().demand(!upstream.poisoned, "pool", "a connection that had ended was used again");
  findings().demand(upstream.connected, "pool", "a connection was used before it was made");
  limits_.pool_idle.end(key, now());
  judge_idle_count(upstream.endpoint);
  upstream.active = true;
  upstream.sent_whole = false;
  upstream.answer_bytes = 0;
  upstream.content_seen = 0;
  ++upstream.exchanges;
  const WireMessage& message = upstream.requests.message();
  upstream.answers.next(message.method == "GET" ? http::Method::get : http::Method::post);
  upstream.log = ledger_.find(message.request_mark);
  if (!findings().demand(upstream.log != nullptr, "request bytes", "a request nobody sent")) return;
  upstream.client_fd = client_of_[upstream.log->number];
  auto client = clients_.find(upstream.client_fd);
  if (client != clients_.end()) {
    client->second.upstream_fd = fd;
    begin_client_gone(upstream.client_fd, client->second);
    count_served(client->second);
  }
  upstream.log->last_fd = fd;
  count_attempt(upstream);
  SpanLimit& wait = upstream.log->stream ? limits_.first_byte : limits_.whole;
  wait.begin(key, now(),
             upstream.log->stream ? config_.timeouts.timeout : config_.timeouts.nonstream_timeout);
  if (message.done) upstream.sent_whole = true;
}

void ShardWatch::count_attempt(UpstreamSide& upstream) {
  RequestLog& log = *upstream.log;
  std::string who = "request " + std::to_string(log.number);
  bool fresh = upstream.exchanges == 1;
  bool replay = log.last_was_stale && log.last_endpoint == upstream.endpoint && fresh;
  if (!replay && !fresh) keys_.selected(shard_, plan_.endpoints[upstream.endpoint].name);
  if (!replay) {
    ++log.attempts;
    judge_same_endpoint(upstream);
  }
  ++log.exchanges;
  log.tried.insert(upstream.endpoint);
  log.last_endpoint = upstream.endpoint;
  log.last_was_stale = false;
  log.answer_mark.clear();
  findings().demand(!log.answer_begun, "no retry after the first byte", who);
  findings().demand(!log.client_gone, "client gone", who + " was sent on although its client left");
  bool once = config_.retry.post != config::RetryPost::no_response;
  uint32_t most = once ? 1 : 1 + config_.retry.max_retries;
  findings().demand(
      static_cast<uint32_t>(log.attempts) <= most, "attempts",
      who + " had attempt " + std::to_string(log.attempts) + " of " + std::to_string(most));
  if (replay)
    findings().demand(config_.retry.post != config::RetryPost::never, "attempts",
                      who + " was replayed although POSTs are never repeated");
}

// An endpoint is asked again only when the others have been. A reload between the choice and this
// moment would mislead.
void ShardWatch::judge_same_endpoint(const UpstreamSide& upstream) {
  const RequestLog& log = *upstream.log;
  if (!log.tried.contains(upstream.endpoint) || !plan_.reloads.empty()) return;
  const config::EndpointConfig* own = config_of(upstream.endpoint);
  for (size_t i = 0; own && i < plan_.endpoints.size(); ++i) {
    const config::EndpointConfig* other = config_of(i);
    if (i == upstream.endpoint || !other || other->protocol != own->protocol) continue;
    if (log.kind == protocol::ApiKind::count_tokens && !other->count_tokens) continue;
    bool asked = log.tried.contains(i) || (asked_at_.contains(i) && asked_at_[i] >= log.arrived);
    findings().demand(asked || keys_.is_out(shard_, other->name), "another endpoint first",
                      "request " + std::to_string(log.number) + " went to " + own->name +
                          " again, " + other->name + " was not asked");
  }
}

void ShardWatch::on_request_sent(int fd, UpstreamSide& upstream) {
  upstream.sent_whole = upstream.requests.message().done;
  note_if_at_last(static_cast<uint64_t>(fd), upstream);
  limits_.first_byte.restart(static_cast<uint64_t>(fd), now());
  limits_.whole.restart(static_cast<uint64_t>(fd), now());
}

void ShardWatch::on_upstream_bytes(int fd, UpstreamSide& upstream, std::string_view bytes) {
  if (!upstream.active) {
    upstream.poisoned = true;
    return begin_dead_idle(fd, upstream);
  }
  auto key = static_cast<uint64_t>(fd);
  note_if_at_last(key, upstream);
  upstream.answer_bytes += bytes.size();
  bool had_head = upstream.answers.message().head_done;
  size_t taken = upstream.answers.feed(bytes);
  const WireMessage& message = upstream.answers.message();
  if (message.broken) upstream.poisoned = true;
  if (message.head_done && !had_head) on_answer_head(fd, upstream);
  limits_.silence.restart(key, now());
  note_content(fd, upstream);
  if (!message.done) return;
  if (taken < bytes.size() || !message.keep_alive) upstream.poisoned = true;
  end_exchange_spans(fd, upstream);
  begin_idle(fd, upstream);
}

// What comes as its time is over may find that it was given up.
void ShardWatch::note_if_at_last(uint64_t key, const UpstreamSide& upstream) {
  bool at_last = limits_.first_byte.reached(key, now()) || limits_.whole.reached(key, now()) ||
                 limits_.silence.reached(key, now()) || limits_.content.reached(key, now());
  if (at_last && upstream.log) upstream.log->timed_out = true;
}

void ShardWatch::on_answer_head(int fd, UpstreamSide& upstream) {
  auto key = static_cast<uint64_t>(fd);
  limits_.first_byte.end(key, now());
  bool is_last = upstream.log && upstream.log->last_fd == fd;  // else it was given up
  if (is_last) upstream.log->answer_mark = upstream.answers.message().answer_mark;
  bool streams = upstream.log && upstream.log->stream;
  const WireMessage& message = upstream.answers.message();
  bool whole = message.status >= 300 || message.content_type != "text/event-stream";
  if (streams && whole) limits_.whole.begin(key, now(), config_.timeouts.nonstream_timeout);
  upstream.content_left = config_.timeouts.content_timeout;
  if (!streams || whole || client_is_writing(upstream)) return;
  resume_reading(fd, upstream);
}

// Content ends the wait for it, wherever it was read to.
void ShardWatch::note_content(int fd, UpstreamSide& upstream) {
  const WireMessage& message = upstream.answers.message();
  Answer* answer = message.head_done ? ledger_.find_answer(message.answer_mark) : nullptr;
  if (!answer) return;
  auto key = static_cast<uint64_t>(fd);
  while (upstream.content_seen < answer->content.size() &&
         answer->content[upstream.content_seen] <= message.body_bytes) {
    ++upstream.content_seen;
    upstream.content_left = config_.timeouts.content_timeout;
    if (!limits_.content.is_open(key)) continue;
    limits_.content.end(key, now());
    limits_.content.begin(key, now(), upstream.content_left);
  }
}

// Time in which the client is written to is nobody's silence.
void ShardWatch::pause_reading(int fd, UpstreamSide& upstream) {
  auto key = static_cast<uint64_t>(fd);
  limits_.silence.suspend(key);
  upstream.content_left -= std::min(upstream.content_left, limits_.content.lasted(key, now()));
  limits_.content.suspend(key);
}

void ShardWatch::resume_reading(int fd, UpstreamSide& upstream) {
  auto key = static_cast<uint64_t>(fd);
  limits_.silence.begin(key, now(), config_.timeouts.read_timeout);
  bool streams = upstream.log && upstream.log->stream && upstream.answers.message().status < 300 &&
                 upstream.answers.message().content_type == "text/event-stream";
  if (streams) limits_.content.begin(key, now(), upstream.content_left);
}

// What is dead is closed at once, but not while the exchange before is being written down.
void ShardWatch::begin_dead_idle(int fd, const UpstreamSide& upstream) {
  if (client_is_writing(upstream)) return;
  limits_.dead_idle.begin(static_cast<uint64_t>(fd), now(), kDeadIdle);
}

bool ShardWatch::client_is_writing(const UpstreamSide& upstream) {
  auto client = clients_.find(upstream.client_fd);
  return client != clients_.end() && client->second.sending;
}

void ShardWatch::on_upstream_end(int fd, UpstreamSide& upstream) {
  upstream.poisoned = true;
  if (!upstream.active) {
    begin_dead_idle(fd, upstream);
    return;
  }
  if (upstream.exchanges > 1 && upstream.answer_bytes == 0 && upstream.log) {
    upstream.log->last_was_stale = true;
    stale_at_.insert({upstream.endpoint, now()});
  }
  upstream.answers.on_eof();
  if (upstream.answers.message().done) end_exchange_spans(fd, upstream);
}

void ShardWatch::end_exchange_spans(int fd, UpstreamSide& upstream) {
  auto key = static_cast<uint64_t>(fd);
  note_if_at_last(key, upstream);
  limits_.first_byte.end(key, now());
  limits_.whole.end(key, now());
  limits_.silence.end(key, now());
  limits_.content.end(key, now());
  if (upstream.client_fd >= 0)
    limits_.client_gone.end(static_cast<uint64_t>(upstream.client_fd), now());
  upstream.active = false;
  upstream.idle_since = now();
}

// ---- the pool ----

void ShardWatch::begin_idle(int fd, UpstreamSide& upstream) {
  const config::EndpointConfig* config = config_of(upstream.endpoint);
  if (!config) return;
  upstream.idle_since = now();
  limits_.pool_idle.begin(static_cast<uint64_t>(fd), now(), config->idle_timeout);
  judge_idle_count(upstream.endpoint);
}

// What exceeds max_idle leaves within a second.
void ShardWatch::judge_idle_count(size_t endpoint) {
  const config::EndpointConfig* config = config_of(endpoint);
  if (!config) return;
  uint32_t idle = 0;
  std::string which;
  for (const auto& [fd, upstream] : upstreams_) {
    bool counts = upstream.endpoint == endpoint && !upstream.active && upstream.exchanges > 0 &&
                  !client_is_writing(upstream) &&
                  now() - upstream.idle_since > kSurplusIdle + tolerance_;
    idle += counts;
    if (counts) which += " " + std::to_string(fd);
  }
  findings().demand(idle <= config->max_idle, "max_idle",
                    std::to_string(idle) + " idle connections to " + config->name + which);
}

}  // namespace qcc::sim
