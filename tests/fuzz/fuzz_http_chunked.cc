// Chunked bodies decode alike however they were split, and decode(encode(x)) is x.
// Input: two bytes choose the sizes of pieces and chunks, the rest is both a chunked stream and a
// payload to encode.
#include <qcc/base/assert.h>
#include <qcc/http/chunked.h>
#include <qcc/http/serialize.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace qcc::http;

struct Decoded {
  ParseStatus status = ParseStatus::need_more;
  size_t consumed = 0;
  std::string payload;
  std::string_view fault;
};

Decoded decode(std::string_view bytes, size_t piece) {
  ChunkDecoder decoder;
  Decoded result;
  size_t available = 0;
  while (result.status == ParseStatus::need_more && result.consumed < bytes.size()) {
    if (available == result.consumed) available = std::min(bytes.size(), available + piece);
    BodyStep step = decoder.next(bytes.substr(result.consumed, available - result.consumed));
    QCC_ASSERT(step.consumed > 0 || step.status == ParseStatus::error);
    result.payload += step.payload;
    result.consumed += step.consumed;
    result.status = step.status;
  }
  QCC_ASSERT(decoder.payload_bytes() == result.payload.size());
  if (result.status == ParseStatus::error) result.fault = decoder.fault().message;
  return result;
}

std::string encode(std::string_view payload, size_t chunk) {
  std::string bytes;
  while (!payload.empty()) {
    std::string_view part = payload.substr(0, chunk);
    std::array<char, kChunkHeaderBytesMax> header;
    bytes.append(header.data(), write_chunk_header(header, part.size()));
    bytes.append(part).append(kChunkEnd);
    payload.remove_prefix(part.size());
  }
  return bytes.append(kLastChunk);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t piece = size_t{data[0]} + 1;
  const size_t chunk = size_t{data[1]} + 1;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);

  const Decoded whole = decode(bytes, bytes.size() + 1);
  const Decoded split = decode(bytes, piece);
  QCC_ASSERT(whole.status == split.status && whole.payload == split.payload);
  QCC_ASSERT(whole.fault == split.fault && whole.consumed == split.consumed);
  if (whole.status == ParseStatus::done)
    QCC_ASSERT(decode(encode(whole.payload, chunk), piece).payload == whole.payload);

  const std::string encoded = encode(bytes, chunk);
  const Decoded decoded = decode(encoded, piece);
  QCC_ASSERT(decoded.status == ParseStatus::done && decoded.consumed == encoded.size());
  QCC_ASSERT(decoded.payload == bytes);
  return 0;
}
