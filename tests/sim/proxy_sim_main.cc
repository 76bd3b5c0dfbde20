// Plays the proxy in simulated worlds, a seed each.
//
//   proxy_sim [--seeds N] [--first S] [--known FILE] [--until-failure] [--verbose]
//             [--trace]
//
// First the seeds of FILE (one a line, '#' begins a comment), then N seeds from S on. Every 64th is
// played twice and must replay exactly. The last line tells how many seeds, requests and checks.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "proxy_world.h"

namespace {

struct Options {
  uint64_t seeds = 2000;
  uint64_t first = 1;
  std::string known;
  bool until_failure = false;
  bool verbose = false;
  bool trace = false;
};

struct Sums {
  uint64_t seeds = 0, requests = 0, exchanges = 0, checks = 0, failed = 0;
  uint64_t refused_keys = 0, publications = 0;
  double virtual_hours = 0;
  std::map<std::string, uint64_t> by_checker;
};

volatile uint64_t playing = 0;

// A broken invariant aborts: it must be known in which world.
extern "C" void tell_seed(int) {
  std::printf("seed %llu fails: aborted\n", static_cast<unsigned long long>(playing));
  std::fflush(stdout);
}

constexpr uint64_t kReplayEvery = 64;
constexpr uint64_t kFailuresShown = 10;

void note_failure(Sums& sums, uint64_t seed, const std::string& text, bool all) {
  ++sums.failed;
  if (sums.failed > kFailuresShown && !all) return;
  std::printf("seed %llu fails:\n%s", static_cast<unsigned long long>(seed), text.c_str());
  std::fflush(stdout);
}

void play(uint64_t seed, const Options& options, Sums& sums) {
  if (options.verbose) {
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout);
  }
  playing = seed;
  qcc::sim::ProxyRun run = qcc::sim::run_proxy(seed, options.trace);
  ++sums.seeds;
  sums.requests += run.requests;
  sums.exchanges += run.exchanges;
  sums.checks += run.findings.checks();
  sums.refused_keys += run.refused_keys;
  sums.publications += run.publications;
  sums.virtual_hours += qcc::to_seconds(run.elapsed) / 3600;
  for (const auto& [name, count] : run.findings.by_checker()) sums.by_checker[name] += count;
  if (!run.findings.clean()) note_failure(sums, seed, run.findings.text(), options.verbose);
  if (seed % kReplayEvery != 0) return;
  qcc::sim::ProxyRun again = qcc::sim::run_proxy(seed, false);
  if (again.checksum != run.checksum) note_failure(sums, seed, "  it does not replay\n", true);
}

Options read_options(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    std::string name = arguments[i];
    auto value = [&] { return i + 1 < count ? std::string(arguments[++i]) : std::string("0"); };
    if (name == "--seeds")
      options.seeds = std::strtoull(value().c_str(), nullptr, 10);
    else if (name == "--first")
      options.first = std::strtoull(value().c_str(), nullptr, 10);
    else if (name == "--known")
      options.known = value();
    else if (name == "--until-failure")
      options.until_failure = true;
    else if (name == "--verbose")
      options.verbose = true;
    else if (name == "--trace")
      options.trace = true;
    else
      std::exit((std::fprintf(stderr, "unknown option %s\n", name.c_str()), 2));
  }
  return options;
}

void play_known(const Options& options, Sums& sums) {
  std::ifstream file(options.known);
  if (!file) std::exit((std::fprintf(stderr, "cannot read %s\n", options.known.c_str()), 2));
  for (std::string line; std::getline(file, line);) {
    uint64_t seed = std::strtoull(line.c_str(), nullptr, 10);
    if (seed > 0) play(seed, options, sums);
  }
}

}  // namespace

int main(int count, char** arguments) {
  Options options = read_options(count, arguments);
  std::signal(SIGABRT, tell_seed);
  auto begin = std::chrono::steady_clock::now();
  Sums sums;
  if (!options.known.empty()) play_known(options, sums);
  for (uint64_t i = 0; i < options.seeds; ++i) {
    if (options.until_failure && sums.failed > 0) break;
    play(options.first + i, options, sums);
  }
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("checks by checker:\n");
  for (const auto& [name, checks] : sums.by_checker)
    std::printf("  %-28s %llu\n", name.c_str(), static_cast<unsigned long long>(checks));
  std::printf(
      "%llu attempts at endpoints, %llu refused keys, %llu snapshots, %.1f virtual hours, "
      "%.1f s, %llu seeds failed\n",
      static_cast<unsigned long long>(sums.exchanges),
      static_cast<unsigned long long>(sums.refused_keys),
      static_cast<unsigned long long>(sums.publications), sums.virtual_hours, took.count(),
      static_cast<unsigned long long>(sums.failed));
  std::printf(
      "sim: %llu seeds, %llu requests, %llu checks\n", static_cast<unsigned long long>(sums.seeds),
      static_cast<unsigned long long>(sums.requests), static_cast<unsigned long long>(sums.checks));
  return sums.failed == 0 ? 0 : 1;
}
