// Requests as simulated clients write them.
#pragma once
#include <string>

#include <qcc/http/head.h>

#include "ledger.h"
#include "proxy_plan.h"

namespace qcc::sim {

struct ClientRequest {
  RequestLog* log = nullptr;
  std::string wire;
  http::Method method = http::Method::post;
};

ClientRequest draw_request(Prng& prng, const ProxyPlan& plan, Ledger& ledger);

}  // namespace qcc::sim
