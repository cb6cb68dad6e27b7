"""The same check as each kind of handler that examples/ has, run for real."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from bench import files, process
from bench.agent import Agent
from bench.case import Case
from bench.library import Library
from bench.service import COMPLAINTS
from bench.wait import until

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples")
CHECKS = {"enough": {"handler": "disk_space", "meta": {"minFreePercent": 0}},
          "full": {"handler": "disk_space", "meta": {"minFreePercent": 101}}}


class Embedding(unittest.TestCase):
    """Programs that bring their own consumer: good news and bad, at the first tick of a timer."""

    def check(self, library, *command):
        """Run the program with a check that succeeds, then with one that fails; SIGINT ends it well."""
        self.check_one(library, command, "enough", r"enough success in .*: \d+ % free")
        self.check_one(library, command, "full", r"full failed in .*: \d+ % free")

    def check_one(self, library, command, name, pattern):
        """Run the program until the check has run."""
        home = tempfile.mkdtemp(prefix="heartbeat-home-")
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        config, output = os.path.join(home, "heartbeat.json"), os.path.join(home, "output")
        files.write(config, files.heartbeat({name: CHECKS[name]}))
        # what is logged at INFO is printed only when asked for
        env = library.environment(home, G_MESSAGES_DEBUG="heartbeat")
        with open(output, "wb") as file:
            program = process.spawn([*command, config], env=env, cwd=home, stdin=subprocess.DEVNULL, stdout=file,
                                    stderr=file)
        self.addCleanup(process.end, program)

        def text():
            return files.read(output).decode(errors="replace")
        until(lambda: re.search(pattern, text()), what=f"{pattern!r} to be printed")
        program.send_signal(signal.SIGINT)
        self.assertEqual(program.wait(20), 0, text())
        self.assertEqual([line for line in text().splitlines() if COMPLAINTS.search(line)], [])

    def test_python(self):
        library = Library()
        library.need("Heartbeat-1.0.typelib")
        self.check(library, sys.executable, os.path.join(EXAMPLES, "embed", "disk_space.py"))

    @unittest.skipUnless(shutil.which("gjs"), "there is no gjs")
    def test_javascript(self):
        library = Library()
        library.need("Heartbeat-1.0.typelib")
        self.check(library, "gjs", os.path.join(EXAMPLES, "embed", "disk_space.js"))

    def test_c(self):
        library = Library()
        folder = tempfile.mkdtemp(prefix="heartbeat-example-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        program = library.compile(os.path.join(EXAMPLES, "embed", "disk_space.c"), os.path.join(folder, "disk_space"),
                                  "json-glib-1.0")
        self.check(library, program)


class OnDBus(Case):
    """The handler that is a program of its own."""

    with_broker = False

    def test_it_executes_its_checks(self):
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        self.write_checks(**{name: {**check, "lastRun": 1, "enabled": False} for name, check in CHECKS.items()})
        example = process.spawn([sys.executable, os.path.join(EXAMPLES, "disk_space-on-dbus.py")], env=self.env)
        self.addCleanup(process.end, example)
        self.start()
        until(lambda: "disk_space" in self.agent.call("ListHandlers")[0], what="the example to register")
        enough, full = self.agent.run("enough"), self.agent.run("full")
        self.assertEqual((enough["status"], full["status"]), ("success", "failed"))
        self.assertRegex(full["message"], r"^\d+ % free$")

    def test_it_finds_an_agent_of_any_name(self):
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        path = self.path("other.json")
        files.write(path, files.heartbeat({"off": {"enabled": False}}, "7-up_x"))
        example = process.spawn([sys.executable, os.path.join(EXAMPLES, "disk_space-on-dbus.py"), "7-up_x"], env=self.env)
        self.addCleanup(process.end, example)
        self.spawn(AGENT_NAME="7-up_x", HEARTBEAT_PATH=path)
        agent = Agent(self.bus, "7-up_x")
        agent.wait_owned()
        until(lambda: "disk_space" in agent.call("ListHandlers")[0], what="the example to register")
