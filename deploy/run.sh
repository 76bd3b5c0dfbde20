#!/bin/sh
# Sets a Debian up, builds QCC as it is shipped and runs it with simulated endpoints: no key, no network.
#   deploy/run.sh [--build-only] [qccd option...]
set -u
cd "$(dirname "$0")/.." || exit 1
. deploy/setup.sh

build_only=""
if [ "${1:-}" = --build-only ]; then build_only=yes && shift; fi

folder=build/release
# shellcheck disable=SC2086
install_packages $BUILD_PACKAGES lld-19 llvm-19 || exit 1
link_time=-Db_lto=false
if { command -v clang++-19 && command -v ld.lld-19 && command -v llvm-ar-19; } >/dev/null; then
  export AR=llvm-ar-19 CXX_LD=lld-19
  link_time=-Db_lto=true
fi
configure "$folder" "$(shipped_compiler)" --buildtype=release "$link_time" -Db_lto_mode=thin -Dwerror=false \
  -Dbenchmarks=disabled || exit 1
build "$folder" qccd || exit 1
qccd=$(program "$folder" qccd)
say "built: $qccd"
[ -z "$build_only" ] || exit 0

cat <<'HINTS'

Once it says that it is ready, try from another terminal:

  curl -s http://127.0.0.1:7860/v1/messages -H 'content-type: application/json' \
    -H 'anthropic-version: 2023-06-01' -H 'x-api-key: any' \
    -d '{"model":"claude-sonnet-4-5","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"Hello"}]}'

  curl -s http://127.0.0.1:7860/v1/chat/completions -H 'content-type: application/json' \
    -H 'authorization: Bearer any' -d '{"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}]}'

  curl -s http://127.0.0.1:7861/api/status
  ANTHROPIC_BASE_URL=http://127.0.0.1:7860 ANTHROPIC_API_KEY=any claude

Ctrl-C ends it.

HINTS
exec "$qccd" --demo "$@"
