#!/usr/bin/python3
"""Measure what the service costs; tests/bench/run.sh says how to call it."""

import argparse
import json
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "integration")]

from measure import counts, drain, due, growth, idle, plot, save, start  # noqa: E402
from measure.report import Report  # noqa: E402
from measure.world import World  # noqa: E402

# as Meson has it
SKIPPED = 77
GROUPS = {"drain": drain, "start": start, "counts": counts, "due": due, "save": save, "growth": growth, "idle": idle}


def parse(arguments):
    """Return the options."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--only", action="append", choices=GROUPS)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--idle", type=float)
    parser.add_argument("--json")
    parser.add_argument("--svg")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.quick, options.rounds, options.only = True, 1, ["drain", "due"]
    options.rounds = options.rounds or (5 if options.quick else 7)
    if options.idle is None:
        options.idle = 0 if options.quick else 600
    options.json = options.json or os.path.join(options.build, "benchmark.json")
    options.svg = options.svg or os.path.join(options.build, "benchmark.svg")
    return options


def require_release(build):
    """Other builds say nothing."""
    with open(os.path.join(build, "meson-info", "intro-buildoptions.json"), encoding="utf-8") as file:
        values = {option["name"]: option["value"] for option in json.load(file)}
    if values["buildtype"] != "release" or values["b_sanitize"] != "none":
        print(f"{build} is not a build of --buildtype=release", file=sys.stderr)
        sys.exit(SKIPPED)


def main(arguments):
    """Measure, print and write; return the exit status."""
    options = parse(arguments)
    require_release(options.build)
    report = Report(options.quick)
    world = World(options.build)
    try:
        for name in options.only or GROUPS:
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            GROUPS[name].measure(world, report, options)
    finally:
        world.close()
    report.print_table()
    report.write(options.json)
    if len(report.growth) > 0:
        plot.write(report.growth, options.svg)
    # a single round on a busy machine says nothing about the bars
    return 1 if report.missed and not options.smoke else 0


sys.exit(main(sys.argv[1:]))
