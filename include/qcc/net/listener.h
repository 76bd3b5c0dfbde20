// A listening socket on a loop: hands every accepted descriptor to a callback, and survives a full
// descriptor table without spinning.
//
// Owner: its shard or server; `close()` is awaited before it is destroyed. Thread: its loop's.
// Errors: none reach the owner. One connection that broke before it was accepted is passed over;
// anything else (no descriptors, no memory, what the kernel may think of next) pauses accepting for
// 100 ms, meanwhile new connections wait in the kernel's backlog.
#pragma once
#include <functional>

#include <qcc/rt/ops.h>

namespace qcc::net {

class Listener final : private rt::Completion {
 public:
  // Called with each new connection; the callee owns the descriptor and must not destroy the
  // Listener.
  using OnAccept = std::function<void(int fd)>;

  // Takes the listening descriptor over and begins to accept.
  Listener(rt::Loop& loop, int fd, OnAccept on_accept);
  ~Listener();

  // Stops accepting and closes the descriptor once the accept has come home. What waits in the
  // backlog is still handed over: a client that was let in is not reset. Not cancellable.
  rt::Task<Unit> close();

  // Times that accepting had to pause.
  uint64_t pauses() const { return pauses_; }
  // Why it paused last, as -errno; 0 if it never did.
  int last_failure() const { return last_failure_; }

 private:
  struct Resume : rt::Timer {
    explicit Resume(Listener& l) : rt::Timer(&fire_resume), listener(l) {}
    static void fire_resume(rt::Timer& timer) { static_cast<Resume&>(timer).listener.arm(); }
    Listener& listener;
  };
  static void arrived(rt::Completion& completion, const rt::Arrival& arrival);
  void on_end(int result);
  void arm();
  void pause(int result);
  rt::Task<Unit> cancel_and_wait();

  rt::Loop& loop_;
  int fd_;
  OnAccept on_accept_;
  bool closing_ = false;
  rt::Event ended_;
  Resume resume_;
  uint64_t pauses_ = 0;
  int last_failure_ = 0;
};

}  // namespace qcc::net
