"""Child processes that end with the tests, however those end."""

import os
import subprocess


def spawn(command, **options):
    """Start command; the kernel kills it should the tests die first. Only for the main thread."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *command], **options)


def end(process, timeout=20):
    """Ask process to end, insist after timeout; return its exit status (negative: killed by that signal)."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def processes():
    """Yield (pid, state, parent, group) of every process."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                state, parent, group = file.read().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        yield int(name), state, int(parent), int(group)


def members(group):
    """Return the processes of a group; a zombie that init has not waited for yet is gone."""
    return [pid for pid, state, parent, found in processes() if found == group and (state != "Z" or parent > 1)]


def private_dirty(pid):
    """Return how much memory a process has for itself, in KiB."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Private_Dirty:"))


def cpu_ms(pid):
    """Return for how many milliseconds a process has had a processor."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")
