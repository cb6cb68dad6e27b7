#!/usr/bin/env python3
"""An idle tick costs the same with 10 checks and with 1,000, in instructions as callgrind counts them. Prints TAP.

Usage: check-flat.py DRIVER SANITIZERS

Under sanitizers, which valgrind does not run, and without valgrind it is skipped.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TICKS = 2000
FEW, MANY = 10, 1000
ALLOWED = 1.05
# One and the same loop takes some hundred instructions more or less from run to run, with any number of checks: it depends
# on where things happen to lie in memory. What costs anything for each check costs a hundred times more, in every round.
ROUNDS = 10
DRIVER, SANITIZERS = sys.argv[1:]


def write_checks(path, count):
    """Checks of many kinds, none of which is due today."""
    now = int(time.time() * 1000)
    checks = {}
    for i in range(count):
        check = {"cadenceMs": 86_400_000 * (i % 7 + 2), "handler": "default", "lastRun": now}
        if i % 3 == 0:
            check["window"] = {"start": "22:00", "end": "06:00", "tz": "Europe/London", "days": ["sat"]}
        if i % 4 == 0:
            check["triggerOnQuarters"] = ["Q2"]
        checks[f"check-{i}"] = check
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"$schema": "heartbeat.v1", "agent": "a", "checks": checks}, file)


def count_instructions(folder, count):
    """Per idle tick, of the loop alone."""
    path, counted = os.path.join(folder, "heartbeat.json"), os.path.join(folder, "callgrind.out")
    write_checks(path, count)
    run = subprocess.run(["valgrind", "--tool=callgrind", "--toggle-collect=send_idle_ticks*",
                          f"--callgrind-out-file={counted}", DRIVER, path, str(TICKS)],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", check=False)
    if run.returncode != 0 or run.stdout != f"{count}\n":
        sys.exit(f"Bail out! {count} checks: {run.stdout}{run.stderr}")
    with open(counted, encoding="utf-8") as file:
        totals = re.search(r"^totals: (\d+)", file.read(), flags=re.M)
    return int(totals.group(1)) / TICKS


def main():
    print("1..1")
    if SANITIZERS != "none":
        print("ok 1 # SKIP valgrind runs no program with sanitizers")
        return 0
    if shutil.which("valgrind") is None:
        print("ok 1 # SKIP valgrind is missing")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            few, many = count_instructions(folder, FEW), count_instructions(folder, MANY)
            print(f"# instructions per idle tick: {few:.1f} with {FEW} checks, {many:.1f} with {MANY}")
            good = 0 < few and many <= ALLOWED * few
            if good:
                break
    print("ok" if good else "not ok", "1 - an idle tick costs the same with many checks")
    return 0 if good else 1


sys.exit(main())
