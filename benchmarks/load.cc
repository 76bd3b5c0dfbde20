// A load generator for what wrk cannot do: one thread on the project's own runtime.
//
//   load --port P [--path /v1/messages?events=50] [--body FILE] [--header 'name: value']…
//        [--connections 64] [--ramp-ms 0] [--warmup-ms 1000] [--window-ms 3000]
//        [--rate R] [--fresh] [--once] [--idle]
//
// Closed loop unless told otherwise: each connection asks again when its answer is whole.
//   --rate R   open loop: R requests a second at even distances; latency counts from the planned
//              instant, so that a stall is charged to every request that should have been sent
//   --fresh    a new connection for every request
//   --once     one request per connection, all of them counted; ends when all are answered
//   --idle     connections that say nothing
//   --ramp-ms  the time over which the connections are opened
// Answers may be streams: events are counted, and those that carry the time they were sent at
// ("@" and the boot clock's nanoseconds as their text, see mock_upstream) tell how old they are.
// Prints one line of JSON about the window after the warm-up.
#include <getopt.h>
#include <sys/prctl.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <qcc/http/body_decoder.h>
#include <qcc/http/response_parser.h>
#include <qcc/net/address.h>
#include <qcc/net/stream.h>
#include <qcc/rt/uring_io.h>
#include <qcc/sse/scanner.h>

#include "load_results.h"
#include "metronome.h"

namespace qcc::bench {
namespace {

using std::chrono::milliseconds;

constexpr Duration kBetweenFailures = milliseconds(20);

struct Options {
  uint16_t port = 0;
  std::string path = "/v1/messages";
  std::string headers;
  std::string body;
  uint64_t connections = 64;
  uint64_t rate = 0;  // 0: closed loop
  Duration ramp{0};
  Duration warmup = milliseconds(1000);
  Duration window = milliseconds(3000);
  bool fresh = false;
  bool once = false;
  bool idle = false;
};

std::string request_text(const Options& options) {
  std::string head = (options.body.empty() ? "GET " : "POST ") + options.path +
                     " HTTP/1.1\r\nhost: localhost\r\n" + options.headers;
  if (!options.body.empty())
    head +=
        "content-type: application/json\r\ncontent-length: " + std::to_string(options.body.size()) +
        "\r\n";
  if (options.fresh) head += "connection: close\r\n";
  return head + "\r\n" + options.body;
}

struct Load {
  Load(rt::Loop& l, const Options& o) : loop(l), options(o) {}

  rt::Loop& loop;
  const Options& options;
  Metronome metronome{loop};
  net::BlockPool blocks{1024};
  net::NetContext net{loop, blocks};
  net::SocketAddress target = *net::SocketAddress::from_ip("127.0.0.1", options.port);
  std::string request = request_text(options);
  http::ResponseParser parser{http::Method::post};  // between two waits, one head uses it
  rt::Scope whole{loop, nullptr,
                  options.once ? kUnlimited : options.ramp + options.warmup + options.window};
  Instant begin = loop.now();
  Instant window_begin = begin + (options.once ? Duration() : options.ramp + options.warmup);
  uint64_t planned = 0;  // requests of the open loop
  Results results;

  bool in_window() const { return loop.now() >= window_begin; }
  bool is_over() const { return whole.cancelled(); }

  // Whoever is free takes the next planned instant, which may have passed.
  Instant next_instant() {
    if (options.rate == 0) return loop.now();
    uint64_t offset_ns = planned++ * 1'000'000'000 / options.rate;
    return begin + options.ramp + Duration(offset_ns);
  }
};

// One answer as it comes in.
struct Answer {
  int status = 0;
  bool keep_alive = false;
  uint64_t events = 0;
  http::BodyFraming framing = http::BodyFraming::none;
  uint64_t content_length = 0;
};

// Nothing: the connection ended or the head is broken. What follows the head is put back.
rt::Task<std::optional<Answer>> read_head(Load& load, net::Stream& stream) {
  std::string gathered;
  for (;;) {
    Result<net::Chunk> chunk = co_await stream.read(load.whole);
    if (!chunk || chunk->size == 0) co_return std::nullopt;
    gathered.append(chunk->view());
    load.parser.reset(http::Method::post);
    http::ParseStatus status = load.parser.feed(gathered);
    if (status == http::ParseStatus::error) co_return std::nullopt;
    if (status == http::ParseStatus::need_more) continue;
    const http::ResponseHead& head = load.parser.head();
    Answer answer{head.status, head.keep_alive, 0, head.framing, head.content_length};
    chunk->remove_prefix(chunk->size - (gathered.size() - head.head_bytes));
    stream.unread(std::move(*chunk));
    co_return answer;
  }
}

void count_stamp(Load& load, std::string_view data) {
  constexpr std::string_view kMark = "\"text\":\"@";
  size_t at = data.find(kMark);
  if (at == std::string_view::npos) return;
  int64_t sent = 0;
  std::from_chars(data.data() + at + kMark.size(), data.data() + data.size(), sent);
  load.results.add_event_age(load.loop.io().now().time_since_epoch() - Duration(sent));
}

void count_events(Load& load, Answer& answer, sse::SseScanner& scanner, std::string_view payload) {
  bool counted = load.in_window();
  scanner.feed(payload);
  for (sse::SseEvent event; scanner.next(event);) {
    ++answer.events;
    if (!counted) continue;
    ++load.results.events;
    count_stamp(load, event.data);
  }
}

// True when the body came to its end.
rt::Task<bool> read_body(Load& load, net::Stream& stream, Answer& answer) {
  http::BodyDecoder decoder(answer.framing, answer.content_length);
  sse::SseScanner scanner;
  while (!decoder.done()) {
    Result<net::Chunk> chunk = co_await stream.read(load.whole);
    if (!chunk) co_return false;
    if (chunk->size == 0) co_return decoder.on_eof() == http::BodyEnd::complete;
    while (chunk->size > 0 && !decoder.done()) {
      http::BodyStep step = decoder.next(chunk->view());
      if (step.status == http::ParseStatus::error) co_return false;
      count_events(load, answer, scanner, step.payload);
      chunk->remove_prefix(step.consumed);
    }
    stream.unread(std::move(*chunk));
  }
  co_return true;
}

void count_answer(Load& load, const Answer& answer, Instant planned) {
  if (!load.in_window()) return;
  Results& results = load.results;
  if (answer.status / 100 != 2) {
    ++results.refusals;
    results.refusal_status = answer.status;
    return;
  }
  ++results.answers;
  results.latency.add(load.loop.now() - planned);
  results.events_least = std::min(results.events_least, answer.events);
  results.events_most = std::max(results.events_most, answer.events);
}

// False when the connection is of no more use.
rt::Task<bool> ask(Load& load, net::Stream& stream, Instant planned) {
  Result<Unit> sent = co_await stream.write(load.request, load.whole);
  std::optional<Answer> answer;
  if (sent) {
    answer = co_await read_head(load, stream);
  }
  if (answer && load.in_window()) load.results.first_byte.add(load.loop.now() - planned);
  bool whole = false;
  if (answer) {
    whole = co_await read_body(load, stream, *answer);
  }
  if (load.is_over()) co_return false;
  if (whole)
    count_answer(load, *answer, planned);
  else
    ++load.results.errors;
  co_return whole && answer->keep_alive && !load.options.fresh;
}

// Null when the connection could not be made.
rt::Task<std::unique_ptr<net::Stream>> connect(Load& load) {
  rt::Io& io = load.loop.io();
  int fd = io.open_socket(load.target.family());
  if (fd < 0) co_return nullptr;
  int connected = co_await rt::connect(load.whole, fd, load.target.get(), load.target.size());
  if (connected == 0) co_return std::make_unique<net::Stream>(load.net, fd, ErrorSource::upstream);
  io.close(fd);
  co_return nullptr;
}

// Says nothing and counts how it ends: by us, or too early.
rt::Task<Unit> stay_idle(Load& load, net::Stream& stream) {
  Result<net::Chunk> unexpected = co_await stream.read(load.whole);
  if (unexpected) ++load.results.errors;
  co_return Unit{};
}

rt::Task<Unit> use_connection(Load& load, net::Stream& stream) {
  bool usable = true;
  while (usable && !load.is_over()) {
    Instant planned = load.next_instant();
    bool begun = co_await load.metronome.sleep_until(planned, load.whole);
    if (!begun) break;
    usable = co_await ask(load, stream, planned);
    if (load.options.once) break;
  }
  co_return Unit{};
}

rt::Task<Unit> run_client(Load& load, uint64_t number) {
  Duration offset = load.options.ramp * number / load.options.connections;
  Instant start = load.begin + offset;
  co_await load.metronome.sleep_until(start, load.whole);
  while (!load.is_over()) {
    std::unique_ptr<net::Stream> stream = co_await connect(load);
    if (!stream && !load.is_over()) {
      ++load.results.errors;
      Instant later = load.loop.now() + kBetweenFailures;
      co_await load.metronome.sleep_until(later, load.whole);
    }
    if (stream && load.options.idle) {
      co_await stay_idle(load, *stream);
    } else if (stream) {
      co_await use_connection(load, *stream);
    }
    if (stream && load.is_over() && !stream->ended()) ++load.results.open;
    if (stream) {
      co_await stream->close();
    }
    if (load.options.once || load.options.idle) break;
  }
  co_return Unit{};
}

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "load: cannot read %s\n", path);
    std::exit(2);
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

uint64_t read_number(const char* text) { return std::strtoull(text, nullptr, 10); }

const option kOptions[] = {{"port", required_argument, nullptr, 'p'},
                           {"path", required_argument, nullptr, 'u'},
                           {"header", required_argument, nullptr, 'h'},
                           {"body", required_argument, nullptr, 'b'},
                           {"connections", required_argument, nullptr, 'c'},
                           {"rate", required_argument, nullptr, 'r'},
                           {"ramp-ms", required_argument, nullptr, 'm'},
                           {"warmup-ms", required_argument, nullptr, 'w'},
                           {"window-ms", required_argument, nullptr, 's'},
                           {"fresh", no_argument, nullptr, 'f'},
                           {"once", no_argument, nullptr, 'o'},
                           {"idle", no_argument, nullptr, 'i'},
                           {}};

Options parse(int argc, char** argv) {
  Options options;
  for (int found; (found = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    switch (found) {
      case 'p': options.port = static_cast<uint16_t>(read_number(optarg)); break;
      case 'u': options.path = optarg; break;
      case 'h': options.headers += std::string(optarg) + "\r\n"; break;
      case 'b': options.body = read_file(optarg); break;
      case 'c': options.connections = read_number(optarg); break;
      case 'r': options.rate = read_number(optarg); break;
      case 'm': options.ramp = milliseconds(read_number(optarg)); break;
      case 'w': options.warmup = milliseconds(read_number(optarg)); break;
      case 's': options.window = milliseconds(read_number(optarg)); break;
      case 'f': options.fresh = true; break;
      case 'o': options.once = true; break;
      case 'i': options.idle = true; break;
      default: std::exit(2);
    }
  }
  return options;
}

int run(const Options& options) {
  auto io = rt::make_uring_io({.entries = 4096, .buffer_count = 256, .buffer_bytes = 16 * 1024});
  if (!io) {
    std::fprintf(stderr, "load: %s\n", rt::explain_ring_failure(io.error()).c_str());
    return 1;
  }
  rt::Loop loop(**io, 1);
  Load load(loop, options);
  for (uint64_t i = 0; i < options.connections; ++i) loop.spawn(run_client(load, i));
  load.metronome.run();
  load.results.print(loop.now() - load.window_begin);
  return 0;
}

}  // namespace
}  // namespace qcc::bench

int main(int argc, char** argv) {
  prctl(PR_SET_TIMERSLACK, 1);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return qcc::bench::run(qcc::bench::parse(argc, argv));
}
