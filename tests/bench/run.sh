#!/bin/bash
# Measure what the service costs, beside a bare librabbitmq loop, and print one table.
set -euo pipefail

usage() {
  cat <<END
Usage: tests/bench/run.sh [--quick] [--smoke] [--only GROUP]… [--rounds N] [--idle SECONDS]
                          [--json FILE] [--svg FILE] [--build FOLDER]

  --quick         a minute instead of half an hour: fewer rounds, less of everything, no idle minutes
  --smoke         a single round of two groups, and whatever it measures is fine: does the measuring work?
  --only GROUP    only these: drain, start, counts, due, save, growth, idle
  --rounds N      alternating rounds, of which the median counts: 7, with --quick 5
  --idle SECONDS  how long nothing happens: 600, with --quick 0
  --json FILE     where the figures go: FOLDER/benchmark.json
  --svg FILE      where the plot goes: FOLDER/benchmark.svg
  --build FOLDER  a build of --buildtype=release: _build/bench, which is made where it is missing

The exit status is 1 where a bar is not met.
END
}

cd "$(dirname "$0")/../.."
folder=_build/bench
arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --build) [ $# -ge 2 ] || { usage >&2; exit 2; }; folder=$2; shift ;;
    -h | --help) usage; exit 0 ;;
    *) arguments+=("$1") ;;
  esac
  shift
done

# meson has built what it runs
if [ -z "${MESON_TEST_ITERATION:-}" ]; then
  [ -e "$folder/build.ninja" ] || meson setup "$folder" --buildtype=release
  ninja -C "$folder"
fi
exec /usr/bin/python3 tests/bench/run_bench.py --build "$folder" "${arguments[@]}"
