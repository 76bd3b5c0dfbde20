#include <qcc/tls/session_cache.h>

#include <openssl/ssl.h>

#include <algorithm>

#include <qcc/base/assert.h>

namespace qcc::tls {

void SessionCache::Free::operator()(ssl_session_st* session) const { SSL_SESSION_free(session); }

SessionCache::SessionCache(size_t sessions_max) : sessions_max_(sessions_max) {
  QCC_ASSERT(sessions_max > 0);
}
SessionCache::~SessionCache() = default;

void SessionCache::forget(uint64_t key) { entries_.erase(key); }

ssl_session_st* SessionCache::find(uint64_t key, uint64_t scope) const {
  auto found = entries_.find(key);
  return found != entries_.end() && found->second.scope == scope ? found->second.session.get()
                                                                 : nullptr;
}

void SessionCache::store(uint64_t key, uint64_t scope, ssl_session_st* owned) {
  if (entries_.size() >= sessions_max_ && !entries_.contains(key)) {
    auto oldest = std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.stored_at < b.second.stored_at; });
    entries_.erase(oldest);
  }
  Entry& entry = entries_[key];
  entry.session.reset(owned);
  entry.scope = scope;
  entry.stored_at = ++stores_;
}

}  // namespace qcc::tls
