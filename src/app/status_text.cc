#include "status_text.h"

#include <array>

namespace qcc::app {
namespace {

std::string local_time(time_t at) {
  tm parts{};
  localtime_r(&at, &parts);
  std::array<char, 32> text{};
  return {text.data(), strftime(text.data(), text.size(), "%F %H:%M", &parts)};
}

std::string endpoints_text(const StatusFacts& facts) {
  bool can_serve = facts.unhealthy + facts.disabled < facts.endpoints;
  std::string text = "no endpoint can serve";
  if (can_serve) text = "serving " + std::to_string(facts.endpoints) + " endpoint";
  if (can_serve && facts.endpoints != 1) text += "s";
  const char* separator = can_serve ? ", " : ": ";
  auto add = [&](size_t count, const char* what) {
    if (count == 0) return;
    text += separator + std::to_string(count) + what;
    separator = ", ";
  };
  add(facts.unhealthy, " unhealthy");
  add(facts.disabled, " disabled");
  return text;
}

}  // namespace

std::string status_text(const StatusFacts& facts) {
  if (facts.draining) return "draining: no new connections";
  std::string at = local_time(facts.changed_at);
  std::string text = endpoints_text(facts);
  if (facts.reload_refused) return text + "; the reload of " + at + " was refused, see the log";
  return text + "; configuration of " + at;
}

}  // namespace qcc::app
