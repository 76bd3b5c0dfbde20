// The simulated endpoints: servers on the thread "outside" that answer as their moods say, and
// judge every request that reaches them.
//
// Owner: the world. `stop` ends them; they live until their loop has no task left.
#pragma once
#include <memory>
#include <set>
#include <vector>

#include <qcc/net/listener.h>
#include <qcc/net/stream.h>

#include "answers.h"
#include "ledger.h"
#include "proxy_plan.h"
#include "wire_reader.h"

namespace qcc::sim {

// The thread on which everybody but QCC lives.
struct Outside {
  rt::Loop& loop;
  net::NetContext& net;
  Ledger& ledger;
  const ProxyPlan& plan;
  rt::Scope& scope;  // ends them all
};

class Endpoint {
 public:
  Endpoint(Outside& outside, size_t index, uint64_t seed);

  // Listens and serves until the outside ends.
  rt::Task<Unit> run();

 private:
  rt::Task<Unit> listen_for(Duration period);
  rt::Task<Unit> black_hole();
  rt::Task<Unit> serve(int fd);
  rt::Task<bool> serve_one(net::Stream& stream, net::Chunk& chunk, WireReader& reader,
                           rt::Scope& scope);
  rt::Task<bool> send_answer(net::Stream& stream, const Delivery& delivery, rt::Scope& scope);
  rt::Task<bool> send_piece(net::Stream& stream, std::string_view piece, rt::Scope& scope);
  Delivery answer_to(const WireReader& reader, Answer*& answer);
  void judge_request(const WireMessage& message, bool whole);
  int listening_socket(int backlog);

  Outside& outside_;
  const EndpointPlan& plan_;
  size_t index_;
  Prng prng_;
};

}  // namespace qcc::sim
