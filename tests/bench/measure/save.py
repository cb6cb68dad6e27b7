"""A save of heartbeat.json, beside writing and syncing as many bytes."""

import os
import statistics
import subprocess

from bench import files

from .world import idle_checks

MB = 1_000_000


def measure(world, report, options):
    """Save files of 1 MB: one with as many checks as fit into it, one with few checks and a long unknown member."""
    rounds = 9 if options.quick else 41
    many = MB * 1000 // len(idle_checks(1000))
    few = idle_checks(10, notes="x" * (MB - len(idle_checks(10)) - 16))
    _report(report, f"1 MB, {many:,} checks", _run(world, idle_checks(many), rounds))
    _report(report, "1 MB, 10 checks", _run(world, few, rounds))
    _report(report, "10 checks", _run(world, idle_checks(10), rounds), bar=False)


def _run(world, content, rounds):
    path = os.path.join(world.home(), "heartbeat.json")
    files.write(path, content)
    env = {**os.environ, "XDG_STATE_HOME": world.home()}
    output = subprocess.run([world.tool("save-loop"), path, "check-00000", str(rounds)], env=env, check=True,
                            capture_output=True, text=True).stdout
    return [tuple(map(int, line.split())) for line in output.splitlines()]


def _report(report, words, rounds, bar=True):
    save, save_cpu, write, write_cpu = (statistics.median(column) / 1000 for column in zip(*rounds))
    report.samples[f"save, {words}: µs, µs of CPU; write and fsync: µs, µs of CPU"] = rounds
    report.ratio(f"save, {words}, to write and fsync", [row[0] / row[2] for row in rounds], most=3 if bar else None,
                 more=f", {save:.1f} ms to {write:.1f} ms (CPU {save_cpu:.1f} ms to {write_cpu:.1f} ms)")
