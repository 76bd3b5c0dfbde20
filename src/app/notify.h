// Tells systemd how the daemon fares (sd_notify(3)), without its library. Does nothing elsewhere.
#pragma once
#include <string>
#include <string_view>

#include <qcc/base/time.h>

namespace qcc::app {

class Notifier {
 public:
  Notifier();
  void ready() const { send("READY=1"); }
  void reloading() const;
  void stopping() const { send("STOPPING=1"); }
  // One line that `systemctl status` shows. Sent when it has changed, at most once a second: call
  // it again and again.
  void status(const std::string& text, Instant now);
  bool has_listener() const { return !socket_.empty(); }
  // Feeds the watchdog, when it was configured and a third of its time has passed.
  void watchdog(Instant now);

 private:
  void send(std::string_view state) const;
  std::string socket_;
  Duration watchdog_every_ = kUnlimited;
  Instant watchdog_fed_;
  std::string status_;  // as last sent
  Instant next_status_;
};

}  // namespace qcc::app
