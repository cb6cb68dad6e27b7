"""heartbeatctl."""

import json
import os
import re
import signal
import subprocess
import time

from bench import files
from bench.agent import Agent
from bench.case import Case
from bench.service import program

FAILING = {"handler": "command", "meta": {"command": ["false"]}}
# a time of today, or around midnight of a day nearby
CLOCK = r"(\w+ |\d{4}-\d\d-\d\d )?\d\d:\d\d"


def version():
    """Return the project's version, from meson.build."""
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "meson.build"), encoding="utf-8") as file:
        return re.search(r"(?m)^  version: '([\d.]+)',$", file.read()).group(1)


class Ctl(Case):
    """A test of the command line client; no broker unless the class asks for one."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        recent = time.time_ns() // 1_000_000
        self.write_checks(good={"lastRun": recent}, failing={**FAILING, "lastRun": recent})

    def run_ctl(self, *args, **variables):
        """Run it; it must succeed without a complaint. Return standard output."""
        ended = self.ctl(*args, **variables)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        return ended.stdout

    def run_json(self, *args):
        """Run it with --json; return the one document that it prints."""
        return json.loads(self.run_ctl(*args, "--json"))

    def assert_fails(self, status, complaint, *args, output="", **variables):
        """Run it; it must end with that exit status and that complaint. Standard output must match a pattern."""
        ended = self.ctl(*args, **variables)
        self.assertEqual((ended.returncode, ended.stderr), (status, f"heartbeatctl: {complaint}\n"), ended.stdout)
        self.assertRegex(ended.stdout, f"^{output}$")


class Commands(Ctl):
    """With a service."""

    def setUp(self):
        super().setUp()
        self.start()

    def test_status(self):
        self.agent.wait("TicksIdle", 1)
        self.run_ctl("run", "good")
        text = self.run_ctl("status")
        for pattern in (r"Agent +cack", rf"File +{self.config}", r"Broker +none: ticks come from a timer",
                        r"Last tick +.* \(1 received, 1 with nothing due\)", r"Runs +1 good, 0 failed, 0 skipped",
                        r"Next due +(in \d+ s|now)", "",
                        r"CHECK +STATE +CADENCE +LAST RUN +NEXT DUE +LAST 10 +LAST RESULT",
                        r"failing +(idle|due) +1 min +.*", r"good +(idle|due) +1 min +.* +✓ +success"):
            self.assertRegex(text, f"(?m)^{pattern}$")

    def test_output_that_is_no_terminal_has_no_colour(self):
        self.assert_fails(1, "the check “failing” failed", "run", "failing", output="failing: failed in .*\n")
        text = self.run_ctl("status")
        # on a terminal it has one
        self.assertIn("backing-off", text)
        self.assertNotIn("\033", text)

    def test_status_as_json(self):
        agent, = self.run_json("status")["agents"]
        self.assertEqual((agent["Name"], agent["ConfigPath"], agent["TickSource"]), ("cack", self.config, "local"))
        self.assertEqual([(check["Name"], check["State"], check["CadenceMs"]) for check in agent["Checks"]],
                         [("failing", "idle", 60000), ("good", "idle", 60000)])

    def line(self, check):
        """Return a check's line of `list`, without its name."""
        lines = [line for line in self.run_ctl("list").splitlines() if line.split()[0] == check]
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
        self.assertRegex(self.line("later"), r"^idle +due in 4 d$")
        self.assertRegex(self.line("overdue"), r"^due +due now$")
        self.assertRegex(self.line("off"), r"^disabled +disabled$")
        self.assertRegex(self.line("wrong"), r"^invalid +line \d+, column \d+: checks.wrong.cadenceMs: .*, not 5$")
        self.assertRegex(self.line("held"), r"^paused +paused: the disk is changed$")
        self.assertRegex(self.line("rest"), r"^paused +paused until \d{4}-\d\d-\d\d \d\d:\d\d$")

    def test_list_shows_times_of_the_local_zone(self):
        self.reload(held={}, paused={"held": {"until": 4102444800000}})
        self.assertIn("until 2100-01-01 05:30", self.run_ctl("list", TZ="Asia/Kolkata"))

    def test_list_of_a_check_that_fails(self):
        self.agent.run("failing")
        self.assertRegex(self.line("failing"), rf"^backing-off +✗ +backing off after 1 failure until {CLOCK}$")

    def test_list_as_json(self):
        checks = self.run_json("list")["checks"]
        self.assertEqual([(check["Agent"], check["Name"], check["Reason"]["code"]) for check in checks],
                         [("cack", "failing", "not-yet"), ("cack", "good", "not-yet")])

    def test_show(self):
        self.write_checks(good={"priority": 7, "cadenceMs": 7200000, "lastRun": time.time_ns() // 1_000_000,
                                "handler": "command", "meta": {"command": "echo fine"}})
        self.run_ctl("run", "good")
        text = self.run_ctl("show", "good")
        for pattern in (r"Check +good", r"Agent +cack", r"Handler +command", r"State +idle", r"Why +due in (1 h|\d+ min)",
                        r"Enabled +yes", r"Paused +no", r"Cadence +2 h", rf"Last run +{CLOCK} \((just now|\d+ \w+ ago)\)",
                        rf"Next due +{CLOCK} \(in (1 h|\d+ min)\)", r"Since then +0\.\d\d cadences", r"Priority +7",
                        r"Last result +success", r"Message +fine", r"Duration +[\d.]+ s", r"Failures in a row +0"):
            self.assertRegex(text, f"(?m)^{pattern}$")

    def test_show_as_json(self):
        document = self.run_json("show", "failing")
        self.assertEqual((document["Agent"], document["Name"], document["State"]), ("cack", "failing", "idle"))
        self.assertEqual(document["Reason"]["code"], "not-yet")

    def test_show_of_an_unknown_check_is_status_1(self):
        self.assert_fails(1, "cack has no check “none”", "show", "none")

    def test_output_that_cannot_be_written_is_status_1(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            ended = subprocess.run([program("HEARTBEATCTL"), "status"], env=self.env, stdout=full,
                                   stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("cannot be written", ended.stderr)

    def test_a_handler_says_nothing_to_the_terminal(self):
        # the first tick must not run it
        self.write_checks(loud={"handler": "command", "lastRun": time.time_ns() // 1_000_000,
                                "meta": {"command": ["printf", "\\033[31mred\\007"]}})
        self.assertRegex(self.run_ctl("run", "loud"), "^loud: success in .* s:  \\[31mred \n$")

    def test_an_argument_that_is_not_utf_8_is_status_2(self):
        ended = subprocess.run([program("HEARTBEATCTL"), "run", b"\xff"], env=self.env, capture_output=True, check=False)
        self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (2, b"", b"heartbeatctl: an argument is not UTF-8\n"))

    def test_run(self):
        self.assertRegex(self.run_ctl("run", "good"), r"^good: success in (\d\.\d\d|[1-9]\d*) s\n$")
        self.assertEqual(self.agent.check("good").get("LastStatus"), "success")

    def test_run_as_json(self):
        document = self.run_json("run", "good")
        self.assertEqual((document["agent"], document["check"], document["status"]), ("cack", "good", "success"))
        self.assertEqual(document["started"] // 1000, self.last_run("good"))

    def test_a_failed_run_is_status_1(self):
        self.assert_fails(1, "the check “failing” failed", "run", "failing",
                          output="failing: failed in .* s: the program ended with status 1\n")

    def test_a_failed_run_as_json_is_status_1_with_a_document(self):
        ended = self.ctl("run", "failing", "--json")
        self.assertEqual((ended.returncode, json.loads(ended.stdout)["status"]), (1, "failed"))
        self.assertEqual(ended.stderr, "heartbeatctl: the check “failing” failed\n")

    def test_an_unknown_check_is_status_1(self):
        self.assert_fails(1, "the agent “cack” has no check “none”", "run", "none")

    def test_an_agent_that_does_not_run_is_status_3(self):
        self.assert_fails(3, "no heartbeat-consumer serves the agent “other” on this bus", "--agent", "other", "status")


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
        for args in (("run", "good"), ("show", "good"), ("pause", "good"), ("history",)):
            self.assert_fails(2, "several agents run: choose one of 2nd, cack with --agent", *args)
        self.run_ctl("run", "good", "--agent", "2nd")
        self.assertEqual((self.agent.get("RunsSucceeded"), Agent(self.bus, "2nd").get("RunsSucceeded")), (0, 1))

    def test_all_are_shown(self):
        self.assertEqual([agent["Name"] for agent in self.run_json("status")["agents"]], ["2nd", "cack"])
        self.assertRegex(self.run_ctl("list"), r"(?m)^AGENT +CHECK .*\n2nd +good .*\ncack +failing .*\ncack +good ")

    def test_the_agent_can_be_named(self):
        for name in ("2nd", "cack"):
            self.assertEqual([agent["Name"] for agent in self.run_json("--agent", name, "status")["agents"]], [name])
            # AGENT_NAME is the service's: it chooses nothing here
            self.assertRegex(self.run_ctl("show", "good", "--agent", name, AGENT_NAME="other"), rf"(?m)^Agent +{name}$")

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
        for args in (("status",), ("list",), ("show", "good"), ("run", "good"), ("history",), ("pause", "good"), ("reload",)):
            with self.subTest(args):
                self.assert_fails(3, "no heartbeat-consumer runs on this bus", *args)

    def test_an_unknown_command_is_status_2(self):
        self.assert_fails(2, "there is no command “nonsense”; see heartbeatctl --help", "nonsense")

    def test_an_unknown_option_is_status_2(self):
        self.assert_fails(2, "Unknown option --nonsense", "status", "--nonsense")

    def test_an_option_of_another_command_is_status_2(self):
        for args in (("list", "--for=2h"), ("resume", "good", "--for", "2h"), ("status", "--yes"), ("tick", "--all"),
                     ("show", "good", "--most=3"), ("schema", "--config=x"), ("run", "good", "--reason=")):
            with self.subTest(args):
                option = next(arg for arg in args if arg.startswith("--")).split("=")[0]
                self.assert_fails(2, f"Unknown option {option}", *args)

    def test_the_wrong_number_of_arguments_is_status_2(self):
        for args, usage in ((("show",), "show CHECK"), (("run",), "run CHECK"), (("run", "a", "b"), "run CHECK"),
                            (("status", "x"), "status"), (("publish", "a"), "publish EVENT_TYPE JSON")):
            with self.subTest(args):
                self.assert_fails(2, f"usage: heartbeatctl {usage}", *args)

    def test_no_command_is_status_2(self):
        self.assert_fails(2, "a command is expected; see heartbeatctl --help")

    def test_help(self):
        text = self.run_ctl("--help")
        self.assertTrue(text.startswith("Usage: heartbeatctl [OPTION…] COMMAND\n"), text)
        self.assertRegex(text, r"(?m)^  run CHECK +Run a check now and wait for its end$")
        self.assertEqual(self.run_ctl("-h"), text)

    def test_version(self):
        self.assertEqual(self.run_ctl("--version"), f"heartbeatctl {version()}\n")


class Tick(Ctl):
    """A tick by hand."""

    with_broker = True

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="amqp")
        self.write_checks(good={})

    def test_a_tick_runs_the_overdue_check(self):
        self.start()
        self.assertRegex(self.run_ctl("tick"),
                         r"^published system\.heartbeat\.tick to bloodbank\.events\.v1 \(event [0-9a-f-]{36}\)\n$")
        self.assertEqual(self.finished("good"), "success")

    def test_what_is_published_carries_everything(self):
        self.broker.collect(self.vhost, "seen", "system.heartbeat.tick")
        self.run_ctl("tick")
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
        document = self.run_json("tick")
        self.assertEqual(document, {"event_id": self.broker.wait_message(self.vhost, "seen")[1].message_id,
                                    "exchange": "bloodbank.events.v1", "routing_key": "system.heartbeat.tick"})

    def test_another_routing_key(self):
        self.broker.collect(self.vhost, "seen", "system.heartbeat.other")
        self.run_ctl("tick", "--routing-key", "system.heartbeat.other")
        method, _properties, body = self.broker.wait_message(self.vhost, "seen")
        self.assertEqual((method.routing_key, json.loads(body)["event_type"]),
                         ("system.heartbeat.other", "system.heartbeat.tick"))

    def test_without_a_broker_it_is_status_1(self):
        self.assert_fails(1, "the broker 127.0.0.1:1 cannot be reached: Could not connect to 127.0.0.1: Connection refused: "
                             "start the broker there, or correct RABBIT_URL",
                          "tick", RABBIT_URL="amqp://guest:secret-word@127.0.0.1:1/")

    def test_without_a_consumer_it_is_status_1(self):
        self.broker.collect(self.vhost, "seen", "another.key")
        self.assert_fails(1, "no queue is bound to bloodbank.events.v1 for system.heartbeat.tick: no consumer has run yet",
                          "tick")


class Offline(Ctl):
    """What needs neither service nor broker."""

    def test_no_bus_is_status_3(self):
        self.assert_fails(3, "the session bus cannot be reached: Could not connect: No such file or directory",
                          "status", DBUS_SESSION_BUS_ADDRESS=f"unix:path={self.path('none')}")
