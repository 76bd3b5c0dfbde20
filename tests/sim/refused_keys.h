// The 401 rule (spec R5): once a shard has processed a refused key it chooses that endpoint no
// more, and nobody does once a snapshot says so, until a reload brings another credential.
//
// Owner: the world. Pure but for the findings.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>

#include <qcc/endpoint/health_table.h>

#include "ledger.h"

namespace qcc::sim {

class RefusedKeys {
 public:
  // `view` runs its argument on the newest published snapshot.
  using View = std::function<void(const std::function<void(const endpoint::Snapshot&)>&)>;
  RefusedKeys(Findings& findings, View view) : findings_(findings), view_(std::move(view)) {}

  void processed(uint16_t shard, endpoint::EndpointRef endpoint);
  // A shard has chosen the endpoint of this name.
  void selected(uint16_t shard, const std::string& endpoint);
  // Nobody may choose it: out, disabled or gone.
  bool is_out(uint16_t shard, const std::string& endpoint);
  uint64_t processed_count() const { return processed_count_; }

 private:
  using Key = std::pair<uint16_t, uint32_t>;  // slot and generation
  Findings& findings_;
  View view_;
  std::map<uint16_t, std::set<Key>> out_;  // by shard
  uint64_t processed_count_ = 0;
};

}  // namespace qcc::sim
