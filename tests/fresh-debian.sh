#!/bin/bash
# Both commands of the README on a fresh Debian with nothing but git: as root, and as an ordinary user with sudo.
set -euo pipefail

usage() {
  cat <<END
Usage: tests/fresh-debian.sh [--suite SUITE]… [--user root|ordinary] [--only quickstart|tests] [--mirror URL] [--folder FOLDER]

Makes a Debian by debootstrap, and in a copy of it for each user, on a clean clone of the last commit, runs
examples/quickstart.sh until a check has run, then tests/run.sh. Needs root, debootstrap and git, and some 6 GB
for each suite. TEST_DEADLINE_S is passed on.

  --suite SUITE    bookworm (Debian 12, the default) or trixie (Debian 13); give it twice for both
  --user NAME      one of the two users only
  --only COMMAND   one of the two commands only
  --mirror URL     where the packages come from: http://deb.debian.org/debian
  --folder FOLDER  where to make them, and to keep them; a new Debian that is there already is used again
END
}

suites='' users='root ordinary' commands='quickstart tests' mirror=http://deb.debian.org/debian folder=''
while [ $# -gt 0 ]; do
  case $1 in
    --suite) [[ ${2:-} =~ ^(bookworm|trixie)$ ]] || { usage >&2; exit 2; }; suites+=" $2"; shift ;;
    --user) [[ ${2:-} =~ ^(root|ordinary)$ ]] || { usage >&2; exit 2; }; users=$2; shift ;;
    --only) [[ ${2:-} =~ ^(quickstart|tests)$ ]] || { usage >&2; exit 2; }; commands=$2; shift ;;
    --mirror) mirror=${2:?--mirror URL}; shift ;;
    --folder) folder=$(realpath -m "${2:?--folder FOLDER}"); shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
: "${suites:=bookworm}"

cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "debootstrap and chroot need root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "There is no debootstrap: apt-get install debootstrap" >&2; exit 1; }

# What is mounted there is mounted in a namespace of this script, where it goes with its last process.
if [ -z "${FRESH_DEBIAN_NAMESPACE:-}" ]; then
  # options that were read are given again
  again=(--mirror "$mirror")
  for suite in $suites; do
    again+=(--suite "$suite")
  done
  [ "$users" = 'root ordinary' ] || again+=(--user "$users")
  [ "$commands" = 'quickstart tests' ] || again+=(--only "$commands")
  [ -z "$folder" ] || again+=(--folder "$folder")
  FRESH_DEBIAN_NAMESPACE=yes exec unshare --mount --pid --fork --kill-child --mount-proc "$0" "${again[@]}"
fi

keep=yes
[ -n "$folder" ] || { keep=no; folder=$(mktemp -d /var/tmp/fresh-debian-XXXXXX); }
mkdir -p "$folder"
summary=$folder/summary
: >"$summary"

finish() {
  status=$?
  trap - EXIT
  echo
  cat "$summary"
  for suite in $suites; do
    for user in $users; do
      umount -R "$folder/$suite/$user" 2>/dev/null || true
    done
  done
  # what is still in use there is left alone, rather than deleted through a mount
  if [ "$keep" = yes ] || grep -qs " $folder/" /proc/self/mounts; then
    echo "kept: $folder"
  else
    rm -rf "$folder"
  fi
  exit "$status"
}
trap finish EXIT

# note SINCE TEXT: say what took how long, now and at the end.
note() {
  printf '%5d s  %s\n' "$((SECONDS - $1))" "$2" | tee -a "$summary"
}

# How this machine reaches its packages: proxies, and whether their dates are believed.
apt_settings() {
  apt-config dump 2>/dev/null | grep -iE '^Acquire::([a-z:]*proxy|Check-|Retries|ForceIPv)' || true
}

# make_debian SUITE
make_debian() {
  local since=$SECONDS suite=$1 base=$folder/$1/debian
  if [ -e "$base/fresh" ]; then
    return
  fi
  rm -rf "$base"
  mkdir -p "$folder/$suite"
  debootstrap --variant=minbase --include=git,ca-certificates,sudo "$suite" "$base" "$mirror" >"$folder/$suite/debootstrap.log"
  cat >"$base/etc/apt/sources.list" <<END
deb $mirror $suite main
deb $mirror $suite-updates main
deb ${mirror%/debian*}/debian-security $suite-security main
END
  apt_settings >"$base/etc/apt/apt.conf.d/90fresh-debian"
  # what is installed here need not outlive a power cut
  echo force-unsafe-io >"$base/etc/dpkg/dpkg.cfg.d/fresh-debian"
  rm -f "$base/var/cache/apt/archives"/*.deb
  touch "$base/fresh"
  note "$since" "$suite: debootstrap"
}

# make_machine SUITE USER: a copy of the fresh Debian with a clone of this repository in the user's home.
make_machine() {
  local root=$folder/$1/$2 user=$2 home=/root
  rm -rf "$root"
  cp -a --reflink=auto "$folder/$1/debian" "$root"
  rm "$root/fresh"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  printf '127.0.0.1 localhost %s\n::1 localhost\n' "$(hostname)" >"$root/etc/hosts"
  if [ "$user" = ordinary ]; then
    chroot "$root" useradd --create-home --shell /bin/bash --groups sudo ordinary
    echo '%sudo ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/fresh-debian"
    home=/home/ordinary
  fi
  git clone --quiet --no-local . "$root$home/heartbeat-consumer"
  chroot "$root" chown -R "$user:" "$home/heartbeat-consumer"
  # only what is mounted is a file system to those who look for one, as check_disk does
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --make-rslave "$root/sys"
  mount -t tmpfs -o mode=755 dev "$root/dev"
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
  mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s /proc/self/fd/0 "$root/dev/stdin"
  ln -s /proc/self/fd/1 "$root/dev/stdout"
  ln -s /proc/self/fd/2 "$root/dev/stderr"
  for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
}

# as SUITE USER COMMAND: run it in the user's clone, as after a login.
as() {
  local deadline=${TEST_DEADLINE_S:+TEST_DEADLINE_S=$TEST_DEADLINE_S}
  env -i TERM="${TERM:-dumb}" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    chroot "$folder/$1/$2" su - "$2" -c "cd heartbeat-consumer && $deadline $3"
}

# It goes on until Ctrl-C; here until a check has run and is written down.
# shellcheck disable=SC2016  # for the shell in there
quickstart='
  ./examples/quickstart.sh >quickstart.log 2>&1 & pid=$!
  until grep -q "lastRun: .* -> [1-9]" quickstart.log; do
    kill -0 $pid 2>/dev/null || { cat quickstart.log; exit 1; }
    sleep 0.2
  done
  kill $pid; wait $pid; status=$?
  cat quickstart.log; exit $status'

failed=no
# run SUITE USER NAME COMMAND
run() {
  local since=$SECONDS log=$folder/$1/$2-$3.log result=good
  echo "== $1: $2: $3"
  if ! as "$1" "$2" "$4" 2>&1 | tee "$log"; then
    result=FAILED failed=yes
  fi
  note "$since" "$1: $2: $3: $result ($(grep -E '^[0-9]+ passed|lastRun:' "$log" | tail -n 1 | sed 's/^ *//'))"
}

for suite in $suites; do
  make_debian "$suite"
  for user in $users; do
    make_machine "$suite" "$user"
    for command in $commands; do
      case $command in
        quickstart) run "$suite" "$user" "$command" "sh -c '${quickstart//\'/}'" ;;
        tests) run "$suite" "$user" "$command" ./tests/run.sh ;;
      esac
    done
  done
done
[ "$failed" = no ]
