#!/bin/bash
# Build the image by the Dockerfile, and run its containers against a real broker. The last line is `N passed, N failed`.
set -euo pipefail

usage() {
  cat <<END
Usage: tests/container.sh [--no-install] [--pull] [PATTERN…]

Builds the image with buildah, which needs no daemon, into _build/container, and runs tests/integration/test_container.py.
Needs root. debian:bookworm-slim is made by debootstrap, as the registry's is: minbase without documentation.

  --no-install  install no packages
  --pull        take debian:bookworm-slim from the registry
  PATTERN       only tests with PATTERN in their name
END
}

install=yes pull=no patterns=()
while [ $# -gt 0 ]; do
  case $1 in
    --no-install) install=no ;;
    --pull) pull=yes ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) patterns+=("$1") ;;
  esac
  shift
done

cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "Building and mounting an image needs root here" >&2; exit 1; }
# shellcheck source=tests/debian-packages.sh
. tests/debian-packages.sh
if [ "$install" = yes ] && command -v dpkg-query >/dev/null; then
  install_missing "${TEST_PACKAGES[@]}" "${CONTAINER_PACKAGES[@]}"
fi
command -v buildah >/dev/null || { echo "There is no buildah: apt-get install buildah" >&2; exit 1; }

folder=$PWD/_build/container
base=docker.io/library/debian:bookworm-slim
mkdir -p "$folder"
buildah=(buildah --root "$folder/storage" --runroot "$folder/run" --storage-driver vfs)

# How this machine reaches its packages: proxies, and whether their dates are believed.
apt_settings() {
  apt-config dump 2>/dev/null | grep -iE '^Acquire::([a-z:]*proxy|Check-|Retries|ForceIPv)' || true
}

# As debuerreotype makes the registry's `slim`: no documentation, no translations, now and with what is installed later.
slim() {
  local exclude
  for exclude in doc groff info linda lintian locale man; do
    echo "path-exclude /usr/share/$exclude/*"
    find "$1/usr/share/$exclude" -mindepth 1 ! -type d ! -name copyright -delete 2>/dev/null || true
    find "$1/usr/share/$exclude" -mindepth 1 -type d -empty -delete 2>/dev/null || true
  done
  echo 'path-include /usr/share/doc/*/copyright'
}

make_base() {
  local tree=$folder/debian container since=$SECONDS
  echo "Making $base by debootstrap"
  rm -rf "$tree"
  debootstrap --variant=minbase bookworm "$tree" http://deb.debian.org/debian >"$folder/debootstrap.log"
  echo 'deb http://deb.debian.org/debian-security bookworm-security main' >>"$tree/etc/apt/sources.list"
  apt_settings >"$tree/etc/apt/apt.conf.d/90container-test"
  slim "$tree" >"$folder/docker"
  mv "$folder/docker" "$tree/etc/dpkg/dpkg.cfg.d/docker"
  echo force-unsafe-io >"$tree/etc/dpkg/dpkg.cfg.d/docker-apt-speedup"
  rm -rf "$tree"/var/cache/apt/* "$tree"/var/lib/apt/lists/* "$tree"/var/log/*.log
  container=$("${buildah[@]}" from scratch)
  "${buildah[@]}" copy --quiet "$container" "$tree" / >/dev/null
  "${buildah[@]}" config --cmd bash "$container"
  "${buildah[@]}" commit --quiet --rm "$container" "$base" >/dev/null
  rm -rf "$tree"
  echo "made in $((SECONDS - since)) s"
}

if [ "$pull" = yes ]; then
  "${buildah[@]}" pull "$base"
elif ! "${buildah[@]}" images --quiet "$base" >/dev/null 2>&1; then
  make_base
fi

"${buildah[@]}" build --isolation chroot --format docker --pull-never --layers --tag heartbeat-consumer .
"${buildah[@]}" images --format '{{.Name}}:{{.Tag}} {{.Size}}'

container=$("${buildah[@]}" from --pull-never localhost/heartbeat-consumer)
# shellcheck disable=SC2317  # called by the trap
finish() {
  status=$?
  "${buildah[@]}" umount "$container" >/dev/null || true
  "${buildah[@]}" rm "$container" >/dev/null || true
  exit "$status"
}
trap finish EXIT
"${buildah[@]}" inspect --type image localhost/heartbeat-consumer >"$folder/image.json"
HEARTBEAT_IMAGE_ROOT=$("${buildah[@]}" mount "$container")
export HEARTBEAT_IMAGE_ROOT HEARTBEAT_IMAGE_CONFIG=$folder/image.json
[ ${#patterns[@]} -gt 0 ] || patterns=(test_container.)
/usr/bin/python3 tests/integration/run_tests.py "${patterns[@]}"
