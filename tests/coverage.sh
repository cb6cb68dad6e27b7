#!/bin/bash
# How much of src/ the tests reach, by folder: lines and branches.
set -euo pipefail

usage() {
  cat <<END
Usage: tests/coverage.sh [--report]

Builds _build/coverage, runs all unit and integration tests in it, and prints a table; _build/coverage/html/ shows each line.

  --report  run nothing, only report what earlier runs have reached
END
}

run=yes
case ${1-} in
  '') ;;
  --report) run=no ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

cd "$(dirname "$0")/.."
# shellcheck source=tests/debian-packages.sh
. tests/debian-packages.sh
install_missing "${ANALYSIS_PACKAGES[@]}"
folder=$PWD/_build/coverage

if [ "$run" = yes ]; then
  [ -e "$folder/build.ninja" ] || meson setup "$folder" --buildtype=debug -Db_coverage=true -Dc_args=-fprofile-update=atomic -Dvapi=disabled -Ddocs=disabled
  ninja -C "$folder"
  find "$folder" -name '*.gcda' -delete
  # tests that fail have their say in tests/run.sh
  meson test -C "$folder" --no-rebuild || true
  HEARTBEAT_CONSUMER=$folder/src/service/heartbeat-consumer HEARTBEATCTL=$folder/src/ctl/heartbeatctl \
    /usr/bin/python3 tests/integration/run_tests.py test_ || true
fi

# The branches of assertions are never taken; those that gcc makes for cleanups have no line of their own.
mkdir -p "$folder/html"
gcovr --root . --object-directory "$folder" --filter 'src/' --exclude-unreachable-branches \
  --exclude-branches-by-pattern '.*(g_return_|g_assert|g_auto).*' --html-details "$folder/html/index.html" \
  --csv "$folder/coverage.csv" "$folder"
printf '%-10s %8s %9s %9s %9s\n' '' lines reached branches taken
awk -F, '
  function row(name) {
    return sprintf("%-10s %8d %7.1f %% %9d %7.1f %%", name, lines[name], 100 * hit[name] / lines[name],
                   branches[name], branches[name] ? 100 * taken[name] / branches[name] : 100)
  }
  function add(name) {
    lines[name] += $column["line_total"]; hit[name] += $column["line_covered"]
    branches[name] += $column["branch_total"]; taken[name] += $column["branch_covered"]
  }
  NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
  { split($1, part, "/"); add(part[2]); add("src") }
  END {
    for (name in lines)
      if (name != "src")
        print row(name) | "sort"
    close("sort")
    print row("src")
  }' "$folder/coverage.csv"
