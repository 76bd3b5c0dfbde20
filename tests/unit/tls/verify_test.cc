#include <doctest/doctest.h>
#include <openssl/x509.h>

#include "tls_pair.h"

namespace qcc::tls {
namespace {

using namespace qcc::tls::testing;

struct Authority {
  TempDir dir;
  CertificateAuthority ca{"verify CA"};
  std::string ca_file = dir.write("ca.pem", ca.pem());
};

Authority& authority() {
  static Authority made;
  return made;
}

TlsContext server_with(const PemPair& pair) {
  auto context = TlsContext::server({.cert_file = authority().dir.write("s.pem", pair.certificates),
                                     .key_file = authority().dir.write("s.key", pair.key)});
  REQUIRE(context.has_value());
  return *context;
}

// 0: accepted.
int32_t verdict(const ClientOptions& options, const PemPair& server_pair, const char* host) {
  auto context = TlsContext::client(options);
  REQUIRE(context.has_value());
  TlsContext server_context = server_with(server_pair);
  Peer client(*context, ServerName{.host = host});
  Peer server(server_context);
  connect(client, server);
  if (client.handshake == HandshakeStatus::done) return 0;
  REQUIRE(client.handshake == HandshakeStatus::failed);
  Error error = client.engine.last_error();
  CHECK(error.kind == ErrorKind::tls);
  CHECK(is_certificate_error(error.code));
  // The server is told why.
  CHECK(server.engine.last_error().code > kTlsAlertBase);
  return error.code;
}

TEST_CASE("tls verify: names") {
  struct Row {
    const char* alt_names;
    const char* host;
    int32_t code;
  };
  constexpr int32_t kName = X509_V_ERR_HOSTNAME_MISMATCH;
  constexpr int32_t kAddress = X509_V_ERR_IP_ADDRESS_MISMATCH;
  const Row rows[] = {
      {"DNS:upstream.test", "upstream.test", 0},
      {"DNS:upstream.test", "UPSTREAM.test", 0},
      {"DNS:upstream.test", "upstream.test.", 0},
      {"DNS:a.test,DNS:b.test", "b.test", 0},
      {"DNS:upstream.test", "wrong.test", kName},
      {"DNS:upstream.test", "test", kName},
      {"DNS:upstream.test", "x.upstream.test", kName},
      {"DNS:upstream.test", "upstream.test.evil", kName},
      {"DNS:*.wild.test", "a.wild.test", 0},
      {"DNS:*.wild.test", "wild.test", kName},
      {"DNS:*.wild.test", "a.b.wild.test", kName},
      {"DNS:w*.wild.test", "www.wild.test", kName},
      {"DNS:*w.wild.test", "www.wild.test", kName},
      {"DNS:www.*.test", "www.wild.test", kName},
      {"DNS:*", "wild", kName},
      {"DNS:*.test", "wild.test", kName},
      {"IP:127.0.0.1", "127.0.0.1", 0},
      {"IP:127.0.0.1", "127.0.0.2", kAddress},
      {"IP:::1", "::1", 0},
      {"IP:::1", "::2", kAddress},
      {"DNS:127.0.0.1", "127.0.0.1", kAddress},
      {"IP:127.0.0.1", "upstream.test", kName},
  };
  for (const Row& row : rows) {
    CAPTURE(row.alt_names);
    CAPTURE(row.host);
    PemPair pair = authority().ca.issue({.alt_names = row.alt_names});
    CHECK(verdict({.ca_file = authority().ca_file}, pair, row.host) == row.code);
  }
}

TEST_CASE("tls verify: a certificate without SAN is refused, its common name does not count") {
  PemPair pair = authority().ca.issue({.common_name = "upstream.test", .alt_names = ""});
  CHECK(verdict({.ca_file = authority().ca_file}, pair, "upstream.test") ==
        X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_CASE("tls verify: time, purpose and trust") {
  ClientOptions trusting{.ca_file = authority().ca_file};
  const CertificateAuthority& ca = authority().ca;
  CHECK(verdict(trusting, ca.issue({.valid_from_days = -9, .valid_to_days = -1}),
                "upstream.test") == X509_V_ERR_CERT_HAS_EXPIRED);
  CHECK(verdict(trusting, ca.issue({.valid_from_days = 1, .valid_to_days = 9}), "upstream.test") ==
        X509_V_ERR_CERT_NOT_YET_VALID);
  CHECK(verdict(trusting, ca.issue({.extended_key_usage = "clientAuth"}), "upstream.test") ==
        X509_V_ERR_INVALID_PURPOSE);
  CHECK(verdict(trusting, ca.issue({.extended_key_usage = ""}), "upstream.test") == 0);

  CertificateAuthority unknown("unknown CA");
  CHECK(verdict(trusting, unknown.issue({}), "upstream.test") ==
        X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
  CertificateAuthority impostor("verify CA");  // the trusted CA's name, another key
  CHECK(verdict(trusting, impostor.issue({}), "upstream.test") ==
        X509_V_ERR_CERT_SIGNATURE_FAILURE);
  CHECK(verdict(trusting, self_signed({}), "upstream.test") ==
        X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
}

TEST_CASE("tls verify: a self-signed certificate may be trusted by name") {
  PemPair pair = self_signed({});
  ClientOptions pinned{.ca_file = authority().dir.write("pinned.pem", pair.certificates)};
  CHECK(verdict(pinned, pair, "upstream.test") == 0);
  CHECK(verdict(pinned, pair, "wrong.test") == X509_V_ERR_HOSTNAME_MISMATCH);
  CHECK(verdict(pinned, self_signed({}), "upstream.test") != 0);
}

TEST_CASE("tls verify: insecure accepts what nobody else would") {
  CHECK(verdict({.insecure = true}, self_signed({.valid_from_days = -9, .valid_to_days = -1}),
                "other.test") == 0);
}

TEST_CASE("tls verify: the system's roots do not know a test CA") {
  if (!TlsContext::client({}).has_value()) return;  // a machine without ca-certificates
  CHECK(verdict({}, authority().ca.issue({}), "upstream.test") != 0);
}

TEST_CASE("tls verify: hosts that TLS cannot verify fail before a byte is sent") {
  auto context = TlsContext::client({.ca_file = authority().ca_file});
  REQUIRE(context.has_value());
  for (std::string host :
       {std::string(), std::string("."), std::string(300, 'a'), std::string("a\0b.test", 8)}) {
    Peer client(*context, ServerName{.host = host});
    client.advance();
    REQUIRE(client.handshake == HandshakeStatus::failed);
    CHECK(client.engine.last_error().code == kBadPeerName);
    CHECK_FALSE(client.engine.has_cipher());
  }
}

TEST_CASE("tls: files that do not fit are named") {
  const TempDir& dir = authority().dir;
  PemPair one = authority().ca.issue({});
  PemPair two = authority().ca.issue({});
  std::string cert = dir.write("one.pem", one.certificates);
  std::string key = dir.write("one.key", one.key);
  std::string other_key = dir.write("two.key", two.key);
  std::string no_pem = dir.write("none.pem", "nothing here\n");
  std::string damaged = dir.write("damaged.pem", one.certificates.substr(0, 200));
  auto complaint = [](auto&& made) { return made.has_value() ? std::string() : made.error(); };

  CHECK(complaint(TlsContext::client(
            {.ca_file = authority().ca_file, .cert_file = cert, .key_file = key})) == "");
  struct Row {
    ServerOptions options;
    std::string complaint;
  };
  const Row rows[] = {
      {{.cert_file = cert, .key_file = key}, ""},
      {{.cert_file = cert, .key_file = other_key},
       "the private key in '" + other_key + "' does not belong to the certificate in '" + cert +
           "'"},
      {{.cert_file = dir.path() + "/absent", .key_file = key},
       "cannot read certificate file '" + dir.path() + "/absent': No such file or directory"},
      {{.cert_file = cert, .key_file = no_pem},
       "key file '" + no_pem + "' holds no readable private key"},
      {{.cert_file = no_pem, .key_file = key},
       "certificate file '" + no_pem + "' holds no usable certificate"},
      {{.cert_file = damaged, .key_file = key},
       "certificate file '" + damaged + "' holds no usable certificate"},
  };
  for (const Row& row : rows) CHECK(complaint(TlsContext::server(row.options)) == row.complaint);
  CHECK(complaint(TlsContext::client({.ca_file = no_pem})) ==
        "CA file '" + no_pem + "' holds no certificate");
  CHECK(complaint(TlsContext::client({.ca_file = damaged})) ==
        "CA file '" + damaged + "' holds a damaged certificate");
}

TEST_CASE("tls: every kind of failure has a sentence") {
  for (int32_t code = -10; code < 3000; ++code) {
    const char* text = describe_tls_error(code);
    REQUIRE(text != nullptr);
    CHECK(*text != '\0');
  }
  CHECK(std::string(describe_tls_error(X509_V_ERR_CERT_HAS_EXPIRED)) ==
        "the certificate has expired");
}

}  // namespace
}  // namespace qcc::tls
