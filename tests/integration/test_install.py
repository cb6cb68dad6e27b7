"""What is installed: the list of files, and what the tools of desktop and system say of them."""

import configparser
import fnmatch
import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from bench import files
from bench.case import Case
from bench.stage import shared_stage

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
LOOSEN = "share/doc/heartbeat-consumer/examples/loosen-handlers.conf"
PRESET = "90-heartbeat-consumer.preset"
ENABLED = {"user": ("heartbeat-consumer.service", "heartbeat-consumer@cack.service", "heartbeat-tick.timer"),
           "system": ("heartbeat-consumer@cack.service", "heartbeat-tick.timer")}

# The most that `systemd-analyze security` may say of a unit, from 0 (safe) to 10.
EXPOSURE = {"user/heartbeat-consumer.service": 7.7, "user/heartbeat-consumer@.service": 7.7,
            "user/heartbeat-tick.service": 6.4,
            "system/heartbeat-consumer@.service": 1.9, "system/heartbeat-tick.service": 1.5}


class Options(dict):
    """The assignments of a unit's section; of those that are there more than once all."""

    def __setitem__(self, key, value):
        if isinstance(value, list) and key in self:
            value = self[key] + value
        super().__setitem__(key, value)


def read_unit(path):
    """Return a unit as {section: {name: value}}; several values are lines."""
    parser = configparser.RawConfigParser(dict_type=Options, strict=False, delimiters="=", comment_prefixes="#")
    parser.optionxform = str
    parser.read(path, encoding="utf-8")
    return {section: dict(parser[section]) for section in parser.sections()}


class Installed(unittest.TestCase):
    """With the staged installation."""

    def setUp(self):
        self.stage = shared_stage()
        self.folder = tempfile.mkdtemp(prefix="heartbeat-install-")
        self.addCleanup(shutil.rmtree, self.folder)

    def run_clean(self, *command, **variables):
        """Run a tool, which must neither fail nor say anything on standard error; return its output."""
        if shutil.which(command[0]) is None:
            self.skipTest(f"{command[0]} is not installed")
        env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": self.folder, "XDG_RUNTIME_DIR": self.folder,
               **variables}
        ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), f"{' '.join(command)}\n{ended.stdout}")
        return ended.stdout


class Files(Installed):
    """The list."""

    def expected(self):
        """Return {path or pattern: feature or None} of the list."""
        python = glob.glob(self.stage.path("lib*/python3*/*-packages/gi/overrides"))
        names = {"libdir": self.stage.options["libdir"],
                 "python": os.path.relpath(os.path.dirname(os.path.dirname(python[0])), self.stage.prefix)
                           if python else "none",
                 **{f"{manager}units": os.path.relpath(self.stage.units(manager), self.stage.prefix)
                    for manager in ("user", "system")}}
        with open(os.path.join(ROOT, "po", "LINGUAS"), encoding="utf-8") as file:
            languages = [word for line in file for word in line.partition("#")[0].split()]
        lines = files.data("installed-files.txt").decode().splitlines()
        entries = (re.fullmatch(r"(\S+)(?: \[(\w+)\])?", line).groups() for line in lines if not line.startswith("#"))
        return {path.format(lang=language, **names): feature for path, feature in entries
                for language in (languages if "{lang}" in path else [None])}

    def test_exactly_what_the_list_says(self):
        found, expected = self.stage.files(), self.expected()
        matches = {path: fnmatch.filter(found, path) for path in expected}
        missing = [path for path, feature in expected.items() if feature is None and not matches[path]]
        self.assertEqual(missing, [], "not installed")
        for feature in {"introspection", "vapi", "docs"}:
            there = {bool(matches[path]) for path in expected if expected[path] == feature}
            self.assertEqual(len(there), 1, f"only some files of {feature}")
            if self.stage.options[feature] != "auto":
                self.assertEqual(there, {self.stage.options[feature] == "enabled"}, feature)
        known = {path for paths in matches.values() for path in paths}
        self.assertEqual(sorted(found - known), [], "not in tests/data/installed-files.txt")

    def test_none_has_a_placeholder_or_the_stage_in_it(self):
        for path in self.stage.files():
            with open(self.stage.path(path), "rb") as file:
                content = file.read()
            self.assertNotIn(self.stage.root.encode(), content, path)
            if path.endswith((".service", ".timer", ".desktop", ".xml", ".preset", ".conf")):
                self.assertNotRegex(content, rb"@\w+@", path)

    def test_programs_are_executable_and_nothing_else(self):
        for path in self.stage.files():
            executable = os.access(self.stage.path(path), os.X_OK) if os.geteuid() != 0 else (
                os.stat(self.stage.path(path)).st_mode & 0o111 != 0)
            self.assertEqual(executable, path.startswith("bin/") or ".so" in path, path)


class Desktop(Installed):
    """What the desktop reads."""

    def test_the_desktop_file(self):
        output = self.run_clean("desktop-file-validate",
                                self.stage.path("share/applications/org.bloodbank.Heartbeat1.desktop"))
        self.assertEqual(output, "")

    def test_the_metainfo(self):
        path = self.stage.path("share/metainfo/org.bloodbank.Heartbeat1.metainfo.xml")
        # before 1.0 AppStream does not know <developer>; since then it wants a home page, and there is none
        before_1_0 = "version: 0." in self.run_clean("appstreamcli", "--version")
        accepted = "unknown-tag" if before_1_0 else "url-homepage-missing"
        self.run_clean("appstreamcli", "validate", "--no-net", "--strict", f"--override={accepted}=pedantic", path)
        self.assertIn(f'version="{self.stage.version}"'.encode(), files.read(path))

    def test_the_news_begin_with_the_version(self):
        news = files.read(self.stage.path("share/doc/heartbeat-consumer/NEWS")).decode()
        self.assertEqual(news.splitlines()[0], f"heartbeat-consumer {self.stage.version}")


class Units(Installed):
    """The units of systemd, for the user's manager and the system's."""

    def copies(self, manager, drop_in=None):
        """Return copies of a manager's units whose programs are the staged ones, with a drop-in for each service."""
        folder = os.path.join(self.folder, manager)
        os.mkdir(folder)
        for path in glob.glob(f"{self.stage.units(manager)}/*"):
            copy = os.path.join(folder, os.path.basename(path))
            bindir = f"{self.stage.options['prefix']}/bin/"
            files.write(copy, files.read(path).replace(bindir.encode(), self.stage.path("bin/").encode()))
            if drop_in is not None and copy.endswith(".service"):
                os.mkdir(copy + ".d")
                shutil.copy(drop_in, os.path.join(copy + ".d", "loosen.conf"))
        return sorted(path for path in glob.glob(f"{folder}/*") if os.path.isfile(path))

    def analyze(self, manager, *command):
        """Run systemd-analyze on copies."""
        return self.run_clean("systemd-analyze", f"--{manager}", *command,
                              SYSTEMD_UNIT_PATH=f"{os.path.join(self.folder, manager)}:",
                              MANPATH=self.stage.path("share/man"))

    def services(self):
        """Yield manager, name and content of each service."""
        for manager in ("user", "system"):
            for path in sorted(glob.glob(f"{self.stage.units(manager)}/*.service")):
                yield manager, os.path.basename(path), read_unit(path)

    def test_verify(self):
        for manager in ("user", "system"):
            paths = self.copies(manager)
            self.assertGreater(len(paths), 2)
            self.assertEqual(self.analyze(manager, "verify", *paths), "")

    def test_verify_notices(self):
        path = self.copies("user")[0]
        files.write(path, files.read(path).replace(b"WatchdogSec", b"WatchdogSecs"))
        with self.assertRaises(AssertionError):
            self.analyze("user", "verify", path)

    def test_verify_with_the_drop_in(self):
        for manager in ("user", "system"):
            paths = self.copies(manager, self.stage.path(LOOSEN))
            self.assertEqual(self.analyze(manager, "verify", "--man=no", *paths), "")

    def test_the_drop_in_undoes_all_that_may_hinder_a_handler(self):
        loosened = read_unit(self.stage.path(LOOSEN))["Service"]
        for manager, name, unit in self.services():
            if name.startswith("heartbeat-consumer"):
                hardening = {key for key in unit["Service"] if re.match(
                    r"(Lock|NoNew|Private|Proc|Protect|RemoveIPC|Restrict(?!\w*ExitStatus)|SystemCall(?!Error)|UMask"
                    r"|Capability|Memory)", key)}
                hardening -= {"RestartPreventExitStatus"}
                self.assertLessEqual(hardening, loosened.keys(), f"{manager}/{name}")

    def test_what_the_service_relies_on(self):
        for manager, name, unit in self.services():
            if not name.startswith("heartbeat-consumer"):
                continue
            stem = "consumer" if name == "heartbeat-consumer.service" else "%i"
            expected = {"Type": "notify", "WatchdogSec": "60", "Restart": "always", "RestartSec": "5",
                        "RestartPreventExitStatus": "2", "KillMode": "mixed",
                        "ExecReload": "/bin/kill -HUP $MAINPID",
                        "EnvironmentFile": f"-%E/heartbeat-consumer/{stem}.env",
                        "LoadCredential": f"rabbit-url:%E/heartbeat-consumer/{stem}.rabbit-url"}
            with self.subTest(f"{manager}/{name}"):
                self.assertLessEqual(expected.items(), unit["Service"].items())
                self.assertEqual(manager == "system", "--bus=none" in unit["Service"]["ExecStart"])
                self.assertEqual(manager == "system", "DynamicUser" in unit["Service"])

    def test_the_ticker_logs_what_goes_wrong(self):
        # standard error would inherit the null device
        expected = {"StandardOutput": "null", "StandardError": "journal", "SyslogLevel": "warning",
                    "LogLevelMax": "notice"}
        for manager, name, unit in self.services():
            if name == "heartbeat-tick.service":
                self.assertLessEqual(expected.items(), unit["Service"].items(), manager)

    def test_the_timer(self):
        for manager in ("user", "system"):
            timer = read_unit(os.path.join(self.stage.units(manager), "heartbeat-tick.timer"))["Timer"]
            self.assertEqual(timer, {"OnCalendar": "minutely", "AccuracySec": "1s"})

    def test_security(self):
        for manager in ("user", "system"):
            for path in self.copies(manager):
                if not path.endswith(".service"):
                    continue
                unit = f"{manager}/{os.path.basename(path)}"
                output = self.analyze(manager, "security", "--offline=true", "--no-pager", path)
                exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", output).group(1))
                print(f"figure: exposure of {unit}: {exposure}")
                self.assertLessEqual(exposure, EXPOSURE[unit], output)

    def systemctl(self, manager, *command):
        """Run systemctl on a root of its own; return its exit status and output."""
        scope = ["--global"] if manager == "user" else []
        ended = subprocess.run(["systemctl", f"--root={self.folder}", *scope, *command], text=True, check=False,
                               env={"PATH": "/usr/bin:/bin", "HOME": self.folder}, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
        return ended.returncode, ended.stdout

    def test_the_presets_enable_nothing(self):
        if shutil.which("systemctl") is None:
            self.skipTest("systemctl is not installed")
        for manager, units in ENABLED.items():
            for source, target in ((self.stage.units(manager), f"usr/lib/systemd/{manager}"),
                                   (self.stage.path(f"lib/systemd/{manager}-preset"),
                                    f"usr/lib/systemd/{manager}-preset")):
                shutil.copytree(source, os.path.join(self.folder, target))
            for unit in units:
                with self.subTest(f"{manager}/{unit}"):
                    self.assertEqual(self.systemctl(manager, "enable", unit)[0], 0)
                    self.assertEqual(self.systemctl(manager, "is-enabled", unit), (0, "enabled\n"))
                    status, output = self.systemctl(manager, "preset", unit)
                    self.assertEqual(status, 0, output)
                    self.assertEqual(self.systemctl(manager, "is-enabled", unit), (1, "disabled\n"))


class Settings(Case):
    """What a unit gives to the service."""

    with_broker = False

    def test_without_settings_it_is_not_started_again(self):
        # EnvironmentFile= is optional, so the service itself says what is missing, with the status that ends restarts
        service, status = self.run_service(HEARTBEAT_PATH=None)
        self.assertEqual(status, 2)
        self.assertIn("HEARTBEAT_PATH (--config) is missing", service.stderr)

    def test_a_blank_credential_is_none(self):
        self.write_checks(good={})
        files.write(self.path("rabbit-url"), b"\n")
        self.start(CREDENTIALS_DIRECTORY=self.home, TICK_SOURCE="local")
        self.assertEqual(self.agent.get("ConnectionState"), "disabled")


class Credential(Case):
    """The broker's URL as a file."""

    def setUp(self):
        super().setUp()
        self.write_checks(good={})
        files.write(self.path("rabbit-url"), self.env.pop("RABBIT_URL").encode() + b"\n")
        self.env["CREDENTIALS_DIRECTORY"] = self.home

    def test_the_service_and_the_ticker_read_it(self):
        self.start()
        ended = self.ctl("tick")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual(self.finished("good"), "success")
