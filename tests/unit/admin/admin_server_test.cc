#include <doctest/doctest.h>

#include <qcc/admin/admin_server.h>

#include <list>

#include "served.h"

namespace qcc::admin {
namespace {

using metrics::EndpointState;
using test::Client;
using namespace std::chrono_literals;
using test::ask;

struct Facts final : AdminFacts {
  std::string_view not_ready_reason() override { return reason; }
  std::vector<EndpointFacts> endpoints() override { return list; }
  void append_metrics(std::string& out) override { out += "# some metrics\n"; }
  DaemonFacts daemon() override { return {"1.2.3", 90s, 4}; }

  std::string_view reason;
  std::vector<EndpointFacts> list = {
      {"a", "0000000a", "default", EndpointState::healthy, true},
      {"b", "0000000b", "default", EndpointState::disabled, false},
  };
};

// Serves `facts` while `client` runs.
void serve(Facts& facts, AdminOptions options, const std::function<void(uint16_t port)>& client) {
  test::Grounds grounds;
  test::Listening listening = test::listen_on_loopback(*grounds.io);
  AdminContext context{grounds.net, facts, grounds.scope, std::move(options)};
  grounds.loop.spawn(serve_admin(context, listening.fd));
  test::run_with_client(grounds, [&] { client(listening.port); });
  CHECK(rt::FramePool::live() == 0);
}

std::string get(std::string_view path, std::string_view fields = "Host: localhost\r\n") {
  return "GET " + std::string(path) + " HTTP/1.1\r\n" + std::string(fields) +
         "Connection: close\r\n\r\n";
}

std::string body_of(const std::string& answer) {
  size_t at = answer.find("\r\n\r\n");
  return at == answer.npos ? "" : answer.substr(at + 4);
}

int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

}  // namespace

TEST_CASE("each route answers") {
  Facts facts;
  serve(facts, {}, [](uint16_t port) {
    CHECK(body_of(ask(port, get("/livez"))) == "{\"status\":\"ok\"}\n");
    CHECK(body_of(ask(port, get("/readyz"))) == "{\"status\":\"ready\"}\n");
    CHECK(body_of(ask(port, get("/version"))) ==
          "{\"name\":\"qccd\",\"version\":\"1.2.3\",\"uptime_seconds\":90,\"config_generation\":4}"
          "\n");
    std::string metrics = ask(port, get("/metrics"));
    CHECK(body_of(metrics) == "# some metrics\n");
    CHECK(metrics.find("content-type: text/plain; version=0.0.4; charset=utf-8\r\n") !=
          metrics.npos);
    CHECK(metrics.find("cache-control: no-store\r\n") != metrics.npos);
    CHECK(
        body_of(ask(port, get("/health?probe=0"))) ==
        R"({"status":"ok","endpoints":[)"
        R"({"name":"a","id":"0000000a","cluster":"default","state":"healthy","eligible":true},)"
        R"({"name":"b","id":"0000000b","cluster":"default","state":"disabled","eligible":false}]})"
        "\n");
  });
}

TEST_CASE("health and readiness follow the endpoints") {
  struct Row {
    EndpointState state;
    bool eligible;
    std::string_view reason;
    std::string_view status;
    int health, ready;
  };
  const Row rows[] = {
      {EndpointState::healthy, true, "", "ok", 200, 200},
      {EndpointState::unknown, true, "", "ok", 200, 200},
      {EndpointState::degraded, true, "", "degraded", 200, 200},
      {EndpointState::unhealthy, false, "", "down", 503, 503},
      {EndpointState::healthy, true, "draining", "ok", 200, 503},
  };
  for (const Row& row : rows) {
    CAPTURE(row.status);
    Facts facts;
    facts.list[0].state = row.state;
    facts.list[0].eligible = row.eligible;
    facts.list[0].reason = "auth";
    facts.list[0].back_in = 42s;
    facts.reason = row.reason;
    serve(facts, {}, [&](uint16_t port) {
      std::string health = ask(port, get("/health"));
      CHECK(status_of(health) == row.health);
      CHECK(body_of(health).starts_with("{\"status\":\"" + std::string(row.status) + "\""));
      CHECK(health.find("\"reason\":\"auth\",\"back_in_seconds\":42}") != health.npos);
      std::string ready = ask(port, get("/readyz"));
      CHECK(status_of(ready) == row.ready);
      if (!row.reason.empty()) CHECK(body_of(ready).find(row.reason) != std::string::npos);
      CHECK(status_of(ask(port, get("/livez"))) == 200);
    });
  }
}

TEST_CASE("what is not served is refused in JSON") {
  Facts facts;
  serve(facts, {}, [](uint16_t port) {
    std::string missing = ask(port, get("/admin"));
    CHECK(status_of(missing) == 404);
    CHECK(body_of(missing).starts_with("{\"error\":{\"type\":\"not_found\""));
    std::string post = ask(port,
                           "POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
                           "Connection: close\r\n\r\nhi");
    CHECK(status_of(post) == 405);
    CHECK(post.find("allow: GET, HEAD\r\n") != post.npos);
    std::string head = ask(port,
                           "HEAD /version HTTP/1.1\r\nHost: [::1]:7861\r\n"
                           "Connection: close\r\n\r\n");
    CHECK(status_of(head) == 200);
    CHECK(head.find("Content-Length: 7") != head.npos);
    CHECK(body_of(head).empty());
  });
}

TEST_CASE("no web page can reach it") {
  Facts facts;
  AdminOptions options;
  options.allowed_hosts = {"qcc.lan:7861"};
  options.allowed_origins = {"https://board.example"};
  struct Row {
    std::string_view fields;
    int status;
  };
  const Row rows[] = {
      {"Host: localhost:7861\r\n", 200},
      {"Host: 127.0.0.1\r\n", 200},
      {"Host: QCC.lan:7861\r\n", 200},
      {"Host: attacker.example\r\n", 403},
      {"Host: 10.0.0.1\r\n", 403},
      {"Host: localhost.attacker.example\r\n", 403},
      {"Host: localhost:7861\r\nOrigin: http://localhost:7861\r\n", 200},
      {"Host: localhost:7861\r\nOrigin: http://localhost:3000\r\n", 403},
      {"Host: localhost\r\nOrigin: https://attacker.example\r\n", 403},
      {"Host: localhost\r\nOrigin: null\r\n", 403},
      {"Host: localhost\r\nOrigin: https://board.example\r\n", 200},
  };
  serve(facts, options, [&](uint16_t port) {
    for (const Row& row : rows) {
      CAPTURE(row.fields);
      CHECK(status_of(ask(port, get("/version", row.fields))) == row.status);
    }
  });
}

TEST_CASE("the token is asked for on every path") {
  Facts facts;
  AdminOptions options;
  options.token = config::Secret("s3cret-token");
  serve(facts, options, [](uint16_t port) {
    for (std::string_view path : {"/livez", "/metrics", "/nothing"}) {
      CAPTURE(path);
      std::string none = ask(port, get(path));
      CHECK(status_of(none) == 401);
      CHECK(none.find("www-authenticate: Bearer") != none.npos);
      CHECK(none.find("s3cret") == none.npos);
    }
    auto with = [&](std::string_view value) {
      std::string fields = "Host: localhost\r\nAuthorization: " + std::string(value) + "\r\n";
      return status_of(ask(port, get("/livez", fields)));
    };
    CHECK(with("Bearer s3cret-token") == 200);
    CHECK(with("bearer  s3cret-token") == 200);
    CHECK(with("Bearer s3cret-tokeN") == 401);
    CHECK(with("Bearer s3cret-token2") == 401);
    CHECK(with("Bearer ") == 401);
    CHECK(with("Basic s3cret-token") == 401);
    CHECK(with("s3cret-token") == 401);
  });
}

TEST_CASE("one connection serves several requests, also when they come at once") {
  Facts facts;
  serve(facts, {}, [](uint16_t port) {
    Client client(port);
    client.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(client.receive_until("ok\"}\n").starts_with("HTTP/1.1 200"));
    client.send(
        "POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
        "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    std::string rest = client.receive_all();
    CHECK(client.saw_end());
    size_t first = rest.find("HTTP/1.1 405"), second = rest.find("\"1.2.3\""),
           third = rest.find("{\"status\":\"ok\"}");
    CHECK(first == 0);
    CHECK(second != rest.npos);
    CHECK(second < third);
    CHECK(third != rest.npos);
  });
}

TEST_CASE("limits hold and broken requests are answered before the connection ends") {
  Facts facts;
  serve(facts, {}, [](uint16_t port) {
    std::string long_field = "X: " + std::string(20 * 1024, 'x') + "\r\n";
    CHECK(status_of(ask(port, get("/livez", "Host: localhost\r\n" + long_field))) == 431);
    CHECK(status_of(ask(port, "GET /livez\r\n\r\n")) >= 400);
    std::string large = "POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65537\r\n\r\n";
    CHECK(status_of(ask(port, large + std::string(65537, 'x'))) == 413);
    std::string chunked =
        "POST /livez HTTP/1.1\r\nHost: localhost\r\n"
        "Transfer-Encoding: chunked\r\n\r\n";
    chunked += "20000\r\n" + std::string(0x20000, 'x') + "\r\n0\r\n\r\n";
    CHECK(status_of(ask(port, chunked)) == 413);
    Client expecting(port);
    expecting.send(
        "POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
        "Expect: 100-continue\r\nConnection: close\r\n\r\n");
    CHECK(expecting.receive_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    expecting.send("ok");
    CHECK(status_of(expecting.receive_all()) == 405);
  });
}

TEST_CASE("more than 64 connections are turned away, and the others are served") {
  Facts facts;
  serve(facts, {}, [](uint16_t port) {
    std::list<Client> clients;
    for (uint32_t i = 0; i < kAdminConnectionsMax; ++i) {
      clients.emplace_back(port);
      clients.back().send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
      REQUIRE(clients.back().receive_until("ok\"}\n").starts_with("HTTP/1.1 200"));
    }
    CHECK(ask(port, get("/livez")).empty());
    clients.pop_front();
    std::string answer;
    for (int round = 0; round < 100 && answer.empty(); ++round) {
      answer = ask(port, get("/livez"));
      std::this_thread::sleep_for(2ms);
    }
    CHECK(status_of(answer) == 200);
  });
}

TEST_CASE("stopping closes idle and half-sent connections at once") {
  Facts facts;
  std::list<Client> clients;
  auto begun = std::chrono::steady_clock::now();
  serve(facts, {}, [&](uint16_t port) {
    clients.emplace_back(port);
    clients.emplace_back(port).send("GET /livez HT");
    clients.emplace_back(port).send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    clients.back().receive_until("ok\"}\n");
  });
  CHECK(std::chrono::steady_clock::now() - begun < 3s);
  for (Client& client : clients) {
    CHECK(client.receive_all().empty());
    CHECK(client.saw_end());
  }
}

}  // namespace qcc::admin
