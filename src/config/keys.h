// The tables of keys: every key of qcc.toml is declared in keys.cc or endpoint_keys.cc, once.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "reader.h"

namespace qcc::config {

std::span<const Key<ServerConfig>> server_keys();
std::span<const Key<AdminConfig>> admin_keys();
std::span<const Key<LogConfig>> log_keys();
std::span<const Key<Limits>> limits_keys();
std::span<const Key<Timeouts>> timeouts_keys();  // in [timeouts], [[cluster]], [[cluster.endpoint]]
std::span<const Key<RetryConfig>> retry_keys();
std::span<const Key<ClusterConfig>> cluster_keys();    // without endpoints and timeouts
std::span<const Key<EndpointConfig>> endpoint_keys();  // without timeouts

// Calls `visit(name, keys, member of Config)` for each table that stands in the file once.
template <class Visit>
void visit_single_tables(Visit&& visit) {
  visit("server", server_keys(), &Config::server);
  visit("admin", admin_keys(), &Config::admin);
  visit("log", log_keys(), &Config::log);
  visit("limits", limits_keys(), &Config::limits);
  visit("timeouts", timeouts_keys(), &Config::timeouts);
  visit("retry", retry_keys(), &Config::retry);
}

// "[limits]" if a key of that name belongs there; empty if no table has it.
std::string table_that_knows(std::string_view key);

// Keys that are decided but come with a later version.
bool is_of_later_version(std::string_view key);

}  // namespace qcc::config
