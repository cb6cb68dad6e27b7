"""heartbeatctl beside programs on the bus that are no heartbeat-consumer, an older one, or one that hangs."""

import json

from gi.repository import Gio, GLib

from bench import files, process
from bench.agent import PREFIX, ROOT
from bench.case import Case
from bench.rogue import Rogue
from bench.service import program
from bench.wait import until


class Beside(Case):
    """A good agent, cack, and another."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        self.write_checks(good={"enabled": False})
        self.start()

    def objects(self, change=lambda text: text):
        """Return the good agent's answer to GetManagedObjects, as the agent bad's, with a change of its text."""
        reply = self.bus.connection.call_sync(self.agent.name, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                                              None, None, Gio.DBusCallFlags.NONE, -1, None)
        text = reply.print_(True).replace(f"{ROOT}/cack", f"{ROOT}/bad")
        return GLib.Variant.parse(reply.get_type(), change(text), None, None)

    def rogue(self, reply):
        """Have the agent bad on the bus."""
        rogue = Rogue(self.bus, "bad", reply)
        self.addCleanup(rogue.close)
        return rogue

    def assert_good_is_shown(self, *complaints):
        """The commands show the good agent, and complain of the other."""
        for command in ("status", "list"):
            for args in ((command,), (command, "--json")):
                ended = self.ctl(*args)
                self.assertEqual(ended.returncode, 1, ended.stderr)
                self.assertIn("good", ended.stdout)
                self.assertRegex(ended.stderr, "^heartbeatctl: bad: .*\n$")
                for complaint in complaints:
                    self.assertIn(complaint, ended.stderr)
        self.assertEqual(self.ctl("complete", "checks").stdout, "good\tdefault\n")


class Answers(Beside):
    """What a program may answer instead."""

    def test_a_property_that_is_missing(self):
        self.rogue(self.objects(lambda text: text.replace("'Reason'", "'Cause'")))
        self.assert_good_is_shown("does not tell Reason")

    def test_a_property_of_another_type(self):
        self.rogue(self.objects(lambda text: text.replace("'Broker': <'", "'Broker': <b'")))
        self.assert_good_is_shown("does not tell Broker")

    def test_no_properties(self):
        for interface in ("Agent", "Check"):
            path = f"{ROOT}/bad" + ("/checks/x" if interface == "Check" else "")
            rogue = Rogue(self.bus, "bad", GLib.Variant("(a{oa{sa{sv}}})", ({path: {f"{PREFIX}.{interface}": {}}},)))
            self.assert_good_is_shown("restart the service")
            rogue.close()

    def test_another_signature(self):
        for reply in (GLib.Variant("(s)", ("x",)), GLib.Variant("(a{ss})", ({},))):
            rogue = Rogue(self.bus, "bad", reply)
            self.assert_good_is_shown()
            rogue.close()

    def test_objects_of_another_agent_are_not_its(self):
        self.rogue(self.objects(lambda text: text.replace(f"{ROOT}/bad", f"{ROOT}/cack")))
        ended = self.ctl("list")
        self.assertEqual(ended.returncode, 0)
        self.assertEqual(ended.stdout.count("good"), 1)

    def test_an_agent_alone_that_shows_nothing(self):
        self.rogue(GLib.Variant("(a{oa{sa{sv}}})", ({},)))
        for command in ("status", "list"):
            ended = self.ctl(command, "--agent", "bad")
            self.assertEqual((ended.returncode, ended.stdout), (3, ""))
            self.assertEqual(ended.stderr, "heartbeatctl: bad has left the bus\n")

    def test_past_runs_that_nobody_tells(self):
        self.rogue(self.objects())
        ended = self.ctl("list")
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(ended.stderr, "heartbeatctl: bad: the past runs cannot be read: the service does not answer\n")
        self.assertEqual(ended.stdout.count("good"), 2)


class Signals(Beside):
    """What anybody may emit."""

    def test_signals_of_other_types(self):
        with open(self.path("lines"), "w", encoding="utf-8") as file:
            child = process.spawn([program("HEARTBEATCTL"), "monitor", "--json"], env=self.env, stdout=file)
        self.addCleanup(process.end, child)

        def heard():
            """Emit what is wrong, then what is right; return the lines that have come."""
            for member in ("CheckStarted", "CheckFinished", "MessageReceived", "Odd"):
                for value in (None, GLib.Variant("(i)", (1,)), GLib.Variant("(sa{sv})", ("a", {}))):
                    for path in (f"{ROOT}/bad", f"{ROOT}/_", "/"):
                        self.bus.connection.emit_signal(None, path, f"{PREFIX}.Agent", member, value)
            self.agent.run("good")
            return files.read(self.path("lines")).splitlines()
        until(heard, what="a line")
        heard()
        self.assertEqual({json.loads(line)["agent"] for line in heard()}, {"cack"})
        self.assertEqual(process.end(child), 0)
