#!/bin/bash
# Build and test everything: with sanitizers all of it, as released what those would hide. The last line is `N passed, N failed`.
set -euo pipefail

usage() {
  cat <<END
Usage: tests/run.sh [--quick] [--no-install] [--jobs N] [--seed N] [--build NAME] [-k PATTERN]…

  --quick       only the build with sanitizers, and no fuzzing
  --no-install  install no packages
  --jobs N      run N integration tests at a time: two for each processor
  --seed N      of everything random in the integration tests: 1
  --build NAME  only the build \`asan\` or \`release\`, and no fuzzing
  -k PATTERN    only integration tests with PATTERN in their name, no unit tests and no fuzzing
END
}

# only NAME: test that build alone, and no fuzzing
only() {
  [[ " $builds " = *" $1 "* ]] || { echo "--quick and --build leave no build to test" >&2; exit 2; }
  builds=$1 fuzz=no
}

builds='asan release' fuzz=yes install=yes options=() patterns=()
while [ $# -gt 0 ]; do
  case $1 in
    --quick) only asan ;;
    --no-install) install=no ;;
    --jobs) [[ ${2-} =~ ^[1-9][0-9]?$ ]] || { usage >&2; exit 2; }; options+=("$1" "$2"); shift ;;
    --seed) [[ ${2-} =~ ^[0-9]+$ ]] || { usage >&2; exit 2; }; options+=("$1" "$2"); shift ;;
    --build) [[ ${2-} =~ ^(asan|release)$ ]] || { usage >&2; exit 2; }; only "$2"; shift ;;
    -k) [ -n "${2-}" ] || { usage >&2; exit 2; }; patterns+=("$2"); fuzz=no; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

cd "$(dirname "$0")/.."
# shellcheck source=tests/debian-packages.sh
. tests/debian-packages.sh
# shellcheck source=tests/job.sh
. tests/job.sh
if [ "$install" = yes ]; then
  command -v dpkg-query >/dev/null || {
    echo "No Debian: install what tests/debian-packages.sh lists, then use --no-install" >&2
    exit 1
  }
  install_missing "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
  [ "$fuzz" = no ] || install_missing "${FUZZ_PACKAGES[@]}" || echo "No fuzzing, then."
fi

export G_SLICE=always-malloc G_DEBUG=fatal-criticals
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

passed=0 failed=0 summary=

# count NAME STATUS SINCE LINE: add a suite's `N passed, N failed` to the totals; a status without a failure counts as one.
count() {
  local name=$1 status=$2 since=$3 line=$4 suite_passed=0 suite_failed=0
  if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
    suite_passed=${BASH_REMATCH[1]} suite_failed=${BASH_REMATCH[2]}
  else
    line="did not run" suite_failed=1
  fi
  if [ "$status" != 0 ] && [ "$suite_failed" = 0 ]; then
    suite_failed=1
    line="$line (exit status $status)"
  fi
  passed=$((passed + suite_passed)) failed=$((failed + suite_failed))
  summary+="$(printf '%-22s %4d s  %s' "$name" "$((SECONDS - since))" "$line")"$'\n'
}

# build NAME TARGET OPTION…: configure (anew where options differ) and compile below _build/.
build() {
  local folder=_build/$1 target=$2
  shift 2
  if [ ! -e "$folder/build.ninja" ]; then
    meson setup "$folder" "$@" || return
  elif [ "$(cat "$folder/options" 2>/dev/null)" != "$*" ]; then
    meson configure "$folder" "$@" || return
  fi
  echo "$*" >"$folder/options"
  # g-ir-scanner has the library described by a program of its own, which leaks
  ASAN_OPTIONS=detect_leaks=0 ninja -C "$folder" "$target"
}

# unit_tests NAME ARGUMENT…: run those of the build that the arguments choose.
unit_tests() {
  local name=$1 folder=_build/$1 status=0 line since=$SECONDS
  shift
  rm -f "$folder"/meson-logs/testlog.{json,junit.xml}
  # most of them wait most of the time
  meson test -C "$folder" --no-rebuild --print-errorlogs --num-processes "$((2 * $(nproc)))" "$@" || status=$?
  line=$(/usr/bin/python3 tests/integration/count_tests.py "$folder/meson-logs") || line=
  count "$name: unit" "$status" "$since" "$line"
}

integration_tests() {
  local folder=$PWD/_build/$1 status=0 log since=$SECONDS
  log=$folder/integration.log
  HEARTBEAT_CONSUMER=$folder/src/service/heartbeat-consumer HEARTBEATCTL=$folder/src/ctl/heartbeatctl \
    /usr/bin/python3 tests/integration/run_tests.py "${options[@]}" -- "${patterns[@]}" | tee "$log" || status=$?
  count "$1: integration" "$status" "$since" "$(tail -n 1 "$log")"
}

# suite NAME: build it and run its tests; a build that fails counts as a failure.
suite() {
  local name=$1 since=$SECONDS target=all chosen=() meson_options
  case $name in
    asan) meson_options=(--buildtype=debug "-Db_sanitize=address,undefined" -Db_lundef=false) ;;
    release)
      target=released chosen=(--suite released)
      # bindings and documentation are tested in the other build
      meson_options=(--buildtype=release -Db_ndebug=false -Dintrospection=disabled -Dvapi=disabled -Ddocs=disabled)
      ;;
  esac
  echo "== $name"
  if ! build "$name" "$target" "${meson_options[@]}"; then
    count "$name: build" 1 "$since" ""
    return
  fi
  summary+="$(printf '%-22s %4d s' "$name: build" "$((SECONDS - since))")"$'\n'
  [ ${#patterns[@]} != 0 ] || unit_tests "$name" "${chosen[@]}"
  integration_tests "$name"
}

# Each target for a moment: enough to find what is broken, not what is subtle.
fuzzing() {
  local status=0 log=_build/fuzz.log since=$SECONDS
  echo "== fuzz"
  if ! command -v clang >/dev/null; then
    echo "skipped: clang is not installed"
    summary+="$(printf '%-22s %s' fuzz "skipped, clang is not installed")"$'\n'
    return
  fi
  mkdir -p _build
  tests/fuzz/run.sh 3 | tee "$log" || status=$?
  count fuzz "$status" "$since" "$(tail -n 1 "$log")"
}

tests() {
  local name
  for name in $builds; do
    suite "$name"
  done
  [ "$fuzz" = no ] || fuzzing
  [ $((passed + failed)) != 0 ] || summary+="All of these tests were skipped."$'\n'
  printf '\n%s\n%s passed, %s failed\n' "$summary" "$passed" "$failed"
  [ "$failed" = 0 ] && [ "$passed" != 0 ]
}

job tests
