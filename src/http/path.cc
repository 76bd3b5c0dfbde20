#include <qcc/base/assert.h>
#include <qcc/http/url.h>

#include <cstring>

#include "faults.h"

namespace qcc::http {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A control character after decoding has no place in a path, NUL, CR and LF least of all.
bool decode(std::string_view raw, char* out, size_t& size) {
  size = 0;
  for (size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '%') {
      int high = i + 1 < raw.size() ? hex_value(raw[i + 1]) : -1;
      int low = i + 2 < raw.size() ? hex_value(raw[i + 2]) : -1;
      if (high < 0 || low < 0) return false;
      int byte = high * 16 + low;
      if (byte < 0x20 || byte == 0x7f) return false;
      c = static_cast<char>(byte);
      i += 2;
    }
    out[size++] = c;
  }
  return true;
}

// remove_dot_segments of RFC 3986 §5.2.4, in place, for a path that starts with '/'.
size_t remove_dot_segments(char* path, size_t size) {
  size_t out = 0;
  for (size_t at = 0; at < size;) {
    const void* found = std::memchr(path + at + 1, '/', size - at - 1);
    size_t next = found ? static_cast<size_t>(static_cast<const char*>(found) - path) : size;
    std::string_view segment(path + at + 1, next - at - 1);
    bool is_last = next == size;
    if (segment == "..")
      while (out > 0 && path[--out] != '/') continue;
    if (segment == "." || segment == "..") {
      if (is_last) path[out++] = '/';
    } else {
      std::memmove(path + out, path + at, next - at);
      out += next - at;
    }
    at = next;
  }
  return out;
}

}  // namespace

NormalizedPath normalize_path(std::string_view raw, std::span<char> scratch) {
  bool is_plain = raw.find('%') == raw.npos && raw.find("/.") == raw.npos;
  if (is_plain || !raw.starts_with('/')) return {raw};
  QCC_ASSERT(scratch.size() >= raw.size());
  size_t size = 0;
  if (!decode(raw, scratch.data(), size)) return {{}, &faults::kBadPath};
  size = remove_dot_segments(scratch.data(), size);
  std::string_view path(scratch.data(), size);
  return {path, nullptr, path != raw};
}

}  // namespace qcc::http
