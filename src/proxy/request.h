// One request on its way: facts from its head, its held body, its record. Lives in the frame of
// `handle_request`.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include <qcc/http/request_parser.h>
#include <qcc/protocol/inspect.h>
#include <qcc/protocol/kinds.h>
#include <qcc/proxy/proxy.h>

#include "record.h"

namespace qcc::proxy {

// An answer of ours instead of an endpoint's.
struct Refusal {
  int status = 0;
  std::string message;
  bool close = false;      // the connection cannot serve another request
  std::string allow = {};  // for 405
  int64_t retry_after_seconds = -1;
  bool final = false;  // x-should-retry: false
};

// One client connection.
class Session final : public net::StreamObserver, public ListNode {
 public:
  Session(Proxy& p, int fd, bool client_is_local)
      : proxy(p),
        stream(p.net, fd, ErrorSource::client),
        scope(p.loop, &p.root),
        local(client_is_local) {}
  Session(const Session&) = delete;

  Proxy& proxy;
  net::Stream stream;
  rt::Scope scope;
  const bool local;  // came in on a loopback listener
  bool keep_alive = true;
  bool lingers = false;  // the client may still be sending: a reset would eat our answer
  bool is_cut = false;   // an answer ends before its end: the close must not look orderly
  uint32_t requests = 0;
  rt::Scope* idle = nullptr;     // while waiting for a request: a drain ends it
  rt::Scope* work = nullptr;     // of the request being served: ends when the client leaves
  rt::Scope* writing = nullptr;  // of the write to the client under way
  bool half_close_allowed = false;

  void cut() {
    keep_alive = false;
    is_cut = true;
    stream.reset_on_close();
  }
  void on_unread(net::Stream&) override { check_client(); }
  void check_client() {
    net::PeerEnd end = stream.peer_end();
    if (!work || end == net::PeerEnd::none) return;
    bool still_reads = end == net::PeerEnd::orderly && half_close_allowed;
    if (still_reads) return stream.watch_for_break();
    work->cancel(rt::Why::client_gone);
    if (writing) writing->cancel(rt::Why::client_gone);
  }
};

class Request {
 public:
  explicit Request(Proxy& proxy) : text(proxy.texts), body(proxy.bodies), proxy_(proxy) {}
  const Proxy& proxy() const { return proxy_; }

  http::Method method = http::Method::other;
  int minor_version = 1;
  bool keep_alive = true;
  bool expect_continue = false;
  http::BodyFraming framing = http::BodyFraming::none;
  uint64_t content_length = 0;
  protocol::Dialect dialect = protocol::Dialect::anthropic;
  protocol::ApiKind kind = protocol::ApiKind::unknown;

  // What goes upstream of the head, copied out of the receive buffer into one string.
  PooledText text;
  std::string_view path;  // without our own prefix
  std::string_view query;
  std::string_view fields;       // serialized lines that cross as they are
  std::string_view credentials;  // the client's own, for auth = "client"

  Body body;
  json::RequestSkimmer skimmer;  // fed while a body comes in pieces
  protocol::RequestFacts facts;
  RequestRecord record;
  endpoint::Setup setup;       // in force when it arrived
  endpoint::Setup last_setup;  // of the last attempt: keeps what the record names

  bool is_stream() const { return facts.stream; }

 private:
  Proxy& proxy_;
};

// Judges a head and copies what is needed. Nothing when the request may go on.
std::optional<Refusal> accept_head(Proxy& proxy, const http::RequestHead& head, Request& request,
                                   bool client_is_local);

// The client's answer for a request that needs no endpoint: the probes `GET /` and `HEAD /`.
bool is_local_probe(const Request& request);

}  // namespace qcc::proxy
