// What is wrong with a file's text, keys and single values.
#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include <qcc/config/reference.h>

#include "problem_fixture.h"

using namespace qcc::config;

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
