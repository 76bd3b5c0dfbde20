#include <doctest/doctest.h>

#include <qcc/base/hash.h>

#include "load_fixture.h"

using namespace qcc;
using namespace qcc::config;

namespace {

std::shared_ptr<const Config> config_of(const std::string& text, const Outside& outside = {}) {
  LoadResult result = load_text(text, outside);
  CAPTURE(joined(problems_of(result)));
  REQUIRE(result.config != nullptr);
  return result.config;
}

// A complete file whose table `table` holds `line`.
std::string with_key(const std::string& table, const std::string& line) {
  if (table == "cluster") {
    return "[[cluster]]\n" + line + "\n" + std::string(kEndpoint.substr(kEndpoint.find('\n') + 1));
  }
  if (table == "cluster.endpoint") return std::string(kEndpoint) + line + "\n";
  return "[" + table + "]\n" + line + "\n" + std::string(kEndpoint);
}

const EndpointConfig& endpoint_of(const Config& config) {
  return config.clusters.at(0).endpoints.at(0);
}

}  // namespace

TEST_CASE("config: every key arrives where it belongs") {
  struct Row {
    const char* table;
    const char* line;
    bool (*arrived)(const Config&);
  };
  using C = const Config&;
  const Row rows[] = {
      {"server", "listen = '0.0.0.0:0'\n[client_keys]\na = 'env:KEY'",
       [](C c) { return c.server.listen.size() == 1 && c.server.listen[0].text() == "0.0.0.0:0"; }},
      {"server", "listen = ['unix:/x', '[::1]:1']",
       [](C c) { return c.server.listen.size() == 2 && c.server.listen[1].text() == "[::1]:1"; }},
      {"server", "shards = 64", [](C c) { return c.server.shards == 64; }},
      {"server", "shards = 'auto'", [](C c) { return c.server.shards == 0; }},
      {"server", "drain_timeout = '1h'", [](C c) { return c.server.drain_timeout == 1h; }},
      {"server", "drain_delay = '5s'", [](C c) { return c.server.drain_delay == 5s; }},
      {"server", "allow_half_close = true", [](C c) { return c.server.allow_half_close; }},
      {"server", "disable_io = ['send_zc', 'x2']",
       [](C c) { return c.server.disable_io == std::vector<std::string>{"send_zc", "x2"}; }},
      {"server", "ring_entries = 256", [](C c) { return c.server.ring_entries == 256; }},
      {"server", "buffer_ring_bytes = '1MiB'",
       [](C c) { return c.server.buffer_ring_bytes == kMiB; }},
      {"server", "buffer_bytes = 4096", [](C c) { return c.server.buffer_bytes == 4096; }},
      {"server", "allowed_hosts = ['QCC.example:7860']",
       [](C c) { return c.server.allowed_hosts.at(0) == "qcc.example:7860"; }},
      {"server", "allowed_origins = 'https://App.example'",
       [](C c) { return c.server.allowed_origins.at(0) == "https://app.example"; }},
      {"server", "on_client_disconnect = 'cancel'",
       [](C c) { return c.server.on_client_disconnect == OnClientDisconnect::cancel; }},
      {"admin", "listen = []", [](C c) { return c.admin.listen.empty(); }},
      {"admin", "listen = '0.0.0.0:1'\ntoken = 'env:KEY'",
       [](C c) { return c.admin.token.matches("sk-ant-0123456789abcdef"); }},
      {"log", "format = 'json'", [](C c) { return c.log.format == LogFormat::json; }},
      {"log", "level = 'debug'", [](C c) { return c.log.level == LogLevel::debug; }},
      {"log", "requests = false", [](C c) { return !c.log.requests; }},
      {"log", "target = '/var/log/qcc.log'",
       [](C c) { return c.log.target == "/var/log/qcc.log"; }},
      {"limits", "max_body = '1MiB'", [](C c) { return c.limits.max_body == kMiB; }},
      {"limits", "max_head = '128KiB'", [](C c) { return c.limits.max_head == 128 * kKiB; }},
      {"limits", "max_fields = 50", [](C c) { return c.limits.max_fields == 50; }},
      {"limits", "max_field = '4KiB'", [](C c) { return c.limits.max_field == 4096; }},
      {"limits", "max_request_line = '8KB'", [](C c) { return c.limits.max_request_line == 8000; }},
      {"limits", "head_timeout = '1s'", [](C c) { return c.limits.head_timeout == 1s; }},
      {"limits", "body_idle_timeout = '2s'", [](C c) { return c.limits.body_idle_timeout == 2s; }},
      {"limits", "body_timeout = '3s'", [](C c) { return c.limits.body_timeout == 3s; }},
      {"limits", "body_min_rate = 0", [](C c) { return c.limits.body_min_rate == 0; }},
      {"limits", "keepalive_timeout = '4s'", [](C c) { return c.limits.keepalive_timeout == 4s; }},
      {"limits", "send_stall_timeout = '5m'",
       [](C c) { return c.limits.send_stall_timeout == 5min; }},
      {"limits", "max_connections = 7", [](C c) { return c.limits.max_connections == 7; }},
      {"limits", "max_connections_per_ip = 0",
       [](C c) { return c.limits.max_connections_per_ip == 0; }},
      {"limits", "stream_buffer = '32KiB'",
       [](C c) { return c.limits.stream_buffer == 32 * kKiB; }},
      {"limits", "hold_json = 0", [](C c) { return c.limits.hold_json == 0; }},
      {"limits", "commit_buffer = '1KiB'", [](C c) { return c.limits.commit_buffer == kKiB; }},
      {"limits", "body_memory = '1GiB'", [](C c) { return c.limits.body_memory == kGiB; }},
      {"timeouts", "connect_timeout = '1s'",
       [](C c) { return endpoint_of(c).timeouts.connect_timeout == 1s; }},
      {"timeouts", "tls_timeout = '1s'",
       [](C c) { return endpoint_of(c).timeouts.tls_timeout == 1s; }},
      {"timeouts", "timeout = '250ms'",
       [](C c) { return endpoint_of(c).timeouts.timeout == 250ms; }},
      {"timeouts", "timeout = 'quick'", [](C c) { return endpoint_of(c).timeouts.timeout == 30s; }},
      {"timeouts", "timeout = 'chat'", [](C c) { return endpoint_of(c).timeouts.timeout == 60s; }},
      {"timeouts", "timeout = 'reasoning'",
       [](C c) { return endpoint_of(c).timeouts.timeout == 120s; }},
      {"timeouts", "timeout = 'generation'",
       [](C c) { return endpoint_of(c).timeouts.timeout == 180s; }},
      {"timeouts", "read_timeout = '1s'",
       [](C c) { return endpoint_of(c).timeouts.read_timeout == 1s; }},
      {"timeouts", "content_timeout = '1s'",
       [](C c) { return endpoint_of(c).timeouts.content_timeout == 1s; }},
      {"timeouts", "nonstream_timeout = '1s'",
       [](C c) { return endpoint_of(c).timeouts.nonstream_timeout == 1s; }},
      {"timeouts", "total_timeout = '299s'",
       [](C c) { return endpoint_of(c).timeouts.total_timeout == 299s; }},
      {"timeouts", "min_attempt = '0s'",
       [](C c) { return endpoint_of(c).timeouts.min_attempt == 0s; }},
      {"retry", "max_retries = 0", [](C c) { return c.retry.max_retries == 0; }},
      {"retry", "post = 'never'", [](C c) { return c.retry.post == RetryPost::never; }},
      {"retry", "post = 'reused'", [](C c) { return c.retry.post == RetryPost::reused; }},
      {"retry", "backoff_base = '10ms'", [](C c) { return c.retry.backoff_base == 10ms; }},
      {"retry", "backoff_jitter_percent = 0",
       [](C c) { return c.retry.backoff_jitter_percent == 0; }},
      {"client_keys", "laptop = 'env:KEY'",
       [](C c) { return c.client_keys.size() == 1 && c.client_keys[0].alias == "laptop"; }},
      {"cluster", "name = 'main'", [](C c) { return c.clusters[0].name == "main"; }},
      {"cluster", "strategy = 'weighted'",
       [](C c) { return c.clusters[0].strategy == Strategy::weighted; }},
      {"cluster", "models = { 'a' = 'b' }",
       [](C c) {
         return c.clusters[0].models.at("a") == "b" && endpoint_of(c).models.at("a") == "b";
       }},
      {"cluster.endpoint", "name = 'relay-b'",
       [](C c) { return endpoint_of(c).name == "relay-b"; }},
      {"cluster.endpoint", "auth = 'both'",
       [](C c) { return endpoint_of(c).auth == AuthMode::both; }},
      {"cluster.endpoint", "priority = 0", [](C c) { return endpoint_of(c).priority == 0; }},
      {"cluster.endpoint", "weight = 1000", [](C c) { return endpoint_of(c).weight == 1000; }},
      {"cluster.endpoint", "models = { m = 'n' }",
       [](C c) { return endpoint_of(c).models.at("m") == "n"; }},
      {"cluster.endpoint", "headers = { X-B = '1', X-A = '2' }",
       [](C c) {
         return endpoint_of(c).headers.at(0).name == "X-B" &&
                endpoint_of(c).headers.at(1).value == "2";
       }},
      {"cluster.endpoint", "sni = 'Other.example'",
       [](C c) { return endpoint_of(c).sni == "other.example"; }},
      {"cluster.endpoint", "max_idle = 3", [](C c) { return endpoint_of(c).max_idle == 3; }},
      {"cluster.endpoint", "idle_timeout = '9s'",
       [](C c) { return endpoint_of(c).idle_timeout == 9s; }},
      {"cluster.endpoint", "count_tokens = false",
       [](C c) { return !endpoint_of(c).count_tokens; }},
      {"cluster.endpoint", "allow_plaintext = true",
       [](C c) { return endpoint_of(c).allow_plaintext; }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    LoadResult result = load_text(with_key(row.table, row.line));
    CHECK(joined(problems_of(result)) == "");
    REQUIRE(result.config != nullptr);
    CHECK(row.arrived(*result.config));
  }
}

TEST_CASE("config: keys that warn still arrive") {
  Outside outside;
  outside.files["/ca.pem"] = "-----BEGIN";
  std::string text =
      std::string(kEndpoint) + "enabled = false\ninsecure = true\nca_file = '/ca.pem'\n";
  std::shared_ptr<const Config> config = config_of(text, outside);
  CHECK_FALSE(endpoint_of(*config).enabled);
  CHECK(endpoint_of(*config).insecure);
  CHECK(endpoint_of(*config).ca_file == "/ca.pem");
}

TEST_CASE("config: a minimal file is one endpoint, the rest are defaults") {
  std::string text(kEndpoint.substr(kEndpoint.find('\n') + 1));
  std::shared_ptr<const Config> config = config_of(text);
  CHECK(config->server.listen.at(0).text() == "127.0.0.1:7860");
  CHECK(config->server.listen.at(1).text() == "[::1]:7860");
  CHECK(config->admin.listen.at(0).text() == "127.0.0.1:7861");
  CHECK(config->clusters.at(0).name == "default");
  const EndpointConfig& endpoint = endpoint_of(*config);
  CHECK(endpoint.name == "api.anthropic.com");
  CHECK(endpoint.id == endpoint_id("api.anthropic.com"));
  CHECK(endpoint.sni == "api.anthropic.com");
  CHECK(endpoint.auth == AuthMode::x_api_key);
  CHECK(endpoint.count_tokens);
  CHECK(endpoint.key.matches("sk-ant-0123456789abcdef"));
  CHECK(endpoint.timeouts == Timeouts{});
}

TEST_CASE("config: an openai endpoint takes a bearer token and counts no tokens") {
  std::shared_ptr<const Config> config = config_of(
      "[[cluster.endpoint]]\nprotocol = 'openai'\nbase_url = 'https://o.example/v1'\nkey = "
      "'env:KEY'\n");
  CHECK(endpoint_of(*config).auth == AuthMode::bearer);
  CHECK_FALSE(endpoint_of(*config).count_tokens);
}

TEST_CASE("config: a private host needs no key and no TLS") {
  std::shared_ptr<const Config> config =
      config_of("[[cluster.endpoint]]\nprotocol = 'openai'\nbase_url = 'http://vllm:8000'\n");
  CHECK(endpoint_of(*config).key.empty());
  CHECK_FALSE(endpoint_of(*config).base_url.tls);
}

TEST_CASE("config: timeouts pass from the file to clusters to endpoints") {
  std::shared_ptr<const Config> config = config_of(
      "[[cluster]]\n"
      "name = 'one'\n"
      "tls_timeout = '2s'\n"
      "read_timeout = '2s'\n"
      "[[cluster.endpoint]]\n"
      "name = 'a'\nprotocol = 'anthropic'\nbase_url = 'http://127.0.0.1:1'\n"
      "read_timeout = '3s'\n"
      "[[cluster.endpoint]]\n"
      "name = 'b'\nprotocol = 'anthropic'\nbase_url = 'http://127.0.0.1:2'\n"
      "[[cluster]]\n"
      "name = 'two'\n"
      "[[cluster.endpoint]]\n"
      "name = 'c'\nprotocol = 'anthropic'\nbase_url = 'http://127.0.0.1:3'\n"
      "[timeouts]\n"
      "connect_timeout = '1s'\ntls_timeout = '1s'\nread_timeout = '1s'\n");
  const Timeouts& a = config->clusters.at(0).endpoints.at(0).timeouts;
  const Timeouts& b = config->clusters.at(0).endpoints.at(1).timeouts;
  const Timeouts& c = config->clusters.at(1).endpoints.at(0).timeouts;
  CHECK(a.connect_timeout == 1s);
  CHECK(a.tls_timeout == 2s);
  CHECK(a.read_timeout == 3s);
  CHECK(a.total_timeout == 285s);
  CHECK(b.read_timeout == 2s);
  CHECK(c.tls_timeout == 1s);
  CHECK(config->clusters.at(0).timeouts.tls_timeout == 2s);
  CHECK(config->timeouts.tls_timeout == 1s);
}

TEST_CASE("config: an endpoint's model rules come before its cluster's") {
  std::shared_ptr<const Config> config = config_of(
      "[[cluster]]\nmodels = { a = 'cluster', b = 'cluster' }\n" +
      std::string(kEndpoint.substr(kEndpoint.find('\n') + 1)) + "models = { a = 'own' }\n");
  CHECK(endpoint_of(*config).models.at("a") == "own");
  CHECK(endpoint_of(*config).models.at("b") == "cluster");
}

TEST_CASE("config: secrets come from variables, files and systemd, without blanks at their ends") {
  Outside outside;
  outside.variables["CREDENTIALS_DIRECTORY"] = "/run/credentials/qccd.service";
  outside.files["/etc/qcc/key"] = "  from-file-0123456789\n";
  outside.files["/run/credentials/qccd.service/relay"] = "from-systemd-0123456789\r\n";
  std::shared_ptr<const Config> config = config_of(
      std::string(kEndpoint) + "[client_keys]\na = 'file:/etc/qcc/key'\nb = 'credential:relay'\n",
      outside);
  CHECK(config->client_keys.at(0).secret.reveal() == "from-file-0123456789");
  CHECK(config->client_keys.at(1).secret.reveal() == "from-systemd-0123456789");
}

TEST_CASE("config: the hash of a credential changes with the key, the way and where it is sent") {
  Outside other;
  other.variables["KEY"] = "sk-ant-another-key-0123";
  std::string text(kEndpoint);
  uint64_t first = endpoint_of(*config_of(text)).credential_hash;
  CHECK(endpoint_of(*config_of(text)).credential_hash == first);
  CHECK(endpoint_of(*config_of(text, other)).credential_hash != first);
  CHECK(endpoint_of(*config_of(text + "auth = 'bearer'\n")).credential_hash != first);
  CHECK(endpoint_of(*config_of(text + "sni = 'other.example'\n")).credential_hash != first);
  Outside roots;
  roots.files["/etc/other.pem"] = "read later";
  auto with_roots = config_of(text + "ca_file = '/etc/other.pem'\n", roots);
  CHECK(endpoint_of(*with_roots).credential_hash != first);
  CHECK(endpoint_of(*config_of(text + "insecure = true\n")).credential_hash != first);
  CHECK(endpoint_of(*config_of(text + "weight = 7\n")).credential_hash == first);
}

TEST_CASE("config: an endpoint's id is eight stable hex digits") {
  CHECK(endpoint_id("anthropic") == endpoint_id("anthropic"));
  CHECK(endpoint_id("anthropic") != endpoint_id("openai"));
  uint64_t hash = fnv1a("a");
  char expected[9];
  std::snprintf(expected, sizeof expected, "%08x", static_cast<unsigned>(hash ^ (hash >> 32)));
  CHECK(endpoint_id("a") == expected);
  CHECK(endpoint_id("a") == "296230c0");
}

TEST_CASE("config: QCC_LISTEN and QCC_LOG override the file") {
  Outside outside;
  outside.variables["QCC_LISTEN"] = "127.0.0.1:1, [::1]:2";
  outside.variables["QCC_LOG"] = "debug,json";
  std::string text =
      "[server]\nlisten = '127.0.0.1:9'\n[log]\nlevel = 'error'\n" + std::string(kEndpoint);
  std::shared_ptr<const Config> config = config_of(text, outside);
  REQUIRE(config->server.listen.size() == 2);
  CHECK(config->server.listen[1].text() == "[::1]:2");
  CHECK(config->log.level == LogLevel::debug);
  CHECK(config->log.format == LogFormat::json);
}

TEST_CASE("config: one key in the environment is enough to start") {
  struct Row {
    const char* variable;
    const char* name;
    const char* url;
    Protocol protocol;
    AuthMode auth;
  };
  const Row rows[] = {
      {"ANTHROPIC_API_KEY", "anthropic", "https://api.anthropic.com", Protocol::anthropic,
       AuthMode::x_api_key},
      {"OPENAI_API_KEY", "openai", "https://api.openai.com", Protocol::openai, AuthMode::bearer},
      {"OPENROUTER_API_KEY", "openrouter", "https://openrouter.ai/api", Protocol::openai,
       AuthMode::bearer}};
  for (const Row& row : rows) {
    CAPTURE(row.variable);
    Outside outside;
    outside.variables[row.variable] = "sk-0123456789abcdef";
    outside.variables["QCC_LISTEN"] = "127.0.0.1:0";
    LoadResult result = config_from_environment(outside.environment());
    CHECK(joined(problems_of(result)) == "");
    REQUIRE(result.config != nullptr);
    const EndpointConfig& endpoint = endpoint_of(*result.config);
    CHECK(endpoint.name == row.name);
    CHECK(endpoint.base_url.text() == row.url);
    CHECK(endpoint.protocol == row.protocol);
    CHECK(endpoint.auth == row.auth);
    CHECK(endpoint.key.matches("sk-0123456789abcdef"));
    CHECK(result.config->server.listen.size() == 1);
  }
}

TEST_CASE("config: without a file and without a key the error says what to set") {
  LoadResult result = config_from_environment(Environment{});
  CHECK(result.config == nullptr);
  CHECK(joined(problems_of(result)) ==
        "environment: error: there is no configuration file, and none of ANTHROPIC_API_KEY, "
        "OPENAI_API_KEY and OPENROUTER_API_KEY is set\n");
}

TEST_CASE("config: enum values have the words of the file") {
  CHECK(name_of(Protocol::openai) == "openai");
  CHECK(name_of(AuthMode::x_api_key) == "x-api-key");
  CHECK(name_of(Strategy::weighted) == "weighted");
  CHECK(name_of(OnClientDisconnect::cancel) == "cancel");
  CHECK(name_of(LogFormat::json) == "json");
  CHECK(name_of(LogLevel::warn) == "warn");
  CHECK(name_of(RetryPost::no_response) == "no_response");
}
