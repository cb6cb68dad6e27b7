"""heartbeatctl init: from nothing to a service that runs."""

import json
import os
import stat
import subprocess

from bench import files
from bench.case import Case
from bench.service import ctl


class Init(Case):
    """A new agent in one command."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.folder = os.path.join(self.env["XDG_CONFIG_HOME"], "heartbeat-consumer")
        self.file = os.path.join(self.folder, "agents", "lenoon.json")
        self.settings = os.path.join(self.folder, "lenoon.env")

    def init(self, *args, status=0):
        """Run it; return standard output, else error."""
        done = ctl(self.env, "init", *args)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def environment(self):
        """Return the settings as systemd reads them: its quoting is the shell's."""
        done = subprocess.run(["env", "-i", "sh", "-c", 'set -a; . "$0"; exec env -0', self.settings],
                              capture_output=True, text=True, check=True)
        found = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
        return {name: found[name] for name in ("HEARTBEAT_PATH", "RABBIT_URL", "TICK_SOURCE") if name in found}

    def test_what_it_writes_runs(self):
        text = self.init("lenoon")
        self.assertIn("systemctl --user enable --now heartbeat-consumer@lenoon", text)
        self.assertIn("loginctl enable-linger", text)
        self.assertEqual(ctl(self.env, "validate", self.file).returncode, 0)
        self.assertEqual(json.loads(files.read(self.file))["agent"], "lenoon")
        self.assertEqual(stat.S_IMODE(os.stat(self.settings).st_mode), 0o600)
        service = self.spawn(**{**self.environment(), "AGENT_NAME": "lenoon"})
        service.wait_log("hello success")

    def test_with_a_broker(self):
        url = 'amqp://u:p%40"s$h\\x@localhost:5672/v'
        self.init("lenoon", "--rabbit-url", url)
        self.assertEqual(self.environment(), {"HEARTBEAT_PATH": self.file, "RABBIT_URL": url})

    def test_a_file_that_is_there_is_used(self):
        self.write_checks(mine={})
        before = self.read()
        self.assertIn("is used as it is", self.init("lenoon", "--config", "heartbeat.json"))
        self.assertEqual(self.read(), before)
        self.assertEqual(self.environment()["HEARTBEAT_PATH"], self.config)

    def test_settings_that_are_there_stay(self):
        self.init("lenoon")
        files.write(self.settings, b"mine")
        self.assertIn("is there already", self.init("lenoon", status=1))
        self.assertEqual(files.read(self.settings), b"mine")

    def test_as_json(self):
        document = json.loads(self.init("lenoon", "--json"))
        self.assertEqual((document["agent"], document["config"], document["environment"]),
                         ("lenoon", self.file, self.settings))
        self.assertEqual(len(document["commands"]), 2)

    def test_what_it_does_not_take(self):
        for args, complaint in (
                ([], "usage: heartbeatctl init NAME"),
                *(([name], f"“{name}” is no name of the form [A-Za-z0-9][A-Za-z0-9_-]{{0,63}}") for name in ("../x", "a.b", "")),
                (["lenoon", "--rabbit-url=http://x"],
                 "--rabbit-url: Unusable broker URL: it begins with amqp:// or amqps://")):
            with self.subTest(args):
                self.assertEqual(self.init(*args, status=2), f"heartbeatctl: {complaint}\n")
        self.assertFalse(os.path.exists(self.folder))

    def test_a_folder_that_cannot_be_written(self):
        files.write(self.folder, b"")
        self.assertIn(self.folder, self.init("lenoon", status=1))
