#!/bin/bash
# Static analysis: every warning of the compiler is an error, formatting, then clang-tidy with its analyzer. Nothing found is status 0.
set -euo pipefail

usage() {
  cat <<END
Usage: tests/analyse.sh [PATTERN]

Compiles everything with -Dwerror=true in _build/analysis, then runs clang-tidy, as .clang-tidy has it, on the sources below
src/ whose path matches the regular expression PATTERN (default: all of them, five minutes on two cores).
END
}

pattern=${1-}
case $pattern in
  -h | --help) usage; exit 0 ;;
  -*) usage >&2; exit 2 ;;
esac

cd "$(dirname "$0")/.."
# shellcheck source=tests/debian-packages.sh
. tests/debian-packages.sh
install_missing "${ANALYSIS_PACKAGES[@]}"
folder=_build/analysis
[ -e "$folder/build.ninja" ] || meson setup "$folder" --buildtype=debugoptimized -Dwerror=true \
  -Dintrospection=disabled -Dvapi=disabled -Ddocs=disabled
ninja -C "$folder"
# another version would format otherwise
if clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
  git ls-files '*.c' '*.h' | grep -v ^tests/fuzz/corpus | xargs clang-format --dry-run -Werror
fi
# generated sources are GLib's business
# no character of the path means another
sources="^${PWD//[][\\.*^$+?()\{\}|]/.}/(_build/analysis/\.\./\.\./)?src/.*${pattern}.*\.c\$"
find "$PWD/src" -name '*.c' | grep -qE -e "$sources" || { echo "No source matches $pattern" >&2; exit 2; }
run-clang-tidy -p "$folder" -quiet "$sources"
echo "Nothing found."
