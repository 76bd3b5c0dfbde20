// BoringSSL's way into an engine: its BIO, and what a client's SSL calls. Static, stateless: the
// engine is found through the BIO of the connection.
#pragma once
#include <openssl/bio.h>
#include <openssl/ssl.h>

namespace qcc::tls {

class TlsEngine;

struct EngineCallbacks {
  static const BIO_METHOD* bio_method();
  static ssl_verify_result_t verify_server(SSL* ssl, uint8_t* alert);
  static int keep_session(SSL* ssl, SSL_SESSION* session);

 private:
  static TlsEngine& engine_of(BIO* bio);
  static int write(BIO* bio, const char* data, int bytes);
  static int read(BIO* bio, char* out, int bytes_max);
  static long control(BIO* bio, int command, long number, void* pointer);
};

}  // namespace qcc::tls
