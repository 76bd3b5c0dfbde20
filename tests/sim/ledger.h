// What really happened in a simulated world, written down by clients, endpoints and watchers; the
// checkers compare it with what the proxy made of it.
//
// Owner: the world of one seed. Thread: one for all.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <qcc/base/time.h>
#include <qcc/protocol/kinds.h>

namespace qcc::sim {

// Faults found in one run. The first ones are kept as text, all are counted.
class Findings {
 public:
  // Counts a check; notes a fault of `checker` when `holds` is false.
  bool demand(bool holds, const char* checker, const std::string& what = {});
  bool clean() const { return faults_ == 0; }
  uint64_t checks() const { return checks_; }
  uint64_t faults() const { return faults_; }
  const std::map<std::string, uint64_t, std::less<>>& by_checker() const { return by_checker_; }
  std::string text() const;
  void set_clock(std::function<double()> clock);

 private:
  static constexpr size_t kKept = 12;
  uint64_t checks_ = 0, faults_ = 0;
  std::vector<std::string> kept_;
  std::map<std::string, uint64_t, std::less<>> by_checker_;  // checks made, by name
  std::function<double()> clock_;
};

// An answer as an endpoint meant it. Offsets count bytes of the payload.
struct Answer {
  uint64_t request = 0;
  int number = 0;  // of the request's exchanges, from 1
  size_t endpoint = 0;
  int status = 200;
  std::string content_type;
  std::string payload;
  bool is_stream = false;
  std::vector<size_t> events;         // behind each event
  std::vector<size_t> content;        // behind each event with content
  size_t stopped_at = SIZE_MAX;       // behind the stop reason; no block is open from here
  bool has_end = false;               // the payload holds the terminal event
  bool has_error = false;             // the payload ends in an in-band error
  bool ends_with_connection = false;  // no length, no chunks
  bool sound = true;  // the framing is right, nothing is cut: can be read to its end

  std::string mark() const { return std::to_string(request) + "." + std::to_string(number); }
};

enum class Expectation : uint8_t {
  relayed,  // an endpoint's answer, or an error of QCC's own
  refused,  // an error of QCC's own, no endpoint is asked
  local,    // a good answer of QCC's own
};

// One request, as its client meant it.
struct RequestLog {
  uint64_t number = 0;
  protocol::ApiKind kind = protocol::ApiKind::messages;
  bool stream = false;
  Expectation expectation = Expectation::relayed;
  std::vector<int> statuses;  // for `refused`: which will do
  std::string model;
  std::string body;
  std::deque<Answer> answers;

  // What the watcher of the shard saw.
  int attempts = 0;  // that wrote to an endpoint; replays for a stale connection not counted
  int exchanges = 0;
  std::set<size_t> tried;  // endpoints
  size_t last_endpoint = SIZE_MAX;
  int last_fd = -1;             // of the last exchange
  bool last_was_stale = false;  // the last exchange died unanswered on a kept connection
  std::string answer_mark;      // of the answer to the last exchange, once its head came
  Instant arrived;
  bool timed_out = false;  // an exchange of it reached its limit
  bool answer_begun = false;
  bool client_gone = false;
  bool shut_down = false;  // the shard was told to stop while it was served

  bool is_openai() const { return kind == protocol::ApiKind::chat_completions; }
};

class Ledger {
 public:
  RequestLog& add();
  RequestLog* find(uint64_t number);
  RequestLog* find(std::string_view mark);
  // By "request.attempt".
  Answer* find_answer(std::string_view mark);
  uint64_t size() const { return requests_.size(); }
  std::map<uint64_t, RequestLog>& all() { return requests_; }
  Findings findings;

 private:
  std::map<uint64_t, RequestLog> requests_;
};

// The body that an endpoint must get when it maps the request's model to another one.
std::string body_with_model(const RequestLog& request, std::string_view model);

}  // namespace qcc::sim
