// Writes heads in their one canonical form into a buffer of the caller: CRLF everywhere, ": " after
// every name. It cannot write past the buffer, and nothing added can start a new line.
//
// Failure is sticky: write everything, then ask ok() once. One thread, lives on the stack.
// RFC 9112 §3-§6.
#pragma once
#include <qcc/http/field.h>
#include <qcc/http/head.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace qcc::http {

inline constexpr std::string_view kContinueHead = "HTTP/1.1 100 Continue\r\n\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::string_view kChunkEnd = "\r\n";

// base_path + path [+ '?' + query]: what goes upstream.
struct TargetParts {
  std::string_view base_path;
  std::string_view path;
  std::string_view query;
};

class HeadWriter {
 public:
  explicit HeadWriter(std::span<char> buffer)
      : begin_(buffer.data()), at_(buffer.data()), end_(buffer.data() + buffer.size()) {}

  // Fails if the method is no token or the target holds a byte that no target may hold.
  HeadWriter& request_line(std::string_view method, const TargetParts& target);
  // REQUIRES: 100 <= status <= 599.
  HeadWriter& status_line(int status);
  // Fails if the name is no token or the value holds a control character.
  HeadWriter& add(std::string_view name, std::string_view value);
  HeadWriter& add(KnownField id, std::string_view value);
  // A field of a parsed head: its bytes have been checked by the parser.
  HeadWriter& forward(const Field& field);
  HeadWriter& content_length(uint64_t bytes);
  HeadWriter& chunked();
  HeadWriter& connection_close();
  // The empty line.
  HeadWriter& end();

  bool ok() const { return !failed_; }
  // What was written so far; empty after a failure.
  std::string_view text() const {
    return failed_ ? std::string_view{}
                   : std::string_view(begin_, static_cast<size_t>(at_ - begin_));
  }

 private:
  bool reserve(size_t bytes);
  void put(std::string_view bytes);
  void put_field(std::string_view name, std::string_view value);
  HeadWriter& put_reserved(std::string_view bytes);

  char* begin_;
  char* at_;
  char* end_;
  bool failed_ = false;
};

inline constexpr size_t kChunkHeaderBytesMax = 18;
// Writes "<hex size>\r\n" and returns its length. After the payload comes kChunkEnd.
// REQUIRES: out has kChunkHeaderBytesMax bytes; payload_bytes > 0, for a zero ends the body.
size_t write_chunk_header(std::span<char> out, uint64_t payload_bytes);

}  // namespace qcc::http
