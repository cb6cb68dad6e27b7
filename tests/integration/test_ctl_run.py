"""heartbeatctl run, watched on a terminal."""

import signal
import subprocess

from bench import process
from bench.case import Case
from bench.service import program
from bench.terminal import Terminal


class Run(Case):
    """A check that runs until it is let go."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        self.write_checks(gated={"handler": "command", "enabled": False, "meta": self.gate()})
        self.start()

    def on_terminal(self, *args):
        """Run it with a terminal."""
        terminal = Terminal([program("HEARTBEATCTL"), "run", "gated", *args], self.env)
        self.addCleanup(terminal.close)
        return terminal

    def test_the_seconds_are_counted_and_wiped(self):
        for args in ((), ("--json",)):
            terminal = self.on_terminal(*args)
            terminal.wait_match(r"gated runs: [1-9]\d* s")
            self.open_gate()
            status, output = terminal.end()
            self.assertEqual(status, 0, terminal.screen)
            self.assertIn("success", output)
            self.assertNotIn("runs:", output)
            self.assertTrue(terminal.screen.endswith("\r\x1b[K"), terminal.screen)
            subprocess.run(["rm", self.path("gate"), self.path("gate.running")], check=True)

    def test_without_a_terminal_nothing_is_shown(self):
        self.open_gate()
        ended = self.ctl("run", "gated")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))

    def test_an_interrupt_leaves_the_run(self):
        terminal = self.on_terminal()
        self.wait_gate()
        terminal.wait("gated runs:")
        terminal.child.send_signal(signal.SIGINT)
        self.assertEqual(terminal.end()[0], -signal.SIGINT)
        self.assertIn("the run goes on; see how it ends: heartbeatctl history gated", terminal.screen)
        self.assertEqual(self.signals.matching("CheckFinished"), [])
        self.open_gate()
        self.assertEqual(self.finished("gated"), "success")

    def test_an_interrupt_without_a_terminal(self):
        child = process.spawn([program("HEARTBEATCTL"), "run", "gated"], env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        self.addCleanup(process.end, child)
        self.wait_gate()
        child.send_signal(signal.SIGINT)
        output, errors = child.communicate(timeout=60)
        self.assertEqual((child.returncode, output), (-signal.SIGINT, b""))
        self.assertIn(b"the run goes on", errors)
        self.open_gate()
        self.assertEqual(self.finished("gated"), "success")

    def test_a_service_that_goes_ends_it(self):
        terminal = self.on_terminal()
        self.wait_gate()
        self.services[0].kill()
        self.assertEqual(terminal.end()[0], 1)
        self.assertIn("heartbeatctl: ", terminal.screen)
