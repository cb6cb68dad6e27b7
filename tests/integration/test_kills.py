"""SIGKILL at random moments while ticks come: nothing is broken, lost, or done twice. SOAK=1 kills 300 times."""

import collections
import contextlib
import fcntl
import json
import os
import time
import unittest

from bench import files
from bench.case import Case
from bench.kinds import measured
from bench.load import Ticks, figure, now_ms
from bench.mounts import READ_ONLY_FILE, can_mount
from bench.seed import SEED, generator
from bench.timeline import log_ms, overlap
from bench.wait import until

SOAK = os.environ.get("SOAK") == "1"

Life = collections.namedtuple("Life", "begin end consuming running saved cut")


class Killed(Case):
    """The service is killed again and again, at its start, during runs and during saves."""

    CADENCES = {"a": 1000, "b": 1100, "c": 1200, "d": 1300, "e": 1500, "f": 1700, "g": 1900, "h": 2300}
    INTERVAL = 0.05
    # a run takes at least so many milliseconds: so long that a kill often meets one
    RUN_MS = 100
    # for how many milliseconds a due run may wait while nothing else runs: for the next tick, on a slow machine
    SLACK = 3000
    wrapper = ()

    def setUp(self):
        super().setUp()
        self.env["HEARTBEAT_BUS"] = "none"
        script = f"cat >> {self.path('runs')}; sleep {self.RUN_MS / 1000}"
        os.mkdir(self.path("conf"))
        self.config = self.env["HEARTBEAT_PATH"] = self.path("conf/heartbeat.json")
        self.before = self.write_checks(**{
            check: {"cadenceMs": cadence, "lastRun": 0, "handler": "command", "meta": {"command": script}}
            for check, cadence in self.CADENCES.items()})
        self.state_folder = os.path.join(self.env["XDG_STATE_HOME"], "heartbeat-consumer")
        self.lives, self.left_over = [], 0

    # --- one life ---------------------------------------------------------------------------------------------------

    def begin(self):
        """Start the service."""
        return now_ms(), self.spawn(wrapper=self.wrapper)

    def wait_unlocked(self):
        """Wait until nobody has the lock: a child on its way to a handler's program has it for a moment longer."""
        path = os.path.join(self.env["XDG_RUNTIME_DIR"], "heartbeat-consumer", "cack.lock")

        def unlocked():
            if not os.path.exists(path):
                return True
            with open(path, "rb") as file, contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            return False
        until(unlocked, what="the lock to be free")

    def wait_moment(self, service, chance):
        """Wait for a random moment: of the start, or of a run and its save."""
        if chance.random() < 0.3:
            time.sleep(chance.uniform(0, 1.5 if service.sanitized else 0.15))
            return
        for _ in range(chance.randrange(1, 4)):
            known = len(service.lines)
            until(lambda: any(": running " in line for line in service.lines[known:]), what="a run to begin")
        # what is saved after it is hit as well
        time.sleep(chance.uniform(0, 0.2 if service.sanitized else 0.13))

    def end_life(self, begin, service):
        """Note what the life that is over has done."""
        end = now_ms()
        self.wait_unlocked()
        consuming, running, started, check = None, [], None, None
        for line in service.lines:
            if "Waiting for ticks on the queue" in line:
                consuming = log_ms(line)
            elif ": running " in line:
                started, check = log_ms(line), line.partition(": running ")[2].partition(":")[0]
            elif " success in " in line:
                running.append((started, log_ms(line)))
                started = None
        consuming = [] if consuming is None else [(consuming, end)]
        self.assertEqual(service.complaints(), [])
        saved, cut = self.assert_all_whole(), False
        if started is not None:
            running.append((started, end))
            cut = end - started < self.RUN_MS
            # the start before this one is a cadence older
            self.assertFalse(cut and saved[check] > started - self.CADENCES[check] / 2, f"{check} was saved during its run")
        self.lives.append(Life(begin, end, consuming, running, saved, cut))

    def assert_all_whole(self):
        """All files are; return each check's lastRun."""
        text = self.read()
        self.assertEqual(files.without_last_run(text), files.without_last_run(self.before))
        saved = {check: member["lastRun"] for check, member in json.loads(text)["checks"].items()}
        for name in os.listdir(self.state_folder) if os.path.isdir(self.state_folder) else ():
            if name == "cack.json":
                for check, entry in json.loads(files.read(os.path.join(self.state_folder, name)))["checks"].items():
                    if entry["standsFor"] == saved[check]:
                        saved[check] = entry["lastRun"]
        self.history()
        self.left_over += len(self.temporary_files())
        return saved

    def history(self):
        """Return the recorded runs; the last line alone may be torn."""
        path = os.path.join(self.state_folder, "cack.history.jsonl")
        lines = files.read(path).splitlines() if os.path.exists(path) else []
        return [json.loads(line) for line in lines]

    def temporary_files(self):
        """Return what lies beside the files."""
        beside = os.listdir(os.path.dirname(self.config))
        kept = os.listdir(self.state_folder) if os.path.isdir(self.state_folder) else []
        return ([name for name in beside if name != "heartbeat.json"]
                + [name for name in kept if name not in ("cack.json", "cack.history.jsonl")])

    def lives_cut(self):
        """Return how many lives have ended during a run, as opposed to its save."""
        return sum(life.cut for life in self.lives)

    # --- the judgement ----------------------------------------------------------------------------------------------

    def free(self, begin, end):
        """Return for how many of the milliseconds from begin to end a service was consuming and ran nothing."""
        total = 0
        for life in self.lives:
            total += overlap(life.consuming, begin, end)
            for start, stop in life.running:
                total -= overlap(life.consuming, max(begin, start), min(end, stop))
        return total

    def life_of(self, start):
        """Return the life in which a run began."""
        return next(life for life in self.lives if life.begin <= start <= life.end)

    def judge(self, check, starts):
        """Judge the runs of one check; return how many were done again, and the longest wait of a due one.

        Between two runs the cadence passes, unless the first was killed before its lastRun was saved. Such a run is done
        again at the next tick, and so is one that fell due."""
        again, longest, due = 0, 0, self.lives[0].begin
        for start, following in zip(starts, starts[1:] + [None]):
            longest = max(longest, self.free(due, start))
            life = self.life_of(start)
            saved = life.saved[check] >= start
            due = start + self.CADENCES[check] if saved else life.end
            if following is not None and following - start <= self.CADENCES[check]:
                self.assertFalse(saved, f"{check} ran at {start} and {following}, and the first was saved")
                self.assertGreater(following, life.end, f"{check} ran at {start} and {following} in one life")
                again += 1
        self.assert_within(longest, self.SLACK)
        return again, longest

    def judge_all(self):
        """Judge all; return how many runs there were, how many again, and the longest wait."""
        runs = [(run["timestamp"], run["check_name"]) for run in files.objects(self.path("runs"))]
        self.assertEqual(len(runs), len(set(runs)), "one start, two runs")
        verdicts = [self.judge(check, sorted(start for start, of in runs if of == check)) for check in self.CADENCES]
        recorded = [(entry["time"], entry["check"]) for entry in self.history()]
        self.assertEqual(len(recorded), len(set(recorded)), "recorded twice")
        self.assertLessEqual(set(recorded), set(runs))
        return len(runs), len(recorded), sum(again for again, _ in verdicts), max(wait for _, wait in verdicts)

    def kill(self, kills):
        """Kill the service so many times while ticks come, and judge what it has done."""
        chance = generator(self.id())
        begin, service = self.begin()
        self.broker.wait_consumers(self.vhost, self.queue)
        ticks = Ticks(lambda: self.broker.connect(self.vhost), interval=self.INTERVAL)
        ticks.start()
        self.addCleanup(ticks.stop)
        while len(self.lives) < kills or not self.lives_cut() and len(self.lives) < 5 * kills:
            self.wait_moment(service, chance)
            self.assertTrue(service.running, service.stderr)
            service.kill()
            self.end_life(begin, service)
            begin, service = self.begin()
        for check in self.CADENCES:
            service.wait_log(f"{check} success in", timeout=60)
        ticks.stop()
        self.wait_acknowledged()
        self.assertEqual(service.stop().status, 0)
        self.end_life(begin, service)
        self.assertEqual(self.temporary_files(), [])
        self.assertGreater(self.lives_cut(), 0)
        runs, recorded, again, longest = self.judge_all()
        figure(f"{len(self.lives) - 1} kills (seed {SEED}) in {(self.lives[-1].end - self.lives[0].begin) / 1000:.0f} s, "
               f"{self.lives_cut()} during a run: all files whole, {runs} runs of {len(ticks.sent)} ticks, {again} done again since "
               f"their lastRun was not saved, {recorded} recorded, {self.left_over} temporary files left and swept, the "
               f"longest wait of a due run {longest} ms of service; the queue is empty")


@measured
class WritableFile(Killed):
    """lastRun goes into heartbeat.json."""

    def test_killed_at_random_moments(self):
        self.kill(200 if SOAK else 10)


@measured
@unittest.skipUnless(can_mount(), "no mount namespaces here")
class ReadOnlyFile(Killed):
    """lastRun goes into the state file."""

    def setUp(self):
        super().setUp()
        self.wrapper = [*READ_ONLY_FILE, self.config]

    def test_killed_at_random_moments(self):
        self.kill(100 if SOAK else 5)
