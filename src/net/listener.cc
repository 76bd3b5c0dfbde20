#include <qcc/net/listener.h>

#include <cerrno>

namespace qcc::net {
namespace {

constexpr Duration kPause = std::chrono::milliseconds(100);

bool means_exhausted(int result) {
  return result == -EMFILE || result == -ENFILE || result == -ENOBUFS || result == -ENOMEM;
}

}  // namespace

Listener::Listener(rt::Loop& loop, int fd, OnAccept on_accept)
    : Completion(&arrived),
      loop_(loop),
      fd_(fd),
      on_accept_(std::move(on_accept)),
      ended_(loop),
      resume_(*this) {
  arm();
}

Listener::~Listener() { QCC_ASSERT(fd_ < 0); }

void Listener::arm() {
  if (in_flight || closing_) return;
  loop_.operation_began();
  loop_.io().accept(fd_, *this);
}

void Listener::arrived(rt::Completion& completion, const rt::Arrival& arrival) {
  auto& self = static_cast<Listener&>(completion);
  if (arrival.res >= 0) self.on_accept_(arrival.res);
  if (arrival.more) return;
  self.loop_.operation_ended();
  if (means_exhausted(arrival.res) && !self.closing_) {
    ++self.pauses_;
    self.loop_.timers().arm(self.resume_, self.loop_.now() + kPause);
  } else {
    self.arm();
  }
  self.ended_.set();
}

rt::Task<Unit> Listener::close() {
  closing_ = true;
  loop_.timers().disarm(resume_);
  rt::Scope unbounded(loop_, nullptr);
  if (in_flight) loop_.io().cancel(*this);
  while (in_flight) {
    ended_.clear();
    co_await rt::wait_for(ended_, unbounded);
  }
  loop_.io().close(fd_);
  fd_ = -1;
  co_return Unit{};
}

}  // namespace qcc::net
