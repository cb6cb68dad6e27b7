#!/bin/bash
# Run the fuzz targets with libFuzzer. One line a target; the last line is `N passed, N failed`.
set -euo pipefail

usage() {
  cat <<END
Usage: tests/fuzz/run.sh SECONDS [TARGET…]

Runs each TARGET (default: all of them) for SECONDS on a copy of its corpus. What it found stays in _build/fuzz/findings/TARGET,
the corpus as it grew in _build/fuzz/corpus/TARGET. Needs clang and libclang-rt-dev.
END
}

# G_SLICE and G_DEBUG: a critical is a finding, and every block is a block of its own.
export G_SLICE=always-malloc G_DEBUG=fatal-criticals LC_ALL=C.UTF-8 TZ=UTC
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

[[ ${1-} =~ ^[1-9][0-9]*$ ]] || { usage >&2; exit 2; }
seconds=$1
shift
cd "$(dirname "$0")/../.."
root=$PWD build=_build/fuzz

targets=("$@")
if [ ${#targets[@]} = 0 ]; then
  for source in tests/fuzz/fuzz-*.c; do
    name=${source##*/fuzz-}
    targets+=("${name%.c}")
  done
fi
for target in "${targets[@]}"; do
  [ -d "tests/fuzz/corpus/$target" ] || { echo "There is no target $target" >&2; exit 2; }
done

# A quiet build, all of its output where it fails.
build() {
  if [ ! -e "$build/build.ninja" ]; then
    CC=clang meson setup "$build" -Dfuzzing=true -Doptimization=1 || return
  fi
  ninja -C "$build" "${targets[@]/#/tests\/fuzz\/fuzz-}"
}
command -v clang >/dev/null || { echo "clang is not installed: see FUZZ_PACKAGES in tests/debian-packages.sh" >&2; exit 2; }
mkdir -p "$build"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
build >"$log" 2>&1 || { cat "$log" >&2; exit 1; }

# finding TARGET LOG: what was found, and how to see it again.
finding() {
  local file
  grep -a -m 1 -A 24 -E 'runtime error|ERROR: |^Bail out' "$2" >&2 || tail -n 24 "$2" >&2
  for file in "$build/findings/$1"/*; do
    [ -e "$file" ] || continue
    echo "$1: again with: $build/tests/fuzz/fuzz-$1 $file" >&2
    # Where only the log is left, such as in CI.
    [ "$(stat -c %s "$file")" -gt 4096 ] || echo "$1: base64 -d: $(base64 -w 0 "$file")" >&2
  done
  echo "$1: mended, copy the file to tests/fuzz/corpus/$1 under a name that says what it is" >&2
}

# fuzz TARGET: run it, and say how it went.
fuzz() {
  local target=$1 status=0 options=() corpus=$build/corpus/$1 findings=$build/findings/$1 log=$build/fuzz-$1.log count coverage
  rm -rf "$corpus" "$findings"
  mkdir -p "$corpus" "$findings"
  cp "tests/fuzz/corpus/$target"/* "$corpus"
  [ ! -e "tests/fuzz/$target.dict" ] || options+=("-dict=$root/tests/fuzz/$target.dict")
  "$build/tests/fuzz/fuzz-$target" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2048 -max_len=4096 \
    -print_final_stats=1 -artifact_prefix="$findings/" "${options[@]}" "$corpus" >"$log" 2>&1 || status=$?
  count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  coverage=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
  if [ "$status" = 0 ] && [ -n "$count" ]; then
    printf '%-12s %10s executions, %5s branches, no finding\n' "$target" "$count" "${coverage:-?}"
    return 0
  fi
  printf '%-12s %10s executions, FOUND something (exit status %s)\n' "$target" "${count:-?}" "$status"
  finding "$target" "$log"
  return 1
}

passed=0 failed=0
for target in "${targets[@]}"; do
  if fuzz "$target"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
