#!/usr/bin/python3
"""Fails when the disk of heartbeat.json's folder has less than meta.minFreePercent (10) left."""

import json
import shutil
import sys

run = json.load(sys.stdin)
minimum = run["check"].get("meta", {}).get("minFreePercent", 10)

usage = shutil.disk_usage(".")
free = 100 * usage.free / usage.total

json.dump({"status": "success" if free >= minimum else "failed",
           "message": f"{free:.0f} % free",
           "details": {"free-bytes": usage.free, "free-percent": free}}, sys.stdout)
