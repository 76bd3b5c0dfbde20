// Everything that a seed decides before its world begins: limits, endpoints and their moods,
// clients and the weather. Percentages are whole numbers of 100.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include <qcc/config/config.h>

#include "weather.h"

namespace qcc::sim {

// What an endpoint is like, drawn for each; one that is `calm` answers well at once.
struct Mood {
  unsigned error_status = 0;  // of answers: a status that is not 200
  int favourite_status = 0;   // the error status it likes best
  unsigned strange = 0;       // HTML, empty, in-band errors, no end, pings only
  unsigned cut = 0;           // ends or breaks the connection at any byte
  unsigned stall = 0;         // falls silent at any byte
  unsigned dribble = 0;       // sends in small pieces
  unsigned early = 0;         // answers before it has read the request
  unsigned extra = 0;         // sends bytes that nobody asked for behind an answer
  unsigned bad_framing = 0;
  unsigned closes = 0;  // closes its side of a kept connection after a while
  unsigned slow_read = 0;
  Duration stall_max = std::chrono::seconds(4);
  Duration idle_max = std::chrono::seconds(10);  // keeps idle connections so long
  unsigned down = 0;                             // of periods: does not listen
  bool black_hole = false;                       // never accepts
  bool big = false;                              // long answers
};

struct EndpointPlan {
  std::string name;
  std::string host;  // resolved by the simulated resolver
  uint16_t port = 0;
  std::vector<uint32_t> addresses;  // IPv4; one of them is the endpoint's own
  uint32_t own_address = 0;
  Mood mood;
  std::string mapped_model;  // for "model-a"; empty: not mapped
};

struct ClientMood {
  unsigned leaves = 0;  // at a random moment
  unsigned stops_reading = 0;
  unsigned slow_sender = 0;
  unsigned pipelines = 0;
  unsigned silent = 0;  // connects and says nothing
  unsigned half_closes = 0;
  unsigned odd = 0;  // requests that QCC answers by itself
  unsigned big_body = 0;
  unsigned resets = 0;  // of those that leave
  Duration idle_max = std::chrono::seconds(1);
};

struct ReloadPlan {
  Duration after{0};
  std::shared_ptr<const config::Config> config;
};

struct ProxyPlan {
  uint64_t seed = 0;
  Weather weather;
  bool orderly = false;  // nobody's thread pauses, nothing vanishes, breaks or stalls in the net
  size_t shards = 1;
  uint32_t connections_max = 0;
  size_t body_budget = 0;
  std::vector<EndpointPlan> endpoints;
  ClientMood clients;
  size_t visits = 0;
  Duration visits_within{0};
  std::shared_ptr<const config::Config> config;
  std::vector<ReloadPlan> reloads;
  Duration drain_after{0};  // kUnlimited: when all clients have been served
  Duration courier_max{0};  // how long news may take from a shard to the health thread

  static ProxyPlan draw(uint64_t seed);
};

// The credential of an endpoint in its `turn`-th life: "key-<name>-<turn>".
std::string key_of(const std::string& endpoint, uint32_t turn);

}  // namespace qcc::sim
