#include <doctest/doctest.h>

#include <qcc/metrics/prometheus.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <string>
#include <vector>

namespace qcc::metrics {
namespace {

constexpr std::string_view kClasses[] = {"success", "transient", "auth"};

struct Family {
  std::string type;
  std::string help;
};

// A scrape as a reader of the format sees it.
struct Scrape {
  std::map<std::string, Family> families;
  std::map<std::string, double> samples;  // by name and labels
  std::vector<std::string> faults;
};

std::string family_of(const std::string& series, const Scrape& scrape) {
  std::string name = series.substr(0, series.find('{'));
  for (std::string_view suffix : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(suffix)) continue;
    std::string base = name.substr(0, name.size() - suffix.size());
    auto family = scrape.families.find(base);
    if (family != scrape.families.end() && family->second.type == "histogram") return base;
  }
  return name;
}

void read_comment(const std::string& line, Scrape& scrape, std::string& open) {
  std::string name = line.substr(7, line.find(' ', 7) - 7);
  std::string rest = line.substr(8 + name.size());
  bool is_help = line.starts_with("# HELP ");
  if (is_help && scrape.families.contains(name)) scrape.faults.push_back("twice: " + name);
  if (is_help) scrape.families[name].help = rest;
  if (!is_help) scrape.families[name].type = rest;
  open = name;
}

Scrape read_scrape(const std::string& text) {
  Scrape scrape;
  std::string open;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    if (end == std::string::npos) {
      scrape.faults.push_back("no line end");
      break;
    }
    std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("# ")) {
      read_comment(line, scrape, open);
      continue;
    }
    size_t space = line.rfind(' ');
    std::string series = line.substr(0, space);
    double value = 0;
    auto parsed = std::from_chars(line.data() + space + 1, line.data() + line.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != line.data() + line.size())
      scrape.faults.push_back("no number: " + line);
    if (!scrape.samples.emplace(series, value).second) scrape.faults.push_back("twice: " + series);
    if (family_of(series, scrape) != open) scrape.faults.push_back("stray: " + series);
  }
  return scrape;
}

// What `promtool check metrics` complains about.
std::vector<std::string> lint(const Scrape& scrape) {
  std::vector<std::string> faults = scrape.faults;
  for (const auto& [name, family] : scrape.families) {
    auto complain = [&](const char* what) { faults.push_back(name + ": " + what); };
    if (!name.starts_with("qcc_")) complain("prefix");
    if (family.help.empty()) complain("no help");
    if (family.type.empty()) complain("no type");
    if ((family.type == "counter") != name.ends_with("_total")) complain("_total");
    if (std::ranges::any_of(name, [](char c) { return !(std::islower(c) || c == '_'); }))
      complain("letters");
    for (std::string_view word : {"_count", "_sum", "_bucket", "_info_"})
      if (name.ends_with(word)) complain("reserved suffix");
    for (std::string_view word : {"_ms", "milliseconds", "minutes", "kilobytes", "percent", "gauge",
                                  "counter", "histogram"})
      if (name.find(word) != std::string::npos) complain("unit or type in the name");
  }
  return faults;
}

}  // namespace

TEST_CASE("the text passes what promtool checks") {
  ShardMetrics one(kClasses), two(kClasses);
  const ShardMetrics* shards[] = {&one, &two};
  const EndpointLabel endpoints[] = {{0, "relay", EndpointState::healthy}, {7, "other"}};
  std::string text;
  write_prometheus(text, shards, endpoints, {.version = "1.2.3"});
  Scrape scrape = read_scrape(text);
  for (const std::string& fault : lint(scrape)) FAIL_CHECK(fault);
  CHECK(scrape.families.size() == 2 + 4 + 20 + 9);
  CHECK(scrape.samples.at("qcc_build_info{version=\"1.2.3\"}") == 1);
}

TEST_CASE("cells of all shards are summed, loops are shown for each") {
  ShardMetrics one(kClasses), two(kClasses);
  one.requests(RequestOutcome::upstream, StatusClass::server_error).add(2);
  two.requests(RequestOutcome::upstream, StatusClass::server_error).add(3);
  one.client_connections_open.set(5);
  two.client_connections_open.set(-1);
  one.loop_turns.mirror(10);
  two.loop_turns.mirror(20);
  two.loop_stall_longest.set(25ms);
  one.endpoint(7).attempts(2).add(4);
  two.endpoint(7).attempts(2).add(1);
  two.endpoint(7).tokens(TokenClass::output).add(99);
  const ShardMetrics* shards[] = {&one, &two};
  const EndpointLabel endpoints[] = {{7, "relay", EndpointState::degraded}};
  std::string text;
  write_prometheus(text, shards, endpoints, {});
  auto samples = read_scrape(text).samples;
  CHECK(samples.at(R"(qcc_requests_total{outcome="upstream",status="5xx"})") == 5);
  CHECK(samples.at("qcc_client_connections_open") == 4);
  CHECK(samples.at(R"(qcc_loop_turns_total{shard="0"})") == 10);
  CHECK(samples.at(R"(qcc_loop_turns_total{shard="1"})") == 20);
  CHECK(samples.at(R"(qcc_loop_stall_longest_seconds{shard="1"})") == doctest::Approx(0.025));
  CHECK(samples.at(R"(qcc_endpoint_attempts_total{endpoint="relay",class="auth"})") == 5);
  CHECK(samples.at(R"(qcc_endpoint_tokens_total{endpoint="relay",class="output"})") == 99);
  CHECK(samples.at(R"(qcc_endpoint_state{endpoint="relay",state="degraded"})") == 1);
  CHECK(samples.at(R"(qcc_endpoint_state{endpoint="relay",state="healthy"})") == 0);
}

TEST_CASE("a shard whose cells still count for another endpoint is left out") {
  ShardMetrics ahead(kClasses), behind(kClasses);
  const ShardMetrics* shards[] = {&ahead, &behind};
  auto opened = [&shards](std::string_view id) {
    const EndpointLabel endpoints[] = {{3, "e", EndpointState::healthy, slot_owner(id)}};
    std::string text;
    write_prometheus(text, shards, endpoints, {});
    return read_scrape(text).samples.at(R"(qcc_endpoint_connections_opened_total{endpoint="e"})");
  };
  for (ShardMetrics* shard : {&ahead, &behind}) {
    shard->hand_over(3, slot_owner("old"));
    shard->endpoint(3).connections_opened.add(100);
  }
  CHECK(opened("old") == 200);
  CHECK(opened("new") == 0);
  ahead.hand_over(3, slot_owner("new"));
  ahead.endpoint(3).connections_opened.add(7);
  CHECK(opened("new") == 7);
  CHECK(opened("old") == 100);
}

TEST_CASE("histograms are cumulative and complete") {
  ShardMetrics one(kClasses), two(kClasses);
  one.ttft.observe(800us);
  two.ttft.observe(15s);
  two.ttft.observe(1h);
  const ShardMetrics* shards[] = {&one, &two};
  std::string text;
  write_prometheus(text, shards, {}, {});
  auto samples = read_scrape(text).samples;
  CHECK(samples.at(R"(qcc_ttft_seconds_bucket{le="0.001"})") == 1);
  CHECK(samples.at(R"(qcc_ttft_seconds_bucket{le="10"})") == 1);
  CHECK(samples.at(R"(qcc_ttft_seconds_bucket{le="20"})") == 2);
  CHECK(samples.at(R"(qcc_ttft_seconds_bucket{le="300"})") == 2);
  CHECK(samples.at(R"(qcc_ttft_seconds_bucket{le="+Inf"})") == 3);
  CHECK(samples.at("qcc_ttft_seconds_count") == 3);
  CHECK(samples.at("qcc_ttft_seconds_sum") == doctest::Approx(3615.0008));
}

TEST_CASE("large counts lose no digit") {
  ShardMetrics one(kClasses);
  one.client_bytes_in.mirror(18'446'744'073'709'551'615u);
  const ShardMetrics* shards[] = {&one};
  std::string text;
  write_prometheus(text, shards, {}, {.config_generation = 7});
  CHECK(text.find("\nqcc_client_received_bytes_total 18446744073709551615\n") != text.npos);
  CHECK(text.find("\nqcc_config_generation 7\n") != text.npos);
}

TEST_CASE("a name cannot break out of its label") {
  ShardMetrics one(kClasses);
  const ShardMetrics* shards[] = {&one};
  const EndpointLabel endpoints[] = {{0, "a\"b\\c\nd"}};
  std::string text;
  write_prometheus(text, shards, endpoints, {});
  CHECK(text.find(R"(qcc_endpoint_connections_idle{endpoint="a\"b\\c\nd"} 0)") != text.npos);
}

TEST_CASE("without shards the text is still well formed") {
  std::string text;
  write_prometheus(text, {}, {}, {});
  CHECK(lint(read_scrape(text)).empty());
}

TEST_CASE("the documentation's table has one row for each family") {
  ShardMetrics one(kClasses);
  const ShardMetrics* shards[] = {&one};
  std::string text, table;
  write_prometheus(text, shards, {}, {});
  write_metrics_table(table);
  Scrape scrape = read_scrape(text);
  for (const auto& [name, family] : scrape.families) {
    CAPTURE(name);
    CHECK(table.find("| `" + name + "` | " + family.type + " |") != table.npos);
  }
  auto rows = static_cast<size_t>(std::ranges::count(table, '\n'));
  CHECK(rows == scrape.families.size() + 2);
  CHECK(table.find("| `qcc_endpoint_attempts_total` | counter | endpoint, class | attempts |") !=
        table.npos);
}

}  // namespace qcc::metrics
