// The simulated clients: polite, hasty, slow, silent and odd ones. Each visit is a connection with
// a few requests; every answer is judged.
//
// Owner: the world.
#pragma once
#include "answer_checker.h"
#include "upstreams.h"

namespace qcc::sim {

class Clients {
 public:
  Clients(Outside& outside, AnswerChecker& checker, uint16_t port);

  // Spawns all visits of the plan.
  void start();
  bool all_gone() const { return gone_ == outside_.plan.visits; }
  uint64_t requests_sent() const { return sent_; }
  // From here on connections may be turned away.
  void note_drain() { draining_ = true; }

 private:
  struct Visit;
  rt::Task<Unit> visit(uint64_t seed);
  rt::Task<Unit> converse(Visit& visit);
  rt::Task<bool> exchange(Visit& visit, size_t requests);
  rt::Task<bool> send_request(Visit& visit, const std::string& wire, rt::Scope& scope);
  rt::Task<bool> receive_answer(Visit& visit, RequestLog& request, http::Method method,
                                rt::Scope& scope);
  rt::Task<Unit> be_silent(Visit& visit);
  void note_nap(Visit& visit, Duration nap);
  void judge(Visit& visit, const RequestLog& request, const WireReader& reader, bool ended);

  Outside& outside_;
  AnswerChecker& checker_;
  uint16_t port_;
  bool draining_ = false;
  size_t gone_ = 0;
  uint64_t sent_ = 0;
};

}  // namespace qcc::sim
