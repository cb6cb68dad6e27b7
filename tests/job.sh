# shellcheck shell=bash
# Run the tests as one job.

# job COMMAND: run it as the only job of this clone; a signal ends all that it has started.
job() {
  local lock
  mkdir -p _build
  exec {lock}<_build
  flock -n "$lock" || { echo "Other tests are running in this clone, and use its _build" >&2; exit 1; }
  # Bash acts on a signal only after its foreground command has ended: so run in the background, as a process group. Processes
  # that outlive the job do not hold the lock.
  set -m
  (trap 'exit 143' TERM; "$@") {lock}<&- </dev/null &
  trap 'kill -TERM -- "-$!" 2>/dev/null; wait "$!"' INT TERM HUP
  wait "$!"
}
