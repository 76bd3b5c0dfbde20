// Simulated endpoints for `qccd --demo`: one steady, one slow, one flaky, on loopback ports of
// their own. They speak Anthropic Messages (below /anthropic) and OpenAI chat completions (below
// /openai), JSON and streams, at a believable pace, and say which of them answered; no model is
// behind them.
//
// Owner: main. They run on one thread of their own, between `start` and `stop`.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <thread>

#include <qcc/base/error.h>

namespace qcc::app {

inline constexpr size_t kDemoEndpoints = 3;
using DemoPorts = std::array<uint16_t, kDemoEndpoints>;

class DemoUpstreams {
 public:
  // The flaky one fails in an order that the seed decides.
  explicit DemoUpstreams(uint64_t seed = 1) : seed_(seed) {}
  ~DemoUpstreams() { stop(); }
  DemoUpstreams(const DemoUpstreams&) = delete;
  DemoUpstreams& operator=(const DemoUpstreams&) = delete;

  // Returns when all of them listen. Fails when no ring or no port can be had. Called once.
  Result<Unit> start();
  // In the order steady, slow, flaky.
  const DemoPorts& ports() const { return ports_; }
  // Cuts what is under way and waits for the thread.
  void stop();

 private:
  uint64_t seed_;
  DemoPorts ports_{};
  int stop_line_ = -1;  // closing it tells the thread to end
  std::thread thread_;
};

// A qcc.toml with all of them in one cluster.
std::string demo_config(const DemoPorts& ports);

}  // namespace qcc::app
