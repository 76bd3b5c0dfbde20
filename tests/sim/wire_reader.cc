#include "wire_reader.h"

#include <charconv>

namespace qcc::sim {
namespace {

http::HeadLimits generous() {
  http::HeadLimits limits;
  limits.head_bytes = limits.field_bytes = limits.first_line_bytes = size_t{1} << 20;
  limits.fields = http::FieldList::kCapacity;
  limits.content_length = uint64_t{1} << 40;
  return limits;
}

std::string text_of(const http::FieldList& fields, std::string_view name) {
  const http::Field* field = fields.find(name);
  return field ? std::string(field->value) : std::string();
}

}  // namespace

size_t WireReader::feed(std::string_view bytes) {
  size_t taken = 0;
  while (taken < bytes.size() && !message_.done && !message_.broken) {
    std::string_view rest = bytes.substr(taken);
    taken += message_.head_done ? feed_body(rest) : feed_head(rest);
  }
  return taken;
}

size_t WireReader::feed_head(std::string_view bytes) {
  message_.begun = true;
  size_t before = head_.size();
  head_.append(bytes);
  size_t head_bytes =
      direction_ == Direction::requests ? take_request_head(head_) : take_answer_head(head_);
  if (head_bytes == 0) return bytes.size();
  head_.clear();
  return head_bytes - before;
}

size_t WireReader::take_request_head(std::string_view bytes) {
  http::RequestParser parser(generous());
  http::ParseStatus status = parser.feed(bytes);
  message_.broken = status == http::ParseStatus::error;
  if (status != http::ParseStatus::done) return 0;
  const http::RequestHead& head = parser.head();
  message_.method = head.method_text;
  message_.path = head.path;
  message_.keep_alive = head.keep_alive;
  take_fields(head.fields);
  begin_body(head.framing, head.content_length);
  return head.head_bytes;
}

size_t WireReader::take_answer_head(std::string_view bytes) {
  http::ResponseParser parser(method_, generous());
  http::ParseStatus status = parser.feed(bytes);
  message_.broken = status == http::ParseStatus::error;
  if (status != http::ParseStatus::done) return 0;
  const http::ResponseHead& head = parser.head();
  if (head.status < 200) {
    ++message_.informational;
    return head.head_bytes;
  }
  message_.status = head.status;
  message_.keep_alive = head.keep_alive;
  take_fields(head.fields);
  begin_body(head.framing, head.content_length);
  return head.head_bytes;
}

void WireReader::take_fields(const http::FieldList& fields) {
  message_.content_type = text_of(fields, "content-type");
  message_.credential = text_of(fields, "x-api-key");
  std::string bearer = text_of(fields, "authorization");
  if (message_.credential.empty() && bearer.size() > 7) message_.credential = bearer.substr(7);
  message_.request_mark = text_of(fields, "x-sim-request");
  message_.answer_mark = text_of(fields, "x-sim-attempt");
  message_.request_id = text_of(fields, "request-id");
  std::string told = text_of(fields, "x-qcc-attempts");
  if (!told.empty())
    std::from_chars(told.data(), told.data() + told.size(), message_.told_attempts);
}

void WireReader::begin_body(http::BodyFraming framing, uint64_t length) {
  http::BodyLimits limits;
  limits.body_bytes = uint64_t{1} << 40;
  message_.head_done = true;
  message_.framing = framing;
  decoder_ = std::make_unique<http::BodyDecoder>(framing, length, limits);
  message_.done = framing == http::BodyFraming::none || decoder_->done() ||
                  (framing == http::BodyFraming::length && length == 0);
}

size_t WireReader::feed_body(std::string_view bytes) {
  http::BodyStep step = decoder_->next(bytes);
  if (keeps_bodies_) message_.body.append(step.payload);
  message_.body_bytes += step.payload.size();
  message_.broken = step.status == http::ParseStatus::error;
  message_.done = decoder_->done();
  return step.consumed;
}

void WireReader::on_eof() {
  if (!message_.head_done || message_.done || message_.broken) return;
  message_.done = decoder_->on_eof() == http::BodyEnd::complete;
}

void WireReader::next(http::Method method) {
  message_ = {};
  head_.clear();
  decoder_.reset();
  method_ = method;
}

}  // namespace qcc::sim
