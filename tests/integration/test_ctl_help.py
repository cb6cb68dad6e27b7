"""What --help and the manual pages say is what the programs have."""

import json
import os
import re
import shutil
import subprocess
import unittest

from bench.case import Case
from bench.service import program

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
PAGES = ["heartbeatctl.1", "heartbeat-consumer.1", "heartbeat.json.5"]


def page_path(page):
    """Return the path of a page's source."""
    return os.path.join(ROOT, "data", "man", page)


class Help(Case):
    """Neither service nor broker."""

    with_broker = False

    def help(self, name, *args):
        """Return what a program says about itself."""
        ended = subprocess.run([program(name), *args, "--help"], env=self.env, capture_output=True, text=True,
                               timeout=60, check=False)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        return ended.stdout

    def commands(self):
        """Return the names of heartbeatctl's commands."""
        text = self.help("HEARTBEATCTL").split("Commands:\n")[1].split("\n\n")[0]
        return [line.split()[0] for line in text.splitlines()]

    @staticmethod
    def options(text):
        """Return the long options of a --help."""
        return set(re.findall(r"^  (?:-\w, )?--([a-z-]+)", text, re.M))

    def test_it_fits_80_columns(self):
        for text in [self.help("HEARTBEATCTL"), *(self.help("HEARTBEATCTL", name) for name in self.commands())]:
            self.assertLessEqual(max(map(len, text.splitlines())), 80, text)

    def test_a_command_has_its_own_options(self):
        text = self.help("HEARTBEATCTL", "pause")
        self.assertIn("pause CHECK|--all", text)
        self.assertEqual(self.options(text), {"all", "for", "until", "reason", "agent", "json", "help", "version"})
        for name in self.commands():
            self.assertLessEqual(self.options(self.help("HEARTBEATCTL", name)), self.options(self.help("HEARTBEATCTL")))

    def test_what_is_hidden_is_not_in_it(self):
        self.assertNotIn("complete", self.help("HEARTBEATCTL"))


class Pages(Help):
    """The manual pages, as a reader sees them."""

    def page(self, name):
        """Return a page as text without decoration."""
        if shutil.which("groff") is None:
            self.skipTest("groff is not installed")
        ended = subprocess.run(["groff", "-ww", "-mdoc", "-Tascii", "-P-c", "-P-b", "-P-u", "-rLL=200n",
                                page_path(name)], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        return ended.stdout

    def test_nothing_is_wrong_in_them(self):
        if shutil.which("man") is None:
            self.skipTest("man is not installed")
        for name in PAGES:
            self.page(name)
            ended = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page_path(name)],
                                   env={**self.env, "MANROFFSEQ": "", "MANWIDTH": "80"}, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True, timeout=60, check=False)
            self.assertEqual((ended.returncode, ended.stderr), (0, ""), name)

    def test_each_command_and_option_of_heartbeatctl_is_described(self):
        page = self.page("heartbeatctl.1")
        for name in self.commands():
            self.assertRegex(page, rf"(?m)^ +{name}\b")
        self.assert_options(page, self.help("HEARTBEATCTL"))

    def assert_options(self, page, text):
        """A page describes exactly the options of a --help."""
        self.assertEqual(set(re.findall(r"(?m)^ +--([a-z-]+)", page)), self.options(text))

    def test_each_option_of_the_service_is_described(self):
        self.assert_options(self.page("heartbeat-consumer.1"), self.help("HEARTBEAT_CONSUMER"))

    def test_each_member_of_a_check_is_described(self):
        page = self.page("heartbeat.json.5")
        schema = json.loads(self.ctl("schema").stdout)

        def members(node):
            if isinstance(node, dict):
                yield from node.get("properties", {})
                for value in node.values():
                    yield from members(value)
        names = set(members(schema))
        self.assertIn("cadenceMs", names)
        for name in names:
            self.assertIn(name, page)

    def test_the_example_is_a_good_file(self):
        example = self.page("heartbeat.json.5").split("EXAMPLES\n")[1].split("SEE ALSO")[0]
        self.write(example.encode())
        ended = self.ctl("validate", self.config)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)

    def test_the_json_documents_are_described(self):
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        self.write_checks(good={})
        self.start()
        page = self.page("heartbeatctl.1").split("\nJSON\n")[1].split("\nEXAMPLES\n")[0]

        def check(node):
            for value in node if isinstance(node, list) else ():
                check(value)
            for name, value in node.items() if isinstance(node, dict) else ():
                if name[0].islower():
                    self.assertIn(f'"{name}":', page)
                if name != "details":
                    check(value)
        for args in (("run", "good"), ("status",), ("list",), ("show", "good"), ("pause", "good"), ("resume", "good"),
                     ("disable", "good"), ("enable", "good"), ("reload",), ("history",), ("init", "tack"),
                     ("validate", self.config), ("doctor",)):
            ended = self.ctl(*args, "--json")
            self.assertEqual((ended.returncode, ended.stderr), (0, ""), args)
            document = json.loads(ended.stdout)
            self.assertNotEqual(document, {}, args)
            check(document)
