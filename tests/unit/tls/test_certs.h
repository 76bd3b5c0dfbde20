// Certificates made while a test runs (P-256): no private key lies in the repository.
// Used by unit tests, integration tests and benchmarks. A failure to make one aborts.
#pragma once
#include <memory>
#include <string>
#include <vector>

namespace qcc::tls::testing {

struct CertificateSpec {
  std::string common_name = "qcc test";
  std::string alt_names = "DNS:upstream.test";  // "DNS:a.test,DNS:*.b.test,IP:127.0.0.1"; "": none
  std::string extended_key_usage = "serverAuth";
  int valid_from_days = -1;  // relative to now
  int valid_to_days = 30;
};

struct PemPair {
  std::string certificates;  // leaf first
  std::string key;
};

class CertificateAuthority {
 public:
  explicit CertificateAuthority(const std::string& name);
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  std::string pem() const;
  PemPair issue(const CertificateSpec& spec) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

PemPair self_signed(const CertificateSpec& spec);

// Created by the constructor under the system's temporary folder, removed with all it holds.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }
  std::string write(const std::string& name, const std::string& content) const;  // the file's path

 private:
  std::string path_;
};

struct TestPki {
  std::string ca_file;
  std::string other_ca_file;  // has issued nothing below
  std::string cert_file;      // upstream.test, *.wild.test, localhost, 127.0.0.1, ::1
  std::string key_file;
  std::string expired_cert_file;
  std::string expired_key_file;
};

// Writes the files of a small PKI into `dir`, which exists.
TestPki write_test_pki(const std::string& dir);

}  // namespace qcc::tls::testing
