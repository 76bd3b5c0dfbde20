// Request heads: strict, incremental, without a copy and without the heap.
//
// The caller owns one contiguous buffer and calls feed() with all bytes since the head's first one,
// each time more come. Views in the result point into that buffer. A parser belongs to one
// connection and one thread; reset() before the next request. Usual path: one feed, one result.
//
// If the buffer has moved since the last call, the head is parsed from its start again: let it grow
// by doubling, then the work stays linear.
//
// Errors: feed() says `error`, fault() says why; it stays so until reset(), and the connection has
// to be closed. RFC 9112 §2-§6, RFC 9110 §5-§7.
#pragma once
#include <qcc/http/head.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace qcc::http {

struct RequestHead {
  Method method = Method::other;
  std::string_view method_text;
  std::string_view target;  // as received
  std::string_view path;    // raw, from its '/'; "*" for OPTIONS *
  std::string_view query;   // raw, without the '?'
  std::string_view host;    // uri-host [":" port]; empty only in HTTP/1.0
  int minor_version = 1;    // 0 or 1; a higher one counts as 1
  FieldList fields;
  ConnectionOptions connection;
  BodyFraming framing = BodyFraming::none;
  uint64_t content_length = 0;  // 0 unless framing is `length`
  bool keep_alive = true;
  bool expect_continue = false;
  size_t head_bytes = 0;  // the body or the next request starts here
};

class RequestParser {
 public:
  explicit RequestParser(const HeadLimits& limits = {});

  ParseStatus feed(std::string_view bytes);
  void reset();

  // REQUIRES: feed() said done.
  const RequestHead& head() const { return head_; }
  // REQUIRES: feed() said error.
  const HttpFault& fault() const { return fault_; }
  // False while nothing but tolerated empty lines came: a close here is not a broken request.
  bool has_begun() const { return has_begun_; }

 private:
  void restart();
  bool read_first_line(std::string_view bytes);
  bool read_fields(std::string_view bytes);
  const HttpFault* read_request_line(std::string_view line);
  const HttpFault* read_target();
  const HttpFault* conclude();
  const HttpFault* check_host();
  const HttpFault* read_framing();
  const HttpFault* read_expectation();
  bool refuse(const HttpFault& fault);

  HeadLimits limits_;
  const char* base_ = nullptr;
  LineCursor cursor_;
  ParseStatus status_ = ParseStatus::need_more;
  bool has_begun_ = false;
  bool in_fields_ = false;
  uint8_t empty_lines_ = 0;
  std::string_view target_authority_;  // of the absolute form
  HttpFault fault_;
  RequestHead head_;
};

}  // namespace qcc::http
