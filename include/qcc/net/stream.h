// A connection as a stream of bytes, plain or TLS, with bounded memory: at most `kWindowBytes` wait
// unread, in at most two buffers of the Io, the rest copied into blocks. Beyond that the peer
// waits.
//
// Owner: whoever made it; `close()` is awaited before it is destroyed. Thread: its loop's.
// A receive stays armed while the window has room, so that the end of the peer is seen even when
// nobody reads: `observer` is told. While the window is full, an observer is still told of the end.
#pragma once
#include <array>
#include <coroutine>
#include <memory>
#include <optional>
#include <span>

#include <qcc/base/error.h>
#include <qcc/net/buffers.h>
#include <qcc/rt/ops.h>

namespace qcc::tls {
class TlsEngine;
enum class HandshakeStatus : uint8_t;
enum class ReadStatus : uint8_t;
}  // namespace qcc::tls

namespace qcc::net {

inline constexpr size_t kWindowBytes = 32 * 1024;     // unless the context says otherwise
inline constexpr size_t kWindowBytesMax = 48 * 1024;  // what the queue of chunks can hold

struct NetStats {
  uint64_t buffers_starved = 0;   // receives that found no free buffer
  uint64_t bytes_copied_out = 0;  // bytes moved from a buffer of the Io to a block
};

// What the streams of one thread share.
struct NetContext {
  rt::Loop& loop;
  BlockPool& blocks;
  size_t window_bytes = kWindowBytes;  // received and unread, of each stream
  NetStats stats{};
};

class Stream;

// How far the peer's end is known.
enum class PeerEnd : uint8_t { none, orderly, broken };

// Told, when nobody reads, that bytes came or the peer ended. Must not destroy the stream.
class StreamObserver {
 public:
  virtual void on_unread(Stream& stream) = 0;

 protected:
  ~StreamObserver() = default;
};

class Stream final : private rt::Completion {
 public:
  // Takes the connected descriptor over and arms the first receive. `source` names the peer in
  // errors.
  Stream(NetContext& context, int fd, ErrorSource source);
  ~Stream();

  // Upgrades to TLS. REQUIRES: nothing was read or written yet.
  rt::Task<Result<Unit>> start_tls(std::unique_ptr<tls::TlsEngine> engine, rt::Scope& scope);

  // The next bytes. An empty chunk is the peer's orderly end.
  //   Result<Chunk> chunk = co_await stream.read(scope);
  class Read;
  Read read(rt::Scope& scope);

  // The next bytes of those that wait already. REQUIRES: has_unread().
  Chunk take_unread() { return pop(); }

  // Puts back what the reader did not want; it is the next thing read. REQUIRES: `chunk` is what
  // the last read gave, or its tail.
  void unread(Chunk chunk);

  // Reads straight into `to` (at least 1 byte), without a buffer of the Io between. 0 = orderly
  // end.
  rt::Task<Result<size_t>> read_into(std::span<char> to, rt::Scope& scope);

  // Arms the receive again after `read_into`, or the watch for an observer set just now, so that
  // the peer's end is seen.
  void resume_reading() {
    direct_ = false;
    arm();
  }

  // Returns when every byte is with the kernel. One writer at a time; `bytes` outlives the call.
  rt::Task<Result<Unit>> write(std::span<const char> bytes, rt::Scope& scope);

  // Ends our direction (TLS: close_notify, then FIN).
  rt::Task<Result<Unit>> finish_writing(rt::Scope& scope);

  // Cancels what is in flight, waits for it to come home and closes. Not cancellable itself.
  rt::Task<Unit> close();
  void reset_on_close() { context_.loop.io().reset_on_close(fd_); }

  void set_observer(StreamObserver* observer) { observer_ = observer; }
  bool has_unread() const { return count_ > 0; }
  // The same, also while no buffer was free to receive into.
  bool may_hold_unread() const {
    return has_unread() || (rearm_.armed() && context_.loop.io().has_unread(fd_));
  }
  // The peer ended or the connection broke, whether or not all bytes before it were read.
  bool ended() const { return ended_; }
  // The same, known even while bytes before the end have no room in the window.
  PeerEnd peer_end() const {
    bool broken = failure_ || end_ahead_ == PeerEnd::broken;
    if (broken) return PeerEnd::broken;
    return ended_ ? PeerEnd::orderly : end_ahead_;
  }
  // Tells the observer also when the connection breaks behind the peer's orderly end.
  void watch_for_break() { watch_end(); }
  // Why, when it was no orderly end.
  const std::optional<Error>& failure() const { return failure_; }
  bool is_open() const { return fd_ >= 0; }
  int descriptor() const { return fd_; }
  bool is_tls() const { return engine_ != nullptr; }
  uint64_t bytes_received() const { return bytes_received_; }
  uint64_t bytes_sent() const { return bytes_sent_; }

  class Read final : public rt::Waiter {
   public:
    Read(Stream& stream, rt::Scope& scope) : stream_(stream), scope_(scope) {}
    bool await_ready() const { return stream_.readable() || scope_.cancelled(); }
    void await_suspend(std::coroutine_handle<> waiter);
    Result<Chunk> await_resume();

   private:
    friend class Stream;
    void on_cancel() override;
    Stream& stream_;
    rt::Scope& scope_;
    std::coroutine_handle<> waiter_;
  };

 private:
  struct Rearm : rt::Timer {
    explicit Rearm(Stream& s) : rt::Timer(&fire_rearm), stream(s) {}
    static void fire_rearm(rt::Timer& timer) { static_cast<Rearm&>(timer).stream.arm(); }
    Stream& stream;
  };

  struct EndWatch : rt::Completion {
    explicit EndWatch(Stream& s) : rt::Completion(&end_seen), stream(s) {}
    Stream& stream;
  };

  static void arrived(rt::Completion& completion, const rt::Arrival& arrival);
  void on_arrival(const rt::Arrival& arrival);
  void absorb(Lease lease, size_t size);
  void absorb_cipher(std::string_view cipher);
  void advance_tls();
  tls::ReadStatus decrypt();
  void on_transport_end();
  void enqueue(Lease lease, size_t size);
  void append_copy(std::string_view bytes);
  Chunk& tail() { return queue_[(head_ + count_ - 1) % kQueueMax]; }
  std::span<char> tail_room();
  void grow_tail(size_t n);
  void drop_tail();
  void arm();
  void watch_end();
  static void end_seen(rt::Completion& completion, const rt::Arrival& arrival);
  void end(std::optional<Error> failure);
  void notify();
  bool readable() const { return count_ > 0 || ended_; }
  Chunk pop();
  Read next_chunk(rt::Scope& scope);
  rt::Task<Unit> quiesce(rt::Completion& operation);
  rt::Task<Result<Unit>> flush_cipher(rt::Scope& scope);
  Error error_here(rt::Scope& scope, int result, const char* where) const;

  static constexpr size_t kQueueMax = 8;  // two leases and the blocks a window can fill

  NetContext& context_;
  int fd_;
  ErrorSource source_;
  bool direct_ = false;  // `read_into` has the receive side
  bool ended_ = false;
  PeerEnd end_ahead_ = PeerEnd::none;  // what the watch saw, which the receive may come to later
  uint8_t head_ = 0;
  uint8_t count_ = 0;
  uint8_t leases_ = 0;
  size_t queued_bytes_ = 0;
  std::array<Chunk, kQueueMax> queue_;
  std::optional<Error> failure_;
  Read* reader_ = nullptr;
  StreamObserver* observer_ = nullptr;
  std::unique_ptr<tls::TlsEngine> engine_;
  tls::HandshakeStatus handshake_{};
  rt::Event changed_;  // for handshakes and for the wait in `quiesce`
  Rearm rearm_;
  EndWatch end_watch_;
  uint64_t bytes_received_ = 0;
  uint64_t bytes_sent_ = 0;
};

inline Stream::Read Stream::read(rt::Scope& scope) {
  direct_ = false;
  return {*this, scope};
}
inline Stream::Read Stream::next_chunk(rt::Scope& scope) { return {*this, scope}; }

}  // namespace qcc::net
