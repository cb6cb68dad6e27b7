"""Where heartbeat.json cannot be written: lastRun is kept in the state file."""

import json
import os
import unittest

from bench.case import Case
from bench.mounts import READ_ONLY_FILE, can_mount
from bench.wait import until


class Unwritable(Case):
    """A service whose heartbeat.json is mounted read-only, as containers do."""

    with_broker = False

    def setUp(self):
        if not can_mount():
            raise unittest.SkipTest("no mount namespaces here")
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")

    def start_read_only(self):
        """Start the service with the file mounted read-only in its own namespace."""
        return self.start(wrapper=[*READ_ONLY_FILE, self.config])

    def state(self):
        """Read the state file."""
        with open(os.path.join(self.env["XDG_STATE_HOME"], "heartbeat-consumer", "cack.json"), encoding="utf-8") as file:
            return json.load(file)

    def test_last_run_goes_to_the_state_file_and_back(self):
        before = self.write_checks(a={})
        service = self.start_read_only()
        result = self.agent.run("a")
        self.assertEqual(result["status"], "success")
        self.assertEqual(self.read(), before)
        entry = self.state()["checks"]["a"]
        self.assertEqual(entry["lastRun"], result["started"] // 1000)
        self.assertEqual(self.agent.check("a").get("LastRun"), entry["lastRun"] * 1000)
        service.wait_log("cannot be written, lastRun goes to")
        service.stop()

        service = self.start_read_only()
        self.agent.check("a").wait("LastRun", entry["lastRun"] * 1000)
        self.assertEqual(self.agent.check("a").get("State"), "idle")
        service.stop()

        self.start()
        until(lambda: self.last_run("a") == entry["lastRun"], what="lastRun to be moved into the file")

    def test_a_name_of_control_characters_is_found_again(self):
        name = "".join(map(chr, (*range(1, 32), 127)))
        self.write_checks(**{name: {}})
        service = self.start_read_only()
        started = self.agent.run(name)["started"] // 1000
        service.stop()
        self.bus.wait_name(self.agent.name, owned=False)
        self.assertEqual(self.state()["checks"][name]["lastRun"], started)
        self.start_read_only()
        self.agent.check(name).wait("LastRun", started * 1000)

    def test_a_user_who_resets_last_run_wins(self):
        self.write_checks(a={"lastRun": 1})
        service = self.start_read_only()
        self.agent.run("a")
        service.stop()
        self.write_checks(a={"lastRun": 2})
        self.start()
        self.agent.check("a").wait("LastRun", 2000)

    def test_pausing_is_an_error(self):
        self.write_checks(a={})
        self.start_read_only()
        self.assert_error("ReadOnly", "Pause", "(sxs)", "a", 0, "")


class Changes(Case):
    """Pausing, resuming, enabling and disabling edit heartbeat.json."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        self.write_checks(a={})
        self.start()
        self.check = self.agent.check("a")

    def content(self):
        """Return the file's content as values."""
        return json.loads(self.read())

    def test_pause_and_resume(self):
        self.agent.call("Pause", "(sxs)", "a", 4_000_000_000_000_000, "a holiday")
        self.assertEqual(self.content()["paused"], {"a": {"until": 4_000_000_000_000, "reason": "a holiday"}})
        self.assertEqual((self.check.get("State"), self.check.get("Reason")["reason"]), ("paused", "a holiday"))
        self.agent.call("Resume", "(s)", "a")
        self.assertEqual(self.content()["paused"], {})
        self.assertFalse(self.check.get("Paused"))

    def test_pause_by_the_check_itself(self):
        self.check.call("Pause", "(xs)", 0, "")
        self.assertEqual(self.content()["paused"], {"a": True})
        self.check.call("Resume")
        self.assertEqual(self.content()["paused"], {})

    def test_pause_of_all(self):
        self.agent.call("Pause", "(sxs)", "*", 0, "")
        self.assertTrue(self.agent.get("Paused") and self.check.get("Paused"))
        self.agent.call("Resume", "(s)", "*")
        self.assertFalse(self.agent.get("Paused") or self.check.get("Paused"))

    def test_disable_and_enable(self):
        self.agent.call("SetEnabled", "(sb)", "a", False)
        self.assertEqual((self.check.get("State"), self.content()["checks"]["a"]["enabled"]), ("disabled", False))
        self.agent.call("SetEnabled", "(sb)", "a", True)
        self.assertTrue(self.check.get("Enabled"))

    def test_an_unknown_check(self):
        self.assert_error("NoSuchCheck", "Pause", "(sxs)", "none", 0, "")
        self.assert_error("NoSuchCheck", "SetEnabled", "(sb)", "*", True)

    def test_a_negative_time(self):
        self.assert_error("InvalidArgument", "Pause", "(sxs)", "a", -1, "")
