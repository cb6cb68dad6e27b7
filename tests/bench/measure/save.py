"""A save of heartbeat.json, beside writing and syncing as many bytes."""

import os
import statistics
import subprocess

from bench import files

from .world import idle_checks

MB = 1_000_000


def measure(world, report, options):
    """Save files of 1 MB, with many and with few checks beside a long unknown member."""
    rounds = 9 if options.quick else 41
    for checks in (1000, 10):
        content = idle_checks(checks, notes="x" * (MB - len(idle_checks(checks)) - 16))
        _report(report, f"1 MB, {checks:,} checks", _run(world, content, rounds))
    _report(report, "10 checks", _run(world, idle_checks(10), rounds))


def _run(world, content, rounds):
    path = os.path.join(world.home(), "heartbeat.json")
    files.write(path, content)
    env = {**os.environ, "XDG_STATE_HOME": world.home()}
    output = subprocess.run([world.tool("save-loop"), path, "check-00000", str(rounds)], env=env, check=True,
                            capture_output=True, text=True).stdout
    return [tuple(map(int, line.split())) for line in output.splitlines()]


def _report(report, words, rounds):
    save, save_cpu, write, write_cpu = (statistics.median(column) / 1000 for column in zip(*rounds))
    report.samples[f"save, {words}: µs, µs of CPU; write and fsync: µs, µs of CPU"] = rounds
    report.ratio(f"save, {words}, to write and fsync", [row[0] / row[2] for row in rounds],
                 more=f", {save:.1f} ms to {write:.1f} ms (CPU {save_cpu:.1f} ms to {write_cpu:.1f} ms)")
