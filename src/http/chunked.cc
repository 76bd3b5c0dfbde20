#include <qcc/http/chunked.h>

#include <algorithm>

#include "bytes.h"
#include "faults.h"

namespace qcc::http {

namespace {

constexpr uint8_t kSizeDigitsMax = 16;

// 0..15, or 16 for a byte that is no hex digit.
constexpr std::array<uint8_t, 256> kHexValues = [] {
  std::array<uint8_t, 256> values;
  values.fill(16);
  for (uint8_t i = 0; i < 10; ++i) values[size_t{'0'} + i] = i;
  for (uint8_t i = 0; i < 6; ++i)
    values[size_t{'a'} + i] = values[size_t{'A'} + i] = static_cast<uint8_t>(10 + i);
  return values;
}();

bool is_blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

void ChunkDecoder::refuse(const HttpFault& fault) {
  fault_ = &fault;
  state_ = State::failed;
}

BodyStep ChunkDecoder::next(std::string_view in) {
  BodyStep step;
  const char* at = in.data();
  const char* end = at + in.size();
  while (at < end && state_ != State::done && state_ != State::failed) {
    if (state_ == State::data) {
      if (!step.payload.empty()) break;
      size_t taken = std::min(static_cast<size_t>(end - at), static_cast<size_t>(size_));
      step.payload = {at, taken};
      at += taken;
      size_ -= taken;
      payload_bytes_ += taken;
      if (size_ == 0) state_ = State::data_cr;
      continue;
    }
    const char* from = at;
    if (state_ == State::size) at = read_digits(at, end);
    if (at < end && state_ != State::failed) advance(*at++);
    framing_bytes_ += static_cast<uint64_t>(at - from);
  }
  step.consumed = static_cast<size_t>(at - in.data());
  if (state_ == State::done) step.status = ParseStatus::done;
  if (state_ == State::failed) step.status = ParseStatus::error;
  return step;
}

const char* ChunkDecoder::read_digits(const char* at, const char* end) {
  for (; at < end; ++at) {
    uint8_t value = kHexValues[static_cast<uint8_t>(*at)];
    if (value > 15) break;
    if (digits_++ == kSizeDigitsMax) {
      refuse(faults::kBadChunkSize);
      break;
    }
    size_ = size_ << 4 | value;
  }
  return at;
}

void ChunkDecoder::advance(char c) {
  switch (state_) {
    case State::size_first:
    case State::size:
    case State::size_lf: return advance_size(c);
    case State::data_cr: return expect(c, '\r', State::data_lf);
    case State::data_lf: return expect(c, '\n', State::size_first);
    case State::trailer_start:
    case State::trailer_name:
    case State::trailer_value:
    case State::trailer_lf:
    case State::last_lf: return advance_trailer(c);
    case State::data:
    case State::done:
    case State::failed: return;
    default: return advance_extension(c);
  }
}

void ChunkDecoder::expect(char c, char wanted, State next) {
  if (c == wanted)
    state_ = next;
  else
    refuse(faults::kBadChunkEnd);
}

void ChunkDecoder::advance_size(char c) {
  if (state_ == State::size_first) {
    uint8_t value = kHexValues[static_cast<uint8_t>(c)];
    if (value > 15) return refuse(is_blank(c) ? faults::kBadChunkSizeEnd : faults::kBadChunkSize);
    size_ = value;
    digits_ = 1;
    chunk_extension_bytes_ = 0;
    state_ = State::size;
    return;
  }
  if (state_ == State::size_lf) return c == '\n' ? begin_chunk() : refuse(faults::kBadChunkEnd);
  end_size();
  if (state_ == State::failed) return;
  if (c == '\r')
    state_ = State::size_lf;
  else if (c == ';' || is_blank(c))
    advance_extension(c);
  else
    refuse(c == '\n' ? faults::kBadChunkEnd : faults::kBadChunkSizeEnd);
}

void ChunkDecoder::end_size() {
  if (size_ > static_cast<uint64_t>(INT64_MAX)) return refuse(faults::kBadChunkSize);
  if (size_ > limits_.body_bytes - payload_bytes_) return refuse(faults::kBodyTooLarge);
  state_ = State::extension_gap;
}

void ChunkDecoder::begin_chunk() {
  state_ = size_ == 0 ? State::trailer_start : State::data;
  // One part of what the factor allows is the payload itself.
  constexpr uint64_t kFramingFactor = BodyLimits::kOverheadFactor - 1;
  uint64_t excess = framing_bytes_ - std::min(framing_bytes_, BodyLimits::kOverheadSlackBytes);
  if (excess / kFramingFactor > payload_bytes_) refuse(faults::kChunkOverhead);
}

// chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
void ChunkDecoder::advance_extension(char c) {
  if (++chunk_extension_bytes_ > limits_.chunk_extension_bytes ||
      ++extension_bytes_ > limits_.extension_bytes)
    return refuse(faults::kLongExtension);
  bool is_token_byte = is_class(c, kTokenByte);
  switch (state_) {
    case State::extension_gap:
      if (c == ';')
        state_ = State::extension_start;
      else if (!is_blank(c))
        refuse(faults::kBadExtension);
      return;
    case State::extension_start:
      if (is_token_byte)
        state_ = State::extension_name;
      else if (!is_blank(c))
        refuse(faults::kBadExtension);
      return;
    case State::extension_name:
      if (is_token_byte) return;
      if (c == '\r')
        state_ = State::size_lf;
      else if (c == ';')
        state_ = State::extension_start;
      else if (c == '=')
        state_ = State::value_start;
      else if (is_blank(c))
        state_ = State::name_gap;
      else
        refuse(faults::kBadExtension);
      return;
    case State::name_gap:
      if (c == ';')
        state_ = State::extension_start;
      else if (c == '=')
        state_ = State::value_start;
      else if (!is_blank(c))
        refuse(faults::kBadExtension);
      return;
    default: return advance_extension_value(c);
  }
}

void ChunkDecoder::advance_extension_value(char c) {
  bool is_token_byte = is_class(c, kTokenByte);
  switch (state_) {
    case State::value_start:
      if (is_token_byte)
        state_ = State::value_token;
      else if (c == '"')
        state_ = State::value_quoted;
      else if (!is_blank(c))
        refuse(faults::kBadExtension);
      return;
    case State::value_quoted:
      if (c == '"')
        state_ = State::value_end;
      else if (c == '\\')
        state_ = State::value_escaped;
      else if (is_control(c))
        refuse(faults::kBadExtension);
      return;
    case State::value_escaped:
      state_ = State::value_quoted;
      if (is_control(c)) refuse(faults::kBadExtension);
      return;
    default:  // value_token, value_end
      if (is_token_byte && state_ == State::value_token) return;
      if (c == '\r')
        state_ = State::size_lf;
      else if (c == ';')
        state_ = State::extension_start;
      else if (is_blank(c))
        state_ = State::extension_gap;
      else
        refuse(faults::kBadExtension);
  }
}

void ChunkDecoder::advance_trailer(char c) {
  if (++trailer_bytes_ > limits_.trailer_bytes) return refuse(faults::kLongTrailer);
  bool is_sound = true;
  switch (state_) {
    case State::trailer_start:
      if (c == '\r') {
        state_ = State::last_lf;
        return;
      }
      if (++trailer_fields_ > limits_.trailer_fields) return refuse(faults::kLongTrailer);
      is_sound = is_class(c, kTokenByte);
      state_ = State::trailer_name;
      break;
    case State::trailer_name:
      is_sound = c == ':' || is_class(c, kTokenByte);
      if (c == ':') state_ = State::trailer_value;
      break;
    case State::trailer_value:
      is_sound = c == '\r' || !is_control(c);
      if (c == '\r') state_ = State::trailer_lf;
      break;
    default:  // trailer_lf, last_lf
      is_sound = c == '\n';
      state_ = state_ == State::last_lf ? State::done : State::trailer_start;
  }
  if (!is_sound) refuse(faults::kBadTrailer);
}

}  // namespace qcc::http
