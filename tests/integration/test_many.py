"""A thousand checks on the bus: the loop turns."""

import json
import os
import time

from bench import files
from bench.agent import PREFIX, ROOT
from bench.case import Case
from bench.kinds import measured
from bench.wait import until

CHECKS = 1000
# the longest stall with so many checks, in ms
BARS = {100: 10, CHECKS: 100}
MANAGER = "org.freedesktop.DBus.ObjectManager"


@measured
class Many(Case):
    """No step of a service with many checks holds the loop up for longer than it may."""

    with_broker = False
    probed = True

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")

    def write_many(self, prefix="check", count=CHECKS, **check):
        """Write that many checks."""
        recent = time.time_ns() // 1_000_000
        self.write_checks(**{f"{prefix}-{number:04}": {"lastRun": recent, **check} for number in range(count)})

    def assert_quick(self, what, service=None, count=CHECKS):
        """The loop was never late for too long with so many checks; forget what was."""
        probe = (service or self.services[-1]).latency
        probe.limit_ms = BARS[count]
        super().assert_quick(what, service)
        probe.reset()

    def managed(self):
        """Return the properties of all checks, by their names."""
        objects = self.bus.call(self.agent.name, ROOT, MANAGER, "GetManagedObjects")[0]
        checks = [objects[path][PREFIX + ".Check"] for path in objects if PREFIX + ".Check" in objects[path]]
        return {check["Name"]: check for check in checks}

    def test_a_thousand_checks(self):
        self.write_many()
        self.start()
        self.assert_quick("start")
        self.assertEqual(len(self.managed()), CHECKS)
        self.assert_quick("GetManagedObjects")

        changes = self.bus.record("org.freedesktop.DBus.Properties")
        self.write_many(priority=7)
        self.agent.call("Reload")
        until(lambda: len({change.path for change in changes.matching("PropertiesChanged", PREFIX + ".Check")
                           if change.args[1].get("Priority") == 7}) == CHECKS, what="all changes to be told")
        self.assert_quick("reload that changes all")
        changes.close()

        objects = self.bus.record(MANAGER)
        self.write_many("other", priority=3)
        self.agent.call("Reload")
        until(lambda: len(objects.matching("InterfacesAdded")) == len(objects.matching("InterfacesRemoved")) == CHECKS,
              what="all checks to be replaced")
        self.assertEqual({check["Priority"] for check in self.managed().values()}, {3})
        self.assert_quick("reload that replaces all")

        self.agent.call("Pause", "(sxs)", "*", 0, "")
        self.assertEqual({check["Paused"] for check in self.managed().values()}, {True})
        self.assert_quick("pause of all")

    def test_a_hundred_checks(self):
        self.write_many(count=100)
        self.start()
        self.assertEqual(len(self.managed()), 100)
        self.assert_quick("GetManagedObjects of 100 checks", count=100)
        self.write_many("other", count=100)
        self.agent.call("Reload")
        self.assertEqual(len(self.managed()), 100)
        self.assert_quick("reload that replaces 100 checks", count=100)

    def test_a_bus_that_restarts(self):
        self.write_many()
        service = self.start()
        self.bus.stop()
        service.wait_log("there is no session bus")
        self.bus.start()
        started = time.monotonic()
        self.agent.wait_owned()
        # it looks again after 1, 2 and 4 seconds
        self.assert_within(time.monotonic() - started, 5)
        self.assert_quick("restart of the bus")
        self.assertEqual(len(self.managed()), CHECKS)
        self.assert_quick("GetManagedObjects after a restart")

    def test_a_long_history(self):
        self.write_checks(good={"enabled": False})
        folder = self.path("xdg_state_home/heartbeat-consumer")
        os.makedirs(folder)
        line = json.dumps({"time": 1, "check": "old", "status": "success", "message": "", "durationMs": 0,
                           "trigger": "tick"}).encode() + b"\n"
        count = (1 << 20) // len(line)
        for name in ("cack.history.jsonl", "cack.history.jsonl.1"):
            files.write(os.path.join(folder, name), line * count)
        self.start()
        count *= 2
        self.assertEqual(len(self.agent.call("History", "(su)", "old", (1 << 32) - 1)[0]), count)
        self.assert_quick(f"history of {count} runs")
