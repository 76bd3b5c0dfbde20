#include <qcc/http/body_decoder.h>

#include <algorithm>

#include "faults.h"

namespace qcc::http {

BodyDecoder::BodyDecoder(BodyFraming framing, uint64_t content_length, const BodyLimits& limits)
    : framing_(framing),
      left_(framing == BodyFraming::length ? content_length : limits.body_bytes),
      chunks_(limits) {
  done_ = framing == BodyFraming::none || (framing == BodyFraming::length && content_length == 0);
  if (framing == BodyFraming::length && content_length > limits.body_bytes)
    fault_ = &faults::kBodyTooLarge;
}

BodyStep BodyDecoder::next(std::string_view in) {
  if (fault_ != nullptr) return {ParseStatus::error, 0, {}};
  if (done_) return {ParseStatus::done, 0, {}};
  BodyStep step;
  switch (framing_) {
    case BodyFraming::none: break;
    case BodyFraming::length: step = next_of_length(in); break;
    case BodyFraming::chunked: step = next_chunked(in); break;
    case BodyFraming::until_close: step = next_until_close(in); break;
  }
  payload_bytes_ += step.payload.size();
  return step;
}

BodyStep BodyDecoder::next_of_length(std::string_view in) {
  size_t taken = static_cast<size_t>(std::min<uint64_t>(in.size(), left_));
  left_ -= taken;
  done_ = left_ == 0;
  return {done_ ? ParseStatus::done : ParseStatus::need_more, taken, in.substr(0, taken)};
}

BodyStep BodyDecoder::next_until_close(std::string_view in) {
  size_t taken = static_cast<size_t>(std::min<uint64_t>(in.size(), left_));
  left_ -= taken;
  if (taken < in.size()) fault_ = &faults::kBodyTooLarge;
  return {fault_ ? ParseStatus::error : ParseStatus::need_more, taken, in.substr(0, taken)};
}

BodyStep BodyDecoder::next_chunked(std::string_view in) {
  BodyStep step = chunks_.next(in);
  done_ = step.status == ParseStatus::done;
  if (step.status == ParseStatus::error) fault_ = &chunks_.fault();
  return step;
}

BodyEnd BodyDecoder::on_eof() const {
  bool is_complete = fault_ == nullptr && (done_ || framing_ == BodyFraming::until_close);
  return is_complete ? BodyEnd::complete : BodyEnd::truncated;
}

}  // namespace qcc::http
