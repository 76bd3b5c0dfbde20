// Whatever stands in the wrong place of a file: what may be a secret is repeated nowhere (spec
// R14).
#include <doctest/doctest.h>

#include <qcc/config/printable.h>

#include "problem_fixture.h"

using namespace qcc::config;

namespace {

constexpr const char* kAnthropic =
    "sk-ant-"
    "api03-Qm9vay1PbmUtVHdvLVRocmVl_Zm91ci1GaXZl-AAA";
constexpr const char* kShort = "sk-hunter";
constexpr const char* kHex = "9f86d081884c7d659a2feaa0c55ad015";
constexpr const char* kUuid = "3f2c9a1e-77b4-4c1d-9f60-5b8e2d7a10cc";
constexpr const char* kSecrets[] = {kAnthropic, kShort, kHex, kUuid};

// Places where `%` is taken for a name; each of them is worth a problem.
constexpr const char* kMisplaced[] = {
    "headers = { \"%\" = 1 }",
    "headers = { \"Bearer %\" = \"x\" }",
    "headers = { \"%\" = \"\\n\" }",
    "models = { \"%\" = 1 }",
    "models = { \"https://user:%@h\" = 1 }",
    "\"%\" = \"x\"",
    "weight.\"%\" = 1",
    "\"%\" = 1\n\"%\" = 2",
    "[\"%\"]\n[\"%\"]",
    "[\"%\"",
    "['%']\n['%']",
    "\"%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%\" = 1 =",
    "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%% = 1\n"
    "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%% = 2",
    "[[cluster.endpoint]]\nname = \"%\"\nkey = \"\"",
    "name = \"%\"\n[[cluster.endpoint]]\nprotocol = \"openai\"\nbase_url = \"http://h\"\nname = "
    "\"%\"",
    "name = \"%\"\n[[cluster.endpoint]]\nprotocol = \"anthropic\"\n"
    "base_url = \"https://api.anthropic.com\"\nkey = \"env:KEY\"",
    "[[cluster]]\nname = \"%\"\n[[cluster]]\nname = \"%\"",
    "[client_keys]\n\"%\" = 1",
    "[client_keys]\n\"%\" = \"env:KEY\"\nother = \"env:KEY\"",
    "key2 = \"%",
    "key2 = %",
    "name = %",
    "[limits]\n\"%\" = 1",
    "[admin]\ntoken = \"env:%\"",
    "[admin]\ntoken = \"file:/%\"",
    "[admin]\ntoken = \"credential:%\"",
    "[log]\ntarget = \"%\"",
    "[log]\nlevel = \"%\"",
    "[server]\nlisten = \"%:80\"",
    "[server]\nlisten = \"unix:/%\"\n[admin]\nlisten = \"unix:/%\"",
    "[server]\nallowed_hosts = \"/%\"",
    "[server]\ndisable_io = \"%-\"",
};

std::string filled_in(std::string text, const std::string& secret) {
  for (size_t at; (at = text.find('%')) != text.npos;) text.replace(at, 1, secret);
  return text;
}

}  // namespace

TEST_CASE("config secrecy: a secret in the wrong place is repeated nowhere") {
  for (const char* place : kMisplaced)
    for (const char* secret : kSecrets) {
      std::string text = std::string(kEndpoint) + filled_in(place, secret) + "\n";
      CAPTURE(text);
      std::string said = joined(problems_of(load_text(text)));
      CHECK(!said.empty());
      CHECK(said.find(std::string(secret).substr(0, 8)) == said.npos);
    }
}

TEST_CASE("config secrecy: the problem still says where and why") {
  const std::string secret = kAnthropic;
  const Row rows[] = {
      in_endpoint("headers = { \"Bearer " + secret + "\" = \"x\" }",
                  "qcc.toml:6:" + std::to_string(25 + secret.size()) +
                      ": error: cluster.endpoint.headers.(not shown: may be a secret): this is not "
                      "the name of a header"),
      in_endpoint("headers = { \"" + secret + "\" = \"x\" }",
                  "qcc.toml:6:" + std::to_string(18 + secret.size()) +
                      ": warning: cluster.endpoint.headers.(not shown: may be a secret): this goes "
                      "to the endpoint as a header's name; a secret belongs in \"key\""),
      in_endpoint("\"" + secret + "\" = 1",
                  "qcc.toml:6:1: error: cluster.endpoint.(not shown: may be a secret): unknown "
                  "key"),
      {secret + " = 1\n" + secret + " = 2\n",
       "qcc.toml:2:" + std::to_string(4 + secret.size()) +
           ": error: not TOML: key-value pair: cannot redefine existing integer '(not shown: may "
           "be a secret)'\n"},
      in_endpoint(
          "name = '" + std::string(kShort) + "'",
          "qcc.toml:6:8: error: cluster.endpoint.name: this begins like a secret, and names "
          "stand in logs"),
  };
  check_rows(rows);
}

TEST_CASE("config secrecy: names are shown, what may be a secret is not") {
  const char* shown[] = {"",
                         "max_concurent_requests",
                         "backoff_jitter_percent",
                         "maxBodySize",
                         "OpenAI-Organization",
                         "x-goog-api-client",
                         "claude-sonnet-4-5-20250929",
                         "claude-3-5-sonnet@20240620",
                         "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
                         "mistralai/Mixtral-8x22B-Instruct-v0.1",
                         "ANTHROPIC_API_KEY_2",
                         "/run/secrets/openai-key",
                         "task-force",
                         "https://api.example.com/v1",
                         "a b?"};
  for (const char* text : shown) {
    CAPTURE(text);
    CHECK_FALSE(may_be_secret(text));
    CHECK(printable(text) == text);
  }
  const char* hidden[] = {kAnthropic,
                          kShort,
                          kHex,
                          kUuid,
                          "sk_live_x",
                          "SK-X",
                          "Bearer sk-x",
                          "x-api-key: sk-x",
                          "AIzaSyA-1234_abcdEFGHijklMNOPqrstUVWX",
                          "ghp_"
                          "0123456789abcdefghijABCDEFGHIJ",
                          "eyJhbGciOiJIUzI1NiJ9.e30",
                          "AKIA"
                          "IOSFODNN7EXAMPLE",
                          "abcdefghijklmnopqrstu",
                          "aBcDeFgH",
                          "123456789",
                          "https://user:pass@host",
                          "/run/secrets/9f86d081884c7d65"};
  for (const char* text : hidden) {
    CAPTURE(text);
    CHECK(may_be_secret(text));
    CHECK(printable(text) == kNotShown);
  }
  CHECK(printable("a\nb\xc3\xa9") == "a?b??");
  CHECK(printable("a secret behind what is cut off, as in this long text, sk-x") == kNotShown);
  CHECK(printable("a long text without one, of which only the beginning shows") ==
        "a long text without one, of which only the begin...");
}
