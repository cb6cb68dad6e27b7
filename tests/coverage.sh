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
  [ -e "$folder/build.ninja" ] || meson setup "$folder" --buildtype=debug -Db_coverage=true -Dvapi=disabled -Ddocs=disabled
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
awk -F, '
  function row(name, lines, hit, branches, taken) {
    printf "%-16s %7d %7.1f %% %9d %7.1f %%\n", name, lines, 100 * hit / lines, branches, branches ? 100 * taken / branches : 100
  }
  NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; printf "%-16s %7s %9s %9s %9s\n", "", "lines", "reached", "branches", "taken"; next }
  {
    split($1, part, "/")
    folder = part[2]
    lines[folder] += $column["line_total"]; hit[folder] += $column["line_covered"]
    branches[folder] += $column["branch_total"]; taken[folder] += $column["branch_covered"]
    all[1] += $column["line_total"]; all[2] += $column["line_covered"]
    all[3] += $column["branch_total"]; all[4] += $column["branch_covered"]
  }
  END {
    for (folder in lines)
      row(folder, lines[folder], hit[folder], branches[folder], taken[folder]) | "sort"
    close("sort")
    row("all", all[1], all[2], all[3], all[4])
  }' "$folder/coverage.csv"
