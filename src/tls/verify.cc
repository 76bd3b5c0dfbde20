#include "verify.h"

#include <openssl/x509v3.h>

namespace qcc::tls {
namespace {

bool expect_name(X509_STORE_CTX* verification, const std::string& host, bool is_address) {
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(verification);
  if (is_address) return X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1;
  X509_VERIFY_PARAM_set_hostflags(
      param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(param, host.data(), host.size()) == 1;
}

}  // namespace

int verify_chain(X509_STORE* roots, const STACK_OF(CRYPTO_BUFFER) * chain, const std::string& host,
                 bool is_address) {
  if (chain == nullptr || sk_CRYPTO_BUFFER_num(chain) == 0) return X509_V_ERR_UNSPECIFIED;
  bssl::UniquePtr<X509> leaf(X509_parse_from_buffer(sk_CRYPTO_BUFFER_value(chain, 0)));
  bssl::UniquePtr<STACK_OF(X509)> intermediates(sk_X509_new_null());
  if (!leaf || !intermediates) return X509_V_ERR_UNSPECIFIED;
  for (size_t i = 1; i < sk_CRYPTO_BUFFER_num(chain); ++i) {
    bssl::UniquePtr<X509> next(X509_parse_from_buffer(sk_CRYPTO_BUFFER_value(chain, i)));
    if (!next || !bssl::PushToStack(intermediates.get(), std::move(next)))
      return X509_V_ERR_UNSPECIFIED;
  }
  bssl::UniquePtr<X509_STORE_CTX> verification(X509_STORE_CTX_new());
  if (!verification ||
      !X509_STORE_CTX_init(verification.get(), roots, leaf.get(), intermediates.get()) ||
      !X509_STORE_CTX_set_default(verification.get(), "ssl_server") ||
      !expect_name(verification.get(), host, is_address))
    return X509_V_ERR_UNSPECIFIED;
  if (X509_verify_cert(verification.get()) == 1) return X509_V_OK;
  int code = X509_STORE_CTX_get_error(verification.get());
  return code == X509_V_OK ? X509_V_ERR_UNSPECIFIED : code;
}

}  // namespace qcc::tls
