"""Clients that do what they should not, and a bus that does: all is answered, nothing is lost, the loop turns."""

import collections
import json
import os
import threading
import time

from gi.repository import Gio, GLib

from bench import files
from bench.agent import ERROR, PREFIX, ROOT
from bench.bus import pump
from bench.case import Case
from bench.kinds import measured
from bench.latency import note
from bench.wait import until

MANAGER = "org.freedesktop.DBus.ObjectManager"
PROPERTIES = "org.freedesktop.DBus.Properties"
SOAK = bool(os.environ.get("SOAK"))
CHECKS = 1000 if SOAK else 200
MAX_HANDLERS = 1000


class Hostile(Case):
    """A service whose loop is measured, with ticks a day apart."""

    with_broker = False
    probed = True

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        self.recent = time.time_ns() // 1_000_000

    def ask(self, client, path, interface, method, arguments=None):
        """Call a method of the service; return what it answers."""
        return client.call_sync(self.agent.name, path, interface, method, arguments, None, Gio.DBusCallFlags.NONE, 60000,
                                None).unpack()

    def error_of(self, call, *args):
        """Return the name of the error that a call ends with, without our prefix."""
        with self.assertRaises(GLib.Error) as raised:
            call(*args)
        return Gio.DBusError.get_remote_error(raised.exception).removeprefix(ERROR)

    def paused(self, check):
        """Return what the file has of a check's pause."""
        return json.loads(self.read()).get("paused", {}).get(check)


class Walkers(Hostile):
    """Clients that look while checks come and go."""

    def setUp(self):
        super().setUp()
        self.stop = threading.Event()
        self.walks = self.reads = 0
        self.odd = []

    def background(self, function):
        """Call a function with a connection of its own until the end."""
        def run():
            client = self.bus.another()
            while not self.stop.is_set():
                function(client)
            client.close_sync(None)
        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join, 60)
        self.addCleanup(self.stop.set)

    def walk(self, client):
        """All objects: each check is where its name belongs, with all of its properties."""
        objects = self.ask(client, ROOT, MANAGER, "GetManagedObjects")[0]
        for path, interfaces in objects.items():
            check = interfaces.get(PREFIX + ".Check")
            if check is not None and (self.agent.check(check["Name"]).path != path or check["Handler"] != "default"):
                self.odd.append((path, check))
        self.walks += 1

    def read_one(self, client):
        """One check, which may be gone."""
        path = self.agent.check(f"check-{self.reads % CHECKS}").path
        try:
            self.ask(client, path, PROPERTIES, "GetAll", GLib.Variant("(s)", (PREFIX + ".Check",)))
        except GLib.Error as error:
            if Gio.DBusError.get_remote_error(error) != "org.freedesktop.DBus.Error.UnknownMethod":
                self.odd.append(error)
        self.reads += 1

    def write_some(self, count):
        """Let that many checks be there."""
        self.write_checks(**{f"check-{i}": {"lastRun": self.recent} for i in range(count)})
        self.agent.call("Reload")

    @measured
    def test_checks_come_and_go_while_they_look(self):
        self.write_checks()
        self.start()
        self.background(self.walk)
        self.background(self.read_one)
        for round_ in range(20 if SOAK else 4):
            for count in (CHECKS, 3):
                before = self.walks, self.reads
                self.write_some(count)
                until(lambda: self.walks > before[0] and self.reads > before[1], what=f"looks in round {round_}")
        self.stop.set()
        self.assertEqual(self.odd, [])
        objects = self.bus.call(self.agent.name, ROOT, MANAGER, "GetManagedObjects")[0]
        self.assertEqual(len(objects), 1 + 3)
        self.assert_quick(f"{CHECKS} checks that come and go")


class Arguments(Hostile):
    """What no sensible client says."""

    def setUp(self):
        super().setUp()
        self.write_checks(a={"lastRun": self.recent})

    def test_the_ends_of_pauses(self):
        self.start()
        latest = (1 << 53) - 1
        for end, written, state in ((1, 1, "idle"), (999, 1, "idle"), (self.recent * 1000 - 1, self.recent - 1, "idle"),
                                    (latest * 1000, latest, "paused"), (latest * 1000 + 1000, latest, "paused"),
                                    ((1 << 63) - 1, latest, "paused")):
            self.agent.call("Pause", "(sxs)", "a", end, "")
            self.assertEqual(self.paused("a"), {"until": written})
            self.assertEqual((self.agent.check("a").get("State"), self.agent.check("a").get("Error")), (state, ""), end)
        self.assertEqual(self.ctl("validate", self.config).returncode, 0)
        for end in (-1, -(1 << 63)):
            self.assertEqual(self.error_of(self.agent.call, "Pause", "(sxs)", "a", end, ""), "InvalidArgument")
        self.assertEqual(self.paused("a"), {"until": latest})

    def test_reasons_of_pauses(self):
        self.start()
        for reason in ("\x01\x1b[31m\x7f", "ä" * 1000, '"\\\n/', "\u202eabc\u2028", "\U0001f493"):
            self.agent.call("Pause", "(sxs)", "a", 0, reason)
            self.assertEqual(self.agent.check("a").get("Reason"), {"code": "paused", "reason": reason})
            self.assertEqual(self.paused("a"), {"reason": reason})
        self.assertEqual(self.error_of(self.agent.call, "Pause", "(sxs)", "a", 0, "ä" * 1001), "InvalidArgument")

    def test_events_that_are_none(self):
        # with a broker that is not there: what is no event is refused at once, and does not wait for it
        self.start(TICK_SOURCE="auto", RABBIT_URL="amqp://u:p@127.0.0.1:1/")
        for event_type, payload in (("", "{}"), ("x" * 256, "{}"), ("a", ""), ("a", "[]"), ("a", "null"), ("a", "{"),
                                    ("a", "{} {}"), ("a", '{"a": "\\ud800"}'), ("a", '{"a": ' + "[" * 80 + "]" * 80 + "}"),
                                    ("a", '{"a": NaN}'), ("a", '{"a": "%s"}' % ("x" * (1 << 20)))):
            with self.subTest(f"{event_type[:9]} {payload[:20]}"):
                self.assertEqual(self.error_of(self.agent.call, "Publish", "(ss)", event_type, payload),
                                 "InvalidArgument")

    def test_properties_are_not_writable(self):
        self.start()
        for target, name, value in ((self.agent, "ConfigError", GLib.Variant("s", "x")),
                                    (self.agent.check("a"), "Enabled", GLib.Variant("b", False))):
            self.assertEqual(self.error_of(self.bus.call, target.name, target.path, PROPERTIES, "Set", "(ssv)",
                                           target.interface, name, value), "org.freedesktop.DBus.Error.InvalidArgs")
        self.assertTrue(self.agent.check("a").get("Enabled"))


class Leavers(Hostile):
    """Programs that register handlers and go."""

    def setUp(self):
        super().setUp()
        self.write_checks(a={"handler": "mine", "lastRun": self.recent, "enabled": False})

    def register(self, client, name, on_answer=None):
        """Register a handler, and do not wait."""
        client.call(self.agent.name, self.agent.path, self.agent.interface, "RegisterHandler",
                    GLib.Variant("(so)", (name, "/handler")), None, Gio.DBusCallFlags.NONE, 60000, None, on_answer)

    def state(self):
        """Return the names in the state file."""
        path = self.path("xdg_state_home/heartbeat-consumer/cack.json")
        return json.loads(files.read(path))["busHandlers"] if os.path.exists(path) else []

    def test_one_that_leaves_at_once(self):
        service = self.start()
        for _ in range(10):
            client = self.bus.another()
            self.register(client, "mine")
            client.flush_sync(None)
            client.close_sync(None)
        # as a handler that is known and not there, not as `default`
        until(lambda: "is not there" in self.agent.run("a")["message"], what="the handler to be gone")
        service.wait_log("the handler “mine” has left the bus")

    def test_names_are_remembered_within_bounds(self):
        self.start()
        answers = []

        def on_answer(connection, result):
            try:
                connection.call_finish(result)
                answers.append("")
            except GLib.Error as error:
                answers.append(Gio.DBusError.get_remote_error(error))
        # with a main context in this thread, as every client of the bus here
        client = self.bus.another()
        for i in range(MAX_HANDLERS):
            self.register(client, f"handler-{i}", on_answer)
        until(lambda: (pump(), len(answers) == MAX_HANDLERS)[1], what="all to be registered")
        self.assertEqual(set(answers), {""})
        client.close_sync(None)
        until(lambda: len(self.state()) == MAX_HANDLERS, what="the state file to have them")
        self.assertEqual(self.error_of(self.agent.call, "RegisterHandler", "(so)", "mine", "/handler"), "Refused")
        # one that is known may come back, also when all are there
        until(lambda: self.agent.call("RegisterHandler", "(so)", "handler-7", "/handler") == (), what="the old name")
        self.agent.call("RegisterHandler", "(so)", "handler-7", "/other")
        self.agent.call("UnregisterHandler", "(s)", "handler-7")
        self.agent.call("RegisterHandler", "(so)", "mine", "/handler")
        until(lambda: "mine" in self.state(), what="the new name in the state file")
        self.assertEqual(len(self.state()), MAX_HANDLERS)


class Floods(Hostile):
    """More than anybody needs."""

    def test_calls(self):
        count = 10000 if SOAK else 1000
        self.write_checks(a={"lastRun": self.recent})
        self.start()
        answers = []

        def on_answer(connection, result):
            try:
                answers.append(connection.call_finish(result).unpack())
            except GLib.Error as error:
                answers.append(error.message)
        client = self.bus.another()
        for i in range(count):
            client.call(self.agent.name, self.agent.path, self.agent.interface, ("ListHandlers", "Reload")[i % 2], None,
                        None, Gio.DBusCallFlags.NONE, 600000, None, on_answer)
        until(lambda: (pump(), len(answers) == count)[1], timeout=120, what="all answers")
        handlers = (["command", "default", "quarterly_compaction", "sub_health"],)
        self.assertEqual(collections.Counter(map(str, answers)), {str(handlers): count // 2, "()": count // 2})
        client.close_sync(None)
        # GDBus calls all that has come in one turn of the loop: how long that takes is the caller's doing
        own, raw = self.services[0].latency.worst_ms()
        note(f"{count} calls at once: worst delay {own:.1f} ms, {raw:.1f} ms with waiting")
        self.assertEqual(self.agent.run("a")["status"], "success")

    @measured
    def test_signals_that_the_bus_did_not_send(self):
        self.write_checks(a={"lastRun": self.recent})
        self.start()
        owner, = self.bus.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetNameOwner", "(s)",
                               self.agent.name)
        for i in range(1000):
            self.bus.connection.emit_signal(owner, "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                            ("NameLost", "NameAcquired", "NameOwnerChanged")[i % 3],
                                            GLib.Variant("(s)", (self.agent.name,)))
        self.assertEqual(self.agent.run("a")["status"], "success")
        self.assert_quick("1000 signals")
        self.assertNotIn(" WARNING ", self.services[0].stderr)
        self.assertEqual(self.bus.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetNameOwner", "(s)",
                                       self.agent.name), (owner,))

    def test_a_check_that_goes_while_it_runs(self):
        self.write_checks(slow={"handler": "command", "meta": self.gate(), "enabled": False}, other={"enabled": False})
        self.start()
        self.agent.call("RunCheck", "(sa{sv})", "slow", {"wait": GLib.Variant("b", False)})
        self.wait_gate()
        without = self.write_checks(other={"enabled": False})
        self.agent.call("Reload")
        self.assertEqual(self.error_of(self.agent.run, "slow"), "NoSuchCheck")
        self.assertEqual(self.error_of(self.agent.check("slow").all), "org.freedesktop.DBus.Error.UnknownMethod")
        self.open_gate()
        self.assertEqual(self.finished("slow"), "success")
        self.assertEqual(self.read(), without)


@measured
class Bus(Hostile):
    """A bus that hangs, or restarts again and again."""

    def test_one_that_hangs(self):
        self.write_checks(a={"cadenceMs": 1000, "lastRun": self.recent})
        self.start(TICK_INTERVAL_S="1")
        self.bus.freeze()
        self.addCleanup(self.bus.thaw)
        before = self.last_run("a")
        until(lambda: self.last_run("a") > before + 2000, what="runs that nobody hears of")
        self.bus.thaw()
        self.agent.check("a").wait("LastStatus", "success")
        self.assert_quick("a bus that hangs")

    def test_one_that_restarts_again_and_again(self):
        self.write_checks(a={"lastRun": self.recent})
        service = self.start()
        for round_ in range(20 if SOAK else 3):
            self.bus.stop()
            until(lambda: service.stderr.count("there is no session bus") == round_ + 1, what="the end of the bus")
            self.bus.start()
            started = time.monotonic()
            self.agent.wait_owned()
            # it looks after a second, and after two more
            self.assert_within(time.monotonic() - started, 5)
            self.assertEqual(self.agent.run("a")["status"], "success")
        self.assertEqual(self.agent.get("RunsSucceeded"), round_ + 1)
