// One face for the four ways a body can be framed. Push style, no copy; one per message, one
// thread.
#pragma once
#include <qcc/http/chunked.h>
#include <qcc/http/head.h>

#include <cstdint>
#include <string_view>

namespace qcc::http {

enum class BodyEnd : uint8_t { complete, truncated };

class BodyDecoder {
 public:
  // `content_length` matters for BodyFraming::length only.
  BodyDecoder(BodyFraming framing, uint64_t content_length, const BodyLimits& limits = {});

  // As ChunkDecoder::next(). A length above the limit is refused before any byte is consumed.
  BodyStep next(std::string_view in);

  bool done() const { return done_; }
  uint64_t payload_bytes() const { return payload_bytes_; }
  // What the end of the connection means at this point.
  BodyEnd on_eof() const;
  // REQUIRES: next() said error.
  const HttpFault& fault() const { return *fault_; }

 private:
  BodyStep next_of_length(std::string_view in);
  BodyStep next_until_close(std::string_view in);
  BodyStep next_chunked(std::string_view in);

  BodyFraming framing_;
  bool done_ = false;
  uint64_t left_ = 0;  // of the length, or of the limit when the end is the connection's
  uint64_t payload_bytes_ = 0;
  const HttpFault* fault_ = nullptr;
  ChunkDecoder chunks_;
};

}  // namespace qcc::http
