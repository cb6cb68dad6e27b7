#!/bin/bash
# Take the README's pictures again, with what the programs look like now.
set -euo pipefail

usage() {
  cat <<END
Usage: tests/screenshots.sh [--no-install] [--look FOLDER [--language CODE]]

Installs the Debian packages that are missing, builds, and writes the pictures to data/screenshots.
On a screen that nobody sees, with a bus and a broker of its own; the folder /tmp/anna is used and deleted.

  --look FOLDER    write these and more to FOLDER instead: light and dark terminals, a recovery, a broken file
  --language CODE  in that language (de, es, fr), with --look
  --no-install     install no packages
END
}

install=yes folder='' options=()
while [ $# -gt 0 ]; do
  case $1 in
    --no-install) install=no ;;
    --look) folder=$(realpath -m "${2:?--look FOLDER}"); options+=(--look); shift ;;
    --language) options+=("--language=${2:?--language CODE}"); shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

cd "$(dirname "$0")/.."
# shellcheck source=tests/debian-packages.sh
. tests/debian-packages.sh
if [ "$install" = yes ] && command -v dpkg-query >/dev/null; then
  install_missing "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}" "${SCREENSHOT_PACKAGES[@]}"
fi

build=$PWD/_build/screenshots
[ -e "$build/build.ninja" ] || meson setup "$build" --buildtype=release --prefix="$build/prefix" -Dtests=false \
  -Dintrospection=disabled -Dvapi=disabled -Ddocs=disabled >/dev/null
ninja -C "$build" --quiet install >/dev/null
folder=${folder:-$PWD/data/screenshots}
mkdir -p "$folder"
/usr/bin/python3 tests/screenshots.py "$build/prefix" "$folder" "${options[@]}"
