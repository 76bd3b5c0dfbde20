#include <qcc/tls/errors.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>

namespace qcc::tls {
namespace {

struct Sentence {
  int32_t code;
  const char* text;
};

constexpr int32_t reason(int32_t ssl_reason) { return kTlsReasonBase + ssl_reason; }
constexpr int32_t alert(int32_t number) { return kTlsAlertBase + number; }

constexpr Sentence kSentences[] = {
    {kPlainTextAnswer, "the server does not speak TLS on this port (it answered in plain text)"},
    {kNotTls, "the server does not speak TLS on this port"},
    {kNotEstablished, "data before the TLS handshake was done"},
    {kBadPeerName, "the host is not a name that TLS can verify"},
    {kLibraryFailure, "the TLS library failed inside"},

    {X509_V_ERR_CERT_NOT_YET_VALID, "the certificate is not valid yet (check both clocks)"},
    {X509_V_ERR_CERT_HAS_EXPIRED, "the certificate has expired"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "the certificate is self-signed and not trusted here"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
     "the certificate comes from a CA that is not trusted here"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "the certificate's issuer is not known here"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     "the certificate's issuer is not known here (unknown CA, or the server does not send its "
     "intermediate certificates)"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
     "the certificate's issuer is not known here (the server sends its certificate alone)"},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, "a signature in the certificate chain is wrong"},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, "the certificate chain is too long"},
    {X509_V_ERR_CERT_REVOKED, "the certificate is revoked"},
    {X509_V_ERR_INVALID_CA, "a certificate in the chain may not issue certificates"},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, "the certificate chain is longer than its CA allows"},
    {X509_V_ERR_INVALID_PURPOSE, "the certificate is not meant for a TLS server"},
    {X509_V_ERR_HOSTNAME_MISMATCH, "the certificate is for another host name"},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, "the certificate is not for this IP address"},
    {X509_V_ERR_PERMITTED_VIOLATION, "the CA may not issue certificates for this name"},
    {X509_V_ERR_EXCLUDED_VIOLATION, "the CA may not issue certificates for this name"},
    {X509_V_ERR_NAME_CONSTRAINTS_WITHOUT_SANS, "the certificate names no host in its SAN field"},

    {reason(SSL_R_UNSUPPORTED_PROTOCOL), "the peer offers no TLS version of 1.2 or above"},
    {reason(SSL_R_WRONG_VERSION_NUMBER), "the peer sent a record of no known TLS version"},
    {reason(SSL_R_NO_SHARED_CIPHER), "no cipher in common"},
    {reason(SSL_R_WRONG_CIPHER_RETURNED), "the peer chose a cipher that was not offered"},
    {reason(SSL_R_NO_SHARED_GROUP), "no key exchange group in common"},
    {reason(SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS), "no signature algorithm in common"},
    {reason(SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC), "a record was damaged on its way"},
    {reason(SSL_R_BAD_SIGNATURE), "the peer's handshake signature is wrong"},
    {reason(SSL_R_DIGEST_CHECK_FAILED), "the handshake was altered on its way"},
    {reason(SSL_R_TLS13_DOWNGRADE), "someone tries to force an older TLS version"},
    {reason(SSL_R_HTTP_REQUEST), "the client speaks plain HTTP on a TLS port"},
    {reason(SSL_R_HTTPS_PROXY_REQUEST), "the client speaks plain HTTP on a TLS port"},
    {reason(SSL_R_INVALID_ALPN_PROTOCOL), "the peer chose a protocol other than http/1.1"},
    {reason(SSL_R_EXCESSIVE_MESSAGE_SIZE), "a handshake message was too large"},
    {reason(SSL_R_TOO_MANY_KEY_UPDATES), "the peer changed keys too often"},
    {reason(SSL_R_NO_RENEGOTIATION), "the peer asked for a renegotiation, which is refused"},
    {reason(SSL_R_PROTOCOL_IS_SHUTDOWN), "data after the end of the TLS connection"},

    {alert(SSL_AD_HANDSHAKE_FAILURE), "the peer refused the handshake (alert handshake_failure)"},
    {alert(SSL_AD_BAD_CERTIFICATE), "the peer refused our certificate"},
    {alert(SSL_AD_CERTIFICATE_REVOKED), "the peer says our certificate is revoked"},
    {alert(SSL_AD_CERTIFICATE_EXPIRED), "the peer says our certificate has expired"},
    {alert(SSL_AD_CERTIFICATE_UNKNOWN), "the peer refused our certificate"},
    {alert(SSL_AD_UNKNOWN_CA), "the peer does not trust our certificate's CA"},
    {alert(SSL_AD_ACCESS_DENIED), "the peer denied access"},
    {alert(SSL_AD_PROTOCOL_VERSION), "the peer wants another TLS version"},
    {alert(SSL_AD_INSUFFICIENT_SECURITY), "the peer wants stronger ciphers"},
    {alert(SSL_AD_INTERNAL_ERROR), "the peer had an internal error"},
    {alert(SSL_AD_UNRECOGNIZED_NAME), "the server does not know this host name (SNI)"},
    {alert(SSL_AD_CERTIFICATE_REQUIRED), "the server requires a client certificate"},
    {alert(SSL_AD_NO_APPLICATION_PROTOCOL), "the server does not offer http/1.1"},
};

}  // namespace

const char* describe_tls_error(int32_t code) {
  const Sentence* found =
      std::find_if(std::begin(kSentences), std::end(kSentences),
                   [code](const Sentence& sentence) { return sentence.code == code; });
  if (found != std::end(kSentences)) return found->text;
  if (is_certificate_error(code)) return X509_verify_cert_error_string(code);
  if (code >= kTlsAlertBase && code < kTlsAlertBase + 256)
    return "the peer ended the TLS connection with an alert";
  if (code >= kTlsReasonBase) return "the peer broke the TLS protocol";
  return "TLS failure";
}

}  // namespace qcc::tls
