#include <qcc/app/daemon.h>

#include "control.h"

namespace qcc::app {

config::LoadResult load_config(const DaemonOptions& options) {
  if (!options.config_text.empty())
    return config::load(options.config_text, options.config_path, options.environment);
  if (options.config_path.empty()) return config::config_from_environment(options.environment);
  std::optional<std::string> text = options.environment.read_file(options.config_path);
  if (text) return config::load(*text, options.config_path, options.environment);
  config::LoadResult missing;
  missing.problems.push_back({config::Severity::error, options.config_path, 0, 0, "",
                              "cannot be read: no such file, or no permission"});
  return missing;
}

std::expected<int, std::string> run_daemon(const DaemonOptions& options) {
  Control control(options);
  auto started = control.start();
  if (!started) return std::unexpected(started.error());
  control.run();
  return 0;
}

}  // namespace qcc::app
