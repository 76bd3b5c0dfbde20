// One TLS connection as bytes in, bytes out: no socket, no clock, no thread of its own.
//
// Owned by its stream, used by one thread, never moved (BoringSSL points back at it). The stream
// receives into feed_cipher() and sends what take_cipher() shows:
//
//   engine.feed_cipher(received);                    // no copy: must outlive input_left() > 0
//   switch (engine.handshake()) {
//     case HandshakeStatus::want_write:              // send all of take_cipher(), then want_read
//     case HandshakeStatus::want_read:               // receive, feed_cipher(), call again
//     case HandshakeStatus::done:                    // may leave cipher to send, and input
//     case HandshakeStatus::failed:                  // last_error(); an alert may wait to be sent
//   }
//   engine.feed_cipher(received);
//   do {
//     result = engine.read_plain(buffer);            // use result.bytes, whatever the status
//   } while (result.status == ReadStatus::more);
//
// Client: SNI and ALPN http/1.1 are sent; the chain, the validity, the purpose and the name (RFC
// 9525: SAN only, wildcard only as the whole leftmost label) are verified before `done`, and
// write_plain() refuses until then: not one byte of a request reaches an unproven server. No early
// data, no renegotiation, no false start.
//
// Memory: only `done` and `more` leave a reference to the caller's input (input_left() > 0). After
// want_read the engine holds at most one incomplete record (≤ kRecordMax bytes); an idle engine
// holds no buffer. Outgoing cipher is bounded by 2 × kOutgoingMax plus a handshake flight. A
// handshake message above 100 KB is refused.
// Errors: ErrorKind::tls with a code of <qcc/tls/errors.h>; ErrorKind::eof when the peer closed
// inside the handshake. The source is upstream for a client's engine, client for a server's.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <qcc/base/error.h>
#include <qcc/tls/context.h>
#include <qcc/tls/errors.h>
#include <qcc/tls/session_cache.h>

struct ssl_st;

namespace qcc::tls {

inline constexpr size_t kRecordPlainMax = 16384;       // RFC 8446 §5.1
inline constexpr size_t kRecordMax = 5 + 16384 + 320;  // what BoringSSL accepts on the wire
inline constexpr size_t kOutgoingMax = 66 * 1024;      // four full records

enum class HandshakeStatus : uint8_t { want_read, want_write, done, failed };

enum class ReadStatus : uint8_t {
  more,       // the buffer is full: call again
  want_read,  // all input is used up: receive and feed
  closed,     // close_notify: the peer said that this was everything
  truncated,  // the transport ended without close_notify: something may be missing (http rule T3)
  failed,     // last_error()
};

struct ReadResult {
  size_t bytes = 0;  // valid with every status
  ReadStatus status = ReadStatus::want_read;
};

struct ServerName {
  std::string_view host;     // DNS name (a trailing dot is dropped) or IP literal, no brackets
  uint64_t session_key = 0;  // names the peer in `sessions`
  SessionCache* sessions = nullptr;  // null: no resumption; outlives the engine
};

class TlsEngine {
 public:
  // A client's engine. REQUIRES: context.is_client(). A host that cannot be a server name shows
  // as a failed handshake.
  TlsEngine(const TlsContext& context, const ServerName& peer);
  // A server's engine. REQUIRES: !context.is_client().
  explicit TlsEngine(const TlsContext& context);
  ~TlsEngine();
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  // REQUIRES: input_left() == 0. `received` stays readable until input_left() is 0 again.
  void feed_cipher(std::span<const char> received);
  // The transport has ended: nothing will be fed any more.
  void feed_eof() { eof_ = true; }
  size_t input_left() const { return input_.size(); }

  HandshakeStatus handshake();
  bool established() const { return established_; }

  ReadResult read_plain(std::span<char> out);

  // Encrypts from the front of `plain` while there is room for outgoing cipher. Returns the bytes
  // taken: fewer than given (perhaps 0) means send take_cipher() and call again. One call makes
  // one record per 16 KiB, so give header and body together.
  Result<size_t> write_plain(std::span<const char> plain);
  // Queues close_notify (once): nothing can be written afterwards.
  void close_notify();

  // What waits to be sent. The view is stable until consume_cipher() has been told of all its
  // bytes, whatever is read or written meanwhile: a send in flight may point into it.
  std::span<const char> take_cipher();
  void consume_cipher(size_t bytes);
  bool has_cipher() const { return !sending_.empty() || !filling_.empty(); }

  bool peer_closed() const;  // close_notify received
  // REQUIRES: handshake() or an operation has failed.
  Error last_error() const;

  // Facts of an established connection; static or engine-owned text.
  std::string_view alpn() const;  // empty: the peer chose none
  const char* version() const;    // "TLSv1.3"
  bool resumed() const;

 private:
  friend struct EngineCallbacks;  // BoringSSL's way in
  class CipherQueue {
   public:
    bool empty() const { return begin_ == end_; }
    size_t size() const { return end_ - begin_; }
    std::span<const char> view() const { return {bytes_.get() + begin_, size()}; }
    void reserve_free(size_t bytes);
    void append(const char* data, size_t bytes);
    void drop_front(size_t bytes);

   private:
    std::unique_ptr<char[]> bytes_;
    size_t capacity_ = 0;
    size_t begin_ = 0;
    size_t end_ = 0;
  };

  void create_ssl();
  void name_server(std::string_view host);
  void offer_session();
  HandshakeStatus handshake_failed();
  void note_failure(const char* where);
  ReadStatus status_after(int ssl_error);

  std::shared_ptr<const TlsContext::State> context_;
  ssl_st* ssl_ = nullptr;
  std::span<const char> input_;
  CipherQueue filling_;
  CipherQueue sending_;
  std::string host_;  // until the handshake is done
  SessionCache* sessions_ = nullptr;
  uint64_t session_key_ = 0;
  uint64_t session_scope_ = 0;
  std::optional<Error> error_;
  int32_t verify_code_ = 0;  // X509_V_ERR_* of a refused chain
  std::array<char, 5> first_bytes_{};
  uint8_t first_bytes_count_ = 0;
  bool host_is_address_ = false;
  bool eof_ = false;
  bool established_ = false;
};

}  // namespace qcc::tls
