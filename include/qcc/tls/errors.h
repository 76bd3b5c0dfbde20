// What Error::code means when Error::kind is ErrorKind::tls, and the sentence that explains it.
// Pure functions over numbers, any thread.
//
// Code ranges:      -9 …  -1   found by us (constants below)
//                    1 … 999   X.509 verification (X509_V_ERR_*): the certificate was refused
//                 1000 …       kTlsReasonBase + BoringSSL's reason; an alert of the peer is
//                              kTlsAlertBase + alert number (RFC 8446 §6)
#pragma once
#include <cstdint>

namespace qcc::tls {

inline constexpr int32_t kPlainTextAnswer = -1;  // the first bytes received were readable text
inline constexpr int32_t kNotTls = -2;  // the first bytes received were neither text nor TLS
inline constexpr int32_t kNotEstablished = -3;  // read or write before the handshake was done
inline constexpr int32_t kBadPeerName = -4;     // the host cannot be a TLS server name
inline constexpr int32_t kLibraryFailure = -5;  // BoringSSL failed inside (out of memory)
inline constexpr int32_t kTlsReasonBase = 1000;
inline constexpr int32_t kTlsAlertBase = 2000;

// The peer speaks TLS, but its certificate does not prove that it is who we asked for.
constexpr bool is_certificate_error(int32_t code) { return code > 0 && code < kTlsReasonBase; }

// A sentence for people, static text, never null: "the certificate has expired".
const char* describe_tls_error(int32_t code);

}  // namespace qcc::tls
