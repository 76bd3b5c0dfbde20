// One direction of a connection, cut into messages: what clients, endpoints and watchers of the
// simulated world know of the bytes that pass. Lenient about nothing that QCC may send.
//
// Owner: whoever reads or watches. Pure: knows no I/O.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include <qcc/http/body_decoder.h>
#include <qcc/http/request_parser.h>
#include <qcc/http/response_parser.h>

namespace qcc::sim {

struct WireMessage {
  bool begun = false;
  bool head_done = false;
  bool done = false;
  bool broken = false;
  int status = 0;
  int informational = 0;  // heads with a status below 200 before this one
  std::string method, path;
  std::string content_type;
  std::string credential;    // x-api-key, or the bearer token
  std::string request_mark;  // x-sim-request: the number of a client's request
  std::string answer_mark;   // x-sim-attempt: "request.attempt" of an endpoint's answer
  std::string request_id;
  int told_attempts = -1;  // x-qcc-attempts
  bool keep_alive = true;
  http::BodyFraming framing = http::BodyFraming::none;
  size_t body_bytes = 0;
  std::string body;
};

enum class Direction : uint8_t { requests, answers };

class WireReader {
 public:
  WireReader(Direction direction, bool keeps_bodies)
      : direction_(direction), keeps_bodies_(keeps_bodies) {}

  // Takes bytes until the present message is done; says how many.
  size_t feed(std::string_view bytes);
  // The connection ended: a body without a length is done now.
  void on_eof();
  const WireMessage& message() const { return message_; }
  // Forgets the present message. `method`: of the request that the next answer belongs to.
  void next(http::Method method = http::Method::post);

 private:
  size_t feed_head(std::string_view bytes);
  size_t feed_body(std::string_view bytes);
  size_t take_request_head(std::string_view bytes);
  size_t take_answer_head(std::string_view bytes);
  void take_fields(const http::FieldList& fields);
  void begin_body(http::BodyFraming framing, uint64_t length);

  Direction direction_;
  bool keeps_bodies_;
  http::Method method_ = http::Method::post;
  WireMessage message_;
  std::string head_;
  std::unique_ptr<http::BodyDecoder> decoder_;
};

}  // namespace qcc::sim
