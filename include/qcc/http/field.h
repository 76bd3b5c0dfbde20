// Header fields as views into the buffer they were parsed from. A name is looked up once, while it
// is parsed; afterwards everyone asks by id.
//
// The views live as long as the caller's buffer. A FieldList holds its entries in place: no heap.
// Any thread, one at a time. RFC 9110 §5.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

namespace qcc::http {

// Every name the proxy asks for, drops or replaces. At most 32 bytes each, lower case.
#define QCC_HTTP_KNOWN_FIELDS(X)                            \
  X(accept, "accept")                                       \
  X(accept_encoding, "accept-encoding")                     \
  X(alt_svc, "alt-svc")                                     \
  X(anthropic_beta, "anthropic-beta")                       \
  X(anthropic_organization_id, "anthropic-organization-id") \
  X(anthropic_version, "anthropic-version")                 \
  X(authorization, "authorization")                         \
  X(connection, "connection")                               \
  X(content_encoding, "content-encoding")                   \
  X(content_length, "content-length")                       \
  X(content_type, "content-type")                           \
  X(cookie, "cookie")                                       \
  X(date, "date")                                           \
  X(expect, "expect")                                       \
  X(forwarded, "forwarded")                                 \
  X(host, "host")                                           \
  X(http2_settings, "http2-settings")                       \
  X(idempotency_key, "idempotency-key")                     \
  X(keep_alive, "keep-alive")                               \
  X(location, "location")                                   \
  X(max_forwards, "max-forwards")                           \
  X(openai_organization, "openai-organization")             \
  X(openai_project, "openai-project")                       \
  X(origin, "origin")                                       \
  X(proxy_authenticate, "proxy-authenticate")               \
  X(proxy_authentication_info, "proxy-authentication-info") \
  X(proxy_authorization, "proxy-authorization")             \
  X(proxy_connection, "proxy-connection")                   \
  X(referer, "referer")                                     \
  X(request_id, "request-id")                               \
  X(retry_after, "retry-after")                             \
  X(retry_after_ms, "retry-after-ms")                       \
  X(server, "server")                                       \
  X(session_id, "session-id")                               \
  X(set_cookie, "set-cookie")                               \
  X(te, "te")                                               \
  X(trailer, "trailer")                                     \
  X(transfer_encoding, "transfer-encoding")                 \
  X(upgrade, "upgrade")                                     \
  X(user_agent, "user-agent")                               \
  X(via, "via")                                             \
  X(www_authenticate, "www-authenticate")                   \
  X(x_api_key, "x-api-key")                                 \
  X(x_app, "x-app")                                         \
  X(x_claude_code_agent_id, "x-claude-code-agent-id")       \
  X(x_claude_code_session_id, "x-claude-code-session-id")   \
  X(x_forwarded_for, "x-forwarded-for")                     \
  X(x_forwarded_host, "x-forwarded-host")                   \
  X(x_forwarded_port, "x-forwarded-port")                   \
  X(x_forwarded_proto, "x-forwarded-proto")                 \
  X(x_powered_by, "x-powered-by")                           \
  X(x_qcc_attempts, "x-qcc-attempts")                       \
  X(x_qcc_hop, "x-qcc-hop")                                 \
  X(x_real_ip, "x-real-ip")                                 \
  X(x_request_id, "x-request-id")                           \
  X(x_should_retry, "x-should-retry")                       \
  X(x_stainless_retry_count, "x-stainless-retry-count")     \
  X(x_stainless_timeout, "x-stainless-timeout")

enum class KnownField : uint8_t {
  other,
  lookalike,  // "Content_Length" and its kind: some servers read it as the name with '-'
#define QCC_HTTP_ENUMERATOR(id, text) id,
  QCC_HTTP_KNOWN_FIELDS(QCC_HTTP_ENUMERATOR)
#undef QCC_HTTP_ENUMERATOR
};

#define QCC_HTTP_COUNT(id, text) +1
inline constexpr size_t kKnownFieldCount = 2 QCC_HTTP_KNOWN_FIELDS(QCC_HTTP_COUNT);
#undef QCC_HTTP_COUNT
static_assert(kKnownFieldCount <= 64, "KnownFieldSet is one word");

class KnownFieldSet {
 public:
  constexpr KnownFieldSet() = default;
  constexpr KnownFieldSet(std::initializer_list<KnownField> ids) {
    for (KnownField id : ids) add(id);
  }
  constexpr bool contains(KnownField id) const { return (bits_ & bit(id)) != 0; }
  constexpr bool intersects(KnownFieldSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr void add(KnownField id) { bits_ |= bit(id); }
  constexpr void clear() { bits_ = 0; }
  friend constexpr KnownFieldSet operator|(KnownFieldSet a, KnownFieldSet b) {
    a.bits_ |= b.bits_;
    return a;
  }

 private:
  static constexpr uint64_t bit(KnownField id) { return uint64_t{1} << static_cast<unsigned>(id); }
  uint64_t bits_ = 0;
};

// `other` when the name is not in the list; case is ignored. Any bytes may be asked for.
KnownField known_field(std::string_view name);
// The lower-case name; empty for `other` and `lookalike`.
std::string_view name_of(KnownField id);
// token of RFC 9110 §5.6.2.
bool is_token(std::string_view text);

struct Field {
  std::string_view name;
  std::string_view value;  // without the white space around it
  KnownField id = KnownField::other;
};

class FieldList {
 public:
  static constexpr size_t kCapacity = 128;

  FieldList() {}
  FieldList(const FieldList&) = delete;
  FieldList& operator=(const FieldList&) = delete;

  const Field* begin() const { return slots_.fields; }
  const Field* end() const { return slots_.fields + size_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // REQUIRES: index < size().
  const Field& operator[](size_t index) const { return slots_.fields[index]; }

  KnownFieldSet seen() const { return seen_; }
  bool has(KnownField id) const { return seen_.contains(id); }
  // The first field of that id, null if there is none.
  const Field* find(KnownField id) const {
    return has(id) ? &slots_.fields[first_[static_cast<size_t>(id)]] : nullptr;
  }
  // Its value, empty if there is none.
  std::string_view value_of(KnownField id) const {
    const Field* field = find(id);
    return field ? field->value : std::string_view{};
  }
  // For names outside the list of known ones: linear, case is ignored.
  const Field* find(std::string_view name) const;

  // REQUIRES: size() < kCapacity.
  void add(const Field& field) {
    if (!seen_.contains(field.id)) first_[static_cast<size_t>(field.id)] = size_;
    seen_.add(field.id);
    std::construct_at(&slots_.fields[size_++], field);
  }
  void clear() {
    size_ = 0;
    seen_.clear();
  }

 private:
  // A union keeps 5 kB of slots from being zeroed before every head.
  union Slots {
    Slots() {}
    Field fields[kCapacity];
  };
  uint8_t size_ = 0;
  KnownFieldSet seen_;
  uint8_t first_[kKnownFieldCount];  // read only where `seen_` says so
  Slots slots_;
};

}  // namespace qcc::http
