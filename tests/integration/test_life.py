"""The end at an unfortunate moment, and a world that is not as it should be."""

import contextlib
import json
import os
import resource
import signal
import time
import unittest

from gi.repository import GLib

from bench import files
from bench.case import Case
from bench.kinds import measured
from bench.mounts import can_mount
from bench.process import members
from bench.seed import generator
from bench.service import Clock, hasten
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
        command = (f"trap '' TERM; echo $$ >{gate}.new; mv {gate}.new {gate}.running; (until [ -e {gate} ]; do sleep 1; done) & "
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
        until(lambda: not members(group), what="the group to be gone")
        service.wait_log("long failed in 1.*: the service stops")
        self.assertEqual(self.last_run("long"), 0)
        self.broker.wait_depth(self.vhost, self.queue, (1, 0))
        self.open_gate()
        self.start()
        self.finished("long")
        self.wait_acknowledged()

    @measured
    def test_while_a_handshake_hangs(self):
        proxy = self.behind_proxy()
        proxy.stall()
        self.write_checks(c={})
        service = self.spawn()
        until(lambda: proxy.accepted, what="the service to dial")
        ended = service.stop()
        self.assertEqual(ended.status, 0)
        self.assert_within(ended.seconds, 3)

    @measured
    def test_while_it_waits_to_try_again(self):
        self.write_checks(c={})
        service = self.spawn(RABBIT_URL="amqp://guest:guest@127.0.0.1:1/")
        service.wait_log("Cannot connect")
        ended = service.stop()
        self.assertEqual(ended.status, 0)
        self.assert_within(ended.seconds, 3)

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


class Local(Case):
    """Without a broker, and ticks a day apart."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")

    def run_aside(self, check):
        """Begin a run by hand."""
        self.agent.call("RunCheck", "(sa{sv})", check, {"wait": GLib.Variant("b", False)})


@measured
class StopEarly(Local):
    """SIGTERM while a thousand checks are read and exported."""

    def test_at_random_moments(self):
        self.write_checks(**{f"check-{n}": {"lastRun": 1} for n in range(1000)})
        chance = generator("stop early")
        for _ in range(8):
            service = self.spawn()
            service.wait_log("serving")
            # no wait for anything: the moment has to be random
            time.sleep(chance.uniform(0, 0.6))
            ended = service.stop()
            self.assertEqual(ended.status, 0, service.stderr)
            self.assert_within(ended.seconds, 5)
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


class OddClock(Local):
    """The clock is set by a day while the service runs."""

    DAY = 86400

    def test_set_back_and_forth(self):
        clock = Clock(self.path("clock"))
        # one that runs every other second, and one that waits for its second try, for half a minute
        self.write_checks(often={"cadenceMs": 2000},
                          fails={"cadenceMs": 86400000, "handler": "command", "meta": {"command": ["false"]}})
        service = self.start(**clock.env(), TICK_INTERVAL_S="1")
        self.finished("often", 2)
        self.finished("fails")
        clock.set(-self.DAY)
        self.assertEqual(self.finished("fails", 2), "failed")
        self.finished("often", len(self.signals.matching("CheckFinished", "often")) + 2)
        self.assertLess(self.last_run("often"), (time.time() - self.DAY + 60) * 1000)
        clock.set(0)
        self.finished("often", len(self.signals.matching("CheckFinished", "often")) + 2)
        self.assertGreater(self.last_run("often"), (time.time() - 600) * 1000)
        starts = [run["time"] for run in self.agent.call("History", "(su)", "often", 100)[0]][::-1]
        gaps = [b - a for a, b in zip(starts, starts[1:])]
        self.assertEqual(sum(gap < 0 for gap in gaps), 1)
        self.assertFalse([gap for gap in gaps if 0 <= gap <= 2000000], starts)
        self.assertEqual(service.stop().status, 0)


class Replaced(Local):
    """heartbeat.json becomes something else for a while."""

    def replace_by(self, make):
        """Put something else in its place."""
        other = self.path("other")
        make(other)
        os.rename(self.config, self.path("kept"))
        os.rename(other, self.config)

    def put_back(self):
        """Put it back."""
        os.rename(self.config, self.path("away"))
        os.rename(self.path("kept"), self.config)

    def test_what_was_read_last_stays_in_force_and_runs_are_kept(self):
        before = self.write_checks(a={"enabled": False, "lastRun": 0})
        self.start()
        for make in (os.mkdir, os.mkfifo, lambda path: os.symlink("heartbeat.json", path),
                     lambda path: os.symlink("/dev/full", path), lambda path: os.symlink("nowhere", path)):
            self.replace_by(make)
            until(lambda: self.agent.get("ConfigError"), what="ConfigError")
            result = self.agent.run("a")
            self.assertEqual(result["status"], "success")
            state = json.loads(files.read(os.path.join(self.env["XDG_STATE_HOME"], "heartbeat-consumer", "cack.json")))
            self.assertEqual(state["checks"]["a"]["lastRun"], result["started"] // 1000)
            self.put_back()
            self.wait_moved(result["started"] // 1000)
            self.agent.wait("ConfigError", "")
            self.assertEqual(files.without_last_run(self.read()), files.without_last_run(before))
            self.remove_other()

    def wait_moved(self, last_run):
        """Wait until what the state file had is in heartbeat.json."""
        until(lambda: self.last_run("a") == last_run, what="lastRun to be moved into the file")

    def remove_other(self):
        """Remove what was in its place."""
        path = self.path("away")
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        else:
            os.unlink(path)


class Short(Local):
    """Nothing is left of what the service needs."""

    def descriptors(self, service):
        """Let the service open no more files; return what takes that back."""
        limits = resource.prlimit(service.pid, resource.RLIMIT_NOFILE)
        used = {int(name) for name in os.listdir(f"/proc/{service.pid}/fd")}
        free = next(number for number in range(len(used) + 1) if number not in used)
        resource.prlimit(service.pid, resource.RLIMIT_NOFILE, (free, limits[1]))
        return lambda: resource.prlimit(service.pid, resource.RLIMIT_NOFILE, limits)

    def test_of_descriptors(self):
        self.write_checks(a={"enabled": False})
        # what speaks to a notification server asks GLib for descriptors that it cannot be denied
        service = self.start(TICK_INTERVAL_S="1", NOTIFY="none")
        self.agent.wait("TicksIdle", 1)
        give_back = self.descriptors(service)
        self.write_checks(a={"enabled": False}, b={"enabled": False})
        until(lambda: "Too many open files" in self.agent.get("ConfigError"), what="ConfigError")
        self.assertEqual(self.agent.run("a")["status"], "success")
        give_back()
        # the file looks as before: the next tick reads it all the same
        self.agent.wait("ConfigError", "")
        self.agent.check("b").wait("State", "disabled")
        result = self.agent.run("a")
        self.assertEqual(self.last_run("a"), result["started"] // 1000)

    def test_many_programs_need_many_descriptors(self):
        self.write_checks(a={"enabled": False, "handler": "command", "meta": {"command": "ulimit -Sn"}})
        service = self.start(wrapper=["prlimit", "--nofile=200:3000"])
        self.assertEqual(resource.prlimit(service.pid, resource.RLIMIT_NOFILE), (3000, 3000))
        # its programs have what they had before
        self.assertEqual(self.agent.run("a")["message"], "200")

    @unittest.skipUnless(can_mount(), "no mount namespaces here")
    def test_of_disk(self):
        folder, content = self.path("disk"), self.write_checks(a={"enabled": False, "lastRun": 0}, b={"enabled": False})
        os.mkdir(folder)
        service = self.start(wrapper=[
            "unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=64k tmpfs "$0" && cp "$1" "$0" && shift && exec "$@"',
            folder, self.config], HEARTBEAT_PATH=os.path.join(folder, "heartbeat.json"),
            XDG_STATE_HOME=os.path.join(folder, "state"))
        inside = f"/proc/{service.pid}/root{folder}"
        config = os.path.join(inside, "heartbeat.json")
        filler = os.path.join(inside, "filler")
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"x" * 4096):
                pass
        for _ in range(2):
            result = self.agent.run("a")
            self.assertEqual(result["status"], "success")
        self.assertEqual(files.read(config), content)
        self.assertEqual(sorted(set(os.listdir(inside)) - {"state"}), ["filler", "heartbeat.json"])
        self.assertEqual(self.agent.check("a").get("LastRun") // 1000, result["started"] // 1000)
        for warning in ("cannot be written, lastRun goes to", "lastRun is kept in memory only", "runs are not recorded"):
            self.assertEqual(len([line for line in service.lines if warning in line]), 1, service.stderr)
        self.assertIn("No space left on device", service.stderr)
        os.unlink(filler)
        # what could not be written goes with the next save
        other = self.agent.run("b")
        self.assertEqual(files.last_run(config, "a"), result["started"] // 1000)
        self.assertEqual(files.last_run(config, "b"), other["started"] // 1000)
        self.assertEqual([run["check"] for run in self.agent.call("History", "(su)", "", 9)[0]], ["b"])
