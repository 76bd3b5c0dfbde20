#include "callbacks.h"

#include <algorithm>
#include <cstring>

#include <qcc/tls/engine.h>

#include "context_state.h"
#include "verify.h"

namespace qcc::tls {

// SSL's own "ex data" would cost an allocation per connection.
TlsEngine& EngineCallbacks::engine_of(BIO* bio) {
  return *static_cast<TlsEngine*>(BIO_get_data(bio));
}

const BIO_METHOD* EngineCallbacks::bio_method() {
  static const BIO_METHOD* made = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "qcc-tls");
    BIO_meth_set_write(method, write);
    BIO_meth_set_read(method, read);
    BIO_meth_set_ctrl(method, control);
    return method;
  }();
  return made;
}

int EngineCallbacks::write(BIO* bio, const char* data, int bytes) {
  BIO_clear_retry_flags(bio);
  engine_of(bio).filling_.append(data, static_cast<size_t>(bytes));
  return bytes;
}

int EngineCallbacks::read(BIO* bio, char* out, int bytes_max) {
  BIO_clear_retry_flags(bio);
  TlsEngine& engine = engine_of(bio);
  if (engine.input_.empty()) {
    if (engine.eof_) return 0;
    BIO_set_retry_read(bio);
    return -1;
  }
  size_t bytes = std::min(static_cast<size_t>(bytes_max), engine.input_.size());
  std::memcpy(out, engine.input_.data(), bytes);
  engine.input_ = engine.input_.subspan(bytes);
  return static_cast<int>(bytes);
}

long EngineCallbacks::control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

ssl_verify_result_t EngineCallbacks::verify_server(SSL* ssl, uint8_t* alert) {
  TlsEngine& engine = engine_of(SSL_get_rbio(ssl));
  if (engine.context_->insecure) return ssl_verify_ok;
  engine.verify_code_ = verify_chain(engine.context_->roots.get(), SSL_get0_peer_certificates(ssl),
                                     engine.host_, engine.host_is_address_);
  if (engine.verify_code_ == X509_V_OK) return ssl_verify_ok;
  *alert = static_cast<uint8_t>(SSL_alert_from_verify_result(engine.verify_code_));
  return ssl_verify_invalid;
}

int EngineCallbacks::keep_session(SSL* ssl, SSL_SESSION* session) {
  TlsEngine& engine = engine_of(SSL_get_rbio(ssl));
  if (engine.sessions_ == nullptr || !SSL_SESSION_is_resumable(session)) return 0;
  engine.sessions_->store(engine.session_key_, engine.session_scope_, session);
  return 1;
}

}  // namespace qcc::tls
