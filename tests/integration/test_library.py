"""Programs that embed libheartbeat, in C, Python, JavaScript and Vala."""

import os
import re
import signal
import shutil
import subprocess
import tempfile
import unittest

from bench import files, process
from bench.broker import EXCHANGE
from bench.case import shared_broker
from bench.library import PROGRAMS, Library, samples
from bench.service import COMPLAINTS
from bench.wait import DEADLINE, until

# What comes of what tests/library/handlers.* do, in the order in which they do it.
OUTCOMES = {
    "succeeds": 'success: {"n": 1}',
    "skips": "skipped: ",
    "twice": "failed: the handler ended the run twice: success “first”, then failed “second”",
    "drops": "failed: the handler dropped the run without ending it",
    "later": "success: later",
    "keeps": "failed: timed out after 200 ms",
    "wrong_details": "failed: the details of a result are an a{sv}, the handler gave a s",
    "removes": "success: removed",
}
PYTHON_OUTCOMES = {
    "raises": "failed: ValueError: no “such” thing",
    "raises_after": "failed: the handler ended the run twice: success “all is well”, then failed “KeyError: 'gone'”",
    "exits": "failed: SystemExit: enough",
    "coroutine": "failed: TypeError: a handler is no coroutine (async def): keep the run, and end it later from the main loop",
    "threaded": "success: from a thread",
    "method": "success: method",
    "data": "success: (1, 'two')",
}


class Embedded(unittest.TestCase):
    """A test with a home, an agent's file in it, and the library."""

    maxDiff = 4000

    def setUp(self):
        self.library = Library()
        self.home = tempfile.mkdtemp(prefix="heartbeat-home-")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.folder = os.path.join(self.home, "agents", "cack")
        os.makedirs(self.folder)
        self.config = os.path.join(self.folder, "heartbeat.json")
        self.output = ""

    def path(self, name):
        return os.path.join(self.home, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def diagnostics(self):
        return self.output


class TestHandlers(Embedded):
    """A handler's mistakes are failed runs with a clear message, whatever the language, and never a crash."""

    def check(self, command, outcomes, leaks=False):
        with open(self.config, "w", encoding="utf-8") as file:
            checks = ", ".join(f'"{name}": {{"cadenceMs": 60000, "handler": "{name}", "enabled": false, '
                               f'"meta": {{"n": 1}}}}' for name in outcomes)
            file.write(f'{{"$schema": "heartbeat.v1", "agent": "cack", "checks": {{{checks}}}}}\n')
        env = self.library.environment(self.home, leaks=leaks, HEARTBEAT_PATH=self.config)
        done = subprocess.run(command, env=env, cwd=self.home, capture_output=True, text=True, timeout=3 * DEADLINE,
                              check=False)
        self.output = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0)
        lines = done.stdout.splitlines()
        self.assertIn("keeps: cancelled", lines)
        self.assertEqual(dict(line.split(": ", 1) for line in lines if re.match(r"\w+: [sf]", line)), outcomes)
        self.assertIn("True", lines)
        self.assertEqual([line for line in done.stderr.splitlines() if COMPLAINTS.search(line)], [])
        self.assertIn("the handler of later ended its run once more, failed “too late”: the first end counts",
                      done.stderr)
        return done

    def test_python(self):
        self.library.need("Heartbeat-1.0.typelib")
        done = self.check(["/usr/bin/python3", os.path.join(PROGRAMS, "handlers.py")], {**OUTCOMES, **PYTHON_OUTCOMES})
        self.assertIn("True a consumer is started only once: make another one", done.stdout)
        self.assertIn("the handler of 'nothing' cannot be called: None", done.stdout)
        self.assertIn("interrupted", done.stdout)
        self.assertIn("Traceback", done.stderr)

    def test_c(self):
        command = [self.library.compile(os.path.join(PROGRAMS, "handlers.c"), self.path("handlers"))]
        self.check(command, {**OUTCOMES, "threaded": PYTHON_OUTCOMES["threaded"]}, leaks=True)

    @unittest.skipUnless(shutil.which("gjs"), "there is no gjs")
    def test_javascript(self):
        self.library.need("Heartbeat-1.0.typelib")
        self.check(["gjs", os.path.join(PROGRAMS, "handlers.js")], OUTCOMES)

    @unittest.skipUnless(shutil.which("valac"), "there is no valac")
    def test_vala(self):
        command = [self.library.compile_vala(os.path.join(PROGRAMS, "handlers.vala"), self.path("handlers"))]
        self.check(command, OUTCOMES)


class TestDropped(Embedded):
    """A program may drop its consumer at any moment."""

    def test_c(self):
        broker = shared_broker()
        vhost = self.enterContext(broker.vhost())
        with broker.channel(vhost) as channel:
            channel.exchange_declare(EXCHANGE, "topic", durable=True)
            channel.queue_declare("agent.cack.inbox", durable=True)
            for key in ("system.heartbeat.#", "agent.cack.#"):
                channel.queue_bind("agent.cack.inbox", EXCHANGE, key)
            for key in ("system.heartbeat.tick", "agent.cack.mail") * 50:
                channel.basic_publish(EXCHANGE, key, b"{}")
        command = self.library.compile(os.path.join(PROGRAMS, "dropped.c"), self.path("dropped"))
        done = subprocess.run(command, capture_output=True, text=True, timeout=2 * DEADLINE, check=False,
                              env=self.library.environment(self.home, leaks=True, HEARTBEAT_PATH=self.config,
                                                           RABBIT_URL=broker.url(vhost)))
        self.output = done.stdout + done.stderr
        self.assertEqual((done.returncode, done.stdout), (0, "dropped\n"))
        self.assertEqual([line for line in done.stderr.splitlines() if COMPLAINTS.search(line)], [])


class TestReadme(Embedded):
    """The samples of README.md do what it says, as printed, against a broker."""

    def setUp(self):
        super().setUp()
        files.write(self.config, files.heartbeat({name: {"handler": name} for name in ("ping", "load")}))
        self.broker = shared_broker()
        self.vhost = self.enterContext(self.broker.vhost())
        self.env = self.environment()

    def environment(self, **options):
        # GLib prints what is logged at INFO only when asked to
        return self.library.environment(self.home, RABBIT_URL=self.broker.url(self.vhost), G_MESSAGES_DEBUG="heartbeat",
                                        **options)

    def start(self, *command):
        with open(self.path("output"), "wb") as output:
            program = process.spawn(command, env=self.env, cwd=self.home, stdin=subprocess.DEVNULL, stdout=output,
                                    stderr=output)
        self.addCleanup(process.end, program)
        return program

    def wait_output(self, pattern):
        def find():
            with open(self.path("output"), encoding="utf-8") as file:
                self.output = file.read()
            return re.search(pattern, self.output)
        until(find, what=f"the program to print {pattern!r}")

    def blocks(self, *command):
        """The first sample: ticks come from the broker, Ctrl-C ends it."""
        program = self.start(*command)
        self.broker.wait_consumers(self.vhost, "agent.cack.inbox")
        for _ in range(2):
            self.broker.publish(self.vhost, "system.heartbeat.tick", files.data("tick-published.json"))
        self.wait_output("ping success in .*: pong")
        self.broker.wait_depth(self.vhost, "agent.cack.inbox", (0, 0))
        program.send_signal(signal.SIGINT)
        self.assertEqual(program.wait(DEADLINE), 0)
        self.assertGreater(files.last_run(self.config, "ping"), 0)

    def ends_later(self, *command):
        """The second sample: ticks come from a timer, the main loop is the program's."""
        files.write(self.config, files.heartbeat({"load": {"handler": "load"}}))
        program = self.start(*command)
        self.wait_output(r"load success in .*: [\d.]+ [\d.]+ [\d.]+ \d+/\d+")
        until(lambda: files.last_run(self.config, "load") > 0, what="lastRun to be saved")
        program.terminate()
        self.assertEqual(program.wait(DEADLINE), -signal.SIGTERM)

    def test_python_samples(self):
        self.library.need("Heartbeat-1.0.typelib")
        blocking, looping = samples("python")
        self.blocks("/usr/bin/python3", self.write("blocking.py", blocking))
        self.ends_later("/usr/bin/python3", self.write("looping.py", looping))

    def test_c_samples(self):
        blocking, looping = samples("c")
        self.env = self.environment(leaks=True)
        self.blocks(self.library.compile(self.write("blocking.c", blocking), self.path("blocking")))
        self.ends_later(self.library.compile(self.write("looping.c", looping), self.path("looping")))
