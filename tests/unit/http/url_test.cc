// Goal: hosts, loopback names (L11) and routing paths (L6).
#include <qcc/http/url.h>

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace qcc::http;

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
