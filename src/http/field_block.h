// What request and response heads share: lines of a growing buffer, the block of fields, and the
// framing fields. Private to the module.
#pragma once
#include <qcc/base/ascii.h>
#include <qcc/http/head.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bytes.h"

namespace qcc::http {

enum class LineStatus : uint8_t { complete, need_more, bad_byte, line_too_long, head_too_long };

struct LineLimits {
  size_t line_bytes;
  size_t head_bytes;
};

// Moves `cursor` behind the next CRLF and yields the line before it. Looks at no byte twice, at
// none beyond a limit, and answers alike however the bytes were split.
inline LineStatus next_line(std::string_view bytes, const LineLimits& limits, LineCursor& cursor,
                            std::string_view& line) {
  const size_t line_limit = cursor.line + limits.line_bytes + 1;
  const size_t limit = std::min(line_limit, limits.head_bytes);
  const size_t stop = std::min(bytes.size(), limit);
  const char* end = bytes.data() + stop;
  const char* at = find_control(bytes.data() + cursor.scanned, end);
  cursor.scanned = static_cast<size_t>(at - bytes.data());
  if (at == end) {
    if (stop < limit) return LineStatus::need_more;
    return limit == line_limit ? LineStatus::line_too_long : LineStatus::head_too_long;
  }
  if (*at != '\r') return LineStatus::bad_byte;
  if (cursor.scanned + 1 >= limits.head_bytes) return LineStatus::head_too_long;
  if (cursor.scanned + 1 == bytes.size()) return LineStatus::need_more;
  if (at[1] != '\n') return LineStatus::bad_byte;
  line = bytes.substr(cursor.line, cursor.scanned - cursor.line);
  cursor.scanned += 2;
  cursor.line = cursor.scanned;
  return LineStatus::complete;
}

struct FieldBlockResult {
  ParseStatus status;
  const HttpFault* fault = nullptr;
};

// Reads field lines up to and with the empty line. Faults as for a request.
FieldBlockResult read_field_block(std::string_view bytes, const HeadLimits& limits,
                                  KnownFieldSet singletons, LineCursor& cursor, FieldList& fields);

struct FramingFields {
  bool chunked = false;
  bool has_length = false;
  uint64_t length = 0;
};

// Null if Content-Length and Transfer-Encoding are sound; F1, F2, F5, F6 otherwise.
// REQUIRES: both were singletons of the field block.
const HttpFault* read_framing_fields(const FieldList& fields, int minor_version,
                                     FramingFields& framing);

// Null if all `Connection` members are tokens and not too many.
const HttpFault* read_connection_options(const FieldList& fields, ConnectionOptions& options);

// Calls visit(member) for each non-empty member of a comma-separated list until it says false.
template <class Visitor>
bool for_each_list_member(std::string_view list, Visitor visit) {
  while (!list.empty()) {
    size_t comma = std::min(list.find(','), list.size());
    std::string_view member = trim_ows(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (!member.empty() && !visit(member)) return false;
  }
  return true;
}

}  // namespace qcc::http
