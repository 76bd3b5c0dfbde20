// Goal: hosts, endpoint URLs (T5, L10), loopback names (L11) and routing paths (L6).
#include <qcc/http/url.h>

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace qcc::http;

TEST_CASE("http url: endpoint URLs") {
  struct Row {
    const char* text;
    bool is_https;
    const char* host;
    int port;
    const char* authority;
    const char* base_path;
  };
  for (const Row& row : std::array<Row, 10>{{
           {"https://api.anthropic.com", true, "api.anthropic.com", 443, "api.anthropic.com", ""},
           {"https://api.anthropic.com/", true, "api.anthropic.com", 443, "api.anthropic.com", ""},
           {"HTTPS://API.Example.COM:443/v1//", true, "api.example.com", 443, "api.example.com",
            "/v1"},
           {"https://a.b:8443/x/y.z/..w", true, "a.b", 8443, "a.b:8443", "/x/y.z/..w"},
           {"https://[2001:DB8::1]:444", true, "2001:db8::1", 444, "[2001:db8::1]:444", ""},
           {"http://127.0.0.1:80/v1", false, "127.0.0.1", 80, "127.0.0.1", "/v1"},
           {"http://localhost:11434", false, "localhost", 11434, "localhost:11434", ""},
           {"http://10.1.2.3", false, "10.1.2.3", 80, "10.1.2.3", ""},
           {"http://ollama:11434/v1", false, "ollama", 11434, "ollama:11434", "/v1"},
           {"https://a.b:", true, "a.b", 443, "a.b", ""},
       }}) {
    CAPTURE(row.text);
    auto url = parse_base_url(row.text);
    REQUIRE(url.has_value());
    CHECK(url->is_https == row.is_https);
    CHECK(url->host == row.host);
    CHECK(url->port == row.port);
    CHECK(url->authority == row.authority);
    CHECK(url->base_path == row.base_path);
  }
}

TEST_CASE("http url: endpoint URLs that are refused, and why") {
  struct Row {
    const char* text;
    UrlFault fault;
  };
  using enum UrlFault;
  for (const Row& row : std::array<Row, 36>{{
           {"", scheme},
           {"api.anthropic.com", scheme},
           {"ftp://a.b", scheme},
           {"https:/a.b", scheme},
           {"https://", host},
           {"https:///v1", host},
           {"https://a b", host},
           {"https://a%20b", host},
           {"https://[::1", host},
           {"https://[v1.x]", host},
           {"https://a,b", host},
           {"https://a.b:x", port},
           {"https://a.b:0", port},
           {"https://a.b:65536", port},
           {"https://user:secret@a.b", userinfo},
           {"https://a.b?x", query},
           {"https://a.b/x#y", query},
           {"https://a.b/x y", path},
           {"https://a.b/%2e%2e", path},
           {"https://a.b/../x", path},
           {"https://a.b/x/.", path},
           {"https://127.1", numeric_host},
           {"https://2852039166", numeric_host},
           {"https://0xA9FEA9FE", numeric_host},
           {"https://169.254.0xa9fe", numeric_host},
           {"https://a.1.", numeric_host},
           {"https://169.254.169.254/latest", metadata_host},
           {"http://169.254.0.1", metadata_host},
           {"https://[fd00:ec2::254]", metadata_host},
           {"https://[::ffff:169.254.169.254]", metadata_host},
           {"https://[fe80::1]", metadata_host},
           {"https://metadata.google.internal", metadata_host},
           {"http://api.anthropic.com", plaintext},
           {"http://8.8.8.8", plaintext},
           {"http://[2001:db8::1]", plaintext},
           {"http://localhost.example.com", plaintext},
       }}) {
    CAPTURE(row.text);
    auto url = parse_base_url(row.text);
    REQUIRE_FALSE(url.has_value());
    CHECK(url.error() == row.fault);
    CHECK(std::string(describe(row.fault)).size() > 10);
  }
}

TEST_CASE("http url: T5, plaintext to the world only if allowed, metadata never") {
  CHECK(parse_base_url("http://api.example.com", Plaintext::allowed).has_value());
  CHECK_FALSE(parse_base_url("http://169.254.169.254", Plaintext::allowed).has_value());
  for (const char* text :
       {"http://172.16.0.1", "http://172.31.255.255", "http://192.168.1.1", "http://100.64.0.1",
        "http://[::1]", "http://[fd12::1]", "http://gpu.local", "http://x.internal."})
    CHECK(parse_base_url(text).has_value());
  for (const char* text : {"http://172.32.0.1", "http://172.15.0.1", "http://192.169.1.1",
                           "http://100.128.0.1", "http://11.0.0.1", "http://[fe00::1]"})
    CHECK_FALSE(parse_base_url(text).has_value());
}

TEST_CASE("http url: addresses") {
  CHECK(parse_ip("127.0.0.1").has_value());
  CHECK(parse_ip("::ffff:127.0.0.1") == parse_ip("127.0.0.1"));
  for (const char* text : {"", "127.1", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "[::1]", "::1%eth0",
                           "g::", "1.2.3.4 ", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"})
    CHECK_FALSE(parse_ip(text).has_value());
  CHECK_FALSE(parse_ip(std::string_view("::1\0x", 5)).has_value());
  CHECK(is_metadata_address(*parse_ip("100.100.100.200")));
  CHECK_FALSE(is_metadata_address(*parse_ip("169.253.1.1")));
}

TEST_CASE("http url: L11, loopback hosts and origins") {
  for (const char* host : {"localhost", "LOCALHOST:80", "localhost.", "a.localhost", "127.0.0.1",
                           "127.8.9.1:1", "[::1]", "[::1]:8080", "[::ffff:127.0.0.1]"})
    CHECK_MESSAGE(is_loopback_host(host), host);
  for (const char* host : {"", "localhost.evil.com", "evillocalhost", ".localhost", "128.0.0.1",
                           "127.0.0.1.evil.com", "[::2]", "::1", "127.0.0.1:x", "0.0.0.0"})
    CHECK_FALSE_MESSAGE(is_loopback_host(host), host);
  CHECK(host_of_origin("http://localhost:3000") == "localhost:3000");
  CHECK(host_of_origin("HTTPS://a.b") == "a.b");
  for (const char* origin : {"", "null", "localhost", "file://", "http://", "http://a/b",
                             "http://u@localhost", "http://localhost http://evil"})
    CHECK(host_of_origin(origin).empty());
}

TEST_CASE("http url: L6, paths for routing") {
  struct Row {
    const char* raw;
    const char* path;
  };
  for (const Row& row : std::array<Row, 21>{{
           {"/", "/"},
           {"/v1/messages", "/v1/messages"},
           {"/v1/%6dessages", "/v1/messages"},
           {"/v1/%6Dessages", "/v1/messages"},
           {"/a/./b", "/a/b"},
           {"/a/../b", "/b"},
           {"/a/b/..", "/a/"},
           {"/a/b/.", "/a/b/"},
           {"/..", "/"},
           {"/../../a", "/a"},
           {"/a/%2e%2e/b", "/b"},
           {"/a%2f..%2fb", "/b"},
           {"/a/.../b", "/a/.../b"},
           {"/a/..b/.c", "/a/..b/.c"},
           {"/a//b", "/a//b"},
           {"/a//../b", "/a/b"},
           {"/%252e%252e/x", "/%2e%2e/x"},
           {"/%c3%a9", "/\xc3\xa9"},
           {"/%20x", "/ x"},
           {"*", "*"},
           {"/a/b/../../..//c", "//c"},
       }}) {
    CAPTURE(row.raw);
    std::array<char, 64> scratch;
    NormalizedPath result = normalize_path(row.raw, scratch);
    REQUIRE(result.fault == nullptr);
    CHECK(result.path == row.path);
    CHECK(result.changed == (std::string_view(row.raw) != row.path));
  }
  for (const char* raw : {"/%", "/a%", "/%a", "/%zz", "/%4", "/%0", "/%-1", "/%00", "/a%0d", "/%0a",
                          "/%0D%0ASet-Cookie:x", "/%7f", "/%1f", "/%%30"}) {
    CAPTURE(raw);
    std::array<char, 64> scratch;
    NormalizedPath result = normalize_path(raw, scratch);
    REQUIRE(result.fault != nullptr);
    CHECK(result.fault->status == 400);
    CHECK(std::string(result.fault->rule) == "L6");
  }
}
