#!/usr/bin/env python3
"""An idle tick takes nothing from the heap. Prints TAP.

Usage: check-allocations.py DRIVER COUNTER SANITIZERS

Sanitizers have a heap of their own: with them it is skipped.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile
import time

CHECKS = 10
FEW, MANY = 1000, 11_000
DRIVER, COUNTER, SANITIZERS = sys.argv[1:]


def count_allocations(folder, ticks):
    """Of a whole process."""
    path, counted = os.path.join(folder, "heartbeat.json"), os.path.join(folder, f"counted-{ticks}")
    now = int(time.time() * 1000)
    checks = {f"check-{i}": {"cadenceMs": 86_400_000, "handler": "default", "lastRun": now} for i in range(CHECKS)}
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"$schema": "heartbeat.v1", "agent": "a", "checks": checks}, file)
    env = {**os.environ, "LD_PRELOAD": COUNTER, "COUNT_ALLOCATIONS": counted}
    run = subprocess.run([DRIVER, path, str(ticks)], env=env, capture_output=True, encoding="utf-8", check=False)
    if run.returncode != 0 or run.stdout != f"{CHECKS}\n":
        sys.exit(f"Bail out! {run.stdout}{run.stderr}")
    with open(counted, "rb") as file:
        return struct.unpack("=Q", file.read(8))[0]


def main():
    print("1..1")
    if SANITIZERS != "none":
        print("ok 1 # SKIP sanitizers have a heap of their own")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        few, many = count_allocations(folder, FEW), count_allocations(folder, MANY)
    print(f"# {few} allocations of a process with {FEW} idle ticks, {many} with {MANY}")
    # the start differs by a few from run to run; one in each tick would be ten thousand more
    good = 0 < few and many - few < (MANY - FEW) // 100
    print("ok" if good else "not ok", "1 - an idle tick takes nothing from the heap")
    return 0 if good else 1


sys.exit(main())
