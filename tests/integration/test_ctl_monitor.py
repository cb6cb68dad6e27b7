"""heartbeatctl monitor: the live view and the lines."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
import threading

from bench import files, process
from bench.agent import Agent
from bench.case import Case
from bench.service import program
from bench.wait import until

FAILING = {"handler": "command", "meta": {"command": "echo broken; exit 1"}}


class Monitor(Case):
    """What a user sees while things happen."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        self.write_checks(good={"enabled": False}, bad={**FAILING, "enabled": False},
                          wide={"handler": "command", "enabled": False, "meta": {"command": "seq -s, 100"}})
        self.start()
        self.output = b""

    def monitor(self, *args, stdout=subprocess.PIPE):
        """Start the monitor."""
        child = process.spawn([program("HEARTBEATCTL"), "monitor", *args], env={**self.env, "TERM": "xterm"},
                              stdout=stdout, stderr=subprocess.PIPE)
        self.addCleanup(child.stderr.close)
        return child

    def collect(self, child, fd):
        """Collect what a child writes to a file descriptor."""
        def read():
            try:
                while data := os.read(fd, 65536):
                    self.output += data
            except OSError:
                pass
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        self.addCleanup(reader.join, 20)
        self.addCleanup(process.end, child)

    def wait_output(self, text):
        """Wait until the output has that text."""
        until(lambda: text in self.output.decode(errors="replace"), what=f"{text!r} in the output")

    def run_until_seen(self, check, text):
        """Run a check until the monitor, which may not listen yet, has seen it."""
        def seen():
            self.agent.run(check)
            return text in self.output.decode()
        until(seen, what=f"{text!r} in the output")

    def test_lines(self):
        child = self.monitor()
        self.collect(child, child.stdout.fileno())
        self.run_until_seen("bad", "failed: broken")
        self.assertRegex(self.output.decode(), r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  cack  bad  failed: broken$")
        self.assertNotIn(b"\x1b", self.output)
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(20), 0)
        child.stdout.close()

    def test_json_lines(self):
        child = self.monitor("--json")
        self.collect(child, child.stdout.fileno())
        self.run_until_seen("bad", '"failed"')
        events = [json.loads(line) for line in self.output.decode().splitlines()]
        finished = next(event for event in events if event["event"] == "finished")
        self.assertEqual((finished["agent"], finished["check"], finished["status"], finished["message"]),
                         ("cack", "bad", "failed", "broken"))
        process.end(child)
        child.stdout.close()

    def test_a_live_view_on_a_terminal(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        child = self.monitor(stdout=theirs)
        os.close(theirs)
        self.collect(child, ours)
        self.wait_output("CADENCE")
        self.agent.run("bad")
        self.wait_output("bad  failed: broken")
        self.agent.run("wide")
        self.wait_output("wide  success: 1,2,3")
        self.wait_output("✗")
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(20), 0)
        # the terminal is as it was
        self.wait_output("\x1b[?1049l")
        longest = max(len(line) for line in self.plain().splitlines())
        self.assertLessEqual(longest, 80)

    def test_a_live_view_keeps_its_head_in_a_low_terminal(self):
        self.write_checks(bad={**FAILING, "enabled": False}, **{f"check{i}": {"enabled": False} for i in range(30)})
        self.agent.call("Reload")
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        child = self.monitor(stdout=theirs)
        os.close(theirs)
        self.collect(child, ours)
        self.wait_output("CADENCE")
        for _ in range(5):
            self.agent.run("bad")
        self.wait_output("bad  failed: broken")
        process.end(child)
        frames = self.output.decode(errors="replace").split("\x1b[H\x1b[J")[1:]
        self.assertTrue(any("bad  failed: broken" in frame for frame in frames))
        # the last one may be incomplete
        for frame in frames[:-1]:
            self.assertIn("Agent", frame)
            self.assertLessEqual(len(frame.splitlines()), 24)

    def another(self):
        """Start a service of another agent."""
        path = self.path("other.json")
        files.write(path, files.heartbeat({"bad": {**FAILING, "enabled": False}}, "2nd"))
        service = self.spawn(AGENT_NAME="2nd", HEARTBEAT_PATH=path)
        Agent(self.bus, "2nd").wait_owned()
        return service

    def listen(self, *args):
        """Start a monitor that prints events as JSON; return when it hears."""
        child = self.monitor("--json", *args)
        self.addCleanup(child.stdout.close)
        self.collect(child, child.stdout.fileno())
        self.run_until_seen("good", '"success"')

    def test_lines_of_an_agent_that_comes_later(self):
        self.listen()
        self.another()
        Agent(self.bus, "2nd").run("bad")
        self.wait_output('"failed"')
        self.assertEqual(json.loads(self.output.splitlines()[-1])["agent"], "2nd")

    def test_lines_of_one_agent(self):
        self.listen("--agent", "cack")
        self.another()
        Agent(self.bus, "2nd").run("bad")
        self.agent.run("bad")
        self.wait_output('"failed"')
        self.assertNotIn(b"2nd", self.output)

    def test_agents_that_come_hang_and_go_during_a_live_view(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 80, 0, 0))
        child = self.monitor(stdout=theirs)
        os.close(theirs)
        self.collect(child, ours)
        self.wait_output("CADENCE")
        service = self.another()
        self.wait_output("2nd")
        service.send(signal.SIGSTOP)
        self.wait_output("2nd: the service does not answer")
        self.agent.run("bad")
        self.wait_output("cack  bad  failed: broken")
        service.send(signal.SIGCONT)
        service.stop()
        self.wait_output("2nd is not on the bus")

    def plain(self):
        """Return the output without escape sequences."""
        return subprocess.run(["sed", "-E", "s/\\x1b\\[[?0-9;]*[a-zA-Z]//g"], input=self.output, capture_output=True,
                              check=True).stdout.decode()

    def test_a_bus_that_goes_ends_it(self):
        child = self.monitor()
        self.collect(child, child.stdout.fileno())
        self.run_until_seen("good", "success")
        self.bus.stop()
        self.assertEqual(child.wait(20), 3)
        self.assertIn(b"the session bus has gone", child.stderr.read())
        child.stdout.close()
        self.bus.start()
