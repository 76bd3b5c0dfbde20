// A listening socket on a loop: hands every accepted descriptor to a callback, and survives a full
// descriptor table without spinning (http.md P3).
//
// Owner: its shard or server; `close()` is awaited before it is destroyed. Thread: its loop's.
#pragma once
#include <functional>

#include <qcc/rt/ops.h>

namespace qcc::net {

class Listener final : private rt::Completion {
 public:
  // Called with each new connection; the callee owns the descriptor.
  using OnAccept = std::function<void(int fd)>;

  // Takes the listening descriptor over and begins to accept.
  Listener(rt::Loop& loop, int fd, OnAccept on_accept);
  ~Listener();

  // Stops accepting and closes the descriptor once the accept has come home. What the kernel had
  // already accepted is still handed over.
  rt::Task<Unit> close();

  // Times that accepting had to pause because descriptors or memory ran out.
  uint64_t pauses() const { return pauses_; }

 private:
  struct Resume : rt::Timer {
    explicit Resume(Listener& l) : rt::Timer(&fire_resume), listener(l) {}
    static void fire_resume(rt::Timer& timer) { static_cast<Resume&>(timer).listener.arm(); }
    Listener& listener;
  };
  static void arrived(rt::Completion& completion, const rt::Arrival& arrival);
  void arm();

  rt::Loop& loop_;
  int fd_;
  OnAccept on_accept_;
  bool closing_ = false;
  rt::Event ended_;
  Resume resume_;
  uint64_t pauses_ = 0;
};

}  // namespace qcc::net
