// The inside of a TlsContext, for the module's own files.
#pragma once
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdint>

#include <qcc/tls/context.h>

namespace qcc::tls {

struct TlsContext::State {
  bssl::UniquePtr<SSL_CTX> ssl;
  bssl::UniquePtr<X509_STORE> roots;  // null: server, or insecure
  uint64_t serial = 0;                // tells contexts apart in a SessionCache
  bool client = false;
  bool insecure = false;
};

}  // namespace qcc::tls
