#include <qcc/tls/context.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pool.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <vector>

#include <unistd.h>

#include "callbacks.h"
#include "context_state.h"

namespace qcc::tls {
namespace {

using Checked = std::expected<void, std::string>;

// A resumed connection shows no certificate. Four hours bound how long an expired or withdrawn one
// can go on to be accepted.
constexpr uint32_t kSessionLifetimeSeconds = 4 * 60 * 60;

constexpr uint8_t kAlpnHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// Where systems keep their roots: Debian and Alpine, Fedora, openSUSE, others.
constexpr const char* kSystemRoots[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

uint64_t next_serial() {
  static std::atomic<uint64_t> serials{0};
  return ++serials;
}

// Connections to one server share one copy of its certificates. Lives as long as the process,
// because BoringSSL wants a pool to be empty when it is freed.
CRYPTO_BUFFER_POOL* certificate_pool() {
  static CRYPTO_BUFFER_POOL* pool = CRYPTO_BUFFER_POOL_new();
  return pool;
}

std::string in_file(const char* what, const std::string& path) {
  return std::string(what) + " '" + path + "'";
}

std::expected<bssl::UniquePtr<BIO>, std::string> open_file(const char* what,
                                                           const std::string& path) {
  errno = 0;
  bssl::UniquePtr<BIO> file(BIO_new_file(path.c_str(), "r"));
  int why = errno;
  ERR_clear_error();
  if (!file)
    return std::unexpected("cannot read " + in_file(what, path) + ": " + std::strerror(why));
  return file;
}

// PEM readers report the end of a file as an error of its own.
bool stopped_at_end_of_file() {
  uint32_t code = ERR_peek_last_error();
  bool at_end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  return at_end;
}

std::expected<bssl::UniquePtr<X509_STORE>, std::string> load_roots(const std::string& path) {
  auto file = open_file("CA file", path);
  if (!file) return std::unexpected(file.error());
  bssl::UniquePtr<X509_STORE> roots(X509_STORE_new());
  size_t count = 0;
  for (;;) {
    bssl::UniquePtr<X509> root(PEM_read_bio_X509_AUX(file->get(), nullptr, nullptr, nullptr));
    if (!root) break;
    X509_STORE_add_cert(roots.get(), root.get());
    ++count;
  }
  if (!stopped_at_end_of_file())
    return std::unexpected(in_file("CA file", path) + " holds a damaged certificate");
  if (count == 0) return std::unexpected(in_file("CA file", path) + " holds no certificate");
  return roots;
}

std::expected<bssl::UniquePtr<X509_STORE>, std::string> load_system_roots() {
  for (const char* path : kSystemRoots)
    if (access(path, R_OK) == 0) return load_roots(path);
  return std::unexpected("this system has no trusted roots (package ca-certificates); set ca_file");
}

using CertificateChain = std::vector<bssl::UniquePtr<CRYPTO_BUFFER>>;

std::expected<CertificateChain, std::string> load_chain(const std::string& path) {
  auto file = open_file("certificate file", path);
  if (!file) return std::unexpected(file.error());
  CertificateChain chain;
  uint8_t* der = nullptr;
  long der_bytes = 0;
  while (PEM_bytes_read_bio(&der, &der_bytes, nullptr, PEM_STRING_X509, file->get(), nullptr,
                            nullptr) == 1) {
    bssl::UniquePtr<uint8_t> owned(der);
    chain.emplace_back(CRYPTO_BUFFER_new(der, static_cast<size_t>(der_bytes), certificate_pool()));
  }
  if (!stopped_at_end_of_file() || chain.empty())
    return std::unexpected(in_file("certificate file", path) + " holds no usable certificate");
  return chain;
}

Checked use_certificate(SSL_CTX* ssl, const std::string& cert_file, const std::string& key_file) {
  auto chain = load_chain(cert_file);
  if (!chain) return std::unexpected(chain.error());
  auto file = open_file("key file", key_file);
  if (!file) return std::unexpected(file.error());
  // An empty password: an encrypted key is an error instead of a question on the terminal.
  char no_password[] = "";
  bssl::UniquePtr<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(file->get(), nullptr, nullptr, no_password));
  ERR_clear_error();
  if (!key)
    return std::unexpected(in_file("key file", key_file) + " holds no readable private key");
  std::vector<CRYPTO_BUFFER*> certificates;
  for (const auto& certificate : *chain) certificates.push_back(certificate.get());
  bool fits = SSL_CTX_set_chain_and_key(ssl, certificates.data(), certificates.size(), key.get(),
                                        nullptr) == 1;
  ERR_clear_error();
  if (!fits)
    return std::unexpected("the private key in '" + key_file +
                           "' does not belong to the certificate in '" + cert_file + "'");
  return {};
}

uint16_t wire_version(TlsVersion version) {
  return version == TlsVersion::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

bssl::UniquePtr<SSL_CTX> new_ssl_context(TlsVersion version_min, TlsVersion version_max) {
  // The "buffers" method keeps certificates as shared bytes: no parsed X509 per connection.
  bssl::UniquePtr<SSL_CTX> ssl(SSL_CTX_new(TLS_with_buffers_method()));
  SSL_CTX_set_min_proto_version(ssl.get(), wire_version(version_min));
  SSL_CTX_set_max_proto_version(ssl.get(), wire_version(version_max));
  SSL_CTX_set0_buffer_pool(ssl.get(), certificate_pool());
  SSL_CTX_set_timeout(ssl.get(), kSessionLifetimeSeconds);
  SSL_CTX_set_session_psk_dhe_timeout(ssl.get(), kSessionLifetimeSeconds);
  return ssl;
}

int choose_http11(SSL*, const uint8_t** chosen, uint8_t* chosen_bytes, const uint8_t* offered,
                  unsigned offered_bytes, void*) {
  uint8_t* match = nullptr;
  if (SSL_select_next_proto(&match, chosen_bytes, kAlpnHttp11, sizeof kAlpnHttp11, offered,
                            offered_bytes) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

std::expected<TlsContext, std::string> TlsContext::client(const ClientOptions& options) {
  auto state = std::make_shared<State>();
  state->serial = next_serial();
  state->client = true;
  state->insecure = options.insecure;
  state->ssl = new_ssl_context(options.version_min, TlsVersion::tls13);
  SSL_CTX_set_alpn_protos(state->ssl.get(), kAlpnHttp11, sizeof kAlpnHttp11);
  SSL_CTX_set_session_cache_mode(state->ssl.get(),
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(state->ssl.get(), EngineCallbacks::keep_session);
  SSL_CTX_set_custom_verify(state->ssl.get(), SSL_VERIFY_PEER, EngineCallbacks::verify_server);
  if (!options.insecure) {
    auto roots = options.ca_file.empty() ? load_system_roots() : load_roots(options.ca_file);
    if (!roots) return std::unexpected(roots.error());
    state->roots = std::move(*roots);
  }
  if (!options.cert_file.empty()) {
    Checked used = use_certificate(state->ssl.get(), options.cert_file, options.key_file);
    if (!used) return std::unexpected(used.error());
  }
  return TlsContext(std::move(state));
}

std::expected<TlsContext, std::string> TlsContext::server(const ServerOptions& options) {
  auto state = std::make_shared<State>();
  state->serial = next_serial();
  state->ssl = new_ssl_context(options.version_min, options.version_max);
  SSL_CTX_set_session_cache_mode(state->ssl.get(), SSL_SESS_CACHE_OFF);  // tickets need no memory
  SSL_CTX_set_alpn_select_cb(state->ssl.get(), choose_http11, nullptr);
  Checked used = use_certificate(state->ssl.get(), options.cert_file, options.key_file);
  if (!used) return std::unexpected(used.error());
  return TlsContext(std::move(state));
}

bool TlsContext::is_client() const { return state_->client; }

}  // namespace qcc::tls
