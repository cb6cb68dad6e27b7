#!/bin/bash
# Build the service and watch it work, on a copy of an example. Nothing outside the build folder and a temporary one changes.
set -euo pipefail

usage() {
  cat <<END
Usage: examples/quickstart.sh [--once] [--no-install]

Installs the Debian packages that are missing, builds, and runs the service on a copy of
examples/cack.heartbeat.json with ticks of its own every 2 seconds, until Ctrl-C.

  --once        end after the first run of a check
  --no-install  install no packages

With RABBIT_URL set it uses that broker, where the queue agent.quickstart.inbox is left behind.
END
}

once=no install=yes
for argument in "$@"; do
  case $argument in
    --once) once=yes ;;
    --no-install) install=no ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

cd "$(dirname "$0")/.."
# shellcheck source=tests/debian-packages.sh
. tests/debian-packages.sh
if [ "$install" = yes ] && command -v dpkg-query >/dev/null; then
  install_missing "${BUILD_PACKAGES[@]}" "${QUICKSTART_PACKAGES[@]}"
fi

build=$PWD/_build/quickstart
echo "Building in $build"
[ -e "$build/build.ninja" ] || meson setup "$build" --buildtype=release -Dtests=false >/dev/null
ninja -C "$build" --quiet

folder=$(mktemp -d)
service='' bus=''
finish() {
  status=$?
  trap - EXIT
  trap '' INT TERM HUP
  if [ -n "$service" ]; then
    kill -TERM "$service" 2>/dev/null || true
    wait "$service" || status=$?
  fi
  [ -z "$bus" ] || kill -TERM "$bus" 2>/dev/null || true
  rm -rf "$folder"
  exit "$status"
}
trap finish EXIT
trap 'exit 0' INT TERM HUP

# Without a session bus there is a private one, for as long as this script runs.
if [ -z "${DBUS_SESSION_BUS_ADDRESS:-}" ]; then
  if [ -S "${XDG_RUNTIME_DIR:-/nonexistent}/bus" ]; then
    export DBUS_SESSION_BUS_ADDRESS="unix:path=$XDG_RUNTIME_DIR/bus"
  else
    echo "There is no session bus: starting a private one"
    { read -r DBUS_SESSION_BUS_ADDRESS && read -r bus; } < <(
      dbus-daemon --session --fork --print-address=1 --print-pid=1 2>/dev/null)
    export DBUS_SESSION_BUS_ADDRESS
  fi
fi

# A name and folders of its own, so that no running service is disturbed.
if [ -n "${RABBIT_URL:-}" ]; then
  agent=quickstart source=auto
else
  agent=quickstart_$$ source=local
fi
file=$folder/heartbeat.json
sed "s/\"agent\": \"cack\"/\"agent\": \"$agent\"/" examples/cack.heartbeat.json >"$file"
export XDG_RUNTIME_DIR=$folder XDG_STATE_HOME=$folder/state XDG_CONFIG_HOME=$folder/config
export AGENT_NAME=$agent HEARTBEAT_PATH=$file TICK_SOURCE=$source TICK_INTERVAL_S=2 LOG_LEVEL=INFO

path=/org/bloodbank/Heartbeat1/${agent//_/_5f}
name=org.bloodbank.Heartbeat1.$agent

# last_run CHECK: its lastRun in the file, as people write times.
last_run() {
  local ms
  ms=$(sed -n "/\"$1\": {/,/^ *}/ s/.*\"lastRun\": *\([0-9]*\).*/\1/p" "$file" | head -n 1)
  if [ "${ms:-0}" = 0 ]; then
    echo "0 (never)"
  else
    echo "$ms ($(date -d "@$((ms / 1000))" '+%H:%M:%S'))"
  fi
}

# tell_next: when there will be something to do, where that is not now.
tell_next() {
  local answer due
  answer=$(gdbus call --session --dest "$name" --object-path "$path" \
    --method org.freedesktop.DBus.Properties.Get org.bloodbank.Heartbeat1.Agent NextDue) || return 0
  due=${answer//[^0-9 ]/} due=${due##* }
  if [ "$((due / 1000000))" -gt "$(date +%s)" ]; then
    echo "Nothing else is due until $(date -d "@$((due / 1000000))" '+%H:%M:%S'). Ticks go on, and cost next to nothing."
  fi
}

declare -A before
for check in sub_health quarterly_compaction daily_memory_review; do
  before[$check]=$(last_run "$check")
done

cat <<END

The agent $agent has three checks in $file.
A tick comes every 2 seconds; each runs the one check that is most overdue, if any is due.

Look at it from another terminal:
  export DBUS_SESSION_BUS_ADDRESS='$DBUS_SESSION_BUS_ADDRESS'
  busctl --user tree $name
  gdbus call --session --dest $name --object-path $path \\
    --method org.bloodbank.Heartbeat1.Agent.RunCheck sub_health '{}'
  $build/src/ctl/heartbeatctl --agent $agent status

Ctrl-C ends it.

END

mkfifo "$folder/log"
"$build/src/service/heartbeat-consumer" 2>"$folder/log" &
service=$!
while IFS= read -r line; do
  text=${line#* * } text=${text#"$agent: "}
  case $text in
    "running "*)
      check=${text#running } check=${check%%:*}
      echo "Tick: $check is the most overdue (${text#*: })"
      ;;
    *" success in "* | *" skipped in "* | *" failed in "*)
      check=${text%% *}
      after=$(last_run "$check")
      echo "      Result: ${text#* }"
      echo "      lastRun: ${before[$check]} -> $after"
      before[$check]=$after
      [ "$once" = no ] || exit 0
      tell_next
      ;;
    *) echo "      ($text)" ;;
  esac
done <"$folder/log"
wait "$service"
