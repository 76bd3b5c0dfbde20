#!/bin/sh
# Sets a Debian up, builds QCC and runs its tests. The last line is "N passed, N failed".
#   tests/run.sh [--quick] [--sim-seeds N]
#     --quick        without the clients from npm
#     --sim-seeds N  how many seeds the simulation plays (2000)
set -u
cd "$(dirname "$0")/.." || exit 1
. deploy/setup.sh

TEST_PACKAGES="python3 openssl procps systemd clang-format-19 wrk curl"
quick="" seeds=2000
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes ;;
    --sim-seeds) [ $# -gt 1 ] || { say "--sim-seeds needs a number" >&2; exit 2; }; seeds=$2; shift ;;
    *) sed -n '2,5s/^# *//p' "$0" >&2; exit 2 ;;
  esac
  shift
done

# shellcheck disable=SC2086
install_packages $BUILD_PACKAGES $TEST_PACKAGES || { count 0 1; conclude; exit 1; }
if [ -z "$quick" ] && ! command -v npm >/dev/null; then install_packages nodejs npm; fi

folder=build/test-clang
if configure "$folder" "$(shipped_compiler)" --buildtype=debugoptimized -Dwerror=true -Dbenchmarks=disabled &&
  set_option "$folder" sim_seeds "$seeds" && build "$folder"; then
  run_suites "$folder"
  subjects=""
  if [ -n "$quick" ]; then subjects=$(quick_subjects); fi
  # shellcheck disable=SC2086
  counted "$folder/integration.log" integration "$folder" $subjects
else
  say "the build failed"
  count 0 1
fi
conclude
