// Removes chunked framing from a byte stream (RFC 9112 §7.1). Push style: bytes arrive in pieces
// of any size, payload leaves as views into those pieces, nothing is copied or kept.
//
// Extensions and trailers are checked and dropped. One decoder per body, one thread. The status in
// a fault is the one a client gets for its request; for an answer of an upstream the caller says
// 502 instead.
#pragma once
#include <qcc/http/head.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace qcc::http {

struct BodyLimits {
  // Bytes on the wire <= factor * payload + slack.
  static constexpr uint64_t kOverheadFactor = 8;
  static constexpr uint64_t kOverheadSlackBytes = 64 * 1024;

  uint64_t body_bytes = 32ull * 1024 * 1024;  // payload
  size_t chunk_extension_bytes = 1024;
  size_t extension_bytes = 16 * 1024;  // of a whole body
  size_t trailer_fields = 32;
  size_t trailer_bytes = 8 * 1024;
};

// One step through a body. Take `payload` first (it may be empty), then drop `consumed` bytes of
// the input, then look at `status`: `need_more` means "call again with what is left or with new
// bytes", `done` that the body has ended and the rest of the input is not part of it.
struct BodyStep {
  ParseStatus status = ParseStatus::need_more;
  size_t consumed = 0;
  std::string_view payload;
};

class ChunkDecoder {
 public:
  explicit ChunkDecoder(const BodyLimits& limits = {}) : limits_(limits) {}

  // Consumes all of `in`, or up to the end of the body, or up to the second piece of payload.
  BodyStep next(std::string_view in);

  bool done() const { return state_ == State::done; }
  uint64_t payload_bytes() const { return payload_bytes_; }
  // REQUIRES: next() said error.
  const HttpFault& fault() const { return *fault_; }

 private:
  enum class State : uint8_t {
    size_first,
    size,
    size_lf,
    data,
    data_cr,
    data_lf,
    extension_gap,    // white space after the size or a value: a ';' has to follow
    extension_start,  // after ';'
    extension_name,
    name_gap,
    value_start,
    value_token,
    value_quoted,
    value_escaped,
    value_end,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
    done,
    failed,
  };

  const char* read_digits(const char* at, const char* end);
  void advance(char c);
  void advance_size(char c);
  void advance_extension(char c);
  void advance_extension_value(char c);
  void advance_trailer(char c);
  void end_size();
  void begin_chunk();
  void expect(char c, char wanted, State next);
  void refuse(const HttpFault& fault);

  BodyLimits limits_;
  State state_ = State::size_first;
  uint8_t digits_ = 0;
  uint64_t size_ = 0;  // of the current chunk; in `data`: what is left of it
  uint64_t payload_bytes_ = 0;
  uint64_t framing_bytes_ = 0;
  size_t chunk_extension_bytes_ = 0;
  size_t extension_bytes_ = 0;
  size_t trailer_fields_ = 0;
  size_t trailer_bytes_ = 0;
  const HttpFault* fault_ = nullptr;
};

}  // namespace qcc::http
