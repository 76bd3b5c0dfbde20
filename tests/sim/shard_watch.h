// Watches one shard through its Io and judges what it does: every limit of the configuration, who
// is asked for a request and how often, and that connections are used as HTTP allows.
//
// Owner: the world; outlives the shard's WatchedIo.
#pragma once
#include <map>
#include <set>
#include <string>

#include "limit_checkers.h"
#include "proxy_plan.h"
#include "refused_keys.h"
#include "watched_io.h"
#include "wire_reader.h"

namespace qcc::sim {

// One SpanLimit for every time limit of the configuration, and for what the specification promises.
struct TimeLimits {
  TimeLimits(Findings& findings, Duration tolerance);
  SpanLimit head, body_idle, body, total, keepalive, send_stall, linger;
  SpanLimit connect, first_byte, whole, silence, content, pool_idle, client_gone, dead_idle;
  template <class Fn>
  void each(Fn&& fn) {
    for (SpanLimit* limit :
         {&head, &body_idle, &body, &total, &keepalive, &send_stall, &linger, &connect, &first_byte,
          &whole, &silence, &content, &pool_idle, &client_gone, &dead_idle})
      fn(*limit);
  }
};

// How far past a limit the simulated machine may take the proxy.
Duration tolerance_of(const Weather& weather);

class ShardWatch final : public IoObserver {
 public:
  ShardWatch(uint16_t shard, SimNet& net, const ProxyPlan& plan, Ledger& ledger, RefusedKeys& keys);

  void on_accepted(int fd) override;
  void on_connect(int fd, const sockaddr* address, socklen_t size) override;
  void on_connected(int fd, int result) override;
  void on_received(int fd, std::string_view bytes) override;
  void on_receive_end(int fd, int result) override;
  void on_end_seen(int fd, int events) override;
  void on_send(int fd, std::string_view bytes) override;
  void on_sent(int fd, int result) override;
  void on_shutdown(int fd) override;
  void on_closing(int fd) override;
  void on_leased(int fd) override;
  void on_returned(int fd) override;
  void on_rest() override;

  // A peer's end has come to a socket of the shard, read or not.
  void on_peer_end(int fd, bool broken);
  // The shard asks for the addresses of an endpoint: it has chosen it, unless it replaces a stale
  // connection. `again`: perhaps only because the last answer was not there yet.
  void on_lookup(size_t endpoint, bool again);
  // Called at every rest of the shard's loop.
  std::function<uint64_t()> sessions_live, body_bytes;
  // From now on requests in hand may end without their answers.
  void note_stop();
  void finish();
  // Requests that were answered or asked for; each must end once.
  uint64_t requests_served() const { return requests_served_; }

 private:
  struct ClientSide {
    WireReader requests{Direction::requests, false};
    WireReader answers{Direction::answers, false};
    std::string waiting;  // received behind the present request
    RequestLog* log = nullptr;
    bool in_service = false;  // the request is whole, its answer is not
    bool sending = false;
    bool late = false;     // some of the request came when its time was over
    bool counted = false;  // among the requests served
    bool gone = false;     // its end is at the socket: nobody wants what it asked for
    bool over = false;     // nothing more is read as a request
    int upstream_fd = -1;  // of its last exchange
  };
  struct UpstreamSide {
    size_t endpoint = 0;
    WireReader requests{Direction::requests, false};
    WireReader answers{Direction::answers, false};
    RequestLog* log = nullptr;
    int client_fd = -1;
    int exchanges = 0;
    bool connected = false;
    bool active = false;  // an exchange is under way
    bool sent_whole = false;
    bool poisoned = false;  // ended, or holds bytes of no answer
    size_t answer_bytes = 0;
    size_t content_seen = 0;
    Duration content_left{0};  // of reading, until content must have come
    Instant idle_since;
  };

  // Client side.
  void take_request_bytes(int fd, ClientSide& client, std::string_view bytes);
  void on_request_head(int fd, ClientSide& client);
  void on_request_whole(int fd, ClientSide& client);
  void begin_request(int fd, ClientSide& client);
  void take_answer_bytes(int fd, ClientSide& client, std::string_view bytes);
  void on_answer_whole(int fd, ClientSide& client);
  void judge_patience(int fd, const ClientSide& client, std::string_view bytes);
  void on_client_end(int fd, ClientSide& client, bool broken);
  void begin_client_gone(int fd, const ClientSide& client);
  void end_client_spans(int fd);
  void count_served(ClientSide& client);

  // Upstream side.
  void begin_exchange(int fd, UpstreamSide& upstream);
  void count_attempt(UpstreamSide& upstream);
  void judge_same_endpoint(const UpstreamSide& upstream);
  void on_request_sent(int fd, UpstreamSide& upstream);
  void on_upstream_bytes(int fd, UpstreamSide& upstream, std::string_view bytes);
  void note_if_at_last(uint64_t key, const UpstreamSide& upstream);
  void on_answer_head(int fd, UpstreamSide& upstream);
  void note_content(int fd, UpstreamSide& upstream);
  void pause_reading(int fd, UpstreamSide& upstream);
  void resume_reading(int fd, UpstreamSide& upstream);
  void begin_idle(int fd, UpstreamSide& upstream);
  void on_upstream_end(int fd, UpstreamSide& upstream);
  void end_exchange_spans(int fd, UpstreamSide& upstream);
  void judge_idle_count(size_t endpoint);
  void begin_dead_idle(int fd, const UpstreamSide& upstream);
  bool client_is_writing(const UpstreamSide& upstream);

  const config::EndpointConfig* config_of(size_t endpoint) const;
  Instant now() const { return net_.now(); }
  Findings& findings() { return ledger_.findings; }

  uint16_t shard_;
  SimNet& net_;
  const ProxyPlan& plan_;
  Ledger& ledger_;
  RefusedKeys& keys_;
  const config::Config& config_;
  Duration tolerance_;
  TimeLimits limits_;
  CountLimit leases_, connections_, bodies_;
  std::map<int, ClientSide> clients_;
  std::map<int, UpstreamSide> upstreams_;
  std::map<int, uint64_t> leased_;
  std::map<uint64_t, int> client_of_;  // descriptor by request number
  // By endpoint: when a kept connection turned out dead.
  std::multiset<std::pair<size_t, Instant>> stale_at_;
  Instant connect_given_up_at_;
  std::map<size_t, Instant> asked_at_;  // by endpoint: when it was last connected to
  uint64_t requests_served_ = 0;
  bool stopped_ = false;
};

}  // namespace qcc::sim
