"""The end at an unfortunate moment, and a world that is not as it should be."""

import json
import os
import random
import signal
import time

from gi.repository import GLib

from bench import files
from bench.case import Case
from bench.service import hasten
from bench.wait import until

# strace sees nothing of how long a thread waits for the disk: each sync takes a while longer
SLOW_SYNC = ("strace", "-D", "-f", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=1500000")


class Stop(Case):
    """SIGTERM, with a broker: what was done is acknowledged, what was not comes again."""

    def test_a_run_that_ends_in_time_is_acknowledged(self):
        self.write_checks(slow={"handler": "command", "meta": self.gate()})
        service = self.start()
        self.tick()
        self.wait_gate()
        service.send(signal.SIGTERM)
        service.wait_log("stopping")
        # what comes now waits for the next start
        self.tick()
        self.open_gate()
        self.assertEqual(service.wait(), 0)
        self.broker.wait_depth(self.vhost, self.queue, (1, 0))
        last_run = self.last_run("slow")
        self.assertGreater(last_run, 0)
        self.start()
        self.agent.wait("TicksIdle", 1)
        self.wait_acknowledged()
        self.assertEqual(self.last_run("slow"), last_run)

    def test_a_run_that_does_not_is_ended_after_ten_seconds_and_done_again(self):
        gate = self.path("gate")
        command = (f"trap '' TERM; echo $$ >{gate}.new; mv {gate}.new {gate}.running; (while :; do sleep 1; done) & "
                   f"until [ -e {gate} ]; do sleep 0.1; done")
        self.write_checks(long={"handler": "command", "meta": {"command": command}})
        service = self.start(**hasten(5))
        self.tick()
        self.wait_gate()
        group = int(files.read(gate + ".running"))
        ended = service.stop()
        self.assertEqual(ended.status, 0)
        # ten of its seconds are two, and its group has one more
        self.assertGreater(ended.seconds, 2)
        self.assertEqual(members(group), [])
        service.wait_log("long failed in 1.*: the service stops")
        self.assertEqual(self.last_run("long"), 0)
        self.broker.wait_depth(self.vhost, self.queue, (1, 0))
        self.open_gate()
        self.start()
        self.finished("long")
        self.wait_acknowledged()

    def test_while_a_handshake_hangs(self):
        proxy = self.behind_proxy()
        proxy.stall()
        self.write_checks(c={})
        service = self.spawn()
        until(lambda: proxy.accepted, what="the service to dial")
        ended = service.stop()
        self.assertEqual(ended.status, 0)
        self.assertLess(ended.seconds, 10 if service.sanitized else 3)

    def test_while_it_waits_to_try_again(self):
        self.write_checks(c={})
        service = self.spawn(RABBIT_URL="amqp://guest:guest@127.0.0.1:1/")
        service.wait_log("Cannot connect")
        ended = service.stop()
        self.assertEqual(ended.status, 0)
        self.assertLess(ended.seconds, 10 if service.sanitized else 3)

    def test_during_a_save(self):
        before = self.write_checks(c={"handler": "command", "lastRun": 0, "meta": self.gate()})
        service = self.start(wrapper=SLOW_SYNC, ASAN_OPTIONS="detect_leaks=0")
        self.tick()
        self.wait_gate()
        self.open_gate()
        folder = os.path.dirname(self.config)
        until(lambda: any(name.startswith(".heartbeat.json.heartbeat-") for name in os.listdir(folder)),
              what="the save to begin")
        service.send(signal.SIGTERM)
        service.wait_log("stopping")
        self.assertEqual(service.wait(), 0)
        self.assertGreater(self.last_run("c"), 0)
        self.assertEqual(files.without_last_run(self.read()), files.without_last_run(before))
        self.assertFalse([name for name in os.listdir(folder) if name.startswith(".heartbeat.json")])
        self.broker.wait_depth(self.vhost, self.queue, (0, 0))


def members(group):
    """Return the pids of a process group."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(pid))
    return found


class Local(Case):
    """Without a broker, and ticks a day apart."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")

    def run_aside(self, check):
        """Begin a run by hand."""
        self.agent.call("RunCheck", "(sa{sv})", check, {"wait": GLib.Variant("b", False)})


class StopEarly(Local):
    """SIGTERM while ten thousand checks are read and exported."""

    def test_at_random_moments(self):
        self.write_checks(**{f"check-{n}": {"lastRun": 1} for n in range(10000)})
        generator = random.Random(5)
        for _ in range(8):
            service = self.spawn()
            service.wait_log("serving")
            # no wait for anything: the moment has to be random
            time.sleep(generator.uniform(0, 0.6))
            ended = service.stop()
            self.assertEqual(ended.status, 0, service.stderr)
            self.assertLess(ended.seconds, 20 if service.sanitized else 5)
            self.assertEqual(json.loads(self.read())["checks"]["check-0"].keys(), {"lastRun", "cadenceMs", "handler"})


class ComesBack(Local):
    """A check that goes from heartbeat.json and comes back."""

    def test_during_its_run_it_is_the_same_check(self):
        gate = self.gate()
        check = {"enabled": False, "handler": "command",
                 "meta": {"command": [*gate["command"][:2], gate["command"][2] + "; exit 1"]}}
        self.write_checks(a=check, b={"enabled": False})
        self.start()
        self.run_aside("a")
        self.wait_gate()
        self.write_checks(b={"enabled": False})
        self.agent.call("Reload")
        self.assert_error("NoSuchCheck", "RunCheck", "(sa{sv})", "a", {})
        self.write_checks(a=check, b={"enabled": False})
        self.agent.call("Reload")
        self.assert_error("AlreadyRunning", "RunCheck", "(sa{sv})", "a", {})
        self.agent.check("a").wait("State", "running")
        self.open_gate()
        self.assertEqual(self.finished("a"), "failed")
        self.agent.check("a").wait("ConsecutiveFailures", 1)
        self.assertEqual(len(self.signals.matching("CheckStarted")), 1)
