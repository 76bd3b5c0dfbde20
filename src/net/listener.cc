#include <qcc/net/listener.h>

#include <cerrno>

namespace qcc::net {
namespace {

constexpr Duration kPause = std::chrono::milliseconds(100);

// Errors that say nothing about the next connection. Not a list of what exhausts: an unforeseen
// error must pause too, or it would spin.
bool concerns_one_connection(int result) {
  return result == -ECONNABORTED || result == -EPROTO || result == -EPERM || result == -EINTR;
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
  loop_.operation_began();
  loop_.io().accept(fd_, *this);
}

void Listener::pause(int result) {
  ++pauses_;
  last_failure_ = result;
  loop_.timers().arm(resume_, loop_.now() + kPause);
}

void Listener::arrived(rt::Completion& completion, const rt::Arrival& arrival) {
  auto& self = static_cast<Listener&>(completion);
  if (arrival.res >= 0) self.on_accept_(arrival.res);
  if (!arrival.more) self.on_end(arrival.res);
}

void Listener::on_end(int result) {
  loop_.operation_ended();
  if (closing_)
    ended_.set();
  else if (result >= 0 || concerns_one_connection(result))
    arm();
  else
    pause(result);
}

rt::Task<Unit> Listener::cancel_and_wait() {
  rt::Scope unbounded(loop_, nullptr);
  ended_.clear();
  loop_.io().cancel(*this);
  co_await rt::wait_for(ended_, unbounded);
  co_return Unit{};
}

rt::Task<Unit> Listener::close() {
  if (fd_ < 0) co_return Unit{};
  closing_ = true;
  loop_.timers().disarm(resume_);
  if (in_flight) {
    co_await cancel_and_wait();
  }
  // Connections may have come while the cancelling was under way: an accept takes all that wait
  // before it gets to its own cancelling.
  arm();
  co_await cancel_and_wait();
  loop_.io().close(fd_);
  fd_ = -1;
  co_return Unit{};
}

}  // namespace qcc::net
