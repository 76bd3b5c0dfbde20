// Response heads of an upstream: same manner and same buffer contract as RequestParser.
//
// An informational answer (100 <= status < 200) is a head of its own: skip `head_bytes` bytes, call
// skip_informational() and go on with feed(). One parser serves one connection; reset() with the
// method of the next request, because that decides whether a body follows.
//
// Errors: every fault has status 502 and means that the connection must not be used again.
// RFC 9112 §4-§6.
#pragma once
#include <qcc/http/head.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace qcc::http {

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  int minor_version = 1;
  FieldList fields;
  ConnectionOptions connection;
  BodyFraming framing = BodyFraming::none;
  uint64_t content_length = 0;  // as told; says nothing about a body when framing is `none`
  bool keep_alive = true;       // false whenever the body ends with the connection
  size_t head_bytes = 0;
};

class ResponseParser {
 public:
  static constexpr int kInformationalMax = 8;
  static constexpr size_t kInformationalBytesMax = 16 * 1024;

  explicit ResponseParser(Method request_method,
                          const HeadLimits& limits = HeadLimits::for_responses());

  ParseStatus feed(std::string_view bytes);
  void reset(Method request_method);
  // REQUIRES: feed() said done and the status is below 200.
  void skip_informational();

  // REQUIRES: feed() said done.
  const ResponseHead& head() const { return head_; }
  // REQUIRES: feed() said error.
  const HttpFault& fault() const { return fault_; }

 private:
  void restart();
  bool read_first_line(std::string_view bytes);
  bool read_fields(std::string_view bytes);
  const HttpFault* read_status_line(std::string_view line);
  const HttpFault* conclude();
  bool refuse(const HttpFault& fault);

  HeadLimits limits_;
  Method request_method_;
  const char* base_ = nullptr;
  LineCursor cursor_;
  ParseStatus status_ = ParseStatus::need_more;
  bool in_fields_ = false;
  int informational_ = 0;
  size_t informational_bytes_ = 0;
  HttpFault fault_;
  ResponseHead head_;
};

}  // namespace qcc::http
