#!/bin/bash
# Build and test everything: with sanitizers, then as released. The last line is `N passed, N failed`.
set -euo pipefail

usage() {
  cat <<END
Usage: tests/run.sh [--quick] [--no-install] [-k PATTERN]

  --quick       only the build with sanitizers, and no fuzzing
  --no-install  install no packages
  -k PATTERN    only integration tests with PATTERN in their name, no unit tests and no fuzzing
END
}

quick=no install=yes pattern=
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes ;;
    --no-install) install=no ;;
    -k) [ $# -ge 2 ] || { usage >&2; exit 2; }; pattern=$2; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

cd "$(dirname "$0")/.."
# shellcheck source=tests/debian-packages.sh
. tests/debian-packages.sh
if [ "$install" = yes ]; then
  command -v dpkg-query >/dev/null || {
    echo "No Debian: install what tests/debian-packages.sh lists, then use --no-install" >&2
    exit 1
  }
  install_missing "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
  [ "$quick" = yes ] || [ -n "$pattern" ] || install_missing "${FUZZ_PACKAGES[@]}" || echo "No fuzzing, then."
fi

export G_SLICE=always-malloc G_DEBUG=fatal-criticals
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

passed=0 failed=0 summary=

# count NAME STATUS LINE: add a suite's `N passed, N failed` to the totals; a status without a failure counts as one.
count() {
  local name=$1 status=$2 line=$3 suite_passed=0 suite_failed=0
  if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
    suite_passed=${BASH_REMATCH[1]} suite_failed=${BASH_REMATCH[2]}
  else
    line="did not run"
  fi
  if [ "$status" != 0 ] && [ "$suite_failed" = 0 ]; then
    suite_failed=1
    line="$line (exit status $status)"
  fi
  passed=$((passed + suite_passed)) failed=$((failed + suite_failed))
  summary+="$(printf '%-22s %s' "$name" "$line")"$'\n'
}

# build NAME OPTION…: configure (anew where options differ) and compile below _build/.
build() {
  local folder=_build/$1
  shift
  if [ -e "$folder/build.ninja" ]; then
    meson configure "$folder" "$@" || return
  else
    meson setup "$folder" "$@" || return
  fi
  # g-ir-scanner has the library described by a program of its own, which leaks
  ASAN_OPTIONS=detect_leaks=0 ninja -C "$folder"
}

unit_tests() {
  local folder=_build/$1 status=0 line
  rm -f "$folder/meson-logs/testlog.junit.xml"
  meson test -C "$folder" --no-rebuild --print-errorlogs --no-suite integration --no-suite soak || status=$?
  line=$(/usr/bin/python3 tests/integration/count_tests.py "$folder/meson-logs/testlog.junit.xml") || line=
  count "$1: unit" "$status" "$line"
}

integration_tests() {
  local folder=$PWD/_build/$1 status=0 log
  log=$folder/integration.log
  HEARTBEAT_CONSUMER=$folder/src/service/heartbeat-consumer HEARTBEATCTL=$folder/src/ctl/heartbeatctl \
    /usr/bin/python3 tests/integration/run_tests.py ${pattern:+"$pattern"} | tee "$log" || status=$?
  count "$1: integration" "$status" "$(tail -n 1 "$log")"
}

# suite NAME OPTION…: build it and run its tests; a build that fails counts as a failure.
suite() {
  local name=$1
  echo "== $name"
  if ! build "$@"; then
    count "$name: build" 1 ""
    return
  fi
  [ -n "$pattern" ] || unit_tests "$name"
  integration_tests "$name"
}

# Each target for a moment: enough to find what is broken, not what is subtle.
fuzzing() {
  local status=0 log=_build/fuzz.log
  echo "== fuzz"
  if ! command -v clang-14 >/dev/null; then
    echo "skipped: clang-14 is not installed"
    summary+="$(printf '%-22s %s' fuzz "skipped, clang-14 is not installed")"$'\n'
    return
  fi
  mkdir -p _build
  tests/fuzz/run.sh 3 | tee "$log" || status=$?
  count fuzz "$status" "$(tail -n 1 "$log")"
}

suite asan --buildtype=debug -Db_sanitize=address,undefined -Db_lundef=false -Ddocs=disabled -Dvapi=disabled
[ "$quick" = yes ] || suite release --buildtype=release -Db_ndebug=false
[ "$quick" = yes ] || [ -n "$pattern" ] || fuzzing

printf '\n%s\n%s passed, %s failed\n' "$summary" "$passed" "$failed"
[ "$failed" = 0 ]
