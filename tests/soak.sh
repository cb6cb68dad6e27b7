#!/bin/bash
# The long forms of the tests, for hours by hand: CI runs each of them shortened. The last line is `N passed, N failed`.
set -euo pipefail

usage() {
  cat <<END
Usage: tests/soak.sh [--only PATTERN] [--build NAME] [--fuzz SECONDS]

  --only PATTERN  only tests with PATTERN in their name (module.Class.test), and no fuzzing
  --build NAME    only the build \`release\` or \`asan\`
  --fuzz SECONDS  how long each fuzz target runs: 600; 0 is not at all

The figures that the tests report come at the end, and are kept in _build/soak/.
END
}

pattern='' builds='release asan' fuzz=600
while [ $# -gt 0 ]; do
  case $1 in
    --only) [ $# -ge 2 ] || { usage >&2; exit 2; }; pattern=$2; shift ;;
    --build) [[ ${2-} =~ ^(asan|release)$ ]] || { usage >&2; exit 2; }; builds=$2; shift ;;
    --fuzz) [[ ${2-} =~ ^(0|[1-9][0-9]*)$ ]] || { usage >&2; exit 2; }; fuzz=$2; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

cd "$(dirname "$0")/.."
# shellcheck source=tests/job.sh
. tests/job.sh
export G_SLICE=always-malloc G_DEBUG=fatal-criticals
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export SOAK=1

passed=0 failed=0
logs=_build/soak

options() {
  case $1 in
    release) echo --buildtype=release -Db_ndebug=false ;;
    asan) echo --buildtype=debug -Db_sanitize=address,undefined -Db_lundef=false ;;
    *) echo "There is no build $1" >&2; return 1 ;;
  esac
}

# build NAME: configure where that has not been done, and compile.
build() {
  local folder=_build/$1 given
  given=$(options "$1") || return
  # shellcheck disable=SC2086
  [ -e "$folder/build.ninja" ] || meson setup "$folder" $given || return
  # g-ir-scanner has the library described by a program of its own, which leaks
  ASAN_OPTIONS=detect_leaks=0 ninja -C "$folder"
}

# Every test module with a long form says so by reading SOAK.
long_modules() {
  grep -lw SOAK tests/integration/test_*.py | sed 's|.*/||; s|\.py$|.|'
}

# The runner takes patterns of which one has to match: those of --only are looked for here, so that both count.
long_tests() {
  local modules
  mapfile -t modules < <(long_modules)
  /usr/bin/python3 tests/integration/run_tests.py --list "${modules[@]}" | grep -F -e "$pattern" || true
}

count() {
  if [[ $1 =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
  else
    failed=$((failed + 1))
  fi
}

soak() {
  local folder=$PWD/_build/$1 log=$logs/$1.log tests
  echo "== $1"
  if ! build "$1"; then
    count "no build"
    return
  fi
  export HEARTBEAT_CONSUMER=$folder/src/service/heartbeat-consumer HEARTBEATCTL=$folder/src/ctl/heartbeatctl
  mapfile -t tests < <(long_tests)
  if [ ${#tests[@]} = 0 ]; then
    echo "No test with a long form matches $pattern" >&2
    count "no test"
    return
  fi
  /usr/bin/python3 tests/integration/run_tests.py --jobs 1 "${tests[@]}" 2>&1 | tee "$log" || true
  count "$(tail -n 1 "$log")"
}

fuzz() {
  echo "== fuzz, $fuzz s a target"
  if tests/fuzz/run.sh "$fuzz" 2>&1 | tee "$logs/fuzz.log"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
}

tests() {
  local name
  rm -rf "$logs"
  mkdir -p "$logs"
  for name in $builds; do
    soak "$name"
  done
  if [ -x tests/fuzz/run.sh ] && [ -z "$pattern" ] && [ "$fuzz" != 0 ]; then
    fuzz
  fi

  echo
  for name in $builds; do
    echo "$name:"
    grep -hs '^ *figure: ' "$logs/$name.log" || echo "     no figures"
  done
  printf '\n%s passed, %s failed\n' "$passed" "$failed"
  [ "$failed" = 0 ]
}

job tests
