"""heartbeatctl's commands that change something, and the past runs."""

import json
import time
import uuid

from bench.case import Case
from bench.service import ctl

FAILING = {"handler": "command", "meta": {"command": "echo broken; exit 1"}}


class Changes(Case):
    """pause, resume, enable, disable, reload, history, publish."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        now = time.time_ns() // 1_000_000
        self.write_checks(backup={"lastRun": now}, mail={**FAILING, "lastRun": now})
        self.start()

    def ctl(self, *args, status=0):
        """Run heartbeatctl; it must end with that status. Return what it wrote to standard output, else error."""
        done = ctl(self.env, *args)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def paused(self, name):
        """Return the member of `paused` in the file, None without it."""
        return json.loads(self.read()).get("paused", {}).get(name)

    def test_pause_for_a_while_and_resume(self):
        before = time.time() * 1000
        self.assertRegex(self.ctl("pause", "backup", "--for", "2h", "--reason", "disk full"),
                         r"^backup: paused until (\w+ )?\d\d:\d\d\n$")
        entry = self.paused("backup")
        self.assertEqual(entry["reason"], "disk full")
        self.assertAlmostEqual(entry["until"], before + 7_200_000, delta=60_000)
        self.assertTrue(self.agent.check("backup").get("Paused"))
        self.assertEqual(self.ctl("resume", "backup"), "backup: resumed\n")
        self.assertIsNone(self.paused("backup"))

    def test_pause_all_until_resumed(self):
        self.assertEqual(self.ctl("pause", "--all"), "all checks: paused until resumed\n")
        self.assertIs(self.paused("*"), True)
        self.assertTrue(self.agent.get("Paused"))
        self.assertEqual(self.ctl("resume", "--all"), "all checks: resumed\n")
        self.assertIsNone(self.paused("*"))
        self.assertFalse(self.agent.get("Paused"))

    def test_pause_until_a_time(self):
        self.assertEqual(self.ctl("pause", "backup", "--until", "2099-12-31 09:00"),
                         "backup: paused until 2099-12-31 09:00\n")
        self.assertEqual(self.paused("backup")["until"], 4102390800000)  # the tests run in UTC

    def test_pause_as_json(self):
        document = json.loads(self.ctl("pause", "backup", "--for=1d", "--json"))
        self.assertEqual(document, {"agent": "cack", "check": "backup", "paused": True,
                                    "until": self.paused("backup")["until"] * 1000 + document["until"] % 1000})

    def test_what_pause_does_not_take(self):
        before = self.read()
        for args, complaint in (
                (["pause"], "a check is expected, or --all"), (["resume"], "a check is expected, or --all"),
                (["pause", "backup", "--all"], "a check and --all exclude each other"),
                (["pause", "backup", "--for", "2"], "“2” is no length of time such as 30min, 2h or 3d"),
                (["pause", "backup", "--until", "yesterday"],
                 "“yesterday” is no time in the future such as 17:30, 2030-12-31 or 2030-12-31 09:00"),
                (["pause", "backup", "--for=2h", "--until=17:00"], "--for and --until exclude each other"),
                (["pause", "a", "b"], "usage: heartbeatctl pause CHECK|--all")):
            with self.subTest(args):
                self.assertEqual(self.ctl(*args, status=2), f"heartbeatctl: {complaint}\n")
        for command in ("pause", "resume", "enable", "disable"):
            self.assertEqual(self.ctl(command, "nobody", status=1),
                             "heartbeatctl: the agent “cack” has no check “nobody”\n")
        self.assertEqual(self.read(), before)

    def test_enable_and_disable(self):
        self.assertEqual(self.ctl("disable", "mail"), "mail: disabled\n")
        self.assertFalse(self.agent.check("mail").get("Enabled"))
        self.assertEqual(json.loads(self.ctl("enable", "mail", "--json")),
                         {"agent": "cack", "check": "mail", "enabled": True})
        self.assertTrue(self.agent.check("mail").get("Enabled"))

    def test_reload(self):
        self.assertEqual(self.ctl("reload"), "cack: heartbeat.json is good\n")
        self.write(b"{")
        self.assertEqual(self.ctl("reload", status=1), f"heartbeatctl: {self.config}: line 1, column 2: "
                                                       "a member's name in double quotes is expected here\n")

    def test_history(self):
        self.assertEqual(self.ctl("history"), "")
        self.agent.run("backup")
        self.agent.run("mail")
        lines = self.ctl("history").splitlines()
        self.assertRegex(lines[0], "^TIME +CHECK +STATUS +TOOK +BY +MESSAGE$")
        self.assertRegex(lines[1], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  mail +failed +.* s +manual +broken$")
        self.assertRegex(lines[2], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  backup +success +.* s +manual$")
        self.assertEqual([line.split() for line in self.ctl("history", "--most=1").splitlines()],
                         [line.split() for line in lines[:2]])
        lines = self.ctl("history", "backup").splitlines()
        self.assertRegex(lines[0], "^TIME +STATUS +TOOK +BY +MESSAGE$")
        self.assertRegex(lines[1], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  success +.* s +manual$")
        self.assertEqual(len(lines), 2)
        document = json.loads(self.ctl("history", "mail", "--json"))
        self.assertEqual((document["agent"], [run["message"] for run in document["runs"]]), ("cack", ["broken"]))
        for number in ("-1", "0"):
            self.assertEqual(self.ctl("history", "--most=" + number, status=2), "heartbeatctl: --most is a number from 1\n")
        for number in ("x", ""):
            self.assertIn(f"“{number}” for --most", self.ctl("history", "--most=" + number, status=2))

    def test_publish_without_a_broker(self):
        self.assertEqual(self.ctl("publish", "agent.cack.x", "{}", status=1),
                         "heartbeatctl: there is no broker: ticks are local\n")

    def test_no_service(self):
        self.services[0].stop()
        self.bus.wait_name(self.agent.name, owned=False)
        for args in (["pause", "backup"], ["resume", "--all"], ["enable", "backup"], ["reload"], ["history"],
                     ["publish", "a", "{}"]):
            with self.subTest(args):
                self.assertEqual(self.ctl(*args, status=3), "heartbeatctl: no heartbeat-consumer runs on this bus\n")


class Publish(Case):
    """publish, with a broker."""

    def test_it_prints_the_events_id(self):
        self.write_checks()
        self.broker.collect(self.vhost, "events", "agent.cack.note")
        self.start()
        done = ctl(self.env, "publish", "agent.cack.note", '{"text": "hello"}')
        self.assertEqual(done.returncode, 0, done.stderr)
        _method, properties, body = self.broker.wait_message(self.vhost, "events")
        self.assertEqual(str(uuid.UUID(done.stdout.strip())), properties.message_id)
        self.assertEqual(json.loads(body)["payload"], {"text": "hello"})
        done = ctl(self.env, "publish", "agent.cack.note", "{}", "--json")
        document = json.loads(done.stdout)
        self.assertEqual(document, {"agent": "cack", "event_id": document["event_id"]})
        self.assertEqual(str(uuid.UUID(document["event_id"])), document["event_id"])
        done = ctl(self.env, "publish", "agent.cack.note", "[]")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("object", done.stderr)
        self.assertEqual(self.broker.queue_depth(self.vhost, "events"), (1, 0))
