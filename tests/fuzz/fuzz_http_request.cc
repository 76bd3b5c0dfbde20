// A request head means the same however it was split, and what was accepted survives being written
// canonically and parsed again.
// Input: two bytes choose the cut, the rest is the head.
#include <qcc/base/assert.h>
#include <qcc/http/request_parser.h>
#include <qcc/http/serialize.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace {

using namespace qcc::http;

bool same_fields(const FieldList& a, const FieldList& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Field& x, const Field& y) {
    return x.name == y.name && x.value == y.value && x.id == y.id;
  });
}

void expect_same_meaning(const RequestHead& a, const RequestHead& b) {
  QCC_ASSERT(a.method == b.method && a.method_text == b.method_text);
  QCC_ASSERT(a.path == b.path && a.query == b.query && a.host == b.host);
  QCC_ASSERT(a.minor_version == b.minor_version && same_fields(a.fields, b.fields));
  QCC_ASSERT(a.framing == b.framing && a.content_length == b.content_length);
  QCC_ASSERT(a.keep_alive == b.keep_alive && a.expect_continue == b.expect_continue);
  QCC_ASSERT(a.connection.others_size == b.connection.others_size);
}

void expect_same_result(ParseStatus status, const RequestParser& a, const RequestParser& b) {
  if (status == ParseStatus::error)
    QCC_ASSERT(std::string_view(a.fault().message) == b.fault().message);
  if (status != ParseStatus::done) return;
  QCC_ASSERT(a.head().head_bytes == b.head().head_bytes);
  expect_same_meaning(a.head(), b.head());
}

void check_splits(std::string_view bytes, size_t cut, const RequestParser& whole,
                  ParseStatus status) {
  RequestParser parser;
  if (parser.feed(bytes.substr(0, cut)) == ParseStatus::need_more) parser.feed(bytes);
  QCC_ASSERT(parser.feed(bytes) == status);
  expect_same_result(status, whole, parser);

  // The first part in a buffer of its own: reading behind it would be noticed.
  std::vector<char> part(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(cut));
  parser.reset();
  parser.feed({part.data(), part.size()});
  QCC_ASSERT(parser.feed(bytes) == status);
}

void check_canonical_form(const RequestHead& head) {
  if (head.minor_version == 0) return;  // leaves as 1.1, where other defaults hold
  std::vector<char> buffer(2 * head.head_bytes + 64);
  HeadWriter writer(buffer);
  writer.request_line(head.method_text, {"", head.path, head.query});
  for (const Field& field : head.fields) writer.add(field.name, field.value);
  writer.end();
  QCC_ASSERT(writer.ok());
  HeadLimits limits;
  limits.first_line_bytes = limits.field_bytes = limits.head_bytes = buffer.size();
  RequestParser parser(limits);
  QCC_ASSERT(parser.feed(writer.text()) == ParseStatus::done);
  expect_same_meaning(head, parser.head());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t seed = static_cast<size_t>(data[0]) << 8 | data[1];
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  RequestParser whole;
  const ParseStatus status = whole.feed(bytes);
  check_splits(bytes, seed % (bytes.size() + 1), whole, status);
  if (status == ParseStatus::done) check_canonical_form(whole.head());
  return 0;
}
