#include "test_certs.h"

#include <openssl/bio.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>

#include <qcc/base/assert.h>

namespace qcc::tls::testing {
namespace {

using Key = bssl::UniquePtr<EVP_PKEY>;
using Certificate = bssl::UniquePtr<X509>;

Key new_key() {
  bssl::UniquePtr<EC_KEY> pair(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  QCC_ASSERT(EC_KEY_generate_key(pair.get()) == 1);
  Key key(EVP_PKEY_new());
  QCC_ASSERT(EVP_PKEY_set1_EC_KEY(key.get(), pair.get()) == 1);
  return key;
}

bssl::UniquePtr<X509_NAME> name_of(const std::string& common_name) {
  bssl::UniquePtr<X509_NAME> name(X509_NAME_new());
  QCC_ASSERT(X509_NAME_add_entry_by_txt(name.get(), "CN", MBSTRING_UTF8,
                                        reinterpret_cast<const uint8_t*>(common_name.data()),
                                        static_cast<int>(common_name.size()), -1, 0) == 1);
  return name;
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  bssl::UniquePtr<X509_EXTENSION> extension(
      X509V3_EXT_nconf_nid(nullptr, &context, nid, value.c_str()));
  QCC_ASSERT(extension != nullptr);
  QCC_ASSERT(X509_add_ext(certificate, extension.get(), -1) == 1);
}

Certificate unsigned_certificate(const std::string& subject, const std::string& issuer,
                                 EVP_PKEY* key, int valid_from_days, int valid_to_days) {
  constexpr long kDay = 24 * 60 * 60;
  Certificate certificate(X509_new());
  uint32_t serial = 0;
  RAND_bytes(reinterpret_cast<uint8_t*>(&serial), sizeof serial);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), static_cast<long>(serial | 1));
  X509_set_subject_name(certificate.get(), name_of(subject).get());
  X509_set_issuer_name(certificate.get(), name_of(issuer).get());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), valid_from_days * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_to_days * kDay);
  QCC_ASSERT(X509_set_pubkey(certificate.get(), key) == 1);
  return certificate;
}

Certificate leaf_certificate(const CertificateSpec& spec, const std::string& issuer,
                             EVP_PKEY* key) {
  Certificate leaf =
      unsigned_certificate(spec.common_name, issuer, key, spec.valid_from_days, spec.valid_to_days);
  add_extension(leaf.get(), NID_subject_alt_name, spec.alt_names);
  add_extension(leaf.get(), NID_ext_key_usage, spec.extended_key_usage);
  return leaf;
}

void sign(X509* certificate, EVP_PKEY* key) {
  QCC_ASSERT(X509_sign(certificate, key, EVP_sha256()) > 0);
}

std::string content_of(BIO* memory) {
  const uint8_t* data = nullptr;
  size_t bytes = 0;
  QCC_ASSERT(BIO_mem_contents(memory, &data, &bytes) == 1);
  return {reinterpret_cast<const char*>(data), bytes};
}

std::string pem_of(X509* certificate) {
  bssl::UniquePtr<BIO> memory(BIO_new(BIO_s_mem()));
  QCC_ASSERT(PEM_write_bio_X509(memory.get(), certificate) == 1);
  return content_of(memory.get());
}

std::string pem_of(EVP_PKEY* key) {
  bssl::UniquePtr<BIO> memory(BIO_new(BIO_s_mem()));
  QCC_ASSERT(PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) ==
             1);
  return content_of(memory.get());
}

std::string write_file(const std::string& dir, const std::string& name,
                       const std::string& content) {
  std::string path = dir + "/" + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

}  // namespace

struct CertificateAuthority::Parts {
  std::string name;
  Key key;
  Certificate certificate;
};

CertificateAuthority::CertificateAuthority(const std::string& name)
    : parts_(std::make_unique<Parts>()) {
  parts_->name = name;
  parts_->key = new_key();
  parts_->certificate = unsigned_certificate(name, name, parts_->key.get(), -10, 365);
  add_extension(parts_->certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(parts_->certificate.get(), NID_key_usage, "critical,keyCertSign");
  sign(parts_->certificate.get(), parts_->key.get());
}

CertificateAuthority::~CertificateAuthority() = default;

std::string CertificateAuthority::pem() const { return pem_of(parts_->certificate.get()); }

PemPair CertificateAuthority::issue(const CertificateSpec& spec) const {
  Key key = new_key();
  Certificate leaf = leaf_certificate(spec, parts_->name, key.get());
  sign(leaf.get(), parts_->key.get());
  return {pem_of(leaf.get()), pem_of(key.get())};
}

PemPair self_signed(const CertificateSpec& spec) {
  Key key = new_key();
  Certificate leaf = leaf_certificate(spec, spec.common_name, key.get());
  sign(leaf.get(), key.get());
  return {pem_of(leaf.get()), pem_of(key.get())};
}

TempDir::TempDir() {
  path_ = (std::filesystem::temp_directory_path() / "qcc-tls-XXXXXX").string();
  QCC_ASSERT(mkdtemp(path_.data()) != nullptr);
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::write(const std::string& name, const std::string& content) const {
  return write_file(path_, name, content);
}

TestPki write_test_pki(const std::string& dir) {
  CertificateAuthority authority("qcc test CA");
  CertificateAuthority other("another CA");
  CertificateSpec good;
  good.alt_names = "DNS:upstream.test,DNS:*.wild.test,DNS:localhost,IP:127.0.0.1,IP:::1";
  CertificateSpec expired = good;
  expired.valid_from_days = -9;
  expired.valid_to_days = -1;
  PemPair server = authority.issue(good);
  PemPair late = authority.issue(expired);
  TestPki pki;
  pki.ca_file = write_file(dir, "ca.pem", authority.pem());
  pki.other_ca_file = write_file(dir, "other-ca.pem", other.pem());
  pki.cert_file = write_file(dir, "server.pem", server.certificates);
  pki.key_file = write_file(dir, "server.key", server.key);
  pki.expired_cert_file = write_file(dir, "expired.pem", late.certificates);
  pki.expired_key_file = write_file(dir, "expired.key", late.key);
  return pki;
}

}  // namespace qcc::tls::testing
