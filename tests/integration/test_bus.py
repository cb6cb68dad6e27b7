"""The D-Bus interface and the notifications, as the desktop sees them."""

import subprocess
import time

from gi.repository import GLib

from bench import files
from bench.agent import PREFIX, ROOT
from bench.case import Case
from bench.wait import until

FAILING = {"handler": "command", "meta": {"command": ["false"]}}


class Tools(Case):
    """What a user types."""

    def setUp(self):
        super().setUp()
        self.write(files.data("cack.heartbeat.json"))
        self.start()

    def tool(self, *args):
        return subprocess.run(args, env=self.env, check=True, capture_output=True, text=True, timeout=60).stdout

    def test_gdbus_introspect(self):
        text = self.tool("gdbus", "introspect", "--session", "--dest", self.agent.name,
                         "--object-path", self.agent.path)
        for word in (f"interface {PREFIX}.Agent", "RunCheck", "CheckFinished", "NextDue"):
            self.assertIn(word, text)

    def test_busctl_tree(self):
        text = self.tool("busctl", "--user", "tree", "--list", self.agent.name)
        for check in ("sub_health", "quarterly_compaction", "daily_memory_review"):
            self.assertIn(self.agent.check(check).path, text.split())

    def test_gdbus_call_run_check(self):
        text = self.tool("gdbus", "call", "--session", "--dest", self.agent.name, "--object-path", self.agent.path,
                         "--method", f"{PREFIX}.Agent.RunCheck", "sub_health", "{}")
        self.assertIn("'status': <'success'>", text)
        self.assertGreater(self.last_run("sub_health"), 0)


class Objects(Case):
    """Objects, properties, methods, signals."""

    with_broker = False

    def setUp(self):
        super().setUp()
        # a day between ticks: what happens here happens by hand
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        self.recent = time.time_ns() // 1_000_000
        self.write_checks(good={"lastRun": self.recent, "priority": 3}, failing={**FAILING, "lastRun": self.recent},
                          **{"odd name/ä": {"lastRun": self.recent}})

    def test_the_object_manager_lists_agent_and_checks(self):
        self.start()
        objects = self.bus.call(self.agent.name, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]
        checks = {self.agent.check(name).path for name in ("good", "failing", "odd name/ä")}
        self.assertEqual({path for path in objects if PREFIX + ".Check" in objects[path]}, checks)
        self.assertIn(PREFIX + ".Agent", objects[self.agent.path])

    def test_a_check_with_an_odd_name_has_its_name(self):
        self.start()
        self.assertEqual(self.agent.check("odd name/ä").get("Name"), "odd name/ä")

    def test_a_checks_properties(self):
        self.start()
        check = self.agent.check("good").all()
        self.assertEqual((check["Handler"], check["CadenceMs"], check["Priority"], check["Enabled"], check["Paused"]),
                         ("default", 60000, 3, True, False))
        self.assertEqual((check["State"], check["Reason"]["code"]), ("idle", "not-yet"))
        self.assertEqual(check["LastRun"], self.recent * 1000)

    def test_the_agents_properties(self):
        self.start()
        agent = self.agent.all()
        self.assertEqual((agent["Name"], agent["ConfigPath"], agent["ConfigError"]), ("cack", self.config, ""))
        self.assertRegex(agent["Version"], r"^\d+\.\d+\.\d+")

    def test_a_run_by_hand_answers_with_its_result_after_the_save(self):
        self.start()
        before = time.time_ns() // 1000
        result = self.agent.run("good")
        self.assertEqual(result["status"], "success")
        self.assertGreaterEqual(result["started"], before)
        self.assertEqual(self.last_run("good"), result["started"] // 1000)
        self.assertEqual(self.agent.get("RunsSucceeded"), 1)

    def test_a_failed_run_is_a_result(self):
        self.start()
        self.assertEqual(self.agent.run("failing")["status"], "failed")
        self.assertEqual(self.last_run("failing"), self.recent)
        check = self.agent.check("failing").all()
        self.assertEqual((check["LastStatus"], check["ConsecutiveFailures"]), ("failed", 1))
        self.assertEqual(self.agent.get("RunsFailed"), 1)

    def test_an_unknown_check_is_an_error(self):
        self.start()
        self.assert_error("NoSuchCheck", "RunCheck", "(sa{sv})", "none", {})

    def test_a_running_check_is_an_error(self):
        self.write_checks(slow={"handler": "command", "meta": self.gate(), "lastRun": self.recent})
        self.start()
        self.agent.call("RunCheck", "(sa{sv})", "slow", {"wait": GLib.Variant("b", False)})
        self.wait_gate()
        self.assert_error("AlreadyRunning", "RunCheck", "(sa{sv})", "slow", {})
        self.assertEqual(self.agent.check("slow").get("State"), "running")
        self.open_gate()
        self.assertEqual(self.finished("slow"), "success")

    def test_started_and_finished_are_signals_of_agent_and_check(self):
        self.start()
        check = self.agent.check("good").record()
        self.agent.run("good")
        self.signals.wait("CheckStarted", "good")
        self.signals.wait("CheckFinished", "good", "success")
        check.wait("Started")
        check.wait("Finished")

    def test_changed_properties_are_signalled(self):
        self.start()
        changes = self.bus.record("org.freedesktop.DBus.Properties", self.agent.check("good").path)
        self.agent.run("good")
        until(lambda: any("LastStatus" in change.args[1] for change in changes.matching("PropertiesChanged")),
              what="LastStatus to change")

    def test_a_check_runs_by_its_own_method(self):
        self.start()
        self.agent.check("good").call("Run", "(a{sv})", {})
        self.assertEqual(self.finished("good"), "success")

    def test_reload_takes_a_new_check_in(self):
        self.start()
        self.write_unseen(files.heartbeat({"new": {"lastRun": self.recent}}))
        self.assertEqual((self.exists("new"), self.exists("good")), (False, True))
        self.agent.call("Reload")
        self.assertEqual((self.exists("new"), self.exists("good")), (True, False))

    def exists(self, check):
        try:
            return bool(self.agent.check(check).get("Name"))
        except GLib.Error:
            return False


class NoBus(Case):
    """The bus is a convenience."""

    def assert_ticks_count(self, **variables):
        self.write_checks(good={})
        self.spawn(**variables)
        self.broker.wait_consumers(self.vhost, self.queue)
        self.tick()
        until(lambda: self.last_run("good"), what="lastRun")

    def test_not_wanted(self):
        self.assert_ticks_count(HEARTBEAT_BUS="none")
        self.assertFalse(self.bus.has_name(self.agent.name))

    def test_not_there(self):
        self.assert_ticks_count(DBUS_SESSION_BUS_ADDRESS=f"unix:path={self.home}/none")

    def test_going_away(self):
        self.write_checks(good={})
        self.start()
        self.bus.stop()
        self.tick()
        until(lambda: self.last_run("good"), what="lastRun")


class NotificationsShown(Case):
    """A failing check tells the user."""

    def setUp(self):
        super().setUp()
        self.write_checks(failing=FAILING, good={"cadenceMs": 86400000})

    def test_a_failing_command_is_notified_and_does_not_stop_the_others(self):
        server = self.notifications()
        self.start()
        self.assertEqual(self.tick_runs("failing"), "failed")
        call, = server.wait_calls()
        self.assertIn("failing", call.summary + call.body)
        self.assertIn("Run again", call.actions)
        self.assertEqual(self.agent.check("failing").get("LastStatus"), "failed")
        self.assertEqual(self.last_run("failing"), 0)
        self.assertEqual(self.tick_runs("good"), "success")

    def test_a_second_failure_replaces_the_first(self):
        server = self.notifications()
        self.start()
        self.agent.run("failing")
        server.wait_calls(1)
        self.agent.run("failing")
        self.assertEqual([call.replaces for call in server.wait_calls(2)], [0, 1])

    def test_a_success_is_silent(self):
        server = self.notifications()
        self.start()
        self.agent.run("good")
        # one thread shows all notifications in turn: with the second one here, a first would be here too
        self.agent.run("failing")
        self.assertEqual(len(server.wait_calls()), 1)

    def test_none_when_not_wanted(self):
        server = self.notifications()
        self.start(NOTIFY="none")
        self.agent.run("failing")
        self.assertEqual(self.tick_runs("good"), "success")
        self.assertEqual(server.calls(), [])

    def test_the_button_runs_the_check_again(self):
        server = self.notifications()
        self.start()
        self.agent.run("failing")
        call, = server.wait_calls()
        server.invoke(1, call.actions[call.actions.index("Run again") - 1])
        self.assertEqual(self.finished("failing", 2), "failed")

    def test_the_other_button_pauses_the_check_for_an_hour(self):
        server = self.notifications()
        self.start()
        self.agent.run("failing")
        call, = server.wait_calls()
        before = time.time() * 1000
        server.invoke(1, call.actions[call.actions.index("Pause for 1 hour") - 1])
        check = self.agent.check("failing")
        check.wait("Paused", True)
        self.assertAlmostEqual(check.get("Reason")["until"] / 1000, before + 3_600_000, delta=60_000)

    def test_no_server_delays_nothing(self):
        self.start()
        self.assertEqual(self.tick_runs("failing"), "failed")
        self.assertEqual(self.tick_runs("good"), "success")

    def test_a_hung_server_delays_nothing(self):
        server = self.notifications()
        self.start()
        server.freeze()
        self.assertEqual(self.tick_runs("failing"), "failed")
        self.assertEqual(self.tick_runs("good"), "success")
        server.thaw()
        server.wait_calls()
