// The server's side of one HTTP/1.1 connection, a whole request and a whole answer at a time: for
// the admin API and the demo's simulated endpoints. Not for the data plane: it copies.
//
// Owner: the coroutine that serves the connection; `close()` is awaited before it is destroyed.
// Thread: its loop's. What breaks the protocol or a limit is answered here and ends the connection.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <qcc/http/body_decoder.h>
#include <qcc/http/request_parser.h>
#include <qcc/net/stream.h>

namespace qcc::admin {

using namespace std::chrono_literals;

struct HttpServerLimits {
  size_t head_bytes = 16 * 1024;
  size_t body_bytes = 64 * 1024;
  Duration head_timeout = 10s;  // from a request's first byte, or from accept while silent
  Duration body_timeout = 30s;
  Duration keepalive_timeout = 75s;
  Duration write_timeout = 30s;  // of one answer, or of one piece of a stream
};

struct HttpAnswer {
  struct Field {
    std::string_view name;
    std::string value;
  };
  int status = 200;
  std::string_view content_type = "application/json";
  std::string body = {};
  std::vector<Field> fields = {};  // beside type, length and connection
};

class HttpConnection {
 public:
  // Takes the connected descriptor over.
  HttpConnection(net::NetContext& context, int fd, const HttpServerLimits& limits);

  // Reads the next request whole. False: there is none, all that is left to do is `close`.
  rt::Task<bool> next_request(rt::Scope& scope);

  // REQUIRES: next_request said true; both are valid until it is called again.
  const http::RequestHead& head() const { return parser_.head(); }
  std::string_view body() const { return body_; }

  // An answer with its length; the body is left out for HEAD. False when the client is gone.
  rt::Task<bool> answer(const HttpAnswer& answer, rt::Scope& scope);

  // An answer piece by piece: begin, any number of pieces, end. `head.body` is not looked at.
  // False when the client is gone.
  rt::Task<bool> begin_stream(const HttpAnswer& head, rt::Scope& scope);
  rt::Task<bool> write_piece(std::string_view piece, rt::Scope& scope);
  rt::Task<bool> end_stream(rt::Scope& scope);

  // The connection ends after the answer under way.
  void end_after_answer() { keep_alive_ = false; }
  // `close` sends RST: what was not answered stays unanswered.
  void reset() {
    lingers_ = false;
    stream_.reset_on_close();
  }
  // The peer closed its side or the connection broke.
  bool peer_left() const { return stream_.ended(); }

  rt::Task<Unit> close();

 private:
  rt::Task<bool> read_head(rt::Scope& scope);
  rt::Task<bool> read_body(rt::Scope& scope);
  rt::Task<bool> refuse(int status, std::string_view message, rt::Scope& scope);
  rt::Task<bool> write(std::string_view bytes, rt::Scope& scope);
  bool append_head(const HttpAnswer& answer, const uint64_t* content_length, std::string& out);
  enum class BodyState : uint8_t { need_more, whole, broken };
  BodyState take_body(http::BodyDecoder& decoder, std::string_view in, size_t& consumed);

  net::NetContext& context_;
  HttpServerLimits limits_;
  net::Stream stream_;
  http::RequestParser parser_;
  std::string input_;    // the head's bytes and what came with them
  size_t consumed_ = 0;  // of `input_`, by the request that is being served
  std::string body_;
  bool first_ = true;
  bool keep_alive_ = true;
  bool lingers_ = false;  // the client may still be sending: an RST would eat our answer
  bool chunked_ = false;
};

// {"error":{"type":"not_found","message":"…"}}
std::string error_json(std::string_view type, std::string_view message);

}  // namespace qcc::admin
