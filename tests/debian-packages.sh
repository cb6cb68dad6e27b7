# shellcheck shell=bash
# The Debian packages that building and testing need; to be sourced by bash scripts.

# shellcheck disable=SC2034  # used by those who source this
BUILD_PACKAGES=(
  build-essential meson ninja-build pkg-config gettext
  libglib2.0-dev libglib2.0-bin libjson-glib-dev librabbitmq-dev libnotify-dev
  glib-networking
)

# shellcheck disable=SC2034
QUICKSTART_PACKAGES=(dbus tzdata systemd)

# systemd is here for busctl, systemd-analyze and journalctl; its init is another package.
# shellcheck disable=SC2034
TEST_PACKAGES=(
  rabbitmq-server
  python3 python3-gi python3-pika python3-dbus python3-dbusmock python3-jsonschema gir1.2-glib-2.0
  gobject-introspection libgirepository1.0-dev gi-docgen valac gjs
  dbus openssl strace faketime tzdata procps systemd valgrind util-linux iproute2
  monitoring-plugins-basic man-db groff-base desktop-file-utils appstream zsh fish
)

# shellcheck disable=SC2034
FUZZ_PACKAGES=(clang libclang-rt-dev)

# shellcheck disable=SC2034
ANALYSIS_PACKAGES=(clang-format clang-tidy gcovr)

# shellcheck disable=SC2034
CONTAINER_PACKAGES=(buildah debootstrap docker-compose python3-yaml)

# shellcheck disable=SC2034
SCREENSHOT_PACKAGES=(
  xvfb x11-utils x11-xserver-utils xdotool xterm xfce4-notifyd gnome-themes-extra librsvg2-common
  fonts-dejavu-core fonts-noto-cjk imagemagick pngquant optipng
)

# install_missing PACKAGE…: install those that are not there, and say so.
install_missing() {
  local package missing=() sudo=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "Install as root: ${missing[*]}" >&2; return 1; }
    sudo=(sudo)
  fi
  echo "Installing: ${missing[*]}"
  "${sudo[@]}" apt-get update -qq
  # RUNLEVEL=1 keeps init scripts from starting what is installed
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
  # systemd starts it all the same
  if [[ " ${missing[*]} " == *" rabbitmq-server "* ]] && [ -d /run/systemd/system ]; then
    echo "Stopping the system's RabbitMQ, which its package has just started (the tests use their own)."
    echo "It starts again at boot; 'systemctl disable rabbitmq-server' prevents that."
    "${sudo[@]}" systemctl stop rabbitmq-server
  fi
}
