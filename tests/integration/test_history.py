"""The record of past runs."""

import json
import os
import time

from bench import files
from bench.case import Case

FAILING = {"handler": "command", "meta": {"command": "echo broken; exit 1"}}


class History(Case):
    """Each run is a line in a file, and History reads them."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        self.folder = os.path.join(self.env["XDG_STATE_HOME"], "heartbeat-consumer")
        self.file = os.path.join(self.folder, "cack.history.jsonl")
        self.write_checks(good={"enabled": False}, bad={**FAILING, "enabled": False})

    def history(self, check="", most=100):
        """Return the runs that the service tells of."""
        return self.agent.call("History", "(su)", check, most)[0]

    def lines(self):
        """Return the lines of the file."""
        return [json.loads(line) for line in files.read(self.file).splitlines()]

    def test_runs_by_hand_are_recorded(self):
        before = time.time_ns() // 1_000_000
        self.start()
        self.agent.run("good")
        self.agent.run("bad")
        bad, good = self.history()
        self.assertEqual((bad["check"], bad["status"], bad["message"], bad["trigger"]),
                         ("bad", "failed", "broken", "manual"))
        self.assertEqual((good["check"], good["status"]), ("good", "success"))
        self.assertTrue(before <= good["time"] // 1000 <= bad["time"] // 1000 <= time.time_ns() // 1_000_000)
        self.assertEqual(self.history("good", 5), [good])
        self.assertEqual(self.history("", 1), [bad])
        self.assertEqual(self.history("", 0), [])
        self.assertEqual(self.history("nobody"), [])
        line = self.lines()[1]
        self.assertEqual(sorted(line), ["check", "durationMs", "message", "status", "time", "trigger"])
        self.assertEqual(line["time"] * 1000, bad["time"])

    def test_runs_of_ticks_are_recorded(self):
        self.write_checks(good={})
        self.start(TICK_SOURCE="local", TICK_INTERVAL_S="3600")
        self.finished("good")
        self.assertEqual([run["trigger"] for run in self.history()], ["tick"])

    def test_it_survives_a_restart(self):
        service = self.start()
        self.agent.run("good")
        self.assertEqual(service.stop().status, 0)
        self.bus.wait_name(self.agent.name, owned=False)
        self.start()
        self.agent.run("bad")
        self.assertEqual([run["check"] for run in self.history()], ["bad", "good"])

    def fill(self):
        """Have a file of 1 MiB, of runs of the check `old`."""
        line = json.dumps({"time": 1, "check": "old", "status": "success", "message": "x" * 100, "durationMs": 0,
                           "trigger": "tick"}) + "\n"
        os.makedirs(self.folder)
        files.write(self.file, (line * (1024 * 1024 // len(line))).encode().ljust(1024 * 1024 - 1) + b"\n")

    def test_at_1_mib_a_new_file_begins(self):
        self.fill()
        self.start()
        self.agent.run("good")
        self.assertEqual([run["check"] for run in self.history("", 3)], ["good", "old", "old"])
        self.assertEqual(len(self.lines()), 1)
        self.assertTrue(os.path.exists(self.file + ".1"))

    def test_a_file_that_cannot_be_put_aside_does_not_grow(self):
        self.fill()
        os.makedirs(self.file + ".1")
        service = self.start()
        self.agent.run("good")
        self.assertEqual([run["check"] for run in self.history("", 1)], ["old"])
        service.wait_log(r"runs are not recorded: rename .*cack\.history\.jsonl to .*: Is a directory")
        self.assertEqual(os.path.getsize(self.file), 1024 * 1024)
        os.rmdir(self.file + ".1")
        self.agent.run("bad")
        self.assertEqual([run["check"] for run in self.history("", 2)], ["bad", "old"])

    def test_the_marks_of_checks_that_seldom_run(self):
        """A check of long ago has its marks, among some such checks and among many."""
        def runs(check, status, count):
            return count * (json.dumps({"time": 1, "check": check, "status": status, "message": "", "durationMs": 0,
                                        "trigger": "tick"}) + "\n")
        for seldom in (3, 30):
            names = [f"rare{i}" for i in range(seldom)]
            failed = "".join(runs(name, "failed", 12) for name in names)
            os.makedirs(self.folder, exist_ok=True)
            files.write(self.file, (failed + runs("c0", "success", 1000)).encode())
            self.write_checks(**{name: {"enabled": False} for name in (*names, "c0", "new")})
            service = self.start()
            listed = self.ctl("list", LC_ALL="C").stdout.splitlines()
            marks = {line.split()[0]: line.split()[2] for line in listed[1:]}
            self.assertEqual(marks, {"c0": 10 * "+", "new": "disabled", **{name: 10 * "x" for name in names}})
            self.assertEqual(service.stop().status, 0)
            self.bus.wait_name(self.agent.name, owned=False)

    def test_torn_lines_are_passed_over(self):
        os.makedirs(self.folder)
        files.write(self.file, b'{"time": 1, "check": "good", "sta\n\xff\n{}\n[]\n')
        self.start()
        self.agent.run("good")
        self.assertEqual([run["check"] for run in self.history()], ["good"])

    def test_a_torn_last_line_does_not_take_the_next_one_with_it(self):
        os.makedirs(self.folder)
        files.write(self.file, b'{"time": 1, "check": "good", "sta')
        self.start()
        self.agent.run("good")
        self.agent.run("bad")
        self.assertEqual([run["check"] for run in self.history()], ["bad", "good"])
        self.assertEqual(files.read(self.file).count(b"\n"), 3)

    def test_a_file_that_cannot_be_written_is_one_warning(self):
        os.makedirs(self.file)
        service = self.start()
        self.assertEqual(self.agent.run("good")["status"], "success")
        self.agent.run("bad")
        self.assertEqual(self.history(), [])
        self.assertEqual(len([line for line in service.lines if "runs are not recorded" in line]), 1)

    def test_a_pipe_in_its_place_keeps_nobody_waiting(self):
        os.makedirs(self.folder)
        os.mkfifo(self.file)
        service = self.start()
        self.agent.run("good")
        self.assertEqual(self.history(), [])
        self.assertEqual(service.stop().status, 0)
