// Rules that join several keys: checked once the keys of a table are read, reported at the key that
// can be changed.
#pragma once
#include <vector>

#include "reader.h"

namespace qcc::config {

void check_table(TableReader& table, const ServerConfig& server);
void check_table(TableReader& table, const Limits& limits);
void check_table(TableReader& table, const Timeouts& timeouts);
template <class T>
void check_table(TableReader&, const T&) {}  // no rules

void check_endpoint(TableReader& table, const EndpointConfig& endpoint);
void check_cluster(TableReader& table, const ClusterConfig& cluster);
void check_client_key(const Value& value, const ClientKey& client,
                      const std::vector<ClientKey>& others);

// After variables have overridden the file. `root` is the file's top table.
void check_whole(TableReader& root, const Config& config);

// Remembers the endpoints read so far, to find those that are alike.
class EndpointRegister {
 public:
  void add(TableReader& table, const EndpointConfig& endpoint);

 private:
  struct Entry {
    EndpointConfig endpoint;
    Position name_at;
    Position url_at;
  };
  void report_same_name(TableReader& table, const EndpointConfig& endpoint, const Entry& first);
  void report_same_account(TableReader& table, const Entry& first);
  std::vector<Entry> entries_;
};

}  // namespace qcc::config
