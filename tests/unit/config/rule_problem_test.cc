// What is wrong with values taken together, with references, and with the outside.
#include <doctest/doctest.h>

#include "problem_fixture.h"

using namespace qcc::config;

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
