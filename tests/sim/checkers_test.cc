// Each checker of the proxy's simulation holds still on what is right and fires on what is not.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <qcc/protocol/stream_tap.h>

#include "answer_checker.h"
#include "limit_checkers.h"
#include "proxy_plan.h"
#include "refused_keys.h"
#include "shard_watch.h"
#include "wire_reader.h"

namespace qcc::sim {
namespace {
using std::chrono::milliseconds;

constexpr Instant kStart{std::chrono::hours(1)};

TEST_CASE("time limits: each fires when its span lasts too long, and only then") {
  Findings findings;
  TimeLimits limits(findings, milliseconds(2));
  uint64_t faults = 0;
  limits.each([&](SpanLimit& limit) {
    limit.begin(7, kStart, milliseconds(100));
    limit.end(7, kStart + milliseconds(102));
    limit.end(7, kStart + milliseconds(900));  // not open any more
    CHECK(findings.faults() == faults);
    limit.begin(7, kStart, milliseconds(100));
    limit.restart(7, kStart + milliseconds(90));
    limit.end(7, kStart + milliseconds(180));
    CHECK(findings.faults() == faults);
    limit.begin(7, kStart, milliseconds(100));
    limit.end(7, kStart + milliseconds(103));
    CHECK(findings.faults() == ++faults);
    limit.begin(8, kStart, milliseconds(100));
    limit.finish(kStart + milliseconds(200));
    CHECK(findings.faults() == ++faults);
    limit.begin(9, kStart, milliseconds(100));
    limit.suspend(9);
    limit.finish(kStart + milliseconds(200));
    CHECK(findings.faults() == faults);
  });
}

TEST_CASE("count limits fire above the most") {
  Findings findings;
  CountLimit limit(findings, "things", 2);
  limit.set(1, 2);
  CHECK(findings.clean());
  limit.set(1, 3);
  CHECK(findings.faults() == 1);
}

Answer stream_answer() {
  Answer answer;
  answer.request = answer.number = 1;
  answer.is_stream = true;
  answer.content_type = "text/event-stream";
  auto add = [&answer](std::string_view event, bool content) {
    answer.payload += event;
    answer.events.push_back(answer.payload.size());
    if (content) answer.content.push_back(answer.payload.size());
  };
  add("event: message_start\ndata: {}\n\n", false);
  add("event: content_block_delta\ndata: {\"a\":1}\n\n", true);
  add("event: message_delta\ndata: {\"b\":2}\n\n", true);
  answer.stopped_at = answer.payload.size();
  add("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", false);
  answer.has_end = true;
  return answer;
}

const std::string kErrorEvent = "event: error\ndata: {\"type\":\"error\",\"error\":{}}\n\n";

TEST_CASE("shapes of a stream") {
  Answer answer = stream_answer();
  auto shape = [&](const std::string& got) {
    return shape_of(got, answer, protocol::ApiKind::messages);
  };
  auto beginning = [&](size_t events) {
    return answer.payload.substr(0, answer.events[events - 1]);
  };
  CHECK(shape(answer.payload) == StreamShape::same);
  CHECK(shape(beginning(2)) == StreamShape::bare_prefix);
  CHECK(shape(beginning(2) + kErrorEvent) == StreamShape::error_event);
  CHECK(shape(beginning(2).substr(0, 40) + kErrorEvent) == StreamShape::other);
  CHECK(shape(beginning(1) + "event: ping\ndata: {}\n\n") == StreamShape::other);
  answer.payload.resize(answer.stopped_at);
  answer.events.pop_back();
  std::string repaired =
      answer.payload + std::string(protocol::terminal_event(protocol::ApiKind::messages));
  CHECK(shape(repaired) == StreamShape::repaired);
  answer.stopped_at = SIZE_MAX;
  CHECK(shape(repaired) == StreamShape::other);
}

// One request with one answer, and what its client is shown.
struct Judged {
  Judged() {
    limits.hold_json = 1000;
    limits.commit_buffer = 1000;
    RequestLog& log = ledger.add();
    log.exchanges = 1;
    log.answer_mark = "1.1";
    log.answers.push_back(stream_answer());
    message.begun = message.head_done = message.done = true;
    message.status = 200;
    message.answer_mark = "1.1";
    message.body = log.answers[0].payload;
  }
  RequestLog& log() { return *ledger.find(uint64_t{1}); }
  Answer& answer() { return log().answers[0]; }
  uint64_t faults(AnswerEnd end = AnswerEnd::whole, const Circumstances& circumstances = {}) {
    uint64_t before = ledger.findings.faults();
    AnswerChecker checker(ledger, limits);
    checker.judge(log(), message, end, circumstances);
    return ledger.findings.faults() - before;
  }
  Ledger ledger;
  config::Limits limits;
  WireMessage message;
};

TEST_CASE("answers: what is right passes") {
  Judged judged;
  CHECK(judged.faults() == 0);
  judged.message.body = judged.answer().payload.substr(0, judged.answer().events[1]) + kErrorEvent;
  CHECK(judged.faults() == 0);
}

TEST_CASE("answers: a cut stream must not end cleanly") {
  Judged judged;
  judged.message.body = judged.answer().payload.substr(0, judged.answer().events[1]);
  CHECK(judged.faults() == 1);
  judged.message.body = judged.answer().payload;
  judged.answer().has_end = false;
  CHECK(judged.faults() == 1);
}

TEST_CASE("answers: nothing is seen of what failed before its content") {
  Judged judged;
  judged.message.body = judged.answer().payload.substr(0, judged.answer().events[0]) + kErrorEvent;
  CHECK(judged.faults() == 1);
}

TEST_CASE("answers: of another attempt, another request, another status, a 401") {
  Judged judged;
  judged.log().answer_mark = "1.2";
  CHECK(judged.faults() == 1);
  judged.log().answer_mark = "1.1";
  judged.message.answer_mark = "2.1";
  CHECK(judged.faults() == 1);
  judged.message.answer_mark = "1.1";
  judged.message.status = 201;
  CHECK(judged.faults() == 1);
  judged.message.status = judged.answer().status = 401;
  CHECK(judged.faults() == 1);
}

TEST_CASE("answers: a whole one has all its bytes") {
  Judged judged;
  judged.answer().is_stream = false;
  CHECK(judged.faults() == 0);
  judged.message.body.pop_back();
  CHECK(judged.faults() == 1);
  CHECK(judged.faults(AnswerEnd::cut) == 1);
  Circumstances left;
  left.client_left = true;
  CHECK(judged.faults(AnswerEnd::cut, left) == 0);
  judged.message.body.back() = '#';
  CHECK(judged.faults(AnswerEnd::cut, left) == 1);
}

TEST_CASE("answers: none at all needs a reason") {
  Judged judged;
  judged.message = {};
  CHECK(judged.faults(AnswerEnd::nothing) == 1);
  Circumstances full;
  full.may_be_turned_away = true;
  CHECK(judged.faults(AnswerEnd::nothing, full) == 0);
}

TEST_CASE("own answers: an error, a name, a status that fits") {
  Judged judged;
  judged.message.answer_mark.clear();
  judged.message.status = 502;
  judged.message.request_id = "req_1";
  judged.message.body = "{\"error\":{}}";
  judged.message.framing = http::BodyFraming::length;
  CHECK(judged.faults() == 0);
  judged.message.request_id.clear();
  CHECK(judged.faults() == 1);
  judged.message.request_id = "req_1";
  for (int status : {529, 401, 400, 200, 429, 503, 408}) {
    CAPTURE(status);
    judged.message.status = status;
    CHECK(judged.faults() >= 1);
  }
}

TEST_CASE("refused keys: by the shard that knows, by all once it is published") {
  config::EndpointConfig config;
  config.name = "e0";
  endpoint::Snapshot snapshot;
  snapshot.slots.push_back({&config, 1, false});
  Findings findings;
  RefusedKeys keys(findings, [&](const auto& fn) { fn(snapshot); });
  keys.selected(0, "e0");
  keys.processed(0, {0, 1});
  keys.selected(1, "e0");
  CHECK(findings.clean());
  keys.selected(0, "e0");
  CHECK(findings.faults() == 1);
  snapshot.slots[0].auth_failed = true;
  keys.selected(1, "e0");
  CHECK(findings.faults() == 2);
  snapshot.slots[0] = {&config, 2, false};  // a reload brought another credential
  keys.selected(0, "e0");
  CHECK(findings.faults() == 2);
  keys.selected(0, "e1");
  CHECK(findings.faults() == 3);
}

TEST_CASE("wire reader: messages one behind the other, whatever the split") {
  const std::string wire =
      "POST /v1/messages HTTP/1.1\r\nhost: h\r\nx-sim-request: 5\r\ncontent-length: 3\r\n\r\nabc"
      "GET / HTTP/1.1\r\nhost: h\r\n\r\n"
      "POST /x HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n";
  for (size_t piece = 1; piece < wire.size(); ++piece) {
    WireReader reader(Direction::requests, true);
    std::string bodies, waiting;
    for (size_t at = 0; at < wire.size(); at += piece) {
      waiting += wire.substr(at, piece);
      while (!waiting.empty()) {
        waiting.erase(0, reader.feed(waiting));
        REQUIRE(!reader.message().broken);
        if (!reader.message().done) break;
        bodies += reader.message().method + reader.message().request_mark + reader.message().body;
        reader.next();
      }
    }
    CHECK(bodies == "POST5abcGETPOSTde");
  }
}

}  // namespace
}  // namespace qcc::sim
