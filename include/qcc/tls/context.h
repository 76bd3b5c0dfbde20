// What all TLS connections to one kind of peer share: trusted roots, versions, an own certificate.
//
// A TlsContext is a handle to an immutable, reference-counted state: copy it freely, share it
// between threads. An engine keeps the state alive, so that a reload may drop a context while
// connections made with it go on. Building one reads files: control thread, never a shard.
// Nothing here writes to a log; a caller that sets `insecure` says so at start (http rule T1).
#pragma once
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

namespace qcc::tls {

enum class TlsVersion : uint8_t { tls12, tls13 };

struct ClientOptions {
  std::string ca_file;    // PEM bundle of trusted roots; empty: the system's
  std::string cert_file;  // PEM chain to show when the server asks, leaf first; empty: none
  std::string key_file;   // PEM private key of cert_file
  bool insecure = false;  // accept every certificate
  TlsVersion version_min = TlsVersion::tls12;
};

struct ServerOptions {
  std::string cert_file;  // PEM chain, leaf first
  std::string key_file;   // PEM private key of the leaf
  TlsVersion version_min = TlsVersion::tls12;
  TlsVersion version_max = TlsVersion::tls13;
};

class TlsContext {
 public:
  // The error is a sentence for the user that names the file at fault, never a file's content.
  static std::expected<TlsContext, std::string> client(const ClientOptions& options);
  static std::expected<TlsContext, std::string> server(const ServerOptions& options);

  bool is_client() const;

 private:
  friend class TlsEngine;
  friend struct EngineCallbacks;
  struct State;
  explicit TlsContext(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace qcc::tls
