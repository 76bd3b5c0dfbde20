// A response head means the same however it was split; every fault is a 502.
// Input: two bytes choose the cut and the request's method, the rest is the head.
#include <qcc/base/assert.h>
#include <qcc/http/response_parser.h>

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

void expect_same_result(ParseStatus status, const ResponseParser& a, const ResponseParser& b) {
  if (status == ParseStatus::error) {
    QCC_ASSERT(a.fault().status == 502);
    QCC_ASSERT(std::string_view(a.fault().message) == b.fault().message);
  }
  if (status != ParseStatus::done) return;
  const ResponseHead& x = a.head();
  const ResponseHead& y = b.head();
  QCC_ASSERT(x.status >= 100 && x.status <= 599 && x.status != 101);
  QCC_ASSERT(x.status == y.status && x.reason == y.reason && x.head_bytes == y.head_bytes);
  QCC_ASSERT(x.minor_version == y.minor_version && same_fields(x.fields, y.fields));
  QCC_ASSERT(x.framing == y.framing && x.content_length == y.content_length);
  QCC_ASSERT(x.keep_alive == y.keep_alive);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t seed = static_cast<size_t>(data[0]) << 8 | data[1];
  const Method method = data[1] % 2 ? Method::post : Method::head;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const size_t cut = seed % (bytes.size() + 1);

  ResponseParser whole(method);
  const ParseStatus status = whole.feed(bytes);
  ResponseParser split(method);
  split.feed(bytes.substr(0, cut));
  QCC_ASSERT(split.feed(bytes) == status);
  expect_same_result(status, whole, split);

  // The first part in a buffer of its own: reading behind it would be noticed.
  std::vector<char> part(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(cut));
  ResponseParser moved(method);
  moved.feed({part.data(), part.size()});
  QCC_ASSERT(moved.feed(bytes) == status);
  expect_same_result(status, whole, moved);
  return 0;
}
