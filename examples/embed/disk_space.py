#!/usr/bin/python3
"""A program that embeds a consumer, with a handler of its own: `disk_space` fails when the disk gets full.

    "disk": {"handler": "disk_space", "cadenceMs": 900000, "meta": {"minFreePercent": 10}}

Usage: disk_space.py HEARTBEAT_JSON. Ticks come from the broker of RABBIT_URL, without that from a timer. Needs python3-gi.
"""

import json
import os
import shutil
import sys

import gi
gi.require_version("Heartbeat", "1.0")
from gi.repository import GLib, Heartbeat  # noqa: E402


def disk_space(run):
    """Execute a check: end the run, now or later. An exception ends it as failed."""
    minimum = json.loads(run.get_meta()).get("minFreePercent", 10)
    usage = shutil.disk_usage("/")
    free = 100 * usage.free / usage.total
    status = Heartbeat.Status.SUCCESS if free >= minimum else Heartbeat.Status.FAILED
    run.end(status, f"{free:.0f} % free", GLib.Variant("a{sv}", {"free-percent": GLib.Variant("d", free)}))


url = os.environ.get("RABBIT_URL")
consumer = Heartbeat.Consumer(agent_name="cack", heartbeat_path=sys.argv[1], rabbit_url=url,
                              tick_source="amqp" if url else "local")
consumer.register_handler("disk_space", disk_space)
consumer.run()
