#include <doctest/doctest.h>

#include "tls_pair.h"

namespace qcc::tls {
namespace {

using namespace qcc::tls::testing;

struct Site {
  explicit Site(TlsVersion version)
      : client(*TlsContext::client({.ca_file = pki.ca_file})),
        server(*TlsContext::server(
            {.cert_file = pki.cert_file, .key_file = pki.key_file, .version_max = version})) {}

  // Connects, lets the server talk (TLS 1.3 tickets come with its first data) and says whether the
  // session was an old one.
  bool resumes(const TlsContext& context, uint64_t key, const char* host = "upstream.test") {
    Peer first(context, ServerName{.host = host, .session_key = key, .sessions = &sessions});
    Peer second(server);
    connect(first, second);
    REQUIRE(first.handshake == HandshakeStatus::done);
    REQUIRE(second.engine.write_plain(std::string_view("hello")).has_value());
    carry(second, first);
    CHECK(first.plain == "hello");
    CHECK(first.engine.resumed() == second.engine.resumed());
    return first.engine.resumed();
  }

  TempDir dir;
  TestPki pki = write_test_pki(dir.path());
  TlsContext client;
  TlsContext server;
  SessionCache sessions{4};
};

TEST_CASE("tls sessions: resumed for the same key, host and context only") {
  for (TlsVersion version : {TlsVersion::tls12, TlsVersion::tls13}) {
    Site site(version);
    CHECK_FALSE(site.resumes(site.client, 1));
    CHECK(site.sessions.size() == 1);
    CHECK(site.resumes(site.client, 1));
    CHECK(site.resumes(site.client, 1));  // the ticket was renewed or may be used again
    CHECK_FALSE(site.resumes(site.client, 2));
    CHECK_FALSE(site.resumes(site.client, 1, "a.wild.test"));
    CHECK_FALSE(site.resumes(site.client, 1));  // the other host took the key's place
    CHECK(site.resumes(site.client, 1));
    TlsContext twin = *TlsContext::client({.ca_file = site.pki.ca_file});
    CHECK_FALSE(site.resumes(twin, 1));
    site.sessions.forget(1);
    CHECK_FALSE(site.resumes(twin, 1));
  }
}

TEST_CASE("tls sessions: what an insecure context accepted does not open a secure one") {
  Site site(TlsVersion::tls13);
  TlsContext insecure = *TlsContext::client({.insecure = true});
  TlsContext strict = *TlsContext::client({.ca_file = site.pki.other_ca_file});
  CHECK_FALSE(site.resumes(insecure, 1));
  Peer client(strict,
              ServerName{.host = "upstream.test", .session_key = 1, .sessions = &site.sessions});
  Peer server(site.server);
  connect(client, server);
  REQUIRE(client.handshake == HandshakeStatus::failed);
  CHECK(is_certificate_error(client.engine.last_error().code));
}

TEST_CASE("tls sessions: no cache, no resumption, and the cache is bounded") {
  Site site(TlsVersion::tls13);
  Peer client(site.client, ServerName{.host = "upstream.test"});
  Peer server(site.server);
  connect(client, server);
  CHECK(client.handshake == HandshakeStatus::done);
  CHECK(site.sessions.size() == 0);

  for (uint64_t key = 1; key <= 5; ++key) CHECK_FALSE(site.resumes(site.client, key));
  CHECK(site.sessions.size() == 4);
  CHECK(site.resumes(site.client, 5));
  CHECK_FALSE(site.resumes(site.client, 1));  // the oldest had to go
}

TEST_CASE("tls sessions: a server that forgot its ticket key falls back to a full handshake") {
  Site site(TlsVersion::tls13);
  CHECK_FALSE(site.resumes(site.client, 1));
  site.server =
      *TlsContext::server({.cert_file = site.pki.cert_file, .key_file = site.pki.key_file});
  CHECK_FALSE(site.resumes(site.client, 1));
  CHECK(site.resumes(site.client, 1));
}

TEST_CASE("tls sessions: engines outlive the handle they were made with") {
  Site site(TlsVersion::tls13);
  auto context = std::make_unique<TlsContext>(*TlsContext::client({.ca_file = site.pki.ca_file}));
  Peer client(*context, ServerName{.host = "upstream.test"});
  Peer server(site.server);
  context.reset();
  connect(client, server);
  CHECK(client.handshake == HandshakeStatus::done);
}

}  // namespace
}  // namespace qcc::tls
