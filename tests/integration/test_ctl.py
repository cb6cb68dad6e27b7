"""heartbeatctl."""

import json
import os
import signal
import subprocess
import time

from bench import files
from bench.agent import Agent
from bench.case import Case
from bench.service import program

FAILING = {"handler": "command", "meta": {"command": ["false"]}}


class Ctl(Case):
    """A test of the command line client; no broker unless the class asks for one."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        recent = time.time_ns() // 1_000_000
        self.write_checks(good={"lastRun": recent}, failing={**FAILING, "lastRun": recent})

    def run_ctl(self, status, *args, **variables):
        """Run it, expect that exit status; return standard output."""
        ended = self.ctl(*args, **variables)
        self.assertEqual(ended.returncode, status, ended.stdout + ended.stderr)
        if status:
            self.assertNotEqual(ended.stderr, "", "an error says why")
        return ended.stdout

    def run_json(self, status, *args):
        """Run it with --json; return the one document that it prints."""
        return json.loads(self.run_ctl(status, *args, "--json"))


class Commands(Ctl):
    """With a service."""

    def setUp(self):
        super().setUp()
        self.start()

    def test_status(self):
        text = self.run_ctl(0, "status")
        for word in ("cack", "good", "failing"):
            self.assertIn(word, text)

    def test_output_that_is_no_terminal_has_no_colour(self):
        self.assertNotIn("\033", self.run_ctl(0, "status"))

    def test_status_as_json(self):
        self.assertIn("cack", json.dumps(self.run_json(0, "status")))

    def line(self, check):
        """Return a check's line of `list`, without its name."""
        lines = [line for line in self.run_ctl(0, "list").splitlines() if line.split()[0] == check]
        self.assertEqual(len(lines), 1)
        return lines[0].removeprefix(check).strip()

    def reload(self, *, paused=None, **checks):
        """Write other checks and have the service read them."""
        document = json.loads(files.heartbeat(checks))
        if paused is not None:
            document["paused"] = paused
        self.write(json.dumps(document).encode())
        self.agent.call("Reload")

    def test_list_says_why(self):
        # the only tick of this day would run what is due
        self.agent.wait("TicksReceived", 1)
        recent, day = time.time_ns() // 1_000_000, 86_400_000
        self.reload(
            later={"cadenceMs": 5 * day, "lastRun": recent}, overdue={}, off={"enabled": False}, wrong={"cadenceMs": 5},
            held={}, rest={}, paused={"held": {"reason": "the disk is changed"}, "rest": {"until": recent + 30 * day}})
        self.assertRegex(self.line("later"), r"^idle +due in 4 d$|^idle +due in 5 d$|^idle +due in \d+ h$")
        self.assertRegex(self.line("overdue"), r"^due +due now$")
        self.assertRegex(self.line("off"), r"^disabled +disabled$")
        self.assertRegex(self.line("wrong"), r"^invalid +line \d+, column \d+: checks.wrong.cadenceMs: .*, not 5$")
        self.assertRegex(self.line("held"), r"^paused +paused: the disk is changed$")
        self.assertRegex(self.line("rest"), r"^paused +paused until \d{4}-\d\d-\d\d \d\d:\d\d$")

    def test_list_shows_times_of_the_local_zone(self):
        self.reload(held={}, paused={"held": {"until": 4102444800000}})
        self.assertIn("until 2100-01-01 05:30", self.run_ctl(0, "list", TZ="Asia/Kolkata"))

    def test_list_of_a_check_that_fails(self):
        self.run_ctl(1, "run", "failing")
        self.assertRegex(self.line("failing"), r"^backing-off +✗ +backing off after 1 failure until .*\d\d:\d\d$")

    def test_list_as_json(self):
        checks = self.run_json(0, "list")["checks"]
        self.assertEqual([(check["Agent"], check["Name"], check["Reason"]["code"]) for check in checks],
                         [("cack", "failing", "not-yet"), ("cack", "good", "not-yet")])

    def test_show(self):
        self.run_ctl(0, "run", "good")
        text = self.run_ctl(0, "show", "good")
        for pattern in (r"Check +good", r"Agent +cack", r"Handler +default", r"State +idle", r"Why +due in ", r"Enabled +yes",
                        r"Paused +no", r"Last run +\d\d:\d\d \(.*\)", r"Last result +success", r"Failures in a row +0"):
            self.assertRegex(text, pattern)

    def test_show_as_json(self):
        document = self.run_json(0, "show", "failing")
        self.assertEqual((document["Agent"], document["Name"], document["State"]), ("cack", "failing", "idle"))
        self.assertEqual(document["Reason"]["code"], "not-yet")

    def test_show_of_an_unknown_check_is_status_1(self):
        self.run_ctl(1, "show", "none")

    def test_output_that_cannot_be_written_is_status_1(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            ended = subprocess.run([program("HEARTBEATCTL"), "status"], env=self.env, stdout=full,
                                   stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("cannot be written", ended.stderr)

    def test_a_handler_says_nothing_to_the_terminal(self):
        self.write_checks(loud={"handler": "command", "meta": {"command": ["printf", "\\033[31mred\\007"]}})
        self.assertNotRegex(self.run_ctl(0, "run", "loud"), "[\\033\\007]")

    def test_an_argument_that_is_not_utf_8_is_status_2(self):
        ended = subprocess.run([program("HEARTBEATCTL"), "run", b"\xff"], env=self.env, capture_output=True, check=False)
        self.assertEqual(ended.returncode, 2)

    def test_run(self):
        self.run_ctl(0, "run", "good")
        self.assertEqual(self.agent.check("good").get("LastStatus"), "success")

    def test_run_as_json(self):
        self.assertEqual(self.run_json(0, "run", "good")["status"], "success")

    def test_a_failed_run_is_status_1(self):
        self.run_ctl(1, "run", "failing")

    def test_a_failed_run_as_json_is_status_1_with_a_document(self):
        ended = self.ctl("run", "failing", "--json")
        self.assertEqual((ended.returncode, json.loads(ended.stdout)["status"]), (1, "failed"))

    def test_an_unknown_check_is_status_1(self):
        self.run_ctl(1, "run", "none")

    def test_the_agent_can_be_named(self):
        self.run_ctl(0, "--agent", "cack", "status", AGENT_NAME=None)

    def test_an_agent_that_does_not_run_is_status_3(self):
        self.run_ctl(3, "--agent", "other", "status")


class Several(Ctl):
    """Two agents, each with a service of its own."""

    def setUp(self):
        super().setUp()
        other = self.path("other.json")
        files.write(other, files.heartbeat({"good": {"lastRun": time.time_ns() // 1_000_000}}, "2nd"))
        self.start()
        self.other = self.spawn(AGENT_NAME="2nd", HEARTBEAT_PATH=other)
        Agent(self.bus, "2nd").wait_owned()

    def test_one_has_to_be_chosen(self):
        self.assertIn("2nd, cack", self.ctl("run", "good").stderr)
        for args in (("show", "good"), ("pause", "good"), ("history",)):
            self.run_ctl(2, *args)
        self.run_ctl(0, "run", "good", "--agent", "2nd")
        self.assertEqual(self.agent.get("RunsSucceeded"), 0)
        self.assertEqual([agent["Name"] for agent in self.run_json(0, "status")["agents"]], ["2nd", "cack"])
        self.assertRegex(self.run_ctl(0, "list"), r"(?m)^AGENT +CHECK .*\n2nd +good .*\ncack +failing .*\ncack +good ")

    def test_one_that_is_stuck_hides_nobody(self):
        self.other.send(signal.SIGSTOP)
        self.addCleanup(self.other.send, signal.SIGCONT)
        ended = self.ctl("status", "--json")
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(ended.stderr, "heartbeatctl: 2nd: the service does not answer\n")
        self.assertEqual([agent["Name"] for agent in json.loads(ended.stdout)["agents"]], ["cack"])


class Usage(Ctl):
    """Without a service."""

    def test_not_running_is_status_3(self):
        self.run_ctl(3, "status")

    def test_not_running_is_status_3_for_run(self):
        self.run_ctl(3, "run", "good")

    def test_an_unknown_command_is_status_2(self):
        self.run_ctl(2, "nonsense")

    def test_an_unknown_option_is_status_2(self):
        self.run_ctl(2, "status", "--nonsense")

    def test_an_option_of_another_command_is_status_2(self):
        for args in (("list", "--for=2h"), ("resume", "good", "--for", "2h"), ("status", "--yes"), ("tick", "--all"),
                     ("show", "good", "--most=3"), ("schema", "--config=x"), ("run", "good", "--reason=")):
            with self.subTest(args):
                option = next(arg for arg in args if arg.startswith("--")).split("=")[0]
                self.assertEqual(self.ctl(*args).stderr, f"heartbeatctl: Unknown option {option}\n")
                self.run_ctl(2, *args)

    def test_not_running_is_status_3_for_list_and_show(self):
        self.run_ctl(3, "list")
        self.run_ctl(3, "show", "good")

    def test_show_without_a_check_is_status_2(self):
        self.run_ctl(2, "show")

    def test_run_without_a_check_is_status_2(self):
        self.run_ctl(2, "run")

    def test_no_command_is_status_2(self):
        self.run_ctl(2)

    def test_help(self):
        self.assertIn("status", self.run_ctl(0, "--help"))

    def test_version(self):
        self.assertRegex(self.run_ctl(0, "--version"), r"\b\d+\.\d+\.\d+\b")


class Tick(Ctl):
    """A tick by hand."""

    with_broker = True

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="amqp")
        self.write_checks(good={})

    def test_a_tick_runs_the_overdue_check(self):
        self.start()
        self.run_ctl(0, "tick")
        self.assertEqual(self.finished("good"), "success")

    def test_what_is_published_carries_everything(self):
        self.broker.collect(self.vhost, "seen", "system.heartbeat.tick")
        self.run_ctl(0, "tick")
        method, properties, body = self.broker.wait_message(self.vhost, "seen")
        event = json.loads(body)
        self.assertEqual(method.routing_key, "system.heartbeat.tick")
        self.assertEqual((properties.content_type, properties.delivery_mode, properties.expiration),
                         ("application/json", 2, "3600000"))
        self.assertEqual(properties.message_id, event["event_id"])
        self.assertEqual((event["event_type"], event["source"]["app"]), ("system.heartbeat.tick", "heartbeatctl"))
        self.assertEqual(set(event["payload"]), {"tick", "timestamp", "quarter", "dayOfWeek", "epochMs"})
        self.assertLess(abs(event["payload"]["epochMs"] - time.time() * 1000), 60000)

    def test_as_json(self):
        self.broker.collect(self.vhost, "seen", "system.heartbeat.tick")
        document = self.run_json(0, "tick")
        self.assertEqual(document["event_id"], self.broker.wait_message(self.vhost, "seen")[1].message_id)

    def test_another_routing_key(self):
        self.broker.collect(self.vhost, "seen", "system.heartbeat.other")
        self.run_ctl(0, "tick", "--routing-key", "system.heartbeat.other")
        method, _properties, body = self.broker.wait_message(self.vhost, "seen")
        self.assertEqual((method.routing_key, json.loads(body)["event_type"]),
                         ("system.heartbeat.other", "system.heartbeat.tick"))

    def test_without_a_broker_it_is_status_1(self):
        self.run_ctl(1, "tick", RABBIT_URL="amqp://guest:secret-word@127.0.0.1:1/")


class Offline(Ctl):
    """What needs neither service nor broker."""

    def test_no_bus_is_status_3(self):
        self.run_ctl(3, "status", DBUS_SESSION_BUS_ADDRESS=f"unix:path={os.path.join(self.home, 'none')}")
