#include <doctest/doctest.h>

#include <qcc/admin/http_connection.h>

#include "served.h"

namespace qcc::admin {
namespace {

// One connection: echoes each request's body, in pieces for the path /pieces.
rt::Task<Unit> echo(test::Grounds& grounds, int fd, HttpServerLimits limits) {
  HttpConnection connection(grounds.net, fd, limits);
  for (;;) {
    bool has_request = co_await connection.next_request(grounds.scope);
    if (!has_request) break;
    HttpAnswer answer;
    answer.content_type = "text/plain";
    answer.fields.push_back({"x-seen", std::string(connection.head().path)});
    if (connection.head().path == "/reset") {
      connection.reset();
      break;
    }
    if (connection.head().path == "/pieces") {
      co_await connection.begin_stream(answer, grounds.scope);
      std::string_view body = connection.body();
      co_await connection.write_piece(body.substr(0, 2), grounds.scope);
      co_await connection.write_piece(body.substr(2), grounds.scope);
      co_await connection.end_stream(grounds.scope);
      continue;
    }
    answer.body = connection.body();
    co_await connection.answer(answer, grounds.scope);
  }
  co_await connection.close();
  co_return Unit{};
}

// The answer to `pieces`, sent one after the other.
std::string talk(const std::vector<std::string>& pieces, HttpServerLimits limits = {},
                 bool* was_reset = nullptr, std::chrono::milliseconds pause = 1ms) {
  test::Grounds grounds;
  test::Listening listening = test::listen_on_loopback(*grounds.io);
  std::string answer;
  int fd = -1;
  std::unique_ptr<test::Client> client = std::make_unique<test::Client>(listening.port);
  fd = ::accept4(listening.fd, nullptr, nullptr, SOCK_CLOEXEC);
  REQUIRE(fd >= 0);
  grounds.loop.spawn(echo(grounds, fd, limits));
  test::run_with_client(grounds, [&] {
    for (const std::string& piece : pieces) {
      client->send(piece);
      std::this_thread::sleep_for(pause);
    }
    answer = client->receive_all();
    if (was_reset) *was_reset = client->was_reset();
  });
  ::close(listening.fd);
  return answer;
}

}  // namespace

TEST_CASE("a request is the same however it is cut") {
  const std::string request =
      "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  std::string whole = talk({request});
  CHECK(whole.ends_with("\r\n\r\nabcde"));
  CHECK(whole.find("x-seen: /x\r\n") != whole.npos);
  for (size_t cut = 1; cut < request.size(); cut += 7)
    CHECK(talk({request.substr(0, cut), request.substr(cut)}) == whole);
}

TEST_CASE("bytes behind a body are the next request") {
  std::string answer = talk({"POST /one HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab",
                             "cdPOST /two HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
                             "Connection: close\r\n\r\ne"});
  size_t one = answer.find("abcd"), two = answer.find("x-seen: /two");
  CHECK(one != answer.npos);
  CHECK(two != answer.npos);
  CHECK(one < two);
  CHECK(answer.ends_with("e"));
}

TEST_CASE("a stream is chunked for HTTP/1.1 and ends with the connection for 1.0") {
  std::string modern =
      talk({"POST /pieces HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
            "Connection: close\r\n\r\nabcde"});
  CHECK(modern.find("Transfer-Encoding: chunked\r\n") != modern.npos);
  CHECK(modern.ends_with("\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"));
  std::string old = talk({"POST /pieces HTTP/1.0\r\nContent-Length: 5\r\n\r\nabcde"});
  CHECK(old.find("Transfer-Encoding") == old.npos);
  CHECK(old.ends_with("\r\n\r\nabcde"));
}

TEST_CASE("slow requests end by the clock") {
  HttpServerLimits limits;
  limits.head_timeout = 60ms;
  limits.body_timeout = 60ms;
  limits.keepalive_timeout = 60ms;
  CHECK(talk({"GET / HT"}, limits).starts_with("HTTP/1.1 408"));
  CHECK(talk({""}, limits).empty());
  // Bytes that trickle do not prolong it.
  std::vector<std::string> trickle(40, "x");
  trickle.insert(trickle.begin(), "GET /");
  CHECK(talk(trickle, limits, nullptr, 5ms).starts_with("HTTP/1.1 408"));
  CHECK(talk({"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"}, limits)
            .starts_with("HTTP/1.1 408"));
  // An idle connection ends without a word after its answer.
  std::string idle = talk({"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na"}, limits);
  CHECK(idle.starts_with("HTTP/1.1 200"));
  CHECK(idle.ends_with("\r\n\r\na"));
}

TEST_CASE("a reset is a reset") {
  bool was_reset = false;
  CHECK(talk({"GET /reset HTTP/1.1\r\nHost: h\r\n\r\n"}, {}, &was_reset).empty());
  CHECK(was_reset);
}

TEST_CASE("an answer that cannot be a head is not sent") {
  CHECK(talk({"GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n"})
            .find("HTTP/1.1 400") != std::string::npos);
}

}  // namespace qcc::admin
