"""heartbeat.json: what is read, what is refused, and that every other byte stays."""

import json
import os
import re
import stat
import threading
import time

from bench import files
from bench.case import Case
from bench.wait import until


class Unusable(Case):
    """A file that cannot be used is said, and used as soon as it is good."""

    def assert_recovers(self, error):
        """The service stays up with an error like that; a good file is used at the next tick."""
        service = self.start()
        until(lambda: self.agent.get("ConfigError"), what="ConfigError")
        self.assertRegex(self.agent.get("ConfigError"), error)
        service.wait_log(" WARNING cack: " + re.escape(f"{self.config}: {self.agent.get('ConfigError')}"))
        self.write_checks(good={})
        self.assertEqual(self.tick_runs("good"), "success")
        self.assertEqual(self.agent.get("ConfigError"), "")
        return service

    def test_missing(self):
        self.assert_recovers("cannot read .*heartbeat.json: No such file or directory$")

    def test_unreadable(self):
        # root reads everything but this
        os.symlink("heartbeat.json", self.config)
        self.assert_recovers("cannot .*heartbeat.json: Too many levels of symbolic links$")

    def test_empty(self):
        self.write(b"")
        self.assert_recovers("line 1, column 1: ")

    def test_broken_at_start_with_line_and_column(self):
        self.write(b'{"agent": "cack",\n "checks": x}')
        service = self.start()
        service.wait_log(r" WARNING cack: .*heartbeat\.json: line 2, column 12: ")
        until(lambda: self.agent.get("ConfigError"), what="ConfigError")
        self.assertRegex(self.agent.get("ConfigError"), r"line 2, column 12: ")

    def test_broken_at_start(self):
        self.write(b'{"agent": "cack", "checks": x}')
        self.assert_recovers("line 1, column 29: ")

    def test_of_a_file_broken_later_the_last_good_form_stays_in_force_and_the_file_as_it_is(self):
        self.write_checks(good={})
        self.start()
        self.write(b"{ broken")
        self.tick()
        self.assertEqual(self.finished("good"), "success")
        self.wait_acknowledged()
        until(lambda: self.agent.get("ConfigError"), what="ConfigError")
        self.assertEqual(self.read(), b"{ broken")

    def test_a_text_instead_of_checks(self):
        self.write(b'{"$schema": "heartbeat.v1", "agent": "cack", "checks": "none"}')
        self.assert_recovers("line 1, column 56: checks: an object is expected")


ZONE = r"the name of a time zone in tzdata \(or tzdata-legacy, for old names\)"


class OneBadCheck(Case):
    """A check that is wrong is disabled and shown; the others run."""

    def assert_invalid(self, rule, **members):
        self.write_checks(bad=members, good={})
        self.start()
        bad = self.agent.check("bad").all()
        self.assertEqual(bad["State"], "invalid")
        name, value = next(iter(members.items()))
        if name == "window":
            name, value = f"window.{rule[0]}", value[rule[0]]
            rule = rule[1]
        self.assertRegex(bad["Error"], rf"^line \d+, column \d+: checks\.bad\.{re.escape(name)}: {rule} is expected, not "
                                       rf"{re.escape(json.dumps(value))}$")
        self.assertEqual(self.agent.get("ConfigError"), "")
        self.assertEqual(self.tick_runs("good"), "success")
        self.idle_tick()

    def test_enabled_as_text(self):
        self.assert_invalid("true or false", enabled="false")

    def test_cadence_zero(self):
        self.assert_invalid("an integer of at least 1000", cadenceMs=0)

    def test_cadence_negative(self):
        self.assert_invalid("an integer of at least 1000", cadenceMs=-60000)

    def test_cadence_as_text(self):
        self.assert_invalid("an integer of at least 1000", cadenceMs="60000")

    def test_cadence_with_a_fraction(self):
        self.assert_invalid("an integer of at least 1000", cadenceMs=60000.5)

    def test_priority_as_text(self):
        self.assert_invalid("an integer of at least 1", priority="high")

    def test_unknown_zone(self):
        self.assert_invalid(("tz", ZONE), window={"start": "00:00", "end": "24:00", "tz": "Mars/Base"})

    def test_a_zone_that_only_glib_knows(self):
        self.assert_invalid(("tz", ZONE), window={"start": "00:00", "end": "24:00", "tz": "+01:00"})

    def test_a_time_that_is_none(self):
        self.assert_invalid(("start", "a time of the day, “HH:MM” from 00:00 to 23:59,"), window={"start": "25:00", "end": "24:00"})

    def test_handler_as_number(self):
        self.assert_invalid("the name of a handler, a string without NUL,", handler=5)


class OddButRight(Case):
    """What the Python original died of or never ran again, though there is nothing wrong with it."""

    def assert_runs(self, **members):
        self.write_checks(odd=members)
        self.start()
        self.assertEqual(self.tick_runs("odd"), "success")
        self.assertLess(abs(self.last_run("odd") - time.time() * 1000), 60000)

    def test_window_null(self):
        self.assert_runs(window=None)

    def test_window_until_24_00(self):
        self.assert_runs(window={"start": "00:00", "end": "24:00", "tz": "UTC"})

    def test_window_with_an_unknown_member(self):
        self.assert_runs(window={"start": "0:00", "end": "23:59", "tz": "UTC", "note": "all day"})

    def test_last_run_far_in_the_future(self):
        self.assert_runs(lastRun=4102444800000)
        self.services[-1].wait_log("more than a cadence ahead")

    def test_cadence_as_float_with_a_whole_value(self):
        self.assert_runs(cadenceMs=60000.0)

    def test_empty_days_and_quarters(self):
        self.assert_runs(window={"start": "00:00", "end": "24:00", "days": []}, triggerOnQuarters=[])

    def test_a_handler_that_exists_nowhere(self):
        self.assert_runs(handler="memory_review")


class NotRun(Case):
    """What is not to run does not."""

    def assert_idle(self, state, members, **root):
        self.write(files.heartbeat({"check": members}, **root))
        self.start()
        self.idle_tick()
        self.assertEqual(self.agent.check("check").get("State"), state)

    def test_disabled(self):
        self.assert_idle("disabled", {"enabled": False})

    def test_paused(self):
        self.assert_idle("paused", {}, paused={"check": True})

    def test_all_paused(self):
        self.assert_idle("paused", {}, paused={"*": {"reason": "holiday"}})

    def test_no_checks_at_all(self):
        self.write(files.heartbeat({}))
        self.start()
        self.idle_tick()


class Save(Case):
    """Only the digits of one lastRun change."""

    def assert_kept(self, before, digits):
        """A run of the check `a` replaces digits (which occur once) in before, and nothing else."""
        self.assertEqual(before.count(digits), 1)
        self.write(before)
        self.start()
        self.assertEqual(self.tick_runs("a"), "success")
        after = self.read()
        head, tail = before.split(digits)
        self.assertTrue(after.startswith(head) and after.endswith(tail), after)
        self.assertGreater(int(after[len(head):len(after) - len(tail)]), 1_600_000_000_000)

    def check(self, members):
        return (b'{"$schema": "heartbeat.v1", "agent": "cack", "checks": {"a": {"cadenceMs": 60000, '
                b'"handler": "default", ' + members + b'}}}\n')

    def test_number_forms_and_unknown_members_are_kept(self):
        self.assert_kept(self.check(b'"lastRun": 111, "x": [0.1, 1e400, 123456789012345678901234567890, -0.0, 1.50]'),
                         b"111")

    def test_last_run_in_another_form_is_replaced(self):
        self.assert_kept(self.check(b'"lastRun": 111e1'), b"111e1")

    def test_duplicate_members_are_kept(self):
        self.assert_kept(self.check(b'"note": 1, "note": 2, "lastRun": 111'), b"111")

    def test_a_missing_final_newline_stays_missing(self):
        self.assert_kept(self.check(b'"lastRun": 111').rstrip(), b"111")

    def test_line_ends_and_tabs_are_kept(self):
        self.assert_kept(self.check(b'"lastRun": 111').replace(b" ", b"\r\n\t"), b"111")

    def test_a_byte_order_mark_is_kept(self):
        self.assert_kept(b"\xef\xbb\xbf" + self.check(b'"lastRun": 111'), b"111")

    def test_an_empty_meta_is_kept(self):
        self.assert_kept(self.check(b'"meta": {}, "lastRun": 111'), b"111")

    def test_escapes_are_kept(self):
        self.assert_kept(self.check(b'"\\u006eote": "\\u0000 \\/ \xc3\xa4", "l\\u0061stRun": 111'), b"111")

    def test_a_check_without_last_run_gets_one_on_its_own_line(self):
        before = self.write_checks(a={"meta": {"x": 1}})
        self.start()
        self.tick_runs("a")
        after = self.read()
        self.assertEqual(len(after.splitlines()), len(before.splitlines()) + 1)
        line = next(line for line in after.splitlines() if b'"lastRun"' in line)
        self.assertTrue(line.startswith(b'      "lastRun": '), line)
        document = json.loads(after)
        self.assertGreater(document["checks"]["a"].pop("lastRun"), 0)
        self.assertEqual(document, json.loads(before))

    def test_a_symbolic_link_stays_one(self):
        target = self.path("target.json")
        files.write(target, files.heartbeat({"a": {}}))
        os.symlink("target.json", self.config)
        self.start()
        self.tick_runs("a")
        self.assertTrue(os.path.islink(self.config))
        self.assertGreater(files.last_run(target, "a"), 0)

    def test_the_mode_stays_and_nothing_is_left_beside_the_file(self):
        folder = self.path("folder")
        os.mkdir(folder)
        self.config = os.path.join(folder, "heartbeat.json")
        self.env["HEARTBEAT_PATH"] = self.config
        self.write_checks(a={})
        os.chmod(self.config, 0o640)
        self.start()
        self.tick_runs("a")
        self.assertEqual(stat.S_IMODE(os.stat(self.config).st_mode), 0o640)
        self.assertEqual(os.listdir(folder), ["heartbeat.json"])

    def test_a_failed_run_writes_nothing(self):
        before = self.write_checks(a={"handler": "command", "meta": {"command": ["false"]}})
        identity = os.stat(self.config)
        self.start()
        self.assertEqual(self.tick_runs("a"), "failed")
        self.assertEqual(self.read(), before)
        self.assertEqual(os.stat(self.config).st_ino, identity.st_ino)


class EditsDuringARun(Case):
    """What a user changes while a handler runs is kept."""

    def assert_kept(self, edit):
        """edit(content) is called with the new content while the check runs."""
        slow = {"handler": "command", "lastRun": 111, "meta": self.gate()}
        self.write_checks(slow=slow)
        self.start()
        self.tick()
        self.wait_gate()
        content = files.heartbeat({"added": {"cadenceMs": 120000}, "slow": {**slow, "priority": 7}}, note="mine")
        edit(content)
        self.open_gate()
        self.assertEqual(self.finished("slow"), "success")
        self.wait_acknowledged()
        self.assertGreater(self.last_run("slow"), 111)
        self.assertEqual(self.read(), content.replace(b"111", b"%d" % self.last_run("slow")))
        self.assertEqual(self.tick_runs("added"), "success")

    def test_by_rename(self):
        self.assert_kept(self.write)

    def test_in_place(self):
        def edit(content):
            with open(self.config, "wb") as file:
                file.write(content)
        self.assert_kept(edit)

    def test_a_check_that_was_removed_stays_removed(self):
        self.write_checks(slow={"handler": "command", "meta": self.gate()}, other={"enabled": False})
        self.start()
        self.tick()
        self.wait_gate()
        content = self.write_checks(other={"enabled": False, "priority": 2})
        self.open_gate()
        self.finished("slow")
        self.wait_acknowledged()
        self.assertEqual(self.read(), content)


class RightAfterASave(Case):
    """A writer who waits for the save and writes at once."""

    def test_what_it_writes_counts(self):
        reset = self.write_checks(c={"cadenceMs": 86400000, "lastRun": 0})
        self.start()
        for count in range(1, 11):
            saved = threading.Thread(target=self.write_after, args=(os.stat(self.config).st_ino, reset))
            saved.start()
            self.tick()
            # it ran before, but the file says that it never did
            self.assertEqual(self.finished("c", count), "success")
            saved.join()
            self.wait_acknowledged()

    def write_after(self, inode, content):
        """Write when the file is another one."""
        while os.stat(self.config).st_ino == inode:
            pass
        self.write(content)
