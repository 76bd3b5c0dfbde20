#include <qcc/base/error.h>

#include <cerrno>
#include <cstring>

namespace qcc {

const char* name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::timeout: return "timed out";
    case ErrorKind::cancelled: return "cancelled";
    case ErrorKind::refused: return "connection refused";
    case ErrorKind::reset: return "connection reset";
    case ErrorKind::eof: return "connection closed early";
    case ErrorKind::resolve: return "name not resolved";
    case ErrorKind::tls: return "TLS failure";
    case ErrorKind::protocol: return "protocol violation";
    case ErrorKind::limit: return "limit exceeded";
    case ErrorKind::system: return "system error";
  }
  return "unknown";
}

const char* name_of(ErrorSource source) {
  switch (source) {
    case ErrorSource::client: return "client";
    case ErrorSource::upstream: return "upstream";
    case ErrorSource::local: return "local";
  }
  return "unknown";
}

Error error_from_errno(int negative_errno, ErrorSource source, const char* where) {
  int code = -negative_errno;
  ErrorKind kind = ErrorKind::system;
  switch (code) {
    case ECANCELED: kind = ErrorKind::cancelled; break;
    case ETIMEDOUT: kind = ErrorKind::timeout; break;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL: kind = ErrorKind::refused; break;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
    case ENOTCONN: kind = ErrorKind::reset; break;
    default: break;
  }
  return {kind, source, code, where};
}

std::string describe(const Error& error) {
  std::string text = std::string(name_of(error.source)) + ": " + name_of(error.kind);
  text += " (";
  text += error.where;
  bool is_errno = error.kind == ErrorKind::system || error.kind == ErrorKind::refused ||
                  error.kind == ErrorKind::reset;
  if (error.code != 0 && is_errno) {
    const char* symbol = strerrorname_np(error.code);
    text += ", ";
    text += symbol ? symbol : std::to_string(error.code);
  } else if (error.code != 0) {
    text += ", code " + std::to_string(error.code);
  }
  return text + ")";
}

}  // namespace qcc
