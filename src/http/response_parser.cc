#include <qcc/base/ascii.h>
#include <qcc/base/assert.h>
#include <qcc/http/response_parser.h>

#include "faults.h"
#include "field_block.h"

namespace qcc::http {

namespace {

constexpr KnownFieldSet kSingletons = {KnownField::content_length, KnownField::transfer_encoding};

// The rules of requests, seen from the client's side of an upstream's answer.
const HttpFault& as_upstream_fault(const HttpFault& fault) {
  if (fault.rule[0] == 'F') return faults::kBadUpstreamFraming;
  return std::string_view(fault.rule) == "H5" ? faults::kBigUpstreamHead
                                              : faults::kBadUpstreamFields;
}

bool is_bodyless(Method request_method, int status) {
  return request_method == Method::head || status < 200 || status == 204 || status == 304;
}

BodyFraming framing_of(const FramingFields& fields) {
  if (fields.chunked) return BodyFraming::chunked;
  return fields.has_length ? BodyFraming::length : BodyFraming::until_close;
}

}  // namespace

ResponseParser::ResponseParser(Method request_method, const HeadLimits& limits)
    : limits_(limits), request_method_(request_method) {}

void ResponseParser::reset(Method request_method) {
  request_method_ = request_method;
  informational_ = 0;
  informational_bytes_ = 0;
  status_ = ParseStatus::need_more;
  base_ = nullptr;
  restart();
}

void ResponseParser::restart() {
  cursor_ = {};
  in_fields_ = false;
  head_.fields.clear();
}

void ResponseParser::skip_informational() {
  QCC_ASSERT(status_ == ParseStatus::done && head_.status < 200);
  ++informational_;
  informational_bytes_ += head_.head_bytes;
  status_ = ParseStatus::need_more;
  base_ = nullptr;
  restart();
}

ParseStatus ResponseParser::feed(std::string_view bytes) {
  if (status_ != ParseStatus::need_more) return status_;
  if (bytes.data() != base_) {
    if (base_ != nullptr) restart();
    base_ = bytes.data();
  }
  if (!in_fields_ && !read_first_line(bytes)) return status_;
  if (!read_fields(bytes)) return status_;
  head_.head_bytes = cursor_.line;
  const HttpFault* fault = conclude();
  if (fault != nullptr)
    refuse(*fault);
  else
    status_ = ParseStatus::done;
  return status_;
}

bool ResponseParser::refuse(const HttpFault& fault) {
  fault_ = fault;
  status_ = ParseStatus::error;
  return false;
}

bool ResponseParser::read_first_line(std::string_view bytes) {
  const LineLimits limits{limits_.first_line_bytes, limits_.head_bytes};
  std::string_view line;
  LineStatus status = next_line(bytes, limits, cursor_, line);
  if (status == LineStatus::need_more) return false;
  if (status == LineStatus::bad_byte) return refuse(faults::kBadStatusLine);
  if (status != LineStatus::complete) return refuse(faults::kBigUpstreamHead);
  const HttpFault* fault = read_status_line(line);
  if (fault != nullptr) return refuse(*fault);
  in_fields_ = true;
  return true;
}

bool ResponseParser::read_fields(std::string_view bytes) {
  FieldBlockResult block = read_field_block(bytes, limits_, kSingletons, cursor_, head_.fields);
  if (block.status == ParseStatus::error) return refuse(as_upstream_fault(*block.fault));
  return block.status == ParseStatus::done;
}

const HttpFault* ResponseParser::read_status_line(std::string_view line) {
  constexpr size_t kCodeAt = 9;
  constexpr size_t kReasonAt = 13;
  if (line.size() < kReasonAt - 1 || !line.starts_with("HTTP/1.") || line[8] != ' ' ||
      (line[7] != '0' && line[7] != '1'))
    return &faults::kBadStatusLine;
  int status = 0;
  for (char c : line.substr(kCodeAt, 3)) {
    if (c < '0' || c > '9') return &faults::kBadStatusLine;
    status = status * 10 + (c - '0');
  }
  if (status < 100 || status > 599) return &faults::kBadStatusLine;
  if (line.size() >= kReasonAt && line[kReasonAt - 1] != ' ') return &faults::kBadStatusLine;
  head_.status = status;
  head_.minor_version = line[7] - '0';
  head_.reason = line.substr(std::min(kReasonAt, line.size()));
  return nullptr;
}

const HttpFault* ResponseParser::conclude() {
  if (head_.status == 101) return &faults::kUnaskedUpgrade;
  if (head_.status < 200 && (informational_ >= kInformationalMax ||
                             informational_bytes_ + head_.head_bytes > kInformationalBytesMax))
    return &faults::kManyInformational;
  FramingFields framing;
  const HttpFault* fault = read_framing_fields(head_.fields, head_.minor_version, framing);
  if (fault == nullptr) fault = read_connection_options(head_.fields, head_.connection);
  if (fault != nullptr) return &as_upstream_fault(*fault);
  head_.content_length = framing.length;
  head_.framing =
      is_bodyless(request_method_, head_.status) ? BodyFraming::none : framing_of(framing);
  const ConnectionOptions& connection = head_.connection;
  head_.keep_alive = !connection.close && head_.framing != BodyFraming::until_close &&
                     (head_.minor_version > 0 || connection.keep_alive);
  return nullptr;
}

}  // namespace qcc::http
