#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include <qcc/app/daemon.h>
#include <qcc/app/demo.h>
#include <qcc/config/printable.h>

namespace {

constexpr const char* kUsage =
    "qccd - a proxy between LLM clients and many unreliable endpoints\n"
    "\n"
    "usage: qccd --config FILE      serve as FILE says (or $QCC_CONFIG)\n"
    "       qccd --demo             serve built-in simulated endpoints; needs no key and no "
    "network\n"
    "       qccd --check --config FILE   say what is wrong with FILE, and stop\n"
    "       qccd --version | --help\n"
    "\n"
    "Without a file, ANTHROPIC_API_KEY, OPENAI_API_KEY or OPENROUTER_API_KEY alone makes a "
    "working\n"
    "proxy of one endpoint. Signals: TERM drains (a second one stops), HUP reloads, USR1 reopens "
    "the\n"
    "log file.\n";

struct Arguments {
  std::string config_path;
  bool check = false;
  bool demo = false;
  bool help = false;
  bool version = false;
  std::string problem;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  if (const char* path = std::getenv("QCC_CONFIG")) arguments.config_path = path;
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == "--config" && i + 1 < argc)
      arguments.config_path = argv[++i];
    else if (word.starts_with("--config="))
      arguments.config_path = word.substr(9);
    else if (word == "--check")
      arguments.check = true;
    else if (word == "--demo")
      arguments.demo = true;
    else if (word == "--version" || word == "-V")
      arguments.version = true;
    else if (word == "--help" || word == "-h")
      arguments.help = true;
    else
      arguments.problem = "unknown or incomplete argument: " + qcc::config::printable(word);
  }
  return arguments;
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

qcc::config::Environment system_environment() {
  qcc::config::Environment environment;
  environment.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
  environment.read_file = read_file;
  return environment;
}

// True when the configuration can be used.
bool print_problems(const qcc::config::LoadResult& loaded) {
  for (const qcc::config::Problem& problem : loaded.problems)
    std::fprintf(stderr, "%s\n", qcc::config::format_problem(problem).c_str());
  return loaded.config != nullptr;
}

int serve(const qcc::app::DaemonOptions& options) {
  auto ended = qcc::app::run_daemon(options);
  if (ended) return *ended;
  std::fprintf(stderr, "qccd: %s\n", ended.error().c_str());
  return 1;
}

int demo() {
  qcc::app::DemoUpstreams upstreams;
  if (auto started = upstreams.start(); !started) {
    std::fprintf(stderr, "qccd: the simulated endpoints could not start: %s\n",
                 qcc::describe(started.error()).c_str());
    return 1;
  }
  std::string text = qcc::app::demo_config(upstreams.ports());
  // Who moves the clients' port means to run more than one: the admin's moves too.
  if (std::getenv("QCC_LISTEN")) text += "\n[admin]\nlisten = [\"127.0.0.1:0\"]\n";
  qcc::app::DaemonOptions options{"demo", nullptr, system_environment(), std::move(text)};
  auto loaded = qcc::app::load_config(options);
  if (!print_problems(loaded)) return 1;
  options.config = loaded.config;
  return serve(options);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments = parse(argc, argv);
  if (!arguments.problem.empty()) {
    std::fprintf(stderr, "qccd: %s\n\n%s", arguments.problem.c_str(), kUsage);
    return 2;
  }
  if (arguments.help) return std::fputs(kUsage, stdout) < 0;
  if (arguments.version) return std::printf("qccd %s\n", QCC_VERSION) < 0;
  if (arguments.demo) return demo();

  qcc::app::DaemonOptions options{arguments.config_path, nullptr, system_environment()};
  auto loaded = qcc::app::load_config(options);
  bool usable = print_problems(loaded);
  if (arguments.check && usable) std::printf("%s: ok\n", arguments.config_path.c_str());
  if (!usable || arguments.check) return usable ? 0 : 1;
  options.config = loaded.config;
  return serve(options);
}
