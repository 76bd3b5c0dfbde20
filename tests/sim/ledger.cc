#include "ledger.h"

#include <charconv>
#include <cstdio>

namespace qcc::sim {
namespace {

uint64_t number_in(std::string_view text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

bool Findings::demand(bool holds, const char* checker, const std::string& what) {
  ++checks_;
  auto at = by_checker_.find(std::string_view(checker));
  if (at == by_checker_.end()) at = by_checker_.emplace(checker, 0).first;
  ++at->second;
  if (holds) return true;
  ++faults_;
  if (kept_.size() >= kKept) return false;
  char time[32];
  std::snprintf(time, sizeof time, "%.6f ", clock_ ? clock_() : 0.0);
  kept_.push_back(time + std::string(checker) + ": " + what);
  return false;
}

void Findings::set_clock(std::function<double()> clock) { clock_ = std::move(clock); }

std::string Findings::text() const {
  std::string text;
  for (const std::string& line : kept_) text += "  " + line + "\n";
  if (faults_ > kept_.size())
    text += "  … and " + std::to_string(faults_ - kept_.size()) + " more\n";
  return text;
}

RequestLog& Ledger::add() {
  uint64_t number = requests_.size() + 1;
  RequestLog& request = requests_[number];
  request.number = number;
  return request;
}

RequestLog* Ledger::find(uint64_t number) {
  auto at = requests_.find(number);
  return at == requests_.end() ? nullptr : &at->second;
}

RequestLog* Ledger::find(std::string_view mark) {
  return mark.empty() ? nullptr : find(number_in(mark));
}

Answer* Ledger::find_answer(std::string_view mark) {
  size_t dot = mark.find('.');
  if (dot == std::string_view::npos) return nullptr;
  RequestLog* request = find(mark.substr(0, dot));
  size_t number = number_in(mark.substr(dot + 1));
  bool known = request && number >= 1 && number <= request->answers.size();
  return known ? &request->answers[number - 1] : nullptr;
}

std::string body_with_model(const RequestLog& request, std::string_view model) {
  std::string body = request.body;
  std::string old_value = "\"" + request.model + "\"";
  size_t at = body.find(old_value);
  if (at != std::string::npos) body.replace(at, old_value.size(), "\"" + std::string(model) + "\"");
  return body;
}

}  // namespace qcc::sim
