// Goal: what crosses the proxy in each direction (H7, H8, H10, U8).
#include <qcc/http/forward.h>
#include <qcc/http/request_parser.h>
#include <qcc/http/response_parser.h>

#include <doctest/doctest.h>

#include <string>

using namespace qcc::http;

namespace {

bool reaches_upstream(const std::string& name, const std::string& options = "keep-alive",
                      ClientCredentials credentials = ClientCredentials::drop) {
  const std::string head =
      "POST / HTTP/1.0\r\nConnection: " + options + "\r\n" + name + ": 1\r\n\r\n";
  RequestParser parser;
  REQUIRE(parser.feed(head) == ParseStatus::done);
  REQUIRE(parser.head().fields.size() == 2);
  return forwards_to_upstream(parser.head().fields[1], parser.head().connection, credentials);
}

bool reaches_client(const std::string& name, const std::string& options = "keep-alive") {
  const std::string head =
      "HTTP/1.1 200 OK\r\nConnection: " + options + "\r\n" + name + ": 1\r\n\r\n";
  ResponseParser parser(Method::post);
  REQUIRE(parser.feed(head) == ParseStatus::done);
  return forwards_to_client(parser.head().fields[1], parser.head().connection);
}

}  // namespace

TEST_CASE("http forward: what a client's request keeps") {
  for (const char* name :
       {"Accept", "Content-Type", "anthropic-version", "anthropic-beta", "User-Agent", "x-app",
        "X-Claude-Code-Session-Id", "X-Stainless-OS", "X-Stainless-Retry-Count", "session_id",
        "Some-New-Field", "OpenAI-Organization", "Idempotency-Key", "Content-Encoding"}) {
    CAPTURE(name);
    CHECK(reaches_upstream(name));
  }
}

TEST_CASE("http forward: H7, H8, H10, what never goes upstream") {
  for (const char* name : {"Keep-Alive",
                           "Proxy-Connection",
                           "Proxy-Authorization",
                           "Proxy-Authenticate",
                           "Proxy-Anything",
                           "TE",
                           "Trailer",
                           "Upgrade",
                           "HTTP2-Settings",
                           "Expect",
                           "Max-Forwards",
                           "Authorization",
                           "X-Api-Key",
                           "Host",
                           "Content-Length",
                           "Content_Length",
                           "Transfer_Encoding",
                           "X_Forwarded_For",
                           "X-Forwarded-For",
                           "X-Forwarded-Client-Cert",
                           "Forwarded",
                           "Via",
                           "X-Real-IP",
                           "Cookie",
                           "Accept-Encoding"}) {
    CAPTURE(name);
    if (std::string(name) == "Host" || std::string(name) == "Content-Length") {
      Field field{name, "1", known_field(name)};
      CHECK_FALSE(forwards_to_upstream(field, {}));
    } else {
      CHECK_FALSE(reaches_upstream(name));
    }
  }
  CHECK_FALSE(
      forwards_to_upstream({"transfer-encoding", "chunked", KnownField::transfer_encoding}, {}));
  CHECK_FALSE(forwards_to_upstream({"connection", "close", KnownField::connection}, {}));
  CHECK_FALSE(reaches_upstream("X-Private", "close, x-private"));
  CHECK_FALSE(reaches_upstream("User-Agent", "user-agent"));
}

TEST_CASE("http forward: a client's own key goes on only where the endpoint is set up so") {
  for (const char* name : {"Authorization", "x-api-key"}) {
    CHECK(reaches_upstream(name, "close", ClientCredentials::forward));
    CHECK_FALSE(reaches_upstream(name, "close", ClientCredentials::drop));
  }
  CHECK_FALSE(reaches_upstream("Proxy-Authorization", "close", ClientCredentials::forward));
}

TEST_CASE("http forward: U8, what an answer keeps and loses") {
  for (const char* name :
       {"Content-Type", "request-id", "x-request-id", "anthropic-ratelimit-requests-reset",
        "retry-after", "x-should-retry", "Date", "Content-Encoding", "openai-processing-ms"}) {
    CAPTURE(name);
    CHECK(reaches_client(name));
  }
  for (const char* name :
       {"Keep-Alive", "Proxy-Authenticate", "Proxy-Status", "Trailer", "Upgrade", "Alt-Svc",
        "Set-Cookie", "Server", "Via", "X-Powered-By", "Content-Length", "x-qcc-hop",
        "x-qcc-attempts", "openai-organization", "anthropic-organization-id", "Set_Cookie"}) {
    CAPTURE(name);
    CHECK_FALSE(reaches_client(name));
  }
  CHECK_FALSE(reaches_client("X-Internal", "x-INTERNAL"));
}
