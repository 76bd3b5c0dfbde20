#include "read_cluster.h"

#include <algorithm>
#include <utility>

#include <qcc/base/hash.h>
#include <qcc/config/printable.h>

#include "keys.h"
#include "validate.h"

namespace qcc::config {
namespace {

// The tables of "[[name]]". A single "[name]" counts as a list of one.
std::span<const Node> tables_of(const Node* node) {
  if (!node) return {};
  if (node->kind == NodeKind::array) return node->items;
  return {node, 1};
}

// With where it goes and how that is verified: connections made before a change must not serve
// after it.
uint64_t hash_of_credential(const EndpointConfig& endpoint) {
  uint64_t hash = fnv1a(endpoint.key.reveal(), fnv1a(name_of(endpoint.auth)));
  const std::string url = endpoint.base_url.text();
  for (const std::string* part : {&url, &endpoint.sni, &endpoint.ca_file})
    hash = fnv1a(*part, fnv1a("\n", hash));
  return fnv1a(endpoint.insecure ? "insecure" : "verified", hash);
}

// What a key that is not given depends on.
void fill_in_defaults(const TableReader& table, const ModelMap& cluster_models,
                      EndpointConfig& endpoint) {
  bool is_anthropic = endpoint.protocol == Protocol::anthropic;
  if (!table.has("name")) endpoint.name = endpoint.base_url.host;
  if (!table.has("auth")) endpoint.auth = is_anthropic ? AuthMode::x_api_key : AuthMode::bearer;
  if (!table.has("count_tokens")) endpoint.count_tokens = is_anthropic;
  if (!table.has("sni")) endpoint.sni = endpoint.base_url.host;
  endpoint.models.insert(cluster_models.begin(), cluster_models.end());
  endpoint.id = endpoint_id(endpoint.name);
  endpoint.credential_hash = hash_of_credential(endpoint);
}

EndpointConfig read_endpoint(Reader& reader, const Node& node, const ClusterConfig& cluster,
                             EndpointRegister& others) {
  EndpointConfig endpoint;
  endpoint.timeouts = cluster.timeouts;
  TableReader table(reader, node, "cluster.endpoint");
  table.read(endpoint_keys(), endpoint);
  table.read(timeouts_keys(), endpoint.timeouts);
  fill_in_defaults(table, cluster.models, endpoint);
  check_endpoint(table, endpoint);
  check_table(table, endpoint.timeouts);
  others.add(table, endpoint);
  table.report_unknown_keys();
  return endpoint;
}

ClusterConfig read_cluster(Reader& reader, const Node& node, const Timeouts& inherited,
                           EndpointRegister& endpoints) {
  ClusterConfig cluster;
  cluster.timeouts = inherited;
  TableReader table(reader, node, "cluster");
  table.read(cluster_keys(), cluster);
  table.read(timeouts_keys(), cluster.timeouts);
  check_table(table, cluster.timeouts);
  for (const Node& endpoint : tables_of(table.take("endpoint"))) {
    cluster.endpoints.push_back(read_endpoint(reader, endpoint, cluster, endpoints));
  }
  check_cluster(table, cluster);
  table.report_unknown_keys();
  return cluster;
}

}  // namespace

void read_clusters(TableReader& root, const Timeouts& inherited, std::vector<ClusterConfig>& into) {
  EndpointRegister endpoints;
  std::vector<Position> places;
  for (const Node& node : tables_of(root.take("cluster"))) {
    ClusterConfig cluster = read_cluster(root.reader(), node, inherited, endpoints);
    auto same = std::ranges::find(into, cluster.name, &ClusterConfig::name);
    if (same != into.end()) {
      Position first = places[static_cast<size_t>(same - into.begin())];
      root.reader().error(node.at, "cluster.name",
                          "the name \"" + printable(cluster.name) +
                              "\" is taken by the cluster of line " + std::to_string(first.line));
    }
    into.push_back(std::move(cluster));
    places.push_back(node.at);
  }
  if (into.empty()) {
    root.reader().error({1, 1}, "cluster",
                        "missing: at least one [[cluster]] with a [[cluster.endpoint]]");
  }
}

}  // namespace qcc::config
