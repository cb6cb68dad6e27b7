"""heartbeatctl on terminals, narrow and wide, and in pipes."""

import re
import select
import signal
import subprocess
import time
import unicodedata

from bench import process
from bench.case import Case
from bench.service import program
from bench.terminal import Terminal
from bench.wait import until

NAMES = ["n" * 255, "\U0001f493" * 63, "two\nlines", "esc\x1b[31mred", "\u05e2\u05d1\u05e8\u05d9\u05ea", "\u202eoverride",
         "\u5929\u6c17", "e\u0301a", "--all", "*", "$(touch x)", "mail"]
LONG = "a rather long message that explains at length why it did not succeed, and what is to be done about it"


def width(line):
    """Return how many columns a line takes."""
    def of(character):
        if unicodedata.category(character) in ("Mn", "Me", "Cf"):
            return 0
        return 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return sum(map(of, line))


class OnTerminals(Case):
    """An agent whose checks have names that are no pleasure."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        recent = time.time_ns() // 1_000_000
        self.write_checks(**{name: {"lastRun": recent} for name in NAMES},
                          fails={"handler": "command", "lastRun": recent, "meta": {"command": f"echo '{LONG}'; exit 2"}},
                          invalid={"cadenceMs": 1})
        self.start()
        self.agent.run("fails")

    def show(self, columns, *args, expected=0, **variables):
        """Run it on a terminal, expect that exit status; return what it has written."""
        terminal = Terminal([program("HEARTBEATCTL"), *args], {**self.env, **variables}, columns)
        self.addCleanup(terminal.close)
        status, _ = terminal.end()
        self.assertEqual(status, expected, terminal.screen)
        return terminal.screen.replace("\r\n", "\n")

    def test_tables_fit(self):
        for columns in (40, 80):
            # the doctor finds an invalid check
            for args, expected in ((("status",), 0), (("list",), 0), (("history",), 0), (("show", "fails"), 0),
                                   (("show", NAMES[0]), 0), (("doctor", "--agent=cack"), 1)):
                with self.subTest(f"{columns} {args[0]}"):
                    text = re.sub("\x1b\\[[0-9;]*m", "", self.show(columns, *args, expected=expected))
                    self.assertLessEqual(max(map(width, text.splitlines())), columns, text)
                    # names and messages say nothing to the terminal, and turn nothing around
                    self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]")

    def test_a_long_name_leaves_room_for_the_others(self):
        text = self.show(80, "status", NO_COLOR="1")
        line = next(line for line in text.splitlines() if line.startswith("fails"))
        self.assertRegex(line, r"^fails +backing-off +just now|^fails +backing-off +.* s ago")
        self.assertRegex(line, r"failed: a rath.*\u2026$")
        self.assertRegex(text, r"(?m)^n{25}\u2026  idle ")

    def test_colours_and_none(self):
        self.assertIn("\x1b[31m", self.show(80, "status"))
        self.assertNotIn("\x1b", self.show(80, "status", NO_COLOR="1"))
        self.assertIn("\x1b[31m", self.show(80, "status", NO_COLOR=""))

    def test_a_pipe_gets_whole_names(self):
        text = self.ctl("list").stdout
        self.assertIn("n" * 255, text)
        self.assertNotIn("\x1b", text)
        self.assertNotIn("\u2026", text)

    def test_a_reader_that_has_seen_enough_ends_it(self):
        child = process.spawn([program("HEARTBEATCTL"), "monitor"], env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        self.addCleanup(child.stderr.close)
        self.addCleanup(process.end, child)
        until(lambda: self.agent.run("mail")["status"] and select.select([child.stdout], [], [], 0)[0],
              what="its first line")
        child.stdout.close()

        def ended():
            self.agent.run("mail")
            return child.poll() is not None
        until(ended, what="the monitor to end")
        self.assertEqual((child.returncode, child.stderr.read()), (-signal.SIGPIPE, b""))
