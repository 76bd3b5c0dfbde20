#include <qcc/tls/engine.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include <qcc/base/assert.h>
#include <qcc/base/hash.h>
#include <qcc/base/ip.h>

#include "callbacks.h"
#include "context_state.h"

namespace qcc::tls {
namespace {

constexpr size_t kKeptCapacity = 512;  // an emptied queue this small is kept for the next record
constexpr size_t kCapacityMin = 256;

bool is_readable_text(std::span<const char> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) {
    return (c >= ' ' && c <= '~') || c == '\r' || c == '\n' || c == '\t';
  });
}

// Every TLS record that may open a handshake begins with its type and major version 3.
bool is_tls_record_header(std::span<const char> bytes) {
  constexpr char kAlert = 21;
  constexpr char kHandshake = 22;
  return (bytes[0] == kAlert || bytes[0] == kHandshake) && bytes[1] == 3;
}

// Empties BoringSSL's error queue. The first entry of its TLS part tells the cause: an entry before
// it comes from a cipher, one after it says what followed. 0: no entry, the transport ended.
int32_t take_failure_code() {
  int32_t code = 0;
  while (uint32_t entry = ERR_get_error()) {
    if (code > 0) continue;
    code = ERR_GET_LIB(entry) == ERR_LIB_SSL ? kTlsReasonBase + ERR_GET_REASON(entry)
                                             : kLibraryFailure;
  }
  return code;
}

}  // namespace

// ---- outgoing cipher ----------------------------------------------------------------------------

void TlsEngine::CipherQueue::reserve_free(size_t bytes) {
  if (capacity_ - end_ >= bytes) return;
  size_t capacity = std::max({kCapacityMin, size() + bytes, std::min(2 * capacity_, kOutgoingMax)});
  auto grown = std::make_unique_for_overwrite<char[]>(capacity);
  if (!empty()) std::memcpy(grown.get(), bytes_.get() + begin_, size());
  bytes_ = std::move(grown);
  end_ = size();
  begin_ = 0;
  capacity_ = capacity;
}

void TlsEngine::CipherQueue::append(const char* data, size_t bytes) {
  reserve_free(bytes);
  std::memcpy(bytes_.get() + end_, data, bytes);
  end_ += bytes;
}

void TlsEngine::CipherQueue::drop_front(size_t bytes) {
  QCC_ASSERT(bytes <= size());
  begin_ += bytes;
  if (!empty()) return;
  begin_ = end_ = 0;
  if (capacity_ > kKeptCapacity) {
    bytes_.reset();
    capacity_ = 0;
  }
}

// ---- life ---------------------------------------------------------------------------------------

TlsEngine::TlsEngine(const TlsContext& context, const ServerName& peer)
    : context_(context.state_), sessions_(peer.sessions), session_key_(peer.session_key) {
  QCC_ASSERT(context_->client);
  create_ssl();
  SSL_set_connect_state(ssl_);
  name_server(peer.host);
  offer_session();
}

TlsEngine::TlsEngine(const TlsContext& context) : context_(context.state_) {
  QCC_ASSERT(!context_->client);
  create_ssl();
  SSL_set_accept_state(ssl_);
}

TlsEngine::~TlsEngine() { SSL_free(ssl_); }

void TlsEngine::create_ssl() {
  ssl_ = SSL_new(context_->ssl.get());
  BIO* bio = BIO_new(EngineCallbacks::bio_method());
  QCC_ASSERT(ssl_ != nullptr && bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_shed_handshake_config(ssl_, 1);
}

void TlsEngine::name_server(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);  // RFC 6066 §3: SNI has no trailing dot
  host_ = host;
  host_is_address_ = parse_ip(host_).has_value();
  bool usable = !host_.empty() && host_.find('\0') == std::string::npos &&
                (host_is_address_ || SSL_set_tlsext_host_name(ssl_, host_.c_str()) == 1);
  if (!usable) error_ = Error{ErrorKind::tls, ErrorSource::local, kBadPeerName, "tls handshake"};
}

void TlsEngine::offer_session() {
  if (sessions_ == nullptr) return;
  session_scope_ = fnv1a(host_, fnv1a(std::to_string(context_->serial) + '/'));
  if (SSL_SESSION* session = sessions_->find(session_key_, session_scope_))
    SSL_set_session(ssl_, session);
}

// ---- handshake ----------------------------------------------------------------------------------

void TlsEngine::feed_cipher(std::span<const char> received) {
  QCC_ASSERT(input_.empty());
  input_ = received;
  for (char byte : received) {
    if (first_bytes_count_ == first_bytes_.size()) break;
    first_bytes_[first_bytes_count_++] = byte;
  }
}

HandshakeStatus TlsEngine::handshake() {
  if (error_) return HandshakeStatus::failed;
  if (established_) return HandshakeStatus::done;
  int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    established_ = true;
    host_ = std::string();
    return HandshakeStatus::done;
  }
  if (SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ)
    return has_cipher() ? HandshakeStatus::want_write : HandshakeStatus::want_read;
  return handshake_failed();
}

HandshakeStatus TlsEngine::handshake_failed() {
  note_failure("tls handshake");
  input_ = {};
  if (error_->kind != ErrorKind::tls || !context_->client) return HandshakeStatus::failed;
  std::span<const char> first(first_bytes_.data(), first_bytes_count_);
  if (first.size() == first_bytes_.size() && !is_tls_record_header(first))
    error_->code = is_readable_text(first) ? kPlainTextAnswer : kNotTls;
  return HandshakeStatus::failed;
}

void TlsEngine::note_failure(const char* where) {
  ErrorSource source = context_->client ? ErrorSource::upstream : ErrorSource::client;
  int32_t code = take_failure_code();
  if (verify_code_ != X509_V_OK) code = verify_code_;
  error_ = Error{code == 0 ? ErrorKind::eof : ErrorKind::tls, source, code, where};
}

// ---- data ---------------------------------------------------------------------------------------

ReadResult TlsEngine::read_plain(std::span<char> out) {
  if (!established_) {
    if (!error_) error_ = Error{ErrorKind::tls, ErrorSource::local, kNotEstablished, "tls read"};
    return {0, ReadStatus::failed};
  }
  size_t total = 0;
  while (total < out.size()) {
    int bytes_max = static_cast<int>(std::min(out.size() - total, size_t{1} << 30));
    int bytes = SSL_read(ssl_, out.data() + total, bytes_max);
    if (bytes <= 0) return {total, status_after(SSL_get_error(ssl_, bytes))};
    total += static_cast<size_t>(bytes);
    // Saves the call that would only say "want read".
    if (input_.empty() && !eof_ && SSL_pending(ssl_) == 0) return {total, ReadStatus::want_read};
  }
  return {total, ReadStatus::more};
}

ReadStatus TlsEngine::status_after(int ssl_error) {
  if (ssl_error == SSL_ERROR_WANT_READ) return ReadStatus::want_read;
  input_ = {};  // nothing after the end counts
  if (ssl_error == SSL_ERROR_ZERO_RETURN) return ReadStatus::closed;
  if (ssl_error == SSL_ERROR_SYSCALL && eof_) return ReadStatus::truncated;
  if (!error_) note_failure("tls read");
  return ReadStatus::failed;
}

Result<size_t> TlsEngine::write_plain(std::span<const char> plain) {
  ErrorSource source = ErrorSource::local;
  if (!established_) return fail(ErrorKind::tls, source, "tls write", kNotEstablished);
  size_t overhead = SSL_max_seal_overhead(ssl_);
  size_t records = (plain.size() + kRecordPlainMax - 1) / kRecordPlainMax;
  size_t room = kOutgoingMax - std::min(kOutgoingMax, filling_.size());
  filling_.reserve_free(std::min(room, plain.size() + records * overhead));
  size_t written = 0;
  while (written < plain.size()) {
    size_t piece = std::min(plain.size() - written, kRecordPlainMax);
    if (filling_.size() + piece + overhead > kOutgoingMax) break;
    if (SSL_write(ssl_, plain.data() + written, static_cast<int>(piece)) <= 0) {
      if (!error_) note_failure("tls write");
      return std::unexpected(*error_);
    }
    written += piece;
  }
  return written;
}

void TlsEngine::close_notify() {
  if (!established_ || error_) return;
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

std::span<const char> TlsEngine::take_cipher() {
  if (sending_.empty()) std::swap(sending_, filling_);
  return sending_.view();
}

void TlsEngine::consume_cipher(size_t bytes) { sending_.drop_front(bytes); }

// ---- facts --------------------------------------------------------------------------------------

bool TlsEngine::peer_closed() const {
  return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0;
}

Error TlsEngine::last_error() const {
  QCC_ASSERT(error_.has_value());
  return *error_;
}

std::string_view TlsEngine::alpn() const {
  const uint8_t* name = nullptr;
  unsigned bytes = 0;
  SSL_get0_alpn_selected(ssl_, &name, &bytes);
  return {reinterpret_cast<const char*>(name), bytes};
}

const char* TlsEngine::version() const { return SSL_get_version(ssl_); }
bool TlsEngine::resumed() const { return SSL_session_reused(ssl_) == 1; }

}  // namespace qcc::tls
