// Errors as small values. No strings: text is made when an error is shown.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace qcc {

enum class ErrorKind : uint8_t {
  timeout,    // a limit of ours ran out
  cancelled,  // the owner of the work gave it up (client gone, shutdown)
  refused,    // connect was refused or the network is unreachable
  reset,      // the peer reset the connection or it broke under us
  eof,        // the peer ended where more was owed
  resolve,    // the name has no address
  tls,        // handshake or record failure; code = BoringSSL error or X509 verification code
  protocol,   // bytes that break the protocol
  limit,      // a configured limit would be exceeded
  system,     // anything else the kernel said; code = errno
};

enum class ErrorSource : uint8_t { client, upstream, local };

struct Error {
  ErrorKind kind = ErrorKind::system;
  ErrorSource source = ErrorSource::local;
  int32_t code = 0;        // errno, HTTP status or TLS code, as `kind` says
  const char* where = "";  // static text: the operation that failed

  friend bool operator==(const Error& a, const Error& b) {
    return a.kind == b.kind && a.source == b.source && a.code == b.code;
  }
};

template <class T>
using Result = std::expected<T, Error>;
struct Unit {};

inline std::unexpected<Error> fail(ErrorKind kind, ErrorSource source, const char* where,
                                   int32_t code = 0) {
  return std::unexpected(Error{kind, source, code, where});
}

const char* name_of(ErrorKind kind);
const char* name_of(ErrorSource source);

// The error of a failed system call or ring operation; `negative_errno` as the ring reports it.
Error error_from_errno(int negative_errno, ErrorSource source, const char* where);

// One line for a log: "upstream: connection refused (connect, ECONNREFUSED)".
std::string describe(const Error& error);

}  // namespace qcc
