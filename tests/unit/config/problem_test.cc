// Every kind of problem, with the exact text a person reads.
#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include <qcc/config/reference.h>

#include "load_fixture.h"

using namespace qcc::config;

namespace {

struct Row {
  std::string text;
  std::string problems;  // one per line
};

void check_rows(std::span<const Row> rows, const Outside& outside = {}) {
  for (const Row& row : rows) {
    CAPTURE(row.text);
    LoadResult result = load_text(row.text, outside);
    CHECK(joined(problems_of(result)) == row.problems);
    bool has_error = row.problems.find(": error: ") != std::string::npos;
    CHECK((result.config == nullptr) == has_error);
  }
}

// `line` stands in line 2, behind "[table]".
Row in_table(const std::string& table, const std::string& line, const std::string& problem) {
  return {"[" + table + "]\n" + line + "\n" + std::string(kEndpoint), problem + "\n"};
}

// `line` stands in line 6, behind a complete endpoint.
Row in_endpoint(const std::string& line, const std::string& problem) {
  return {std::string(kEndpoint) + line + "\n", problem + "\n"};
}

// An endpoint of three lines: [[cluster.endpoint]], protocol, base_url.
std::string endpoint_at(const std::string& url) {
  return "[[cluster.endpoint]]\nprotocol = 'openai'\nbase_url = '" + url + "'\n";
}

}  // namespace

TEST_CASE("config problems: what is not TOML") {
  const Row rows[] = {
      {"key = sk-ant-secret",
       "qcc.toml:1:7: error: not TOML: value: could not determine value type; a string stands in "
       "quotes\n"},
      {"[server\n", "qcc.toml:1:8: error: not TOML: table header: expected ']', saw '\\n'\n"},
      {"a = 1\na = 2\n",
       "qcc.toml:2:5: error: not TOML: key-value pair: cannot redefine existing integer 'a'\n"},
      {"a = 99999999999999999999\n",
       "qcc.toml:1:25: error: not TOML: decimal integer: the value is not representable in 64 "
       "bits\n"},
      {"[\x02]",
       "qcc.toml:1:2: error: not TOML: a character that may stand only in a string or a comment\n"},
      {"# gr\xc3\xbc\xc3\x9f\nlisten = \xe2\x80\x9cx\xe2\x80\x9d\n",
       "qcc.toml:2:10: error: not TOML: a character that may stand only in a string or a "
       "comment\n"},
      {"a = \"\xc3\xa9\\\"\" \xc3\xa9\n",
       "qcc.toml:1:11: error: not TOML: a character that may stand only in a string or a "
       "comment\n"},
      {"a = \"\"\"x\\\n\xc3\xa9\"\"\"\n",
       "qcc.toml:2:1: error: not TOML: only ASCII may stand in a multi-line \"\"\" string\n"},
      {"a=\"x\xc3\xa9\"\n",
       "qcc.toml:1:5: error: not TOML: a blank must stand before a string with characters beyond "
       "ASCII\n"},
      {"[=]\n",
       "qcc.toml:1:2: error: not TOML: key: expected bare key starting character or string "
       "delimiter, saw '='\n"},
      {"a" + std::string(65, '.') + " = 1",
       "qcc.toml:1:66: error: not TOML: more than 64 dots on one line\n"},
      {std::string((1 << 20) + 1, '#'), "qcc.toml:1:1: error: the file is larger than 1 MiB\n"},
  };
  check_rows(rows);
}

TEST_CASE("config problems: text beyond ASCII is welcome in strings and comments") {
  std::string text =
      std::string(kEndpoint) +
      "# \xc3\xa9 .................................................................\n"
      "headers = { a = 'caf\xc3\xa9', b = \"\xc3\xa9 \\\" ' # \xc3\xa9\" } # \xc3\xa9\n"
      "models = { m = '''\xc3\xa9''', n = \"\"\"a\"\"\"\"\" }\n";
  LoadResult result = load_text(text);
  CHECK(joined(problems_of(result)) == "");
  REQUIRE(result.config != nullptr);
  CHECK(result.config->clusters.at(0).endpoints.at(0).headers.at(1).value ==
        "\xc3\xa9 \" ' # \xc3\xa9");
  CHECK(result.config->clusters.at(0).endpoints.at(0).models.at("n") == "a\"\"");
  CHECK(load_text("\xef\xbb\xbf" + std::string(kEndpoint)).config != nullptr);
}

TEST_CASE("config problems: unknown keys") {
  const Row rows[] = {
      {"[servr]\n" + std::string(kEndpoint),
       "qcc.toml:1:2: error: servr: unknown key; did you mean \"server\"?\n"},
      in_table("limits", "  max_bdy = 1",
               "qcc.toml:2:3: error: limits.max_bdy: unknown key; did you mean \"max_body\"?"),
      in_table("log", "colour = true",
               "qcc.toml:2:1: error: log.colour: unknown key; known here: format, level, requests, "
               "target"),
      in_table("server", "zzz = true", "qcc.toml:2:1: error: server.zzz: unknown key"),
      in_table("server", "max_body = 1",
               "qcc.toml:2:1: error: server.max_body: unknown key here; it belongs in [limits]"),
      in_table("server", "base_url = 1",
               "qcc.toml:2:1: error: server.base_url: unknown key here; it belongs in "
               "[[cluster.endpoint]]"),
      in_endpoint("wieght = 1",
                  "qcc.toml:6:1: error: cluster.endpoint.wieght: unknown key; did you mean "
                  "\"weight\"?"),
      in_endpoint(
          "max_failures = 3",
          "qcc.toml:6:1: error: cluster.endpoint.max_failures: this version of QCC does not "
          "have this key yet"),
      in_table("log", "\"a\\nb\\u00e9\" = 1",
               "qcc.toml:2:1: error: log.a?b??: unknown key; known here: format, level, requests, "
               "target"),
  };
  check_rows(rows);
}

TEST_CASE("config problems: a typo of one letter is understood for every key") {
  const std::string reference_text = reference_markdown();
  std::istringstream reference(reference_text);
  std::string table;
  size_t typos_seen = 0;
  for (std::string line; std::getline(reference, line);) {
    if (line.starts_with("### `[")) table = line.substr(5, line.size() - 6);
    if (!line.starts_with("| `")) continue;
    std::string key = line.substr(3, line.find('`', 3) - 3);
    std::set<std::string> typos;
    for (size_t i = 0; i < key.size(); ++i) {
      typos.insert(key.substr(0, i) + key.substr(i + 1));
      typos.insert(key.substr(0, i) + "q" + key.substr(i));
      typos.insert(key.substr(0, i) + "q" + key.substr(i + 1));
      std::string swapped = key;
      if (i > 0) std::swap(swapped[i - 1], swapped[i]);
      if (swapped != key) typos.insert(swapped);
    }
    std::string text = table + "\n";
    std::erase_if(typos, [&](const std::string& typo) {
      return reference_text.find("| `" + typo + "` |") != std::string::npos;
    });
    for (const std::string& typo : typos) text += typo + " = 1\n";
    LoadResult result = load_text(text);
    for (const std::string& typo : typos) {
      CAPTURE(typo);
      std::string expected = typo + ": unknown key; did you mean \"" + key + "\"?\n";
      CHECK(joined(problems_of(result)).find(expected) != std::string::npos);
      ++typos_seen;
    }
  }
  CHECK(typos_seen > 2000);
}

TEST_CASE("config problems: values of the wrong type") {
  const Row rows[] = {
      in_table("limits", "max_fields = '5'",
               "qcc.toml:2:14: error: limits.max_fields: expected an integer without quotes, got a "
               "string"),
      in_table(
          "limits", "max_fields = 5.5",
          "qcc.toml:2:14: error: limits.max_fields: expected an integer, got a decimal number"),
      in_table("log", "requests = 'true'",
               "qcc.toml:2:12: error: log.requests: expected true or false without quotes, got a "
               "string"),
      in_table("log", "requests = 1",
               "qcc.toml:2:12: error: log.requests: expected true or false, got an integer"),
      in_table("log", "format = 1979-05-27",
               "qcc.toml:2:10: error: log.format: expected one of \"text\", \"json\", got a date"),
      in_table("log", "target = ['a']",
               "qcc.toml:2:10: error: log.target: expected a string, got an array"),
      in_table("server", "listen = {}",
               "qcc.toml:2:10: error: server.listen: expected a list such as [\"127.0.0.1:7860\", "
               "\"[::1]:7860\"], got a table"),
      in_table("server", "disable_io = [1]",
               "qcc.toml:2:15: error: server.disable_io: expected a string, got an integer"),
      {"server = 1\n" + std::string(kEndpoint),
       "qcc.toml:1:10: error: server: expected a table, got an integer\n"},
      {"cluster = 1",
       "qcc.toml:1:11: error: cluster: expected a table, got an integer\n"
       "qcc.toml:1:11: error: cluster.endpoint: missing: at least one [[cluster.endpoint]]\n"},
      in_endpoint("models = 'a'",
                  "qcc.toml:6:10: error: cluster.endpoint.models: expected a table such as { "
                  "\"asked\" = \"sent\" }, got a string"),
      in_endpoint("headers = 'a'",
                  "qcc.toml:6:11: error: cluster.endpoint.headers: expected a table such as { "
                  "\"name\" = \"value\" }, got a string"),
  };
  check_rows(rows);
}

TEST_CASE("config problems: durations and sizes") {
  const Row rows[] = {
      in_table("timeouts", "read_timeout = 90",
               "qcc.toml:2:16: error: timeouts.read_timeout: a bare number has no unit: write "
               "\"90s\" or \"90ms\""),
      in_table("timeouts", "read_timeout = '90'",
               "qcc.toml:2:16: error: timeouts.read_timeout: expected a duration such as \"90s\", "
               "\"250ms\", \"5m\" or \"1h\": digits, then ms, s, m or h"),
      in_table("timeouts", "read_timeout = true",
               "qcc.toml:2:16: error: timeouts.read_timeout: expected a duration such as \"90s\", "
               "\"250ms\", \"5m\" or \"1h\", got a boolean"),
      in_table("timeouts", "read_timeout = '0s'",
               "qcc.toml:2:16: error: timeouts.read_timeout: must be from 1ms to 24h"),
      in_table("timeouts", "timeout = 'auto'",
               "qcc.toml:2:11: error: timeouts.timeout: \"auto\" comes later: this version of QCC "
               "takes a duration or a profile"),
      in_table("timeouts", "timeout = 'fast'",
               "qcc.toml:2:11: error: timeouts.timeout: expected a duration such as \"90s\", or a "
               "profile: quick (30s), chat (60s), reasoning (120s), generation (180s)"),
      in_table(
          "limits", "max_body = '32M'",
          "qcc.toml:2:12: error: limits.max_body: expected a size such as \"32MiB\", \"64KiB\" "
          "or 1048576: digits, then B, KB, MB, GB, KiB, MiB or GiB"),
      in_table(
          "limits", "max_body = 1.5",
          "qcc.toml:2:12: error: limits.max_body: expected a size such as \"32MiB\", \"64KiB\" "
          "or 1048576, got a decimal number"),
      in_table("limits", "max_body = -1",
               "qcc.toml:2:12: error: limits.max_body: must be from 1KiB to 4GiB"),
      in_table(
          "limits", "max_body = '99999999999GiB'",
          "qcc.toml:2:12: error: limits.max_body: expected a size such as \"32MiB\", \"64KiB\" "
          "or 1048576: digits, then B, KB, MB, GB, KiB, MiB or GiB"),
      in_table("retry", "max_retries = 11",
               "qcc.toml:2:15: error: retry.max_retries: must be from 0 to 10"),
  };
  check_rows(rows);
  for (const char* wrong : {"", "s", "1", "1 s", " 1s", "1s ", "-1s", "1.5s", "1S", "1d", "1m30s",
                            "99999999999999999999s", "9999999999999h"}) {
    CAPTURE(wrong);
    Row row = in_table("timeouts", "read_timeout = '" + std::string(wrong) + "'", "");
    CHECK(load_text(row.text).config == nullptr);
  }
}

TEST_CASE("config problems: words") {
  const Row rows[] = {
      in_table("log", "format = 'jsn'",
               "qcc.toml:2:10: error: log.format: expected one of \"text\", \"json\"; did you mean "
               "\"json\"?"),
      in_table("log", "level = 'warning'",
               "qcc.toml:2:9: error: log.level: expected one of \"error\", \"warn\", \"info\", "
               "\"debug\"; did you mean \"warn\"?"),
      in_table("log", "level = 'loud'",
               "qcc.toml:2:9: error: log.level: expected one of \"error\", \"warn\", \"info\", "
               "\"debug\""),
      in_table("log", "target = 'x'",
               "qcc.toml:2:10: error: log.target: expected \"stderr\" or an absolute path"),
      in_table("server", "on_client_disconnect = 'drain'",
               "qcc.toml:2:24: error: server.on_client_disconnect: \"drain\" comes later: this "
               "version of QCC knows only \"cancel\""),
      in_table("server", "shards = 65",
               "qcc.toml:2:10: error: server.shards: expected \"auto\" or an integer from 1 to 64"),
      in_table("server", "shards = 0",
               "qcc.toml:2:10: error: server.shards: expected \"auto\" or an integer from 1 to 64"),
      in_table("server", "disable_io = 'A'",
               "qcc.toml:2:14: error: server.disable_io: expected the name of an io_uring feature: "
               "lower-case letters, digits and _"),
      in_table("server", "allowed_hosts = ['a/b']",
               "qcc.toml:2:18: error: server.allowed_hosts: expected a host as in a Host header: "
               "\"qcc.example\" or \"qcc.example:7860\""),
      in_table("server", "allowed_origins = ['https://a/b']",
               "qcc.toml:2:20: error: server.allowed_origins: expected an origin such as "
               "\"https://app.example\", without a path"),
      in_table("retry", "post = 'always'",
               "qcc.toml:2:8: error: retry.post: expected one of \"never\", \"reused\", "
               "\"no_response\""),
      in_endpoint("auth = 'basic'",
                  "qcc.toml:6:8: error: cluster.endpoint.auth: expected one of \"x-api-key\", "
                  "\"bearer\", \"both\", \"client\""),
      in_endpoint(
          "name = 'a b'",
          "qcc.toml:6:8: error: cluster.endpoint.name: a name has 1 to 64 letters, digits or "
          "the signs - . _ :"),
      in_endpoint("ca_file = 'ca.pem'",
                  "qcc.toml:6:11: error: cluster.endpoint.ca_file: expected an absolute path"),
      in_endpoint("ca_file = '/ca.pem'",
                  "qcc.toml:6:11: error: cluster.endpoint.ca_file: this file cannot be read"),
      in_endpoint("sni = 'a:1'", "qcc.toml:6:7: error: cluster.endpoint.sni: expected a host name"),
  };
  check_rows(rows);
  for (const char* strategy : {"least_inflight", "latency", "score", "random_two"}) {
    Row row{"[[cluster]]\nstrategy = '" + std::string(strategy) + "'\n" + endpoint_at("http://h"),
            "qcc.toml:2:12: error: cluster.strategy: \"" + std::string(strategy) +
                "\" comes later: this version of QCC knows only \"weighted\"\n"};
    check_rows({&row, 1});
  }
}

TEST_CASE("config problems: listeners") {
  const Row rows[] = {
      in_table("server", "listen = []",
               "qcc.toml:2:10: error: server.listen: there must be at least one address"),
      in_table(
          "server", "listen = 'localhost:1'",
          "qcc.toml:2:10: error: server.listen: expected \"127.0.0.1:7860\", \"[::1]:7860\" or "
          "\"unix:/path\": the host must be an address, not a name"),
      in_table("server", "listen = ['127.0.0.1:1', '127.0.0.1:1']",
               "qcc.toml:2:26: error: server.listen: this address is listed twice"),
      in_table("server", "listen = '0.0.0.0:1'",
               "qcc.toml:2:10: error: server.listen: 0.0.0.0:1 can be reached from other machines, "
               "which could spend your credit: add [client_keys] or listen on 127.0.0.1"),
      in_table("admin", "listen = '[::]:1'",
               "qcc.toml:2:10: error: admin.listen: [::]:1 can be reached from other machines: set "
               "admin.token, or listen on 127.0.0.1"),
      in_table("admin", "listen = '127.0.0.1:7860'",
               "qcc.toml:2:10: error: admin.listen: 127.0.0.1:7860 is also in server.listen"),
      in_table("server", "ring_entries = 1000",
               "qcc.toml:2:16: error: server.ring_entries: must be a power of two"),
      in_table("server", "buffer_bytes = 5000",
               "qcc.toml:2:16: error: server.buffer_bytes: buffer_ring_bytes must be buffer_bytes "
               "times a power of two up to 32768"),
  };
  check_rows(rows);
  std::string open =
      "[server]\nlisten = '0.0.0.0:1'\n" + endpoint_at("http://h") + "auth = 'client'\n";
  CHECK(joined(problems_of(load_text(open))) == "");
}

TEST_CASE("config problems: limits and timeouts that contradict each other") {
  const Row rows[] = {
      in_table(
          "limits", "body_memory = '1MiB'",
          "qcc.toml:2:15: error: limits.body_memory: smaller than max_body (32MiB): the largest "
          "body could never be held"),
      in_table("limits", "max_head = '8KiB'\nmax_request_line = '4KiB'",
               "qcc.toml:2:12: error: limits.max_head: max_field must not exceed max_head"),
      in_table("limits", "max_request_line = '128KiB'",
               "qcc.toml:2:20: error: limits.max_request_line: max_request_line must not exceed "
               "max_head"),
      in_table("timeouts", "min_attempt = '285s'",
               "qcc.toml:2:15: error: timeouts.min_attempt: min_attempt (285s) must be less than "
               "total_timeout (285s), or no attempt could start"),
      in_table("timeouts", "total_timeout = '10s'",
               "qcc.toml:2:17: error: timeouts.total_timeout: min_attempt (10s) must be less than "
               "total_timeout (10s), or no attempt could start"),
      in_table("timeouts", "total_timeout = '300s'",
               "qcc.toml:2:17: warning: timeouts.total_timeout: Claude Code gives up after 300s: a "
               "failover later than that comes too late"),
      in_endpoint("timeout = '286s'",
                  "qcc.toml:6:11: warning: cluster.endpoint.timeout: timeout (286s) never ends an "
                  "attempt: total_timeout (285s) ends the request before"),
      in_endpoint("nonstream_timeout = '1h'",
                  "qcc.toml:6:21: warning: cluster.endpoint.nonstream_timeout: nonstream_timeout "
                  "(1h) never ends an attempt: total_timeout (285s) ends the request before"),
  };
  check_rows(rows);
}

TEST_CASE("config problems: missing parts") {
  const Row rows[] = {
      {"",
       "qcc.toml:1:1: error: cluster: missing: at least one [[cluster]] with a "
       "[[cluster.endpoint]]\n"},
      {"\n[[cluster]]\n",
       "qcc.toml:2:1: error: cluster.endpoint: missing: at least one [[cluster.endpoint]]\n"},
      {"[[cluster.endpoint]]\nbase_url = 'http://h'\n",
       "qcc.toml:1:1: error: cluster.endpoint.protocol: missing: What the upstream speaks, "
       "\"anthropic\" or \"openai\".\n"},
      {"[[cluster.endpoint]]\nprotocol = 'openai'\n",
       "qcc.toml:1:1: error: cluster.endpoint.base_url: missing: Where the upstream is, "
       "\"https://host[:port][/path]\", with or without a final `/v1`.\n"},
      {endpoint_at("https://h.example"),
       "qcc.toml:1:1: error: cluster.endpoint.key: missing: the credential, \"env:NAME\", "
       "\"file:/path\" or \"credential:NAME\" (or auth = \"client\")\n"},
  };
  check_rows(rows);
}

TEST_CASE("config problems: where an endpoint may be") {
  struct UrlRow {
    const char* url;
    const char* problem;
  };
  const char* refused = "link-local and cloud metadata addresses are refused";
  const char* plain =
      "http:// would send the credential in clear text over the network: write https://, or set "
      "allow_plaintext = true";
  const UrlRow rows[] = {
      {"http://169.254.169.254", refused},
      {"https://[fd00:ec2::254]", refused},
      {"https://metadata.google.internal", refused},
      {"http://api.example.com", plain},
      {"https://0.0.0.0", "this address names no host; write 127.0.0.1 for this machine"},
      {"ftp://h", "expected a URL such as \"https://api.anthropic.com\""},
      {"https://user:password@h",
       "a URL cannot carry a user or password here: put the credential in \"key\""},
  };
  for (const UrlRow& row : rows) {
    CAPTURE(row.url);
    LoadResult result = load_text(endpoint_at(row.url) + "key = 'env:KEY'\n");
    CHECK(joined(problems_of(result)) ==
          "qcc.toml:3:12: error: cluster.endpoint.base_url: " + std::string(row.problem) + "\n");
  }
}

TEST_CASE("config problems: endpoints and clusters that are alike name both lines") {
  const std::string one = "[[cluster]]\nname = 'one'\n" + endpoint_at("http://h:1");
  const Row rows[] = {
      {one + endpoint_at("http://h:2"),
       "qcc.toml:8:12: error: cluster.endpoint.base_url: the name \"h\" is taken by the endpoint "
       "of "
       "line 5: without a name the host serves as one; give this a name\n"},
      {one + endpoint_at("http://h:2") + "name = 'h'\n",
       "qcc.toml:9:8: error: cluster.endpoint.name: the name \"h\" is taken by the endpoint of "
       "line "
       "5\n"},
      {one + endpoint_at("http://h:1/v1") + "name = 'other'\n",
       "qcc.toml:8:12: warning: cluster.endpoint.base_url: the same URL and key as endpoint \"h\" "
       "(line 5)\n"},
      {one + "[[cluster]]\nname = 'one'\n" + endpoint_at("http://h2"),
       "qcc.toml:6:1: error: cluster.name: the name \"one\" is taken by the cluster of line 1\n"},
      {endpoint_at("http://a") + "name = 'e106813'\n" + endpoint_at("http://b") +
           "name = 'e128391'\n",
       "qcc.toml:8:8: error: cluster.endpoint.name: \"e128391\" has the same id as \"e106813\" "
       "(line "
       "4): choose another name\n"},
      {endpoint_at("http://a") + "weight = 0\n",
       "qcc.toml:1:1: warning: cluster.endpoint: every endpoint is disabled or has weight 0: "
       "nothing "
       "can serve\n"},
  };
  check_rows(rows);
}

TEST_CASE("config problems: models and headers") {
  const Row rows[] = {
      in_endpoint(
          "models = { 'claude-*' = 'x' }",
          "qcc.toml:6:25: error: cluster.endpoint.models.claude-*: this version of QCC takes "
          "exact model names; patterns with * come later"),
      in_endpoint(
          "models = { 'a' = 'b*' }",
          "qcc.toml:6:18: error: cluster.endpoint.models.a: a model to send cannot hold a *"),
      in_endpoint(
          "models = { 'a' = '' }",
          "qcc.toml:6:18: error: cluster.endpoint.models.a: expected 1 to 256 bytes without "
          "control characters"),
      in_endpoint("models = { 'a' = 1 }",
                  "qcc.toml:6:18: error: cluster.endpoint.models.a: expected the name of the model "
                  "to send, got an integer"),
      in_endpoint("headers = { Authorization = 'x' }",
                  "qcc.toml:6:29: error: cluster.endpoint.headers.Authorization: QCC writes this "
                  "header itself; credentials belong in \"key\" and \"auth\""),
      in_endpoint("headers = { 'a b' = 'x' }",
                  "qcc.toml:6:21: error: cluster.endpoint.headers.a b: this is not the name of a "
                  "header"),
      in_endpoint(
          "headers = { a = \"x\\r\\ny: z\" }",
          "qcc.toml:6:17: error: cluster.endpoint.headers.a: a header's value has no control "
          "characters and no blanks at its ends"),
      in_endpoint("headers = { a = 'x', A = 'y' }",
                  "qcc.toml:6:26: error: cluster.endpoint.headers.A: this header is given twice"),
      in_endpoint(
          "headers = { a = 1 }",
          "qcc.toml:6:17: error: cluster.endpoint.headers.a: expected the header's value as "
          "a string, got an integer"),
  };
  check_rows(rows);
}

TEST_CASE("config problems: secrets") {
  Outside outside;
  outside.variables["EMPTY"] = " \n";
  outside.variables["TWO_LINES"] = "a\r\nb";
  outside.variables["LONG"] = std::string(8193, 'x');
  auto row = [](const std::string& value, const std::string& problem) {
    return Row{endpoint_at("https://h.example") + "key = " + value + "\n",
               "qcc.toml:4:7: " + problem + "\n"};
  };
  const Row rows[] = {
      row("'env:NONE'", "error: cluster.endpoint.key: the environment variable NONE is not set"),
      row("'env:sk-ant-secret'",
          "error: cluster.endpoint.key: after env: comes the name of an environment variable"),
      row("'file:key'", "error: cluster.endpoint.key: after file: comes an absolute path"),
      row("'file:/none'", "error: cluster.endpoint.key: the file /none cannot be read"),
      row("'credential:../x'",
          "error: cluster.endpoint.key: after credential: comes the name of a systemd credential"),
      row("'credential:x'",
          "error: cluster.endpoint.key: CREDENTIALS_DIRECTORY is not set: systemd sets it for a "
          "unit "
          "with LoadCredential="),
      row("'$KEY'", "error: cluster.endpoint.key: variables are not expanded: write \"env:NAME\""),
      row("'env:EMPTY'", "error: cluster.endpoint.key: the secret is empty"),
      row("'env:TWO_LINES'",
          "error: cluster.endpoint.key: the secret holds a byte that no header may carry: only "
          "visible ASCII"),
      row("'env:LONG'", "error: cluster.endpoint.key: the secret is longer than 8192 bytes"),
      row("1",
          "error: cluster.endpoint.key: expected \"env:NAME\", \"file:/path\" or "
          "\"credential:NAME\", got an integer"),
      row("'sk-ant-0123456789abcdef'",
          "warning: cluster.endpoint.key: a secret stands in the file itself; better: "
          "\"env:NAME\", "
          "\"file:/path\" or \"credential:NAME\""),
  };
  check_rows(rows, outside);
}

TEST_CASE("config problems: warnings about an endpoint") {
  const Row rows[] = {
      in_endpoint(
          "auth = 'client'",
          "qcc.toml:5:7: warning: cluster.endpoint.key: not used: with auth = \"client\" the "
          "caller's credential is sent"),
      in_endpoint("insecure = true",
                  "qcc.toml:6:12: warning: cluster.endpoint.insecure: the certificate is not "
                  "verified: anyone on the way can read the credential"),
  };
  check_rows(rows);
}

TEST_CASE("config problems: client keys") {
  Outside outside;
  outside.variables["SHORT"] = "0123456789abcde";
  const Row rows[] = {
      in_table("client_keys", "a = 'env:NONE'",
               "qcc.toml:2:5: error: client_keys.a: the environment variable NONE is not set"),
      in_table("client_keys", "a = 'env:KEY'\nb = 'env:KEY'",
               "qcc.toml:3:5: error: client_keys.b: the same secret as \"a\""),
      in_table("client_keys", "a = 'env:SHORT'",
               "qcc.toml:2:5: warning: client_keys.a: a secret of fewer than 16 bytes can be "
               "guessed"),
      in_table(
          "client_keys", "sk-ant-secret = 'laptop'",
          "qcc.toml:2:1: error: client_keys: the client's name stands before the =, its secret "
          "behind"),
      in_table(
          "client_keys", "'a b' = 'env:KEY'",
          "qcc.toml:2:1: error: client_keys: a name has 1 to 64 letters, digits or the signs - "
          ". _ :"),
      {"client_keys = 1\n" + std::string(kEndpoint),
       "qcc.toml:1:15: error: client_keys: expected a table, got an integer\n"},
  };
  check_rows(rows, outside);
}

TEST_CASE("config problems: a variable that overrides the file is named") {
  auto problems_with = [](const char* variable, const char* value) {
    Outside outside;
    outside.variables[variable] = value;
    return joined(problems_of(load_text(std::string(kEndpoint), outside)));
  };
  CHECK(problems_with("QCC_LISTEN", "7860") ==
        "QCC_LISTEN: error: server.listen: expected \"127.0.0.1:7860\", \"[::1]:7860\" or "
        "\"unix:/path\": there is no port\n");
  CHECK(
      problems_with("QCC_LISTEN", "0.0.0.0:1") ==
      "QCC_LISTEN: error: server.listen: 0.0.0.0:1 can be reached from other machines, which could "
      "spend your credit: add [client_keys] or listen on 127.0.0.1\n");
  CHECK(problems_with("QCC_LOG", "loud") ==
        "QCC_LOG: error: log.level: expected one of \"error\", \"warn\", \"info\", \"debug\"\n");
  CHECK(problems_with("QCC_LOG", "") == "");
  Outside outside;
  outside.variables["OPENAI_API_KEY"] = "a b";
  CHECK(joined(problems_of(config_from_environment(outside.environment()))) ==
        "OPENAI_API_KEY: error: cluster.endpoint.key: the secret holds a byte that no header may "
        "carry: only visible ASCII\n");
}

TEST_CASE("config problems: all of a file are found in one run, in file order") {
  LoadResult result = load_text(
      "[limits]\nmax_bdy = 1\nmax_fields = 1\n[[cluster.endpoint]]\nprotocol = 'x'\n"
      "base_url = 'y'\nwieght = 1\n[server]\nshards = 'many'\n");
  std::vector<uint32_t> lines;
  for (const Problem& problem : result.problems) lines.push_back(problem.line);
  CHECK(lines == std::vector<uint32_t>{2, 3, 5, 6, 7, 9});
}

TEST_CASE("config problems: no message repeats a secret") {
  const std::string secret = "sk-ant-SECRET-0123456789";
  const std::string files[] = {
      "key = " + secret,
      "key = \"" + secret,
      "key = '" + secret + "' " + secret,
      endpoint_at("https://h.example") + "key = '" + secret + "'\n",
      endpoint_at("https://h.example") + "auth = '" + secret + "'\n",
      endpoint_at("https://h.example") + "name = '" + secret + "?'\n",
      endpoint_at("https://h.example") + "key = '$" + secret + "'\n",
      endpoint_at("https://u:" + secret + "@h.example"),
      "[admin]\ntoken = '" + secret + " '\n[log]\nlevel = '" + secret + "'\n",
      "[client_keys]\n" + secret + " = 'a'\n",
      "[client_keys]\na = '" + secret + "'\nb = '" + secret + "'\n",
      "[server]\nlisten = '" + secret + "'\n[timeouts]\ntimeout = '" + secret + "'\n",
  };
  for (const std::string& text : files) {
    CAPTURE(text);
    LoadResult result = load_text(text);
    CHECK_FALSE(result.problems.empty());
    CHECK(joined(problems_of(result)).find("SECRET") == std::string::npos);
  }
}
