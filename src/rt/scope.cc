#include <qcc/rt/scope.h>

#include <qcc/rt/loop.h>

namespace qcc::rt {

Scope::Scope(Loop& loop, Scope* parent, Duration limit)
    : loop_(loop), parent_(parent), deadline_(*this) {
  if (parent_) {
    parent_->add(*this);
    why_ = parent_->why_;
  }
  if (!cancelled() && limit != kUnlimited)
    loop_.timers().arm(deadline_, add_saturated(loop_.now(), limit));
}

Scope::~Scope() {
  QCC_ASSERT(waiters_.empty());
  loop_.timers().disarm(deadline_);
  if (linked()) unlink();
}

void Scope::cancel(Why why) {
  if (cancelled()) return;
  why_ = why;
  loop_.timers().disarm(deadline_);
  IntrusiveList<Waiter> asked;
  asked.splice(waiters_);
  while (Waiter* waiter = asked.pop_front()) {
    waiters_.push_back(*waiter);  // it stays below us until its own completion comes home
    waiter->on_cancel();
  }
}

void Scope::on_cancel() { cancel(parent_->why_); }

void Scope::set_limit(Duration limit) {
  loop_.timers().disarm(deadline_);
  if (!cancelled() && limit != kUnlimited)
    loop_.timers().arm(deadline_, add_saturated(loop_.now(), limit));
}

Instant Scope::deadline() const {
  Instant earliest = kNever;
  for (const Scope* scope = this; scope; scope = scope->parent_)
    if (scope->deadline_.armed() && scope->deadline_.at < earliest) earliest = scope->deadline_.at;
  return earliest;
}

Duration Scope::left() const {
  if (cancelled()) return Duration::zero();
  Instant end = deadline();
  if (end == kNever) return kUnlimited;
  return end > loop_.now() ? end - loop_.now() : Duration::zero();
}

Error error_of(const Scope& scope, ErrorSource source, const char* where) {
  ErrorKind kind = scope.timed_out() ? ErrorKind::timeout : ErrorKind::cancelled;
  return {kind, source, 0, where};
}

}  // namespace qcc::rt
