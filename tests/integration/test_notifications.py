"""What the user is told on the desktop: words, urgency, what takes its place, and servers that come and go."""

import html
import json
import os

from gi.repository import GLib

from bench import files
from bench.case import Case
from bench.service import hasten
from bench.wait import until

LOW, NORMAL, CRITICAL = range(3)
BROKEN = b'{"$schema": "heartbeat.v1", "agent": "cack", "checks": {,}}'


class Told(Case):
    """A notification server that remembers, and checks that fail until a file is there."""

    with_broker = False

    def setUp(self):
        super().setUp()
        # a day between ticks: what happens here happens by hand
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")

    def until_mended(self, name, says="broken"):
        """Return a check that is never due and fails until mend(name)."""
        return {"handler": "command", "cadenceMs": 86400000, "enabled": False,
                "meta": {"command": ["sh", "-c", '[ -e "$0" ] && echo well || { printf %s "$1"; exit 1; }',
                                     self.path(name + ".mended"), says]}}

    def mend(self, name):
        """Let the check with that name succeed from now on."""
        with open(self.path(name + ".mended"), "w", encoding="utf-8"):
            pass

    def runs(self, check, status):
        """Run a check by hand; it ends like that."""
        self.assertEqual(self.agent.run(check)["status"], status)

    def reload(self, content, usable=True):
        """Write heartbeat.json and let the service read it."""
        self.write(content)
        if usable:
            self.agent.call("Reload")
        else:
            self.assert_error("ConfigUnusable", "Reload")


class Words(Told):
    """What is shown, and how urgent it is."""

    def test_markup_is_text_and_a_terminals_colours_are_gone(self):
        name = 'a <b>bold</b> & "odd" name'
        self.write_checks(**{name: self.until_mended("odd", "<b>no</b> &amp; \x1b[1;31mred\x1b[0m\tend")})
        server = self.notifications()
        self.start()
        self.runs(name, "failed")
        call, = server.wait_calls()
        # the specification wants the summary as plain text, and the body as markup
        self.assertEqual(call.summary, f"cack: {name} failed")
        self.assertEqual(call.body, "&lt;b&gt;no&lt;/b&gt; &amp;amp; red end")

    def test_the_third_failure_is_critical_and_in_the_first_ones_place(self):
        self.write_checks(mail=self.until_mended("mail"))
        server = self.notifications()
        self.start()
        for count in (1, 2, 3):
            self.runs("mail", "failed")
            server.wait_calls(count)
        calls = server.calls()
        self.assertEqual([call.replaces for call in calls], [0, 1, 1])
        self.assertEqual([call.hints["urgency"] for call in calls], [NORMAL, NORMAL, CRITICAL])
        self.assertEqual([call.summary for call in calls],
                         ["cack: mail failed", "cack: mail failed 2 times in a row",
                          "cack: mail failed 3 times in a row"])
        self.assertEqual({call.body for call in calls}, {"broken"})

    def test_a_desktop_finds_the_applications_name_and_icon(self):
        self.write_checks(mail=self.until_mended("mail"))
        server = self.notifications()
        self.start()
        self.runs("mail", "failed")
        call, = server.wait_calls()
        self.assertEqual(call.hints["desktop-entry"], "org.bloodbank.Heartbeat1")
        self.assertEqual(call.icon, "org.bloodbank.Heartbeat1")
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data")
        entry = GLib.KeyFile()
        entry.load_from_file(os.path.join(root, call.hints["desktop-entry"] + ".desktop.in"), GLib.KeyFileFlags.NONE)
        self.assertEqual((entry.get_string("Desktop Entry", "Name"), entry.get_string("Desktop Entry", "Icon")),
                         (call.app, call.icon))
        self.assertTrue(entry.get_boolean("Desktop Entry", "X-GNOME-UsesNotifications"))
        # GNOME's settings leave out what is of these categories
        self.assertFalse({"System", "Settings"} & set(entry.get_string_list("Desktop Entry", "Categories")))
        self.assertTrue(os.path.exists(os.path.join(root, "icons", call.icon + ".svg")))

    def test_a_recovery_is_brief_in_the_failures_place_and_closed(self):
        self.write_checks(mail=self.until_mended("mail"))
        server = self.notifications()
        self.start(**hasten(10))
        self.runs("mail", "failed")
        server.wait_calls()
        self.mend("mail")
        self.runs("mail", "success")
        recovered = server.wait_calls(2)[1]
        self.assertEqual((recovered.replaces, recovered.summary, recovered.body), (1, "cack: mail recovered", "well"))
        self.assertEqual((recovered.hints["urgency"], recovered.actions, recovered.timeout), (LOW, [], 5000))
        self.assertEqual(server.wait_calls(1, "CloseNotification"), [(1,)])

    def test_of_a_check_that_has_gone_nothing_is_told(self):
        gate = self.gate()
        self.write_checks(gone={"enabled": False, "handler": "command",
                                "meta": {"command": [*gate["command"][:2], gate["command"][2] + "; exit 1"]}},
                          stays=self.until_mended("stays"))
        server = self.notifications()
        self.start()
        self.agent.call("RunCheck", "(sa{sv})", "gone", {"wait": GLib.Variant("b", False)})
        self.wait_gate()
        self.write_checks(stays=self.until_mended("stays"))
        self.agent.call("Reload")
        self.open_gate()
        self.assertEqual(self.finished("gone"), "failed")
        self.runs("stays", "failed")
        call, = server.wait_calls()
        self.assertEqual(call.summary, "cack: stays failed")

    def test_a_broken_file_is_told_once_and_closed_when_repaired(self):
        good = self.write_checks(mail=self.until_mended("mail"))
        server = self.notifications()
        self.start()
        self.reload(BROKEN, usable=False)
        call, = server.wait_calls()
        self.assertEqual((call.summary, call.actions), ("cack: heartbeat.json cannot be used", []))
        self.assertRegex(call.body, r"heartbeat\.json: line 1, column \d+: ")
        self.reload(b"{", usable=False)
        self.reload(good)
        self.assertEqual(server.wait_calls(1, "CloseNotification"), [(1,)])
        self.assertEqual(len(server.calls()), 1)


    def test_at_most_300_characters(self):
        self.write_checks(mail=self.until_mended("mail", "\U0001f493&" * 200))
        server = self.notifications()
        self.start()
        self.runs("mail", "failed")
        call, = server.wait_calls()
        # markup is escaped after the cut: no entity is broken, and none counts more than what it shows
        self.assertEqual(html.unescape(call.body), ("\U0001f493&" * 150)[:299] + "…")

    def test_all_is_told_where_it_is_wanted(self):
        skipping = {"handler": "command", "enabled": False, "meta": {"command": """echo '{"status": "skipped"}'"""}}
        self.write_checks(mail=self.until_mended("mail"), rest=skipping)
        server = self.notifications()
        self.start(NOTIFY="all")
        self.runs("rest", "skipped")
        server.wait_calls(1)
        self.runs("mail", "failed")
        self.mend("mail")
        self.runs("mail", "success")
        server.wait_calls(3)
        self.runs("mail", "success")
        calls = server.wait_calls(4)
        self.assertEqual([call.summary for call in calls], ["cack: rest had nothing to do", "cack: mail failed",
                                                            "cack: mail recovered", "cack: mail succeeded"])
        self.assertEqual([call.hints["urgency"] for call in calls], [LOW, NORMAL, LOW, LOW])

    def test_a_check_that_goes_takes_its_notification_along(self):
        self.write_checks(mail=self.until_mended("mail"))
        server = self.notifications()
        self.start()
        self.runs("mail", "failed")
        server.wait_calls()
        self.reload(files.heartbeat({}))
        self.assertEqual(server.wait_calls(1, "CloseNotification"), [(1,)])


class Buttons(Told):
    """What is clicked too often, or too late."""

    def setUp(self):
        super().setUp()
        self.write_checks(mail=self.until_mended("mail"))
        self.server = self.notifications()
        self.service = self.start()
        self.runs("mail", "failed")
        self.server.wait_calls()

    def test_a_second_click_while_it_runs(self):
        meta = self.gate()
        meta["command"][2] += "; exit 1"
        self.reload(files.heartbeat({"mail": {"handler": "command", "enabled": False, "meta": meta}}))
        self.server.invoke(1, "run")
        self.wait_gate()
        self.server.invoke(1, "run")
        self.service.wait_log("the run that a notification asked for did not start: .*mail.* running")
        self.open_gate()
        self.assertEqual(self.finished("mail", 2), "failed")
        self.assertEqual(self.server.wait_calls(2)[1].summary, "cack: mail failed 2 times in a row")
        self.assertEqual(len(self.signals.matching("CheckStarted", "mail")), 2)

    def test_a_second_click_on_pause(self):
        for _ in range(2):
            self.server.invoke(1, "pause")
        self.agent.check("mail").wait("Paused", True)
        self.runs("mail", "failed")
        self.assertEqual(list(json.loads(self.read())["paused"]), ["mail"])

    def click_on_what_has_gone(self, button, says):
        """Click on a button of a check that the file has no more; nobody has told the service yet."""
        without = files.heartbeat({"disk": self.until_mended("disk")})
        self.write_unseen(without)
        self.server.invoke(1, button)
        self.service.wait_log(says)
        self.assertEqual(self.read(), without)
        self.runs("disk", "failed")

    def test_a_pause_after_the_check_has_gone(self):
        self.click_on_what_has_gone("pause", "a notification asked for was not written: .*no check “mail”")

    def test_a_run_after_the_check_has_gone(self):
        self.click_on_what_has_gone("run", "a notification asked for did not start: .*no check “mail”")

    def test_a_click_while_the_file_is_broken(self):
        self.write(BROKEN)
        self.server.invoke(1, "pause")
        self.service.wait_log("the pause that a notification asked for was not written: ")
        self.assertEqual(self.read(), BROKEN)


class Servers(Told):
    """A server that is not there, or not now, is told what is still true then."""

    def setUp(self):
        super().setUp()
        self.write_checks(mail=self.until_mended("mail"), disk=self.until_mended("disk"))

    def assert_shown(self, server, *summaries):
        """The server was told this and nothing else, each as something new."""
        calls = server.wait_calls(len(summaries))
        # what is told in turn by one thread: with a further one here, those before it would be too
        self.reload(BROKEN, usable=False)
        until(lambda: "cannot be used" in server.calls()[-1].summary, what="the last notification")
        calls = server.calls()
        self.assertEqual(sorted(call.summary for call in calls[:-1]), sorted(summaries))
        self.assertEqual({call.replaces for call in calls}, {0})

    def test_one_that_comes_late(self):
        service = self.start()
        for _ in range(3):
            self.runs("mail", "failed")
        self.runs("disk", "failed")
        service.wait_log("notifications cannot be shown now, they wait")
        self.mend("disk")
        self.runs("disk", "success")
        self.assert_shown(self.notifications(), "cack: mail failed 3 times in a row")

    def test_one_that_restarts(self):
        server = self.notifications()
        self.start()
        self.runs("mail", "failed")
        self.runs("disk", "failed")
        server.wait_calls(2)
        server.stop()
        self.mend("disk")
        self.runs("disk", "success")
        server.start()
        self.assert_shown(server, "cack: mail failed")

    def test_one_that_restarts_does_not_show_again_what_was_put_away(self):
        server = self.notifications()
        self.start()
        self.runs("mail", "failed")
        self.runs("disk", "failed")
        server.wait_calls(2)
        # by the user: reason 2
        server.emit("NotificationClosed", "uu", 1, 2)
        # an answer to a later signal: the service has seen the former
        server.invoke(2, "run")
        self.assertEqual(self.finished("disk", 2), "failed")
        server.wait_calls(3)
        server.stop()
        server.start()
        self.assert_shown(server, "cack: disk failed 2 times in a row")

    def test_what_waited_is_shown_in_the_order_of_its_failures(self):
        self.write_checks(**{f"check{number}": self.until_mended(f"check{number}") for number in range(8)})
        service = self.start()
        for number in range(8):
            self.runs(f"check{number}", "failed")
        service.wait_log("notifications cannot be shown now, they wait")
        calls = self.notifications().wait_calls(8)
        self.assertEqual([call.summary for call in calls], [f"cack: check{number} failed" for number in range(8)])

    def test_a_bus_that_restarts(self):
        server = self.notifications()
        self.start()
        self.runs("mail", "failed")
        self.runs("disk", "failed")
        server.wait_calls(2)
        server.stop()
        self.bus.stop()
        self.bus.start()
        self.agent.wait_owned()
        self.mend("disk")
        self.runs("disk", "success")
        server.start()
        self.assert_shown(server, "cack: mail failed")

    def test_one_that_hangs_keeps_nobody_from_ending(self):
        server = self.notifications()
        service = self.start()
        self.runs("disk", "failed")
        server.wait_calls()
        server.freeze()
        self.runs("mail", "failed")
        self.runs("disk", "failed")
        ended = service.stop()
        self.assertEqual(ended.status, 0)
        # libnotify's calls would wait for 25 s
        self.assertLess(ended.seconds, 15)

    def test_one_that_is_slow(self):
        server = self.notifications()
        self.start()
        server.freeze()
        self.runs("mail", "failed")
        self.runs("disk", "failed")
        self.runs("mail", "failed")
        self.mend("disk")
        self.runs("disk", "success")
        server.thaw()
        self.assert_shown(server, "cack: mail failed 2 times in a row")
