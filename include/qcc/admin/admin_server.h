// The admin API: is it alive, can it serve, what are its endpoints and numbers.
//
//   GET /livez      200 while the process runs
//   GET /readyz     200 when it can serve; 503 with the reason while it drains or nothing is
//   eligible GET /health     {"status":"ok|degraded|down","endpoints":[…]}; 503 when down GET
//   /metrics    Prometheus text GET /version    what runs, since when, with which configuration
//
// Owner: the daemon. Thread: the control thread's loop, never a shard's. Every call must carry the
// token when one is configured. On loopback addresses only loopback's own names are accepted in
// Host, and no foreign web page may call (spec R14).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <qcc/config/secret.h>
#include <qcc/metrics/prometheus.h>
#include <qcc/net/stream.h>

namespace qcc::admin {

struct EndpointFacts {
  std::string name;
  std::string id;
  std::string cluster;
  metrics::EndpointState state = metrics::EndpointState::unknown;
  bool eligible = false;                  // a request could be sent to it now
  std::string reason = {};                // one word why it is not well; empty when it is
  std::optional<Duration> in_state = {};  // how long it has been so
  std::optional<Duration> back_in = {};   // when it is expected back
};

struct DaemonFacts {
  std::string_view version;
  Duration uptime{0};
  uint64_t config_generation = 0;
};

// What the admin API shows; the daemon knows it.
class AdminFacts {
 public:
  // Why no traffic should come here, whatever the endpoints are like: "starting", "draining".
  // Empty when there is nothing.
  virtual std::string_view not_ready_reason() = 0;
  virtual std::vector<EndpointFacts> endpoints() = 0;
  virtual void append_metrics(std::string& out) = 0;
  virtual DaemonFacts daemon() = 0;

 protected:
  ~AdminFacts() = default;
};

// May change between requests, at a reload.
struct AdminOptions {
  config::Secret token;                      // empty: none is asked for
  std::vector<std::string> allowed_hosts;    // beside loopback's own names
  std::vector<std::string> allowed_origins;  // web origins that may call
};

// REQUIRES: outlives the servers.
struct AdminContext {
  net::NetContext& net;
  AdminFacts& facts;
  rt::Scope& scope;  // cancelled: connections are closed and the servers end
  AdminOptions options = {};
};

inline constexpr uint32_t kAdminConnectionsMax = 64;  // of one server; more are closed at once

// Serves one listening descriptor, which it takes over, until `context.scope` is cancelled.
rt::Task<Unit> serve_admin(AdminContext& context, int listener);

}  // namespace qcc::admin
