"""Handlers that programs on D-Bus execute."""

import json
import os
import subprocess
import sys

from bench import files, process
from bench.agent import ERROR
from bench.case import Case
from bench.wait import until

PROGRAM = os.path.join(os.path.dirname(__file__), "bench", "bus_handler.py")


class BusHandlers(Case):
    """Each test has a service with local ticks a day apart, so what runs is run by hand."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")

    def checks(self, *actions):
        """Write a check for each action, which has its name."""
        self.write_checks(**{action: {"handler": "mine", "lastRun": 1, "enabled": False, "meta": {"do": action}}
                             for action in actions})

    def client(self, handler="mine", path="/handler", expected="registered"):
        """Start a program that registers that handler."""
        command = [sys.executable, PROGRAM, self.agent.name, self.agent.path, handler, path]
        client = process.spawn(command, env=self.env, stdout=subprocess.PIPE, text=True)
        self.addCleanup(client.stdout.close)
        self.addCleanup(process.end, client)
        self.assertEqual(client.stdout.readline().strip(), expected)
        return client

    def run_check(self, name):
        """Run a check; return its status and message."""
        result = self.agent.run(name)
        return result["status"], result["message"]

    def remembered(self):
        """Return the handlers that the state file has."""
        try:
            state = json.loads(files.read(os.path.join(self.env["XDG_STATE_HOME"], "heartbeat-consumer", "cack.json")))
        except FileNotFoundError:
            return []
        return state.get("busHandlers", [])

    def test_it_runs(self):
        self.checks("succeed", "details", "later")
        self.start()
        self.client()
        self.assertIn("mine", self.agent.call("ListHandlers")[0])
        self.assertEqual(self.run_check("succeed"), ("success", "cack/succeed by /handler"))
        self.assertEqual(self.run_check("later"), ("success", "later"))
        result = self.agent.run("details")
        self.assertEqual((result["status"], result["message"], result["details"]), ("skipped", "nothing", {"n": 3}))

    def test_a_bad_answer_is_a_run_that_failed(self):
        self.checks("error", "no-status", "odd-status")
        self.start()
        self.client()
        self.assertEqual(self.run_check("error"), ("failed", "the cat ate it"))
        self.assertEqual(self.run_check("no-status"), ("failed", "the handler's answer has no text “status”"))
        self.assertEqual(self.run_check("odd-status"), ("failed", "the handler's status “great” is unknown"))

    def test_an_object_that_is_not_there(self):
        self.checks("succeed")
        self.start()
        self.client(path="/elsewhere")
        status, message = self.run_check("succeed")
        self.assertEqual(status, "failed")
        self.assertIn("org.bloodbank.Heartbeat1.Handler.Run", message)

    def test_what_the_bus_would_not_take_is_cut(self):
        self.checks("deep", "large")
        self.start()
        self.client()
        deep = self.agent.run("deep")
        self.assertEqual(deep["status"], "success")
        self.assertEqual(list(deep["details"]), ["details-dropped"])
        self.assertEqual(len(self.run_check("large")[1]), 1001)

    def test_a_time_out(self):
        self.write_checks(hang={"handler": "mine", "timeoutMs": 1000, "lastRun": 1, "enabled": False,
                                "meta": {"do": "hang"}},
                          succeed={"handler": "mine", "lastRun": 1, "enabled": False})
        self.start()
        self.client()
        self.assertEqual(self.run_check("hang"), ("failed", "timed out after 1 s"))
        self.assertEqual(self.run_check("succeed")[0], "success")

    def test_a_client_that_leaves_in_mid_run(self):
        self.checks("leave", "succeed")
        self.start()
        self.client()
        self.assertEqual(self.run_check("leave"), ("failed", "the handler's program has left the bus"))
        status, message = self.run_check("succeed")
        self.assertEqual(status, "failed")
        self.assertIn("not there", message)
        self.client()
        self.assertEqual(self.run_check("succeed")[0], "success")

    def test_a_client_that_is_not_there_yet_after_a_login(self):
        # `default` is built in and would succeed
        self.write_checks(a={"handler": "default", "lastRun": 1, "enabled": False, "meta": {"do": "succeed"}})
        service = self.start()
        client = self.client(handler="default")
        self.assertIn("by /handler", self.run_check("a")[1])
        until(lambda: self.remembered() == ["default"], what="the state file to have the handler")
        process.end(client)
        service.wait_log("the handler “default” has left the bus")
        service.stop()
        self.bus.wait_name(self.agent.name, owned=False)

        self.start()
        self.assertEqual(self.run_check("a")[0], "failed")
        client = self.client(handler="default")
        self.assertEqual(self.run_check("a"), ("success", "cack/a by /handler"))

    def test_unregistering_forgets_it(self):
        self.write_checks(a={"handler": "default", "lastRun": 1, "enabled": False})
        self.start()
        client = self.client(handler="default")
        self.assert_error("Refused", "UnregisterHandler", "(s)", "default")
        process.end(client)
        until(lambda: self.run_check("a")[0] == "failed", what="the client to be gone")
        self.agent.call("UnregisterHandler", "(s)", "default")
        self.assertEqual(self.run_check("a"), ("success", ""))
        until(lambda: self.remembered() == [], what="the state file to forget the handler")
        self.assert_error("InvalidArgument", "UnregisterHandler", "(s)", "default")

    def test_two_clients_with_one_name(self):
        self.checks("succeed")
        self.start()
        first = self.client()
        self.client(expected=ERROR + "Refused")
        process.end(first)
        until(lambda: self.run_check("succeed")[0] == "failed", what="the first client to be gone")
        self.client()
        self.assertEqual(self.run_check("succeed")[0], "success")

    def test_names_that_are_none(self):
        self.checks("succeed")
        self.start()
        for name in ("", "a\nb", "x" * 256):
            self.assert_error("InvalidArgument", "RegisterHandler", "(so)", name, "/handler")

    def test_a_bus_that_restarts(self):
        self.checks("succeed")
        service = self.start()
        self.client()
        self.bus.stop()
        service.wait_log("there is no session bus")
        self.bus.start()
        self.agent.wait_owned()
        self.assertEqual(self.run_check("succeed")[0], "failed")
        self.client()
        self.assertEqual(self.run_check("succeed")[0], "success")
