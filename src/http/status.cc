#include <qcc/http/head.h>
#include <qcc/http/status.h>

namespace qcc::http {

// clang-format off
#define QCC_HTTP_STATUSES(X)                                \
  X(100, "Continue")                                        \
  X(200, "OK")                                              \
  X(201, "Created")                                         \
  X(202, "Accepted")                                        \
  X(203, "Non-Authoritative Information")                   \
  X(204, "No Content")                                      \
  X(205, "Reset Content")                                   \
  X(206, "Partial Content")                                 \
  X(300, "Multiple Choices")                                \
  X(301, "Moved Permanently")                               \
  X(302, "Found")                                           \
  X(303, "See Other")                                       \
  X(304, "Not Modified")                                    \
  X(307, "Temporary Redirect")                              \
  X(308, "Permanent Redirect")                              \
  X(400, "Bad Request")                                     \
  X(401, "Unauthorized")                                    \
  X(402, "Payment Required")                                \
  X(403, "Forbidden")                                       \
  X(404, "Not Found")                                       \
  X(405, "Method Not Allowed")                              \
  X(406, "Not Acceptable")                                  \
  X(407, "Proxy Authentication Required")                   \
  X(408, "Request Timeout")                                 \
  X(409, "Conflict")                                        \
  X(410, "Gone")                                            \
  X(411, "Length Required")                                 \
  X(412, "Precondition Failed")                             \
  X(413, "Content Too Large")                               \
  X(414, "URI Too Long")                                    \
  X(415, "Unsupported Media Type")                          \
  X(416, "Range Not Satisfiable")                           \
  X(417, "Expectation Failed")                              \
  X(421, "Misdirected Request")                             \
  X(422, "Unprocessable Content")                           \
  X(424, "Failed Dependency")                               \
  X(425, "Too Early")                                       \
  X(426, "Upgrade Required")                                \
  X(428, "Precondition Required")                           \
  X(429, "Too Many Requests")                               \
  X(431, "Request Header Fields Too Large")                 \
  X(451, "Unavailable For Legal Reasons")                   \
  X(499, "Client Closed Request")                           \
  X(500, "Internal Server Error")                           \
  X(501, "Not Implemented")                                 \
  X(502, "Bad Gateway")                                     \
  X(503, "Service Unavailable")                             \
  X(504, "Gateway Timeout")                                 \
  X(505, "HTTP Version Not Supported")                      \
  X(507, "Insufficient Storage")                            \
  X(508, "Loop Detected")                                   \
  X(520, "Web Server Error")                                \
  X(521, "Web Server Is Down")                              \
  X(522, "Connection Timed Out")                            \
  X(523, "Origin Is Unreachable")                           \
  X(524, "A Timeout Occurred")                              \
  X(529, "Overloaded")                                      \
  X(530, "Site Frozen")
// clang-format on

std::string_view reason_phrase(int status) {
  switch (status) {
#define QCC_HTTP_REASON(code, text) \
  case code: return text;
    QCC_HTTP_STATUSES(QCC_HTTP_REASON)
#undef QCC_HTTP_REASON
    default: return "Unknown";
  }
}

std::string_view status_line(int status) {
  switch (status) {
#define QCC_HTTP_LINE(code, text) \
  case code: return "HTTP/1.1 " #code " " text "\r\n";
    QCC_HTTP_STATUSES(QCC_HTTP_LINE)
#undef QCC_HTTP_LINE
    default: return {};
  }
}

std::string_view name_of(Method method) {
  switch (method) {
    case Method::get: return "GET";
    case Method::head: return "HEAD";
    case Method::post: return "POST";
    case Method::put: return "PUT";
    case Method::delete_: return "DELETE";
    case Method::patch: return "PATCH";
    case Method::options: return "OPTIONS";
    case Method::connect: return "CONNECT";
    case Method::trace: return "TRACE";
    case Method::other: break;
  }
  return {};
}

}  // namespace qcc::http
