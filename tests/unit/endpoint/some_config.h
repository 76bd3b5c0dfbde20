// Configurations for tests, made in code.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include <qcc/config/config.h>
#include <qcc/endpoint/health_table.h>

namespace qcc::test {

inline config::EndpointConfig some_endpoint(const std::string& name, uint32_t priority = 1,
                                            uint32_t weight = 100, uint64_t credential = 1) {
  config::EndpointConfig endpoint;
  endpoint.name = name;
  endpoint.id = config::endpoint_id(name);
  endpoint.priority = priority;
  endpoint.weight = weight;
  endpoint.credential_hash = credential;
  return endpoint;
}

inline endpoint::Setup some_setup(std::vector<config::EndpointConfig> endpoints) {
  auto config = std::make_shared<config::Config>();
  config->clusters.emplace_back().endpoints = std::move(endpoints);
  return {std::move(config), nullptr};
}

}  // namespace qcc::test
