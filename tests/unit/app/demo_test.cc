#include <doctest/doctest.h>

#include <qcc/app/demo.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <qcc/config/load.h>
#include <qcc/json/picker.h>

#include "../../../src/app/demo_script.h"
#include "../admin/served.h"

namespace qcc::app {
namespace {

using namespace std::chrono_literals;
using test::Client;

constexpr std::string_view kAsk = R"({"model":"SECRET-MODEL","max_tokens":9,)"
                                  R"("messages":[{"role":"user","content":"SECRET-WORD"}])";

std::string post(std::string_view path, std::string_view more) {
  std::string body = std::string(kAsk) + std::string(more) + "}";
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\nx-api-key: SECRET-KEY\r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

std::string body_of(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

std::string unchunked(std::string_view body) {
  std::string out;
  for (;;) {
    size_t size = std::stoul(std::string(body.substr(0, body.find('\r'))), nullptr, 16);
    if (size == 0) return out;
    body.remove_prefix(body.find('\n') + 1);
    out += body.substr(0, size);
    body.remove_prefix(size + 2);
  }
}

struct Event {
  std::string name;
  std::string data;
};
std::vector<Event> events_of(std::string_view stream) {
  std::vector<Event> events;
  for (size_t end; (end = stream.find("\n\n")) != stream.npos; stream.remove_prefix(end + 2)) {
    Event& event = events.emplace_back();
    std::string_view text = stream.substr(0, end);
    if (text.starts_with("event: ")) {
      event.name = text.substr(7, text.find('\n') - 7);
      text.remove_prefix(text.find('\n') + 1);
    }
    REQUIRE(text.starts_with("data: "));
    event.data = text.substr(6);
  }
  CHECK(stream.empty());
  return events;
}

std::string text_of(const json::JsonView& value) {
  char text[2048];
  return std::string(value.text_into(text));
}

DemoReply sample() { return make_reply(kDemoPersonas[0], 7, 8192); }

std::string sample_text() {
  std::string text;
  for (const std::string& word : sample().words) text += word;
  return text;
}

}  // namespace

TEST_CASE("an Anthropic stream has its events in order and its usage") {
  DemoStream stream = stream_of(sample(), DemoDialect::anthropic, false);
  std::string all = stream.beginning;
  for (const std::string& word : stream.words) all += word;
  std::vector<Event> events = events_of(all + stream.end);
  std::string text, names;
  for (const Event& event : events) {
    json::JsonView data(event.data);
    CHECK(text_of(data["type"]) == event.name);
    text += text_of(data["delta"]["text"]);
    if (!names.ends_with(event.name)) names += (names.empty() ? "" : " ") + event.name;
  }
  CHECK(names ==
        "message_start content_block_start ping content_block_delta content_block_stop "
        "message_delta message_stop");
  CHECK(text == sample_text());
  json::JsonView start = json::JsonView(events[0].data)["message"];
  CHECK(start["usage"]["input_tokens"].unsigned_integer() == 512);
  CHECK(start["usage"]["cache_read_input_tokens"].unsigned_integer() == 1536);
  json::JsonView delta(events[events.size() - 2].data);
  CHECK(delta["usage"]["output_tokens"].unsigned_integer() == sample().words.size() * 4 / 3);
  CHECK(text_of(delta["delta"]["stop_reason"]) == "end_turn");
}

TEST_CASE("an OpenAI stream has its chunks, its usage when asked for, and [DONE]") {
  for (bool with_usage : {false, true}) {
    DemoStream stream = stream_of(sample(), DemoDialect::openai, with_usage);
    std::string all = stream.beginning;
    for (const std::string& word : stream.words) all += word;
    std::vector<Event> events = events_of(all + stream.end);
    CHECK(events.size() == sample().words.size() + 3 + (with_usage ? 1 : 0));
    std::string text;
    for (const Event& event : events)
      text += text_of(json::JsonView(event.data)["choices"].at(0)["delta"]["content"]);
    CHECK(text == sample_text());
    CHECK(events.back().data == "[DONE]");
    json::JsonView before_last(events[events.size() - 2].data);
    CHECK(before_last["usage"]["prompt_tokens"].unsigned_integer().has_value() == with_usage);
  }
}

TEST_CASE("whole answers say the same as streams") {
  std::string anthropic = whole_answer(sample(), DemoDialect::anthropic).body;
  json::JsonView message(anthropic);
  CHECK(text_of(message["content"].at(0)["text"]) == sample_text());
  CHECK(message["usage"]["input_tokens"].unsigned_integer() == 512);
  std::string openai = whole_answer(sample(), DemoDialect::openai).body;
  json::JsonView completion(openai);
  CHECK(text_of(completion["choices"].at(0)["message"]["content"]) == sample_text());
  CHECK(completion["usage"]["prompt_tokens"].unsigned_integer() == 2048);
  CHECK(completion["usage"]["prompt_tokens_details"]["cached_tokens"].unsigned_integer() == 1536);
}

TEST_CASE("only the flaky one fails, in an order that the seed decides, in every way") {
  std::map<DemoFault, int> seen;
  Prng first(5), second(5), other(6);
  int differences = 0;
  for (int i = 0; i < 1000; ++i) {
    CHECK(draw_fault(kDemoPersonas[0], first) == DemoFault::none);
    CHECK(draw_fault(kDemoPersonas[1], first) == DemoFault::none);
    DemoFault fault = draw_fault(kDemoPersonas[2], first);
    CHECK(draw_fault(kDemoPersonas[2], second) == fault);
    if (draw_fault(kDemoPersonas[2], other) != fault) ++differences;
    ++seen[fault];
  }
  CHECK(seen.size() == 5);
  CHECK(seen[DemoFault::none] > 450);
  CHECK(seen[DemoFault::none] < 650);
  CHECK(differences > 100);
}

TEST_CASE("the demo's configuration is a valid one") {
  config::LoadResult loaded = config::load(demo_config({1111, 2222, 3333}), "demo", {});
  for (const config::Problem& problem : loaded.problems)
    FAIL_CHECK(config::format_problem(problem));
  REQUIRE(loaded.config);
  REQUIRE(loaded.config->clusters.size() == 1);
  CHECK(loaded.config->clusters[0].endpoints.size() == 2 * kDemoEndpoints);
}

TEST_CASE("over the wire: JSON, streams, counts, models; nothing of the request comes back") {
  DemoUpstreams demo;
  REQUIRE(demo.start().has_value());
  uint16_t steady = demo.ports()[0];
  std::string whole = test::ask(steady, post("/anthropic/v1/messages", ""));
  CHECK(whole.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(body_of(whole).find("Answered by demo-steady") != whole.npos);

  std::string stream =
      test::ask(steady, post("/anthropic/v1/messages?beta=true", ",\"stream\":true"));
  CHECK(stream.find("content-type: text/event-stream\r\n") != stream.npos);
  CHECK(events_of(unchunked(body_of(stream))).back().name == "message_stop");

  std::string openai = test::ask(steady, post("/openai/v1/chat/completions",
                                              ",\"stream\":true,"
                                              "\"stream_options\":{\"include_usage\":true}"));
  std::vector<Event> chunks = events_of(unchunked(body_of(openai)));
  CHECK(chunks.back().data == "[DONE]");
  CHECK(chunks[chunks.size() - 2].data.find("\"usage\"") != std::string::npos);

  std::string count = test::ask(steady, post("/anthropic/v1/messages/count_tokens", ""));
  CHECK(body_of(count).starts_with("{\"input_tokens\":"));
  std::string models = test::ask(steady,
                                 "GET /openai/v1/models HTTP/1.1\r\nHost: localhost\r\n"
                                 "Connection: close\r\n\r\n");
  CHECK(body_of(models).starts_with("{\"object\":\"list\",\"data\":[{\"id\":\"qcc-demo\""));
  std::string unknown = test::ask(steady, post("/v1/complete", ""));
  CHECK(unknown.starts_with("HTTP/1.1 404"));
  for (const std::string& answer : {whole, stream, openai, count, models, unknown})
    CHECK(answer.find("SECRET") == answer.npos);
}

TEST_CASE("over the wire: the flaky one fails as drawn") {
  constexpr uint64_t kSeed = 3;
  DemoUpstreams demo(kSeed);
  REQUIRE(demo.start().has_value());
  Prng prng(kSeed + 2);
  for (int i = 0; i < 12; ++i) {
    DemoFault fault = draw_fault(kDemoPersonas[2], prng);
    CAPTURE(i);
    CAPTURE(static_cast<int>(fault));
    Client client(demo.ports()[2]);
    client.send(post("/anthropic/v1/messages", ",\"stream\":true"));
    std::string answer =
        fault == DemoFault::none ? client.receive_until("\r\n\r\n") : client.receive_all();
    if (fault == DemoFault::none) CHECK(answer.starts_with("HTTP/1.1 200"));
    if (fault == DemoFault::overloaded) CHECK(answer.starts_with("HTTP/1.1 529"));
    if (fault == DemoFault::rate_limited) {
      CHECK(answer.starts_with("HTTP/1.1 429"));
      CHECK(answer.find("retry-after: 2\r\n") != answer.npos);
    }
    if (fault == DemoFault::reset) CHECK(client.was_reset());
    if (fault == DemoFault::cut_while_waiting) CHECK(client.saw_end());
    if (fault >= DemoFault::reset) CHECK(answer.empty());
  }
}

TEST_CASE("stopping cuts what is under way, and may come at any time") {
  DemoUpstreams never_started;
  never_started.stop();
  DemoUpstreams demo;
  REQUIRE(demo.start().has_value());
  Client idle(demo.ports()[0]), waiting(demo.ports()[1]);
  waiting.send(post("/anthropic/v1/messages", ",\"stream\":true"));
  std::this_thread::sleep_for(50ms);
  auto begun = std::chrono::steady_clock::now();
  demo.stop();
  demo.stop();
  CHECK(std::chrono::steady_clock::now() - begun < 1s);
  CHECK(idle.receive_all().empty());
  CHECK(waiting.receive_all().empty());
  CHECK_FALSE(Client(demo.ports()[0]).connected());
}

}  // namespace qcc::app
