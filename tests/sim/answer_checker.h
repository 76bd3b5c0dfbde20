// Judges what a client got for a request against what endpoints answered (spec R1, R3, R10).
//
// Owner: the world. Pure but for the findings it writes down.
#pragma once
#include <qcc/config/config.h>

#include "ledger.h"
#include "wire_reader.h"

namespace qcc::sim {

// How an answer came to its end at the client.
enum class AnswerEnd : uint8_t {
  whole,    // framed to its end
  cut,      // the connection ended within it, or before it
  nothing,  // the connection ended before its first byte
};

// What excuses a bad end.
struct Circumstances {
  bool client_left = false;         // or shut down its side, or stopped reading for long
  bool net_may_lose = false;        // the weather breaks connections
  bool may_be_turned_away = false;  // full, draining, an idle connection's end, too slow
  bool slow_sender = false;
};

class AnswerChecker {
 public:
  AnswerChecker(Ledger& ledger, const config::Limits& limits)
      : ledger_(ledger), hold_json_(limits.hold_json), commit_buffer_(limits.commit_buffer) {}

  void judge(const RequestLog& request, const WireMessage& message, AnswerEnd end,
             const Circumstances& circumstances);

 private:
  void judge_lost(const RequestLog& request, const WireMessage& message,
                  const Circumstances& circumstances);
  void judge_own(const RequestLog& request, const WireMessage& message,
                 const Circumstances& circumstances);
  void judge_relayed(const RequestLog& request, const WireMessage& message, const Answer& answer,
                     AnswerEnd end, const Circumstances& circumstances);
  void judge_stream(const std::string& who, const RequestLog& request, const WireMessage& message,
                    const Answer& answer);
  void judge_commit(const std::string& who, const WireMessage& message, const Answer& answer);
  void judge_cut(const std::string& who, const WireMessage& message, const Answer& answer,
                 const Circumstances& circumstances);

  Ledger& ledger_;
  uint64_t hold_json_, commit_buffer_;
};

// How a stream's bytes at the client relate to what the endpoint meant.
enum class StreamShape : uint8_t {
  same,         // all of it
  repaired,     // a beginning that had stopped, and the terminal event
  error_event,  // whole events, then an error event of QCC's
  bare_prefix,  // a beginning and nothing else
  other,        // bytes that are not this answer's
};
StreamShape shape_of(std::string_view got, const Answer& answer, protocol::ApiKind kind);

}  // namespace qcc::sim
