#include <doctest/doctest.h>

#include <arpa/inet.h>

#include <array>

#include <qcc/config/address.h>

using namespace qcc::config;
using qcc::AddressScope;
using qcc::scope_of_address;

TEST_CASE("config: listen addresses read as written") {
  struct Row {
    const char* text;
    ListenAddress::Kind kind;
    const char* host;
    uint16_t port;
    bool is_local;
  };
  using Kind = ListenAddress::Kind;
  const Row rows[] = {{"127.0.0.1:7860", Kind::ipv4, "127.0.0.1", 7860, true},
                      {"[::1]:7860", Kind::ipv6, "::1", 7860, true},
                      {"127.0.0.1:0", Kind::ipv4, "127.0.0.1", 0, true},
                      {"0.0.0.0:80", Kind::ipv4, "0.0.0.0", 80, false},
                      {"[::]:65535", Kind::ipv6, "::", 65535, false},
                      {"192.168.1.2:1", Kind::ipv4, "192.168.1.2", 1, false},
                      {"unix:/run/qcc.sock", Kind::unix_socket, "/run/qcc.sock", 0, true}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    auto address = parse_listen_address(row.text);
    REQUIRE(address.has_value());
    CHECK(address->kind == row.kind);
    CHECK(address->host == row.host);
    CHECK(address->port == row.port);
    CHECK(address->is_local() == row.is_local);
    CHECK(address->text() == row.text);
  }
}

TEST_CASE("config: wrong listen addresses are refused") {
  const std::string long_path = "unix:/" + std::string(107, 'x');
  const std::string rows[] = {"",           "7860",          ":7860",      "localhost:7860",
                              "127.0.0.1",  "127.0.0.1:",    "::1:7860",   "[127.0.0.1]:1",
                              "[::1]",      "[::1:7860",     "127.1:7860", "127.0.0.1:65536",
                              "1.2.3.4:-1", "1.2.3.4:0x50",  "*:7860",     "unix:relative",
                              "unix:",      "[::1%lo]:7860", long_path,    "127.0.0.1: 7860"};
  for (const std::string& text : rows) {
    CAPTURE(text);
    CHECK_FALSE(parse_listen_address(text).has_value());
  }
}

TEST_CASE("config: base URLs come apart and go together again") {
  struct Row {
    const char* text;
    bool tls;
    const char* host;
    uint16_t port;
    const char* path;
    const char* host_header;
    const char* shown;
  };
  const Row rows[] = {
      {"https://api.anthropic.com", true, "api.anthropic.com", 443, "", "api.anthropic.com",
       "https://api.anthropic.com"},
      {"HTTPS://API.Anthropic.com/", true, "api.anthropic.com", 443, "", "api.anthropic.com",
       "https://api.anthropic.com"},
      {"https://api.openai.com/v1", true, "api.openai.com", 443, "", "api.openai.com",
       "https://api.openai.com"},
      {"https://openrouter.ai/api/v1/", true, "openrouter.ai", 443, "/api", "openrouter.ai",
       "https://openrouter.ai/api"},
      {"https://h.example:8443/a/b%20c", true, "h.example", 8443, "/a/b%20c", "h.example:8443",
       "https://h.example:8443/a/b%20c"},
      {"http://127.0.0.1:8000", false, "127.0.0.1", 8000, "", "127.0.0.1:8000",
       "http://127.0.0.1:8000"},
      {"http://[::1]:80/x", false, "::1", 80, "/x", "[::1]", "http://[::1]/x"},
      {"http://my_host:443", false, "my_host", 443, "", "my_host:443", "http://my_host:443"},
      {"https://host:443/v10", true, "host", 443, "/v10", "host", "https://host/v10"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    auto url = parse_base_url(row.text);
    REQUIRE(url.has_value());
    CHECK(url->tls == row.tls);
    CHECK(url->host == row.host);
    CHECK(url->port == row.port);
    CHECK(url->base_path == row.path);
    CHECK(url->host_header() == row.host_header);
    CHECK(url->text() == row.shown);
  }
}

TEST_CASE("config: wrong base URLs are refused") {
  const std::string rows[] = {"",
                              "api.anthropic.com",
                              "ftp://host",
                              "https:/host",
                              "https://",
                              "https:///path",
                              "https://user:secret@host",
                              "https://host?query",
                              "https://host/#fragment",
                              "https://host:0",
                              "https://host:65536",
                              "https://host:",
                              "https://ho st",
                              "https://-host",
                              "https://host-.example",
                              "https://a..b",
                              "https://host.",
                              "https://127.1",
                              "https://2130706433",
                              "https://0x7f000001",
                              "https://127.0.0.0x1",
                              "https://1.2.3.04",
                              "https://[::1",
                              "https://[]",
                              "https://[1.2.3.4]",
                              "https://[::1]x",
                              "https://::1",
                              "https://host/a//b",
                              "https://host/../x",
                              "https://host/x/.",
                              "https://host/a\r\nb",
                              "https://host/%zz",
                              "https://host/%2",
                              "https://h\xc3\xb6st",
                              "https://" + std::string(64, 'a'),
                              "https://host/" + std::string(2000, 'a')};
  for (const std::string& text : rows) {
    CAPTURE(text);
    CHECK_FALSE(parse_base_url(text).has_value());
  }
}

TEST_CASE("config: errors of a URL never show its password") {
  CHECK(parse_base_url("https://me:hunter2@host").error().find("hunter2") == std::string::npos);
}

TEST_CASE("config: hosts are judged by where they lead") {
  struct Row {
    const char* host;
    AddressScope scope;
  };
  const Row rows[] = {{"127.0.0.1", AddressScope::loopback},
                      {"127.9.9.9", AddressScope::loopback},
                      {"::1", AddressScope::loopback},
                      {"::ffff:127.0.0.1", AddressScope::loopback},
                      {"localhost", AddressScope::loopback},
                      {"LOCALHOST", AddressScope::loopback},
                      {"a.localhost", AddressScope::loopback},
                      {"0.0.0.0", AddressScope::unspecified},
                      {"::", AddressScope::unspecified},
                      {"169.254.169.254", AddressScope::link_local},
                      {"100.100.100.200", AddressScope::link_local},
                      {"fe80::1", AddressScope::link_local},
                      {"febf::1", AddressScope::link_local},
                      {"fec0::1", AddressScope::global},
                      {"fd00:ec2::254", AddressScope::link_local},
                      {"::ffff:169.254.169.254", AddressScope::link_local},
                      {"64:ff9b::a9fe:a9fe", AddressScope::link_local},
                      {"metadata.google.internal", AddressScope::link_local},
                      {"10.1.2.3", AddressScope::private_network},
                      {"172.16.0.1", AddressScope::private_network},
                      {"172.31.255.255", AddressScope::private_network},
                      {"172.32.0.1", AddressScope::global},
                      {"192.168.0.1", AddressScope::private_network},
                      {"192.169.0.1", AddressScope::global},
                      {"100.64.0.1", AddressScope::private_network},
                      {"100.128.0.1", AddressScope::global},
                      {"fd12::1", AddressScope::private_network},
                      {"2001:db8::1", AddressScope::global},
                      {"vllm", AddressScope::private_network},
                      {"vllm.lan", AddressScope::private_network},
                      {"db.internal", AddressScope::private_network},
                      {"api.anthropic.com", AddressScope::global},
                      {"8.8.8.8", AddressScope::global}};
  for (const Row& row : rows) {
    CAPTURE(row.host);
    CHECK(scope_of_host(row.host) == row.scope);
  }
  CHECK(scope_of_address(std::array<uint8_t, 4>{169, 254, 0, 1}) == AddressScope::link_local);
  CHECK(scope_of_address(std::array<uint8_t, 3>{1, 2, 3}) == AddressScope::unspecified);
}
