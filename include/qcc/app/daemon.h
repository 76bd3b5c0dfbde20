// The running daemon: builds the parts, starts the threads, follows signals, reloads, drains,
// stops.
//
// Thread: everything here runs on the control thread (main). Owner: main.
#pragma once
#include <expected>
#include <memory>
#include <string>

#include <qcc/config/load.h>

namespace qcc::app {

struct DaemonOptions {
  std::string config_path;  // empty: from the environment alone
  std::shared_ptr<const config::Config> config;
  config::Environment environment;
  std::string config_text = {};  // instead of a file (the demo); `config_path` only names it then
};

// Reads and checks what the options name.
config::LoadResult load_config(const DaemonOptions& options);

// Serves until it is told to stop. 0 after an orderly end; the error is a sentence for the user.
std::expected<int, std::string> run_daemon(const DaemonOptions& options);

}  // namespace qcc::app
