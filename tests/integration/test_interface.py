"""The D-Bus interface is what data/org.bloodbank.Heartbeat1.xml says: each member of it has an assertion here."""

import importlib
import json
import os
import subprocess
import sys
import time
import unittest

from gi.repository import Gio, GLib

from bench import files, interface, process
from bench.agent import ERROR, PREFIX, ROOT
from bench.bus import pump
from bench.case import Case
from bench.kinds import measured
from bench.proxy import Proxy
from bench.wait import until

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples")
FAILING = {"handler": "command", "meta": {"command": "echo broken; exit 1"}}
SKIPPING = {"handler": "command", "meta": {"command": """echo '{"status": "skipped", "message": "nothing"}'"""}}
CHECK = "1 odd/näme.*"
PROPERTIES = "org.freedesktop.DBus.Properties"
FAR = 4_000_000_000_000_000


class Interface(Case):
    """A service with an agent whose name begins with a digit."""

    def setUp(self):
        super().setUp()
        self.queue = "agent.1st-cack.inbox"
        self.agent = type(self.agent)(self.bus, "1st-cack")
        self.env.update(AGENT_NAME="1st-cack")
        self.recent = time.time_ns() // 1_000_000 - 1000

    def write_checks(self, **checks):
        content = files.heartbeat(checks, "1st-cack")
        self.write(content)
        return content

    def object(self, interface_name):
        """Return the agent or the check."""
        return self.agent if interface_name == "Agent" else self.agent.check(CHECK)

    def error_of(self, target, method, signature, *args):
        """Call a method that must fail; return the error's name and its message."""
        with self.assertRaises(GLib.Error) as raised:
            target.call(method, signature, *args)
        name = Gio.DBusError.get_remote_error(raised.exception)
        Gio.DBusError.strip_remote_error(raised.exception)
        return name, raised.exception.message


class Local(Interface):
    """Ticks are a day apart: what runs is run by hand."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")


class Members(unittest.TestCase):
    """What clients count on: a member may come, but none goes or gets another type."""

    PROPERTIES = {
        "Agent": {"s": "Name ConfigPath ConfigError ConnectionState ConnectionError Broker Exchange Queue TickSource Version",
                  "x": "LastTick NextDue", "b": "Paused",
                  "t": "TicksReceived TicksIdle RunsSucceeded RunsFailed RunsSkipped MessagesRejected"},
        "Check": {"s": "Name Handler State LastStatus LastMessage Error", "b": "Enabled Paused",
                  "x": "CadenceMs Priority LastRun NextDue LastDuration", "d": "OverdueRatio", "a{sv}": "Reason",
                  "u": "ConsecutiveFailures"}}
    METHODS = {"Agent.RunCheck": ("sa{sv}", "a{sv}"), "Agent.Reload": ("", ""), "Agent.Pause": ("sxs", ""),
               "Agent.Resume": ("s", ""), "Agent.SetEnabled": ("sb", ""), "Agent.ListHandlers": ("", "as"),
               "Agent.RegisterHandler": ("so", ""), "Agent.UnregisterHandler": ("s", ""), "Agent.History": ("su", "aa{sv}"),
               "Agent.Publish": ("ss", "s"), "Check.Run": ("a{sv}", "a{sv}"), "Check.Pause": ("xs", ""), "Check.Resume": ("", ""),
               "Handler.Run": ("a{sv}", "a{sv}")}
    SIGNALS = {"Agent.CheckStarted": "s", "Agent.CheckFinished": "ssa{sv}", "Agent.MessageReceived": "sss",
               "Check.Started": "", "Check.Finished": "sa{sv}"}
    CONST = {"Agent.Name", "Agent.ConfigPath", "Agent.Exchange", "Agent.Queue", "Agent.TickSource", "Agent.Version", "Check.Name"}

    def test_they_are_there(self):
        expected = {f"{name}.{member}": kind for name, kinds in self.PROPERTIES.items()
                    for kind, members in kinds.items() for member in members.split()}
        documented = interface.properties()
        self.assertEqual({name: documented[name].type for name in expected}, expected)
        for name, emits in (("const", self.CONST), ("false", {"Check.OverdueRatio"})):
            self.assertEqual({key for key, value in documented.items() if value.emits == name}, emits)
        documented = interface.methods()
        self.assertEqual({name: documented[name][:2] for name in self.METHODS}, self.METHODS)
        documented = interface.signals()
        self.assertEqual({name: documented[name] for name in self.SIGNALS}, self.SIGNALS)


class Properties(Interface):
    """Each property has the value that was documented, and says when it changes and only then."""

    def setUp(self):
        super().setUp()
        self.proxies = [Proxy(self.broker.port), Proxy(self.broker.port)]
        for proxy in self.proxies:
            self.addCleanup(proxy.stop)
        self.env["RABBIT_URL"] = " ".join(self.broker.url(self.vhost, proxy.port) for proxy in self.proxies)
        self.documented = interface.properties()
        self.asserted = set()

    def begin(self):
        """Start the service, which finds no broker yet, and see what it says at first."""
        self.recorder = self.bus.record(PROPERTIES)
        self.spawn()
        self.agent.wait_owned()
        self.known = {f"{name}.{key}": value for name in ("Agent", "Check")
                      for key, value in self.object(name).all().items()}
        self.seen = len(self.recorder.signals)
        # a change that is still being collected may have been read already, and is told, even if it is undone by then
        self.read = set(self.known)
        self.assertEqual(set(self.known), set(self.documented), "what is there is what is documented")

    def listen(self):
        """Take in what has been told of agent and check since; each must be a change."""
        signals = self.recorder.signals
        for signal in signals[self.seen:]:
            if signal.path not in (self.agent.path, self.object("Check").path):
                continue
            self.assertEqual(signal.args[2], [])
            for key, value in signal.args[1].items():
                name = f"{signal.args[0][len(PREFIX) + 1:]}.{key}"
                self.assertEqual(self.documented[name].emits, "true", name)
                if name not in self.read:
                    self.assertNotEqual(self.known[name], value, f"{name} did not change")
                self.read.discard(name)
                self.known[name] = value
        self.seen = len(signals)

    def matches(self, name, expected):
        """Say whether a property has been told to be, and is, what is expected."""
        target = self.object(name.partition(".")[0])
        value = target.get(name.partition(".")[2])
        if value != self.known[name]:
            self.read.add(name)
        self.listen()
        told = self.known[name] if self.documented[name].emits == "true" else value
        return all(expected(each) if callable(expected) else each == expected for each in (value, told))

    def expect(self, **expected):
        """Wait until the properties (Agent_Name) have these values, and were told to have them."""
        for key, value in expected.items():
            name = key.replace("_", ".")
            until(lambda: self.matches(name, value), what=f"{name} to be as expected, not {self.known[name]!r}")
            self.asserted.add(name)

    def write_all(self, root=None, **check):
        others = {"good": {"lastRun": self.recent, "cadenceMs": 86400000}, "skipping": {**SKIPPING, "enabled": False}}
        content = files.heartbeat({CHECK: {**FAILING, "lastRun": self.recent, "cadenceMs": 3600000, **check}, **others},
                                  "1st-cack", **(root or {}))
        self.write(content)

    def test_every_property(self):
        self.write_all()
        self.begin()
        self.expect(Agent_Name="1st-cack", Agent_ConfigPath=self.config, Agent_ConfigError="", Agent_Paused=False,
                    Agent_Exchange="bloodbank.events.v1", Agent_Queue=self.queue, Agent_TickSource="amqp",
                    Agent_LastTick=0, Agent_TicksReceived=0, Agent_NextDue=lambda due: due >= self.recent * 1000 + 3_600_000_000,
                    Agent_Version=lambda text: text.count(".") == 2)
        self.expect(Check_Name=CHECK, Check_Handler="command", Check_CadenceMs=3600000, Check_Priority=1,
                    Check_Enabled=True, Check_Paused=False, Check_LastRun=self.recent * 1000,
                    Check_NextDue=lambda due: due >= self.recent * 1000 + 3_600_000_000, Check_State="idle",
                    Check_OverdueRatio=lambda ratio: 0 < ratio < 0.5,
                    Check_Reason=lambda reason: reason["code"] == "not-yet" and reason["until"] > self.recent * 1000,
                    Check_LastStatus="", Check_LastMessage="", Check_LastDuration=0, Check_ConsecutiveFailures=0,
                    Check_Error="")
        self.see_the_broker()
        self.see_ticks_and_runs()
        self.see_the_file()
        self.assertEqual(self.asserted, set(self.documented))

    def see_the_broker(self):
        self.expect(Agent_ConnectionError=bool)
        for proxy in self.proxies:
            proxy.start()
            until(lambda: (self.agent.call("Reload"), self.agent.get("ConnectionState") == "connected")[1],
                  what="the connection")
            self.expect(Agent_ConnectionState="connected", Agent_ConnectionError="",
                        Agent_Broker=f"127.0.0.1:{proxy.port}")
            if proxy is self.proxies[0]:
                proxy.stop()
                self.expect(Agent_ConnectionState=lambda state: state != "connected", Agent_ConnectionError=bool)

    def see_ticks_and_runs(self):
        self.broker.wait_consumers(self.vhost, self.queue)
        self.tick()
        self.expect(Agent_TicksReceived=1, Agent_TicksIdle=1,
                    Agent_LastTick=lambda when: abs(when / 1e6 - time.time()) < 60)
        self.publish("system.heartbeat.tick", b"not json")
        self.expect(Agent_MessagesRejected=1)
        for check, status in (("good", "success"), (CHECK, "failed"), ("skipping", "skipped")):
            self.assertEqual(self.agent.run(check)["status"], status)
        self.expect(Agent_RunsSucceeded=1, Agent_RunsFailed=1, Agent_RunsSkipped=1)
        self.expect(Check_LastStatus="failed", Check_LastMessage="broken", Check_ConsecutiveFailures=1,
                    Check_LastDuration=lambda duration: duration > 0, Check_LastRun=self.recent * 1000)

    def see_the_file(self):
        due = self.agent.get("NextDue")
        self.write_all(handler="default", cadenceMs=7200000, priority=5, lastRun=self.recent + 1)
        self.agent.call("Reload")
        self.expect(Check_Handler="default", Check_CadenceMs=7200000, Check_Priority=5,
                    Check_LastRun=(self.recent + 1) * 1000, Check_NextDue=lambda now: now > due,
                    Agent_NextDue=lambda now: now > due)
        self.agent.call("SetEnabled", "(sb)", CHECK, False)
        self.expect(Check_Enabled=False, Check_State="disabled", Check_Reason={"code": "disabled"})
        self.agent.call("SetEnabled", "(sb)", CHECK, True)
        self.agent.call("Pause", "(sxs)", CHECK, FAR, "a holiday")
        self.expect(Check_Paused=True, Check_State="paused", Agent_Paused=False,
                    Check_Reason={"code": "paused", "until": FAR, "reason": "a holiday"})
        self.agent.call("Pause", "(sxs)", "*", 0, "")
        self.expect(Agent_Paused=True)
        self.write_all(cadenceMs=1)
        self.agent.call("Reload")
        self.expect(Check_Error=lambda error: "cadenceMs" in error, Check_State="invalid", Agent_ConfigError="",
                    Check_Reason=lambda reason: reason["code"] == "invalid" and "cadenceMs" in reason["error"])
        self.write(b'{"checks": \n!}')
        self.assertEqual(self.error_of(self.agent, "Reload", "()")[0], ERROR + "ConfigUnusable")
        self.expect(Agent_ConfigError=lambda error: "line 2" in error or ":2:" in error)


class States(Local):
    """Each state, and the reason for it with its facts. No tick comes: the first of a timer is not a day away."""

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="amqp", RABBIT_URL="amqp://u:p@127.0.0.1:1/")

    @staticmethod
    def clock(hours):
        """Return the time of day so many hours from now."""
        return time.strftime("%H:%M", time.gmtime(time.time() + hours * 3600))

    def reason(self, check, state, code):
        """A check is in that state for that reason; return the facts."""
        values = self.agent.check(check).all()
        self.assertEqual((values["State"], values["Reason"].pop("code")), (state, code), check)
        return values["Reason"]

    def test_each_state_has_its_reason(self):
        checks = {"due": {}, "idle": {"lastRun": self.recent}, "off": {"enabled": False}, "rest": {}, "rest for ever": {},
                  "wrong": {"cadenceMs": 1}, "closed": {"window": {"start": self.clock(2), "end": self.clock(3), "tz": "UTC"}},
                  "quarter": {"quarterOf": "year", "triggerOnQuarters": [f"Q{(time.gmtime().tm_mon + 2) // 3 % 4 + 1}"]},
                  "failing": {**FAILING, "cadenceMs": 3600000}, "slow": {"handler": "command", "meta": self.gate()}}
        self.write(files.heartbeat(checks, "1st-cack", paused={"rest": {"until": FAR // 1000, "reason": "why"},
                                                               "rest for ever": True}))
        # the year's quarter is that of the zone that is the default
        self.start(TZ="UTC")
        before = time.time_ns() // 1000
        self.agent.run("failing")
        self.agent.call("RunCheck", "(sa{sv})", "slow", {"wait": GLib.Variant("b", False)})
        self.assertEqual(self.reason("due", "due", "due"), {})
        # due when more than its cadence has passed
        self.assertEqual(self.reason("idle", "idle", "not-yet"), {"until": self.recent * 1000 + 60_001_000})
        self.assertEqual(self.reason("off", "disabled", "disabled"), {})
        self.assertEqual(self.reason("rest", "paused", "paused"), {"until": FAR, "reason": "why"})
        self.assertEqual(self.reason("rest for ever", "paused", "paused"), {})
        self.assertIn("cadenceMs", self.reason("wrong", "invalid", "invalid")["error"])
        closed = self.reason("closed", "idle", "outside-window")
        self.assertIn("UTC", closed["window"])
        self.assertAlmostEqual(closed["until"], before + 7_200_000_000, delta=120_000_000)
        self.assertGreater(self.reason("quarter", "idle", "outside-quarter")["until"], before)
        failing = self.reason("failing", "backing-off", "backing-off")
        self.assertEqual(failing["failures"], 1)
        # tried again after half a minute
        self.assertAlmostEqual(failing["until"], before + 30_000_000, delta=20_000_000)
        self.assertEqual(self.reason("slow", "running", "running"), {})
        self.open_gate()
        self.finished("slow")

    def test_time_changes_them_when_they_are_read(self):
        def is_not_due_yet():
            # on a slow machine it is by the time that it can be read
            for service in self.services[-1:]:
                service.stop()
                self.bus.wait_name(self.agent.name, owned=False)
            self.write_checks(**{CHECK: {"cadenceMs": 2000, "lastRun": time.time_ns() // 1_000_000 + 1900}})
            self.start()
            return self.object("Check").get("Reason")["code"] == "not-yet"
        until(is_not_due_yet, timeout=60, what="a start within four seconds")
        changes = self.bus.record(PROPERTIES, self.object("Check").path)
        self.object("Check").wait("State", "due")
        self.assertEqual(self.object("Check").get("Reason"), {"code": "due"})
        self.assertGreater(self.object("Check").get("OverdueRatio"), 1)
        # nothing has happened
        self.assertEqual(changes.signals, [])


class Runs(Local):
    """Runs by hand."""

    def test_a_paused_check_beside_as_many_runs_as_ticks_may_have(self):
        self.write(files.heartbeat({"slow": {"handler": "command", "meta": self.gate()}, CHECK: {}}, "1st-cack",
                                   paused={CHECK: True}))
        self.start(TICK_INTERVAL_S="1", MAX_CONCURRENT_RUNS="1")
        self.wait_gate()
        self.assertEqual(self.agent.run(CHECK)["status"], "success")
        self.assertEqual(self.agent.check("slow").get("State"), "running")
        self.open_gate()
        self.finished("slow")

    def test_a_time_limit_of_the_callers(self):
        self.write_checks(**{CHECK: {"handler": "command", "meta": self.gate(), "enabled": False}})
        self.start()
        result = self.agent.call("RunCheck", "(sa{sv})", CHECK, {"timeout-ms": GLib.Variant("u", 1000)})[0]
        self.assertEqual((result["status"], result["message"]), ("failed", "timed out after 1 s"))


class Signals(Interface):
    """Each signal comes with the documented types."""

    def test_every_signal(self):
        self.write_checks(**{CHECK: {**FAILING, "enabled": False}})
        self.start()
        heard = {}
        for name in ("Agent", "Check"):
            target = self.object(name)
            self.bus.connection.signal_subscribe(
                target.name, target.interface, None, target.path, None, Gio.DBusSignalFlags.NONE,
                lambda _bus, _sender, _path, _interface, member, args, name: heard.update({f"{name}.{member}": args}), name)
        self.agent.run(CHECK)
        self.publish("agent.1st-cack.x", b'{"event_type": "y"}')
        documented = interface.signals()
        until(lambda: (pump(), set(heard) == set(documented))[1], what=f"{sorted(documented)}")
        for name, types in documented.items():
            self.assertEqual(heard[name].get_type_string(), f"({types})", name)
        arguments = {name: value.unpack() for name, value in heard.items()}
        self.assertEqual(arguments["Agent.CheckStarted"], (CHECK,))
        self.assertEqual(arguments["Agent.CheckFinished"][:2], (CHECK, "failed"))
        self.assertEqual(arguments["Agent.MessageReceived"], ("agent.1st-cack.x", "y", '{"event_type": "y"}'))
        self.assertEqual(arguments["Check.Started"], ())
        self.assertEqual(arguments["Check.Finished"][0], "failed")
        for details in (arguments["Agent.CheckFinished"][2], arguments["Check.Finished"][1]):
            self.assertEqual(set(details), {"message", "started", "duration", "details"})
            self.assertEqual((details["message"], details["details"]["exit-status"]), ("broken", 1))


class Methods(Local):
    """Each method does what it says, and fails as it says."""

    def setUp(self):
        super().setUp()
        self.write_checks(**{CHECK: {"lastRun": self.recent, "meta": {"a": 1}}, "invalid": {"cadenceMs": 1},
                             "slow": {"handler": "command", "meta": self.gate(), "enabled": False}})
        self.start()

    def test_every_method(self):
        documented = interface.methods()
        # method: arguments, what the results must be
        table = {
            # first: other methods look at the file as well
            "Agent.Reload": ((), lambda: self.agent.check("unseen").get("State") == "disabled"),
            "Agent.RunCheck": ((CHECK, {}), lambda result: result["status"] == "success"),
            "Agent.Pause": ((CHECK, 0, ""), lambda: self.entry("paused") is True),
            "Agent.Resume": ((CHECK,), lambda: self.entry("paused") is None),
            "Agent.SetEnabled": ((CHECK, False), lambda: self.entry("checks")["enabled"] is False),
            "Agent.ListHandlers": ((), lambda names: names == ["command", "default", "quarterly_compaction", "sub_health"]),
            "Agent.RegisterHandler": (("mine", "/handler"), lambda: "mine" in self.agent.call("ListHandlers")[0]),
            "Agent.UnregisterHandler": (("mine",), lambda: "mine" not in self.agent.call("ListHandlers")[0]),
            "Agent.History": ((CHECK, 10), lambda runs: [run["status"] for run in runs] == ["success"]),
            "Check.Run": (({},), lambda result: set(result) == {"status", "message", "started", "duration", "details"}),
            "Check.Pause": ((FAR, "x"), lambda: self.entry("paused") == {"until": FAR // 1000, "reason": "x"}),
            "Check.Resume": ((), lambda: self.entry("paused") is None),
        }
        # these take more than a call
        elsewhere = {"Agent.Publish": "test_publish.Publish.test_confirmed",
                     "Handler.Run": "test_interface.Handlers.test_what_a_handler_is_told"}
        for test in elsewhere.values():
            self.assertTrue(self.exists(test), test)
        self.assertEqual(set(table) | set(elsewhere), set(documented))
        self.write_unseen(self.read().replace(b'"invalid":', b'"unseen": {"cadenceMs": 60000, "handler": "default", '
                                                           b'"enabled": false}, "invalid":'))
        for name, (args, check) in table.items():
            with self.subTest(name):
                target, method = self.object(name.partition(".")[0]), name.partition(".")[2]
                reply = self.bus.connection.call_sync(target.name, target.path, target.interface, method,
                                                      GLib.Variant(f"({documented[name].takes})", args), None,
                                                      Gio.DBusCallFlags.NONE, 60000, None)
                self.assertEqual(reply.get_type_string(), f"({documented[name].gives})")
                self.assertTrue(check(*reply.unpack()), reply)

    def entry(self, member):
        """Return what a member of the file has for the check."""
        return json.loads(self.read()).get(member, {}).get(CHECK)

    @staticmethod
    def exists(test):
        """Say whether there is a test of that name."""
        module, case, method = test.split(".")
        return hasattr(getattr(importlib.import_module(module), case, None), method)

    def break_file(self):
        """Leave a file that is no JSON."""
        self.write(b"{")

    def run_slow(self):
        """Have the slow check running."""
        self.agent.call("RunCheck", "(sa{sv})", "slow", {"wait": GLib.Variant("b", False)})
        self.wait_gate()

    def test_every_error(self):
        long, option = "x" * 1001, {"odd": GLib.Variant("b", True)}
        other = self.bus.another()
        self.addCleanup(other.close_sync, None)
        other.call_sync(self.agent.name, self.agent.path, self.agent.interface, "RegisterHandler",
                        GLib.Variant("(so)", ("theirs", "/handler")), None, Gio.DBusCallFlags.NONE, -1, None)
        self.run_slow()
        table = {
            "Agent.RunCheck": {"NoSuchCheck": ("none", {}), "AlreadyRunning": ("slow", {}),
                               "ConfigUnusable": ("invalid", {}), "InvalidArgument": (CHECK, option)},
            "Agent.Pause": {"NoSuchCheck": ("none", 0, ""), "InvalidArgument": (CHECK, 0, long)},
            "Agent.Resume": {"NoSuchCheck": ("none",)},
            "Agent.SetEnabled": {"NoSuchCheck": ("none", True)},
            "Agent.RegisterHandler": {"InvalidArgument": ("", "/handler"), "Refused": ("theirs", "/handler")},
            "Agent.UnregisterHandler": {"InvalidArgument": ("none",), "Refused": ("theirs",)},
            "Agent.Publish": {"NotConnected": ("a.b", "{}"), "InvalidArgument": ("a.b", "no JSON")},
            "Check.Run": {"InvalidArgument": (option,)},
            "Check.Pause": {"InvalidArgument": (-1, "")},
        }
        elsewhere = {
            "Agent.Publish": {"Refused": "test_publish.Publish.test_refused_by_a_full_queue",
                              "Returned": "test_publish.Publish.test_returned",
                              "TimedOut": "test_publish.Publish.test_timed_out"},
            "Check.Run": {"AlreadyRunning": "test_interface.Checks.test_run_of_one_that_runs_or_is_invalid",
                          "ConfigUnusable": "test_interface.Checks.test_run_of_one_that_runs_or_is_invalid"},
        }
        with_broken_file = {"Agent.Reload": (), "Agent.Pause": (CHECK, 0, ""), "Agent.Resume": (CHECK,),
                            "Agent.SetEnabled": (CHECK, True), "Check.Pause": (0, ""), "Check.Resume": ()}
        read_only = "test_interface.ReadOnly.test_every_change"
        found = {name: set() for name in interface.methods()}
        for name, errors in table.items():
            for error, args in errors.items():
                self.assert_fails(name, error, args)
                found[name].add(error)
        for name, errors in elsewhere.items():
            self.assertTrue(all(self.exists(test) for test in errors.values()))
            found[name] |= set(errors)
        self.assertTrue(self.exists(read_only))
        for name in ReadOnly.CALLS:
            found[name].add("ReadOnly")
        self.break_file()
        for name, args in with_broken_file.items():
            self.assert_fails(name, "ConfigUnusable", args)
            found[name].add("ConfigUnusable")
        self.assertEqual(found, {name: method.errors for name, method in interface.methods().items()})
        self.open_gate()
        self.finished("slow")

    def assert_fails(self, name, error, args):
        """A method fails with that error and says why."""
        with self.subTest(f"{name}: {error}"):
            signature = f"({interface.methods()[name].takes})"
            got, message = self.error_of(self.object(name.partition(".")[0]), name.partition(".")[2], signature, *args)
            self.assertEqual(got, ERROR + error, message)
            self.assertTrue(message)

    def test_arguments_of_other_types(self):
        for name, method in interface.methods().items():
            if name.startswith("Handler."):
                continue
            got, _ = self.error_of(self.object(name.partition(".")[0]), name.partition(".")[2], "(d)", 1.0)
            self.assertEqual(got, "org.freedesktop.DBus.Error.InvalidArgs", name)
        for option, value in (("wait", GLib.Variant("s", "no")), ("timeout-ms", GLib.Variant("i", 2000)),
                              ("timeout-ms", GLib.Variant("u", 1)), ("", GLib.Variant("b", True))):
            got, _ = self.error_of(self.agent, "RunCheck", "(sa{sv})", CHECK, {option: value})
            self.assertEqual(got, ERROR + "InvalidArgument", option)
        got, _ = self.error_of(self.agent, "Bake", "()")
        self.assertEqual(got, "org.freedesktop.DBus.Error.UnknownMethod")

    def test_texts_of_1_mb(self):
        values = {"s": "x" * 1_000_000, "x": 0, "b": True, "u": 10, "o": "/" + "x" * 1_000_000,
                  "a{sv}": {"x" * 1_000_000: GLib.Variant("b", True)}}
        before = self.read()
        for name, method in interface.methods().items():
            types = [argument for argument in ("a{sv}", "s", "x", "b", "u", "o") if argument in method.takes]
            if name.startswith("Handler.") or not {"s", "o", "a{sv}"} & set(types):
                continue
            args = [values[kind] for kind in self.split(method.takes)]
            if name == "Agent.History":
                self.assertEqual(self.agent.call("History", "(su)", *args), ([],))
                continue
            with self.subTest(name):
                got, message = self.error_of(self.object(name.partition(".")[0]), name.partition(".")[2],
                                             f"({method.takes})", *args)
                self.assertTrue(got.startswith(ERROR), got)
                self.assertLess(len(message), 2000)
        self.assertEqual(self.read(), before)
        self.assertEqual(self.agent.run(CHECK)["status"], "success")

    @staticmethod
    def split(types):
        """Yield the single types of some arguments."""
        while types:
            length = 5 if types.startswith("a{sv}") else 1
            yield types[:length]
            types = types[length:]

    def test_gdbus_introspect_says_the_same(self):
        documented = interface.parse(interface.read())
        found = {}
        for path in (self.agent.path, self.object("Check").path):
            text = subprocess.run(["gdbus", "introspect", "--session", "--xml", "--dest", self.agent.name,
                                   "--object-path", path], env=self.env, check=True, capture_output=True, text=True,
                                  timeout=60).stdout
            found.update({name: facts for name, facts in interface.parse(text[text.index("<node"):]).items()
                          if name.startswith(PREFIX)})
        for name, facts in found.items():
            self.assertEqual(facts, documented[name], name)
        # programs that execute checks implement the third
        self.assertEqual(set(documented) - set(found), {PREFIX + ".Handler"})


class Checks(Local):
    """A check's own methods."""

    def test_run_of_one_that_runs_or_is_invalid(self):
        self.write_checks(**{CHECK: {"handler": "command", "meta": self.gate(), "enabled": False}, "odd": {"cadenceMs": 1}})
        self.start()
        check = self.agent.check(CHECK)
        check.call("Run", "(a{sv})", {"wait": GLib.Variant("b", False)})
        self.wait_gate()
        self.assertEqual(self.error_of(check, "Run", "(a{sv})", {})[0], ERROR + "AlreadyRunning")
        self.assertEqual(self.error_of(self.agent.check("odd"), "Run", "(a{sv})", {})[0], ERROR + "ConfigUnusable")
        self.open_gate()
        self.assertEqual(self.finished(CHECK), "success")

    def test_odd_names(self):
        names = ["1", "_", "a.b", "a/b", "a b", "*", "ä" * 100, "\n", "\x01", "$schema", "true", "a_2fb", "checks"]
        self.write_checks(**{name: {"enabled": False} for name in names})
        self.start()
        objects = self.bus.call(self.agent.name, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]
        found = {path: values[PREFIX + ".Check"]["Name"] for path, values in objects.items() if PREFIX + ".Check" in values}
        self.assertEqual(found, {self.agent.check(name).path: name for name in names})
        for name in names:
            self.assertEqual(self.agent.run(name)["status"], "success", name)
            self.assertEqual(self.agent.check(name).call("Run", "(a{sv})", {})[0]["status"], "success", name)


class ReadOnly(Local):
    """Where heartbeat.json cannot be replaced, each method that would change it says so."""

    MOUNT = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    CALLS = {"Agent.Pause": ("(sxs)", CHECK, FAR, ""), "Agent.Resume": ("(s)", CHECK), "Agent.SetEnabled": ("(sb)", CHECK, False),
             "Check.Pause": ("(xs)", FAR, ""), "Check.Resume": ("()",)}

    def test_every_change(self):
        probe = ["unshare", "-m", "sh", "-c", "mount --bind /tmp /tmp"]
        if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
            self.skipTest("no mount namespaces here")
        self.write(files.heartbeat({CHECK: {}}, "1st-cack", paused={CHECK: True}))
        self.start(wrapper=["unshare", "-m", "sh", "-c", self.MOUNT, self.config])
        for name, (signature, *args) in self.CALLS.items():
            got, message = self.error_of(self.object(name.partition(".")[0]), name.partition(".")[2], signature, *args)
            self.assertEqual(got, ERROR + "ReadOnly", f"{name}: {message}")


class Handlers(Local):
    """org.bloodbank.Heartbeat1.Handler, implemented as it is documented."""

    def test_what_a_handler_is_told(self):
        told = {}

        def on_call(_bus, _sender, _path, _interface, _method, parameters, invocation):
            told.update({key: (parameters.get_child_value(0).lookup_value(key, None).get_type_string(), value)
                         for key, value in parameters.unpack()[0].items()})
            invocation.return_value(GLib.Variant("(a{sv})", ({"status": GLib.Variant("s", "skipped")},)))

        info = Gio.DBusNodeInfo.new_for_xml(interface.read()).lookup_interface(PREFIX + ".Handler")
        self.bus.connection.register_object("/handler", info, on_call)
        self.write_checks(**{CHECK: {"handler": "mine", "enabled": False, "meta": {"a": 1}}})
        self.start()
        self.agent.call("RegisterHandler", "(so)", "mine", "/handler")
        self.agent.call("RunCheck", "(sa{sv})", CHECK, {"wait": GLib.Variant("b", False)})
        self.assertEqual(self.finished(CHECK), "skipped")
        self.assertEqual({key: kind for key, (kind, _) in told.items()},
                         {"agent": "s", "check_name": "s", "timestamp": "x", "check": "s", "meta": "s", "envelope": "s"})
        values = {key: value for key, (_, value) in told.items()}
        self.assertEqual((values["agent"], values["check_name"], json.loads(values["meta"])), ("1st-cack", CHECK, {"a": 1}))
        self.assertEqual(json.loads(values["check"])["handler"], "mine")
        self.assertIn("event_id", json.loads(values["envelope"]))
        self.assertAlmostEqual(values["timestamp"] / 1000, time.time(), delta=60)


class Clients(Local):
    """Many clients, and such as leave."""

    def setUp(self):
        super().setUp()
        self.write_checks(slow={"handler": "command", "meta": self.gate(), "enabled": False}, good={"enabled": False})

    def call(self, client, check, answers):
        """Call RunCheck and add the status, or the error's name, to answers when it comes."""
        def on_answer(connection, result):
            try:
                answers.append(connection.call_finish(result).unpack()[0]["status"])
            except GLib.Error as error:
                answers.append(Gio.DBusError.get_remote_error(error))
        client.call(self.agent.name, self.agent.path, self.agent.interface, "RunCheck",
                    GLib.Variant("(sa{sv})", (check, {})), None, Gio.DBusCallFlags.NONE, 60000, None, on_answer)

    def test_ten_at_once(self):
        self.start()
        answers, clients = [], [self.bus.another() for _ in range(10)]
        for client in clients:
            self.call(client, "slow", answers)
        until(lambda: (pump(), len(answers) == 9)[1], what="nine answers")
        self.assertEqual(set(answers), {ERROR + "AlreadyRunning"})
        self.open_gate()
        until(lambda: (pump(), len(answers) == 10)[1], what="the tenth answer")
        self.assertEqual(answers[9], "success")
        self.assertEqual(len(self.signals.matching("CheckFinished")), 1)
        for client in clients:
            client.close_sync(None)

    def test_one_that_leaves_in_mid_call(self):
        self.start()
        client = self.bus.another()
        self.call(client, "slow", [])
        client.flush_sync(None)
        self.wait_gate()
        client.close_sync(None)
        self.assertEqual(self.agent.run("good")["status"], "success")
        self.open_gate()
        self.assertEqual(self.finished("slow"), "success")
        self.assertGreater(self.last_run("slow"), 0)


@measured
class Notifications(Local):
    """The notification server hangs."""

    probed = True

    def test_a_stopped_server(self):
        self.write_checks(bad={**FAILING, "enabled": False}, good={"enabled": False})
        server = self.notifications()
        service = self.start()
        self.agent.run("bad")
        server.wait_calls()
        service.latency.reset()
        server.freeze()
        for _ in range(5):
            self.assertEqual(self.agent.run("bad")["status"], "failed")
            self.assertEqual(self.agent.run("good")["status"], "success")
        self.assert_quick("stopped notification server")
        server.thaw()


class Examples(Local):
    """The programs in examples/ drive the service by what it says of itself."""

    def example(self, *command):
        self.write_checks(bad={**FAILING, "enabled": False}, other={"lastRun": self.recent})
        self.start()
        program = process.spawn([*command, "1st-cack", "bad", "other"], env=self.env, stdout=subprocess.PIPE, text=True)
        self.addCleanup(program.stdout.close)
        self.addCleanup(process.end, program)
        lines = [program.stdout.readline().strip() for _ in range(3)]
        self.assertEqual(lines[0], "agents: 1st-cack")
        self.assertEqual(sorted(lines[1:]), ["1st-cack: bad failed: broken", "bad failed"])
        self.assertTrue(self.agent.check("other").get("Paused"))
        self.agent.run("bad")
        self.assertEqual(program.stdout.readline().strip(), "1st-cack: bad failed: broken")

    def test_python(self):
        self.example(sys.executable, os.path.join(EXAMPLES, "watch.py"))

    def test_javascript(self):
        self.example("gjs", os.path.join(EXAMPLES, "watch.js"))
