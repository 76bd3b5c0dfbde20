// Words both head parsers use: methods, framing, limits, faults, what `Connection` named.
// Plain values; the views among them live as long as the parsed buffer.
#pragma once
#include <qcc/http/field.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace qcc::http {

enum class Method : uint8_t {
  get,
  head,
  post,
  put,
  delete_,
  patch,
  options,
  connect,
  trace,
  other
};
std::string_view name_of(Method method);

enum class BodyFraming : uint8_t { none, length, chunked, until_close };

enum class ParseStatus : uint8_t { need_more, done, error };

// Why a message was refused. `message` is fixed text that may be shown to the client: it never
// holds a byte of the input. `rule` names the test row. After a fault the connection is dead: no
// further byte of it may be parsed (RFC 9112 §6.3).
struct HttpFault {
  int status = 0;
  const char* rule = "";
  const char* message = "";
};

// Bytes count from the first one received, line ends included; a line's own limit is without its
// CRLF. A limit strikes when it is reached, not when the head ends.
struct HeadLimits {
  size_t first_line_bytes = 16 * 1024;
  size_t field_bytes = 32 * 1024;
  size_t head_bytes = 64 * 1024;
  size_t fields = 100;                            // above FieldList::kCapacity counts as that
  uint64_t content_length = 32ull * 1024 * 1024;  // of requests; the largest any path accepts

  static constexpr HeadLimits for_responses() {
    HeadLimits limits;
    limits.fields = FieldList::kCapacity;
    return limits;
  }
};

// The members of all `Connection` fields (RFC 9110 §7.6.1).
struct ConnectionOptions {
  static constexpr size_t kNamesMax = 16;

  bool close = false;
  bool keep_alive = false;
  KnownFieldSet known;
  uint8_t others_size = 0;
  std::array<std::string_view, kNamesMax> others;

  bool names(const Field& field) const;
  void clear() {
    close = keep_alive = false;
    known.clear();
    others_size = 0;
  }
};

// Where a parser stands in a head that still grows: everything before `scanned` is known to hold
// no end of the line that began at `line`.
struct LineCursor {
  size_t line = 0;
  size_t scanned = 0;
};

}  // namespace qcc::http
