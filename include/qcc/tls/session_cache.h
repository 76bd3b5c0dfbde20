// The newest session ticket of each peer, so that the next connection to it resumes: one round of
// public-key work and the certificates' bytes are saved (http rule T4).
//
// Owned by a shard, used by that shard's engines only (no lock). REQUIRES: outlives its engines.
// The key is the caller's name for a peer (an endpoint id). A ticket is offered only to the same
// key, host and TlsContext it came from: what one set of roots has verified never opens a
// connection that another set would refuse.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

struct ssl_session_st;

namespace qcc::tls {

class SessionCache {
 public:
  // At most `sessions_max` tickets (some 2 KiB each); a newcomer pushes out the oldest.
  explicit SessionCache(size_t sessions_max = 256);
  ~SessionCache();
  SessionCache(const SessionCache&) = delete;
  SessionCache& operator=(const SessionCache&) = delete;

  size_t size() const { return entries_.size(); }
  void forget(uint64_t key);

 private:
  friend class TlsEngine;
  friend struct EngineCallbacks;
  struct Free {
    void operator()(ssl_session_st* session) const;
  };
  struct Entry {
    std::unique_ptr<ssl_session_st, Free> session;
    uint64_t scope = 0;      // hash of context and host
    uint64_t stored_at = 0;  // counts stores, not time
  };

  ssl_session_st* find(uint64_t key, uint64_t scope) const;  // null: none
  void store(uint64_t key, uint64_t scope, ssl_session_st* owned);

  size_t sessions_max_;
  uint64_t stores_ = 0;
  std::unordered_map<uint64_t, Entry> entries_;
};

}  // namespace qcc::tls
