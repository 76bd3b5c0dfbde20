#include <qcc/base/assert.h>
#include <qcc/http/serialize.h>
#include <qcc/http/status.h>

#include <bit>
#include <charconv>
#include <cstring>

#include "bytes.h"

namespace qcc::http {

bool HeadWriter::reserve(size_t bytes) {
  if (!failed_ && bytes <= static_cast<size_t>(end_ - at_)) return true;
  failed_ = true;
  return false;
}

void HeadWriter::put(std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
  at_ += bytes.size();
}

HeadWriter& HeadWriter::put_reserved(std::string_view bytes) {
  if (reserve(bytes.size())) put(bytes);
  return *this;
}

HeadWriter& HeadWriter::request_line(std::string_view method, const TargetParts& target) {
  constexpr std::string_view kVersion = " HTTP/1.1\r\n";
  const auto& [base_path, path, query] = target;
  bool is_sound =
      is_token(method) && !(base_path.empty() && path.empty()) &&
      (common_classes(base_path) & common_classes(path) & common_classes(query) & kTargetByte) != 0;
  size_t bytes = method.size() + base_path.size() + path.size() + query.size() + kVersion.size() +
                 2;  // SP and '?'
  if (!is_sound || !reserve(bytes)) {
    failed_ = true;
    return *this;
  }
  put(method);
  *at_++ = ' ';
  put(base_path);
  put(path);
  if (!query.empty()) {
    *at_++ = '?';
    put(query);
  }
  put(kVersion);
  return *this;
}

HeadWriter& HeadWriter::status_line(int status) {
  QCC_ASSERT(status >= 100 && status <= 599);
  std::string_view known = http::status_line(status);
  if (!known.empty()) return put_reserved(known);
  char line[] = "HTTP/1.1 000 Unknown\r\n";
  std::to_chars(line + 9, line + 12, status);
  return put_reserved({line, sizeof line - 1});
}

void HeadWriter::put_field(std::string_view name, std::string_view value) {
  if (!reserve(name.size() + value.size() + 4)) return;
  put(name);
  *at_++ = ':';
  *at_++ = ' ';
  put(value);
  *at_++ = '\r';
  *at_++ = '\n';
}

HeadWriter& HeadWriter::add(std::string_view name, std::string_view value) {
  const char* value_end = value.data() + value.size();
  if (is_token(name) && find_control(value.data(), value_end) == value_end)
    put_field(name, value);
  else
    failed_ = true;
  return *this;
}

HeadWriter& HeadWriter::add(KnownField id, std::string_view value) {
  return add(name_of(id), value);
}

HeadWriter& HeadWriter::forward(const Field& field) {
  put_field(field.name, field.value);
  return *this;
}

HeadWriter& HeadWriter::content_length(uint64_t bytes) {
  char digits[20];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, bytes);
  put_field("Content-Length", {digits, static_cast<size_t>(end - digits)});
  return *this;
}

HeadWriter& HeadWriter::chunked() { return put_reserved("Transfer-Encoding: chunked\r\n"); }

HeadWriter& HeadWriter::connection_close() { return put_reserved("Connection: close\r\n"); }

HeadWriter& HeadWriter::end() { return put_reserved("\r\n"); }

size_t write_chunk_header(std::span<char> out, uint64_t payload_bytes) {
  QCC_ASSERT(payload_bytes > 0 && out.size() >= kChunkHeaderBytesMax);
  size_t digits = (static_cast<size_t>(std::bit_width(payload_bytes)) + 3) / 4;
  for (size_t i = digits; i-- > 0; payload_bytes >>= 4)
    out[i] = "0123456789abcdef"[payload_bytes & 15];
  out[digits] = '\r';
  out[digits + 1] = '\n';
  return digits + 2;
}

}  // namespace qcc::http
