// What simulated endpoints answer, as bytes: a good answer in either protocol, streamed or whole,
// and everything that goes wrong with answers out there.
#pragma once
#include <string>

#include "ledger.h"
#include "proxy_plan.h"

namespace qcc::sim {

// How an answer goes out.
struct Delivery {
  std::string wire;          // head, framed body, and what does not belong
  size_t sound_bytes = 0;    // of the wire: up to the end of the answer
  size_t cut_at = SIZE_MAX;  // in the wire: the connection ends there
  bool cut_by_reset = false;
  size_t stall_at = SIZE_MAX;
  Duration stall{0};
  size_t piece_bytes = SIZE_MAX;
  Duration piece_pause{0};
  bool closes = false;  // the connection, behind the answer
};

// Draws what `answer.endpoint` says to `request` and fills `answer` with what was meant.
Delivery draw_answer(Prng& prng, const Mood& mood, const RequestLog& request, Answer& answer);

}  // namespace qcc::sim
