// Connections to endpoints: making them (names, addresses, TCP, TLS) and keeping them (spec R7).
// One set per shard; nothing here is shared between threads.
#pragma once
#include <expected>
#include <memory>
#include <vector>

#include <qcc/config/config.h>
#include <qcc/endpoint/health_table.h>
#include <qcc/net/resolver.h>
#include <qcc/net/stream.h>
#include <qcc/tls/context.h>
#include <qcc/tls/session_cache.h>

namespace qcc::upstream {

// Where the addresses of a name come from: the resolver, or a simulated one. Never blocks.
class AddressSource {
 public:
  virtual net::ResolvedHost lookup(std::string_view host, uint16_t port) = 0;

 protected:
  ~AddressSource() = default;
};

// TLS contexts by slot, made on the control thread when a configuration is taken over; hangs off
// the snapshot beside it.
struct TlsDirectory final : endpoint::Attachment {
  struct Entry {
    std::string endpoint_id;
    tls::TlsContext context;
  };
  std::vector<Entry> entries;
  const tls::TlsContext* find(std::string_view endpoint_id) const;
};

// Reads certificate files. The error names the endpoint and the file.
std::expected<std::shared_ptr<const TlsDirectory>, std::string> make_tls_directory(
    const config::Config& config);

struct ConnectTimes {
  Duration connect{0};  // names and TCP
  Duration tls{0};
  endpoint::Stage stage = endpoint::Stage::resolve;  // how far it came
};

class Pool;

class Connection final : private net::StreamObserver {
 public:
  Connection(net::NetContext& net, int fd, endpoint::EndpointRef endpoint);

  net::Stream stream;
  const endpoint::EndpointRef endpoint;
  uint32_t uses = 0;  // exchanges begun on it

 private:
  friend class Pool;
  struct IdleLimit : rt::Timer {
    explicit IdleLimit(Connection& c) : rt::Timer(&expire), connection(c) {}
    static void expire(rt::Timer& timer);
    Connection& connection;
  };
  void on_unread(net::Stream&) override;

  Pool* pool_ = nullptr;  // while idle
  IdleLimit idle_limit_;
};

struct UpstreamContext {
  net::NetContext& net;
  AddressSource& addresses;
  tls::SessionCache sessions{};
};

rt::Task<Result<std::unique_ptr<Connection>>> connect_endpoint(
    UpstreamContext& context, const config::EndpointConfig& endpoint, endpoint::EndpointRef ref,
    const tls::TlsContext* tls, ConnectTimes& times, rt::Scope& scope);

struct PoolStats {
  uint64_t idle = 0;
  uint64_t dropped_at_eof = 0;  // the server closed an idle connection
};

// Idle connections by slot, newest first. What exceeds `max_idle` leaves after a second without
// use, so that a steady load keeps what it needs.
class Pool {
 public:
  explicit Pool(rt::Loop& loop)
      : loop_(loop), idle_(endpoint::kSlotsMax), poisoned_(endpoint::kSlotsMax) {}
  ~Pool();

  // Null when there is none.
  std::unique_ptr<Connection> borrow(endpoint::EndpointRef endpoint);
  // REQUIRES: the last exchange was read to its end and both sides keep the connection alive.
  void give_back(std::unique_ptr<Connection> connection, const config::EndpointConfig& endpoint);
  // Closes in the background; the loop ends only when it is done.
  void discard(std::unique_ptr<Connection> connection);
  // Drops idle connections of endpoints that are no more, or of an older generation.
  void drop_stale(const endpoint::Snapshot& snapshot);
  void drop_all();
  const PoolStats& stats() const { return stats_; }
  uint64_t idle_of(uint16_t slot) const { return idle_[slot].size(); }
  // Connections dropped because bytes came that nobody had asked for.
  uint64_t poisoned_of(uint16_t slot) const { return poisoned_[slot].count; }
  // Another endpoint has the slot from this generation on; earlier ones count no more.
  void hand_over(endpoint::EndpointRef endpoint) {
    poisoned_[endpoint.slot] = {0, endpoint.generation};
  }

 private:
  friend class Connection;
  struct Poisoned {
    uint64_t count = 0;
    uint32_t since_generation = 0;
  };
  void drop(Connection& connection);
  void count_poisoned(endpoint::EndpointRef endpoint);

  rt::Loop& loop_;
  std::vector<std::vector<std::unique_ptr<Connection>>> idle_;
  std::vector<Poisoned> poisoned_;
  PoolStats stats_;
};

}  // namespace qcc::upstream
