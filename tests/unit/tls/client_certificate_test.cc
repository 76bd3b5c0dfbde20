#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "tls_pair.h"

namespace qcc::tls {
namespace {

using namespace qcc::tls::testing;

// A server that demands a certificate, which ours does not: BoringSSL itself, over memory.
struct DemandingServer {
  explicit DemandingServer(const TestPki& pki) : context(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate_chain_file(context.get(), pki.cert_file.c_str());
    SSL_CTX_use_PrivateKey_file(context.get(), pki.key_file.c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_load_verify_locations(context.get(), pki.ca_file.c_str(), nullptr);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_verify_depth(context.get(), 4);
    ssl.reset(SSL_new(context.get()));
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl.get());
  }

  void exchange_with(Peer& client) {
    for (int round = 0; round < 4; ++round) {
      client.advance();
      std::span<const char> cipher = client.engine.take_cipher();
      BIO_write(SSL_get_rbio(ssl.get()), cipher.data(), static_cast<int>(cipher.size()));
      client.engine.consume_cipher(cipher.size());
      SSL_do_handshake(ssl.get());
      const uint8_t* answer = nullptr;
      size_t bytes = 0;
      BIO_mem_contents(SSL_get_wbio(ssl.get()), &answer, &bytes);
      client.receive({reinterpret_cast<const char*>(answer), bytes});
      BIO_reset(SSL_get_wbio(ssl.get()));
    }
  }

  bssl::UniquePtr<SSL_CTX> context;
  bssl::UniquePtr<SSL> ssl;
};

TEST_CASE("tls: a client certificate is shown to the server that asks") {
  TempDir dir;
  CertificateAuthority ca("client CA");
  PemPair server_pair = ca.issue({});
  PemPair client_pair = ca.issue({.common_name = "us", .extended_key_usage = "clientAuth"});
  TestPki pki;
  pki.ca_file = dir.write("ca.pem", ca.pem());
  pki.cert_file = dir.write("server.pem", server_pair.certificates);
  pki.key_file = dir.write("server.key", server_pair.key);
  auto armed = TlsContext::client({.ca_file = pki.ca_file,
                                   .cert_file = dir.write("us.pem", client_pair.certificates),
                                   .key_file = dir.write("us.key", client_pair.key)});
  auto bare = TlsContext::client({.ca_file = pki.ca_file});
  REQUIRE(armed.has_value());
  REQUIRE(bare.has_value());

  SUBCASE("with one") {
    DemandingServer server(pki);
    Peer client(*armed, ServerName{.host = "upstream.test"});
    server.exchange_with(client);
    CHECK(client.handshake == HandshakeStatus::done);
    CHECK(client.read == ReadStatus::want_read);
    CHECK(SSL_is_init_finished(server.ssl.get()) == 1);
    bssl::UniquePtr<X509> shown(SSL_get_peer_certificate(server.ssl.get()));
    CHECK(shown != nullptr);
  }
  SUBCASE("without one the server's alert is seen by the first read") {
    DemandingServer server(pki);
    Peer client(*bare, ServerName{.host = "upstream.test"});
    server.exchange_with(client);
    CHECK(client.read == ReadStatus::failed);
    CHECK(client.engine.last_error().code == kTlsAlertBase + 116);  // certificate_required
  }
}

}  // namespace
}  // namespace qcc::tls
