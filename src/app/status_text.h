// The one line that `systemctl status` shows of the daemon.
#pragma once
#include <cstddef>
#include <ctime>
#include <string>

namespace qcc::app {

struct StatusFacts {
  size_t endpoints = 0;  // configured, disabled ones included
  size_t unhealthy = 0;
  size_t disabled = 0;
  time_t changed_at = 0;  // when a configuration was last loaded or refused
  bool reload_refused = false;
  bool draining = false;
};

std::string status_text(const StatusFacts& facts);

}  // namespace qcc::app
