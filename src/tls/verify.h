// Is this chain good for this host, now? Pure apart from the wall clock; any thread.
#pragma once
#include <openssl/pool.h>
#include <openssl/x509.h>

#include <string>

namespace qcc::tls {

// `host` is an IP literal when `is_address`. Returns X509_V_OK or the X509_V_ERR_* that refuses.
int verify_chain(X509_STORE* roots, const STACK_OF(CRYPTO_BUFFER) * chain, const std::string& host,
                 bool is_address);

}  // namespace qcc::tls
