// Heads that leave: to an endpoint and to the client. Pure but for the strings they fill.
#pragma once
#include <string>

#include <qcc/config/config.h>
#include <qcc/http/response_parser.h>
#include <qcc/protocol/inline_text.h>

#include "request.h"

namespace qcc::proxy {

// The head of an attempt on `endpoint`, with the length the body will have. Fails (limit) when it
// does not fit into `out`; `written` is the part of `out` used.
Result<std::string_view> compose_upstream_head(std::span<char> out, const Request& request,
                                               const config::EndpointConfig& endpoint,
                                               const std::string& instance_id, uint64_t body_bytes);
size_t upstream_head_bytes_max(const Request& request, const config::EndpointConfig& endpoint);

// How the body of an answer is framed towards the client.
struct ClientFraming {
  enum class Kind : uint8_t { none, length, chunked, close } kind = Kind::length;
  uint64_t length = 0;
};

// What is kept of an endpoint's head once its buffer is gone: the lines that go to the client.
struct AnswerHead {
  int status = 0;
  std::string fields;  // serialized lines
  bool is_json = false;
  bool is_html = false;
  bool is_event_stream = false;
  bool compressed = false;
  bool has_request_id = false;
  int64_t retry_after_seconds = -1;
};

void keep_answer_head(const http::ResponseHead& head, AnswerHead& answer);

// Appends the client's head to `out`.
void append_client_head(std::string& out, const AnswerHead& answer, const ClientFraming& framing,
                        const Request& request, bool close);

// An error of ours as a whole answer, in the dialect of the request.
void append_refusal(std::string& out, const Refusal& refusal, const Request& request, bool close);

// "req_<instance>-<shard>-<number>": names a request in answers and logs.
using RequestId = protocol::InlineText<64>;
RequestId request_id(const Proxy& proxy, const RequestRecord& record);

}  // namespace qcc::proxy
