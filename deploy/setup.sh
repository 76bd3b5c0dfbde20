# Shared by tests/run.sh, .ci/run and deploy/run.sh: the system's packages, a build folder, the count of tests.
# Sourced by a POSIX shell whose current folder is the root of the tree.
# shellcheck shell=sh disable=SC2034

# cmake: Debian's doctest can be found by its CMake file only.
BUILD_PACKAGES="meson ninja-build cmake pkg-config ca-certificates libc6-dev clang-19 liburing-dev \
android-libboringssl-dev rapidjson-dev libtomlplusplus-dev libsqlite3-dev doctest-dev"

say() { printf '%s\n' "$*"; }

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# apt_get COMMAND...: waits for another apt, asks nothing and starts no service.
apt_get() {
  as_root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@"
}

# install_packages NAME...: those that are missing. clang-19 may be absent from an older release; g++ takes
# its place then.
install_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "This is not a Debian system: the packages that are needed must be there already." >&2
    return 0
  fi
  missing=""
  for package in "$@"; do is_installed "$package" || missing="$missing $package"; done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    say "Missing packages:$missing. Run this as root, or install sudo." >&2
    return 1
  fi
  apt_get update
  wanted=""
  for package in $missing; do
    if apt-cache policy "$package" | grep -q '^ *Candidate: *[^( ]'; then
      wanted="$wanted $package"
    else
      case $package in
        clang-19) say "This release has no clang-19: g++ takes its place." && wanted="$wanted g++" ;;
        *) say "This release has no package $package." >&2 ;;
      esac
    fi
  done
  say "Installing:$wanted"
  apt_log=$(mktemp)
  # shellcheck disable=SC2086
  apt_get install -y --no-install-recommends $wanted >"$apt_log" 2>&1 || {
    tail -n 20 "$apt_log" >&2
    return 1
  }
  rm -f "$apt_log"
}

shipped_compiler() {
  if command -v clang++-19 >/dev/null; then say clang++-19; else say g++; fi
}

# configure FOLDER COMPILER [meson option...]: from scratch when compiler or options have changed.
configure() {
  folder=$1 compiler=$2
  shift 2
  command -v ccache >/dev/null && compiler="ccache $compiler"
  settings="$compiler $*"
  if [ "$(cat "$folder/settings" 2>/dev/null)" != "$settings" ]; then
    rm -rf "$folder"
    mkdir -p "$(dirname "$folder")"
    CXX="$compiler" meson setup "$folder" "$@" >"$folder.log" 2>&1 || {
      rm -rf "$folder"
      tail -n 30 "$folder.log"
      return 1
    }
    say "$settings" >"$folder/settings"
  fi
}

# build FOLDER [target...]
build() {
  folder=$1
  shift
  say "building $folder"
  ninja -C "$folder" -j "${QCC_JOBS:-$(nproc)}" --quiet "$@" >"$folder.log" 2>&1 || {
    tail -n 60 "$folder.log"
    return 1
  }
}

# set_option FOLDER NAME VALUE: without a build from scratch.
set_option() {
  [ "$(cat "$1/option-$2" 2>/dev/null)" = "$3" ] && return 0
  meson configure "$1" "-D$2=$3" >/dev/null && say "$3" >"$1/option-$2"
}

# program FOLDER NAME: where the build has put an executable.
program() { find "$1" -name "$2" -type f -perm -u+x | head -n 1; }

PASSED=0 FAILED=0
count() { PASSED=$((PASSED + $1)) FAILED=$((FAILED + $2)); }

# count_last_line FILE STATUS: adds the last "N passed, N failed" of a program's output. A program that says
# nothing, or that fails without a failed test, counts as one failure.
count_last_line() {
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$1" | tail -n 1)
  failures=${line##*passed, } failures=${failures%% *}
  if [ -z "$line" ]; then
    count 0 1
  elif [ "$2" != 0 ] && [ "$failures" = 0 ]; then
    count "${line%% *}" 1
  else
    count "${line%% *}" "$failures"
  fi
}

# logged FILE COMMAND...: shows the output, keeps it in FILE and returns the command's status.
logged() {
  log_file=$1
  shift
  { "$@" 2>&1; echo $? >"$log_file.status"; } | tee "$log_file"
  return "$(cat "$log_file.status")"
}

# counted FILE COMMAND...: a program whose output ends with a count.
counted() {
  status=0
  logged "$@" || status=$?
  count_last_line "$1" "$status"
}

# run_suites FOLDER [meson test option...]: meson's tests, counted by tests/tally.py. Meson's own logs hold the
# whole environment: they stay where they are.
run_suites() {
  folder=$1
  shift
  rm -f "$folder/meson-logs/testlog.json"
  meson test -C "$folder" --no-rebuild --num-processes "${QCC_JOBS:-$(nproc)}" --no-suite integration "$@" \
    >"$folder/tests.log" 2>&1 || true
  counted "$folder/tally.log" python3 tests/tally.py "$folder/meson-logs/testlog.json"
}

# integration FOLDER [subject...]
integration() {
  folder=$1
  shift
  qccd=$(program "$folder" qccd)
  [ -n "$qccd" ] || { say "$folder has no qccd"; return 1; }
  timeout 1500 python3 -B tests/integration/run.py --qccd "$qccd" "$@"
}

# The integration tests that need nothing from npm.
quick_subjects() {
  (cd tests/integration && python3 -B -c 'import pathlib, run
print(*sorted({path.stem for path in pathlib.Path().glob("test_*.py")} - run.NEEDS_NODE))')
}

# conclude: the closing line, alone, and the exit status.
conclude() {
  say "$PASSED passed, $FAILED failed"
  [ "$FAILED" = 0 ] && [ "$PASSED" -gt 0 ]
}
