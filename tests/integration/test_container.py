"""The image that tests/container.sh has built, and the services of examples/compose.yaml."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

from bench import files
from bench.certificates import Authority
from bench.case import shared_broker
from bench.container import Container, Image
from bench.tls_listener import TlsListener
from bench.wait import until

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
CONFIG = "/etc/heartbeat-consumer/heartbeat.json"
STATE = "/var/lib/heartbeat-consumer"


class Case(unittest.TestCase):
    """A test with a vhost of its own and folders that are volumes."""

    def setUp(self):
        self.image = Image()
        if os.geteuid() != 0:
            self.skipTest("mounting takes root")
        self.broker = shared_broker()
        vhost = self.broker.vhost()
        self.vhost = vhost.__enter__()
        self.addCleanup(vhost.__exit__, None, None, None)
        self.folder = tempfile.mkdtemp(prefix="heartbeat-container-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.containers = []

    def path(self, name):
        """Return the path of something in the test's folder."""
        return os.path.join(self.folder, name)

    def volume(self, name, target=STATE):
        """Return a new named volume, which gets owner and mode of what the image has there."""
        path, like = self.path(name), os.stat(self.image.path(target))
        os.mkdir(path)
        os.chown(path, like.st_uid, like.st_gid)
        os.chmod(path, like.st_mode & 0o7777)
        return path

    def write(self, name, checks, agent="cack"):
        """Write a heartbeat.json that belongs to root and return its path."""
        path = self.path(name)
        files.write(path, files.heartbeat(checks, agent))
        os.chmod(path, 0o644)
        return path

    def run_container(self, env, volumes, command=None):
        """Start a container."""
        container = Container(self.image, {"RABBIT_URL": self.broker.url(self.vhost), **env}, volumes, command)
        self.containers.append(container)
        self.addCleanup(container.close)
        return container

    def tick(self):
        """Publish a tick by a container of the same image; it is handled when this returns."""
        def publish():
            container = self.run_container({}, [], ["heartbeatctl", "tick"])
            self.assertEqual(container.wait(), 0, container.output)
        publish()
        self.broker.wait_depth(self.vhost, "agent.cack.inbox", (0, 0))

    def diagnostics(self):
        """Return what helps to understand a failure."""
        return "".join(f"--- {container.env.get('AGENT_NAME')}\n{container.output}\n" for container in self.containers)


class TheImage(Case):
    """Small, non-root, and a good process 1."""

    def test_has_a_user_and_no_compiler(self):
        self.assertNotEqual(self.image.user[0], 0)
        for name in ("cc", "gcc", "c++", "g++", "clang", "ld", "as", "make", "ninja", "meson", "python3"):
            self.assertIsNone(shutil.which(name, path=os.pathsep.join(
                self.image.path(folder) for folder in ("/usr/local/bin", "/usr/bin", "/bin"))), name)
        size = int(subprocess.run(["du", "-sx", "--block-size=1", self.image.root], capture_output=True, text=True,
                                  check=True).stdout.split()[0])
        print(f"     figure: the image has {size / 1e6:.0f} MB")

    def test_buries_what_handlers_leave_behind(self):
        leave = "for i in 1 2 3 4 5; do (sleep 0.1 &) ; done; echo done"
        config = self.write("heartbeat.json", {"orphans": {"handler": "command", "cadenceMs": 3600000,
                                                           "meta": {"command": leave}}})
        container = self.run_container({"AGENT_NAME": "cack", "TICK_SOURCE": "local", "TICK_INTERVAL_S": "1"},
                                       [(config, CONFIG, "ro"), (self.volume("state"), STATE, "rw")])
        container.wait_output(r"orphans success")
        until(lambda: [p for p in container.processes() if p[1] in ("sh", "sleep")] == [], what="all to be buried")
        self.assertEqual({uid for _, _, uid, _ in container.processes()}, {self.image.user[0]})
        self.assertEqual(container.stop(), 0, container.output)

    def test_other_programs_and_options(self):
        container = self.run_container({}, [], ["heartbeat-consumer", "--version"])
        self.assertEqual(container.wait(), 0, container.output)
        container = self.run_container({}, [])
        self.assertEqual(container.wait(), 2, container.output)
        self.assertRegex(container.output, "AGENT_NAME .* is missing")

    def test_a_secret_in_place_of_a_variable(self):
        secrets = self.path("secrets")
        os.mkdir(secrets)
        files.write(os.path.join(secrets, "rabbit-url"), self.broker.url(self.vhost).encode() + b"\n")
        config = self.write("heartbeat.json", {"ping": {}})
        container = self.run_container(
            {"AGENT_NAME": "cack", "RABBIT_URL": "", "CREDENTIALS_DIRECTORY": "/run/secrets"},
            [(config, CONFIG, "ro"), (self.volume("state"), STATE, "rw"), (secrets, "/run/secrets", "ro")])
        self.broker.wait_consumers(self.vhost, "agent.cack.inbox")
        self.tick()
        container.wait_output("ping success")

    def test_tls(self):
        authority = Authority(self.folder)
        listener = TlsListener(self.broker, authority, authority.server("broker", "IP:127.0.0.1"))
        self.addCleanup(listener.close)
        config, inside = self.write("heartbeat.json", {"ping": {}}), "/etc/heartbeat-consumer/ca.pem"
        os.chmod(authority.certfile, 0o644)
        self.run_container(
            {"AGENT_NAME": "cack", "RABBIT_URL": listener.url(self.vhost, cacertfile=inside)},
            [(config, CONFIG, "ro"), (self.volume("state"), STATE, "rw"), (authority.certfile, inside, "ro")])
        self.broker.wait_consumers(self.vhost, "agent.cack.inbox")

    def test_a_folder_of_agents(self):
        folder = self.path("agents")
        os.mkdir(folder)
        for agent in ("one", "two"):
            files.write(os.path.join(folder, f"{agent}.json"), files.heartbeat({"ping": {}}, agent))
        container = self.run_container(
            {"HEARTBEAT_PATH": "", "HEARTBEAT_DIR": "/agents", "TICK_SOURCE": "local", "TICK_INTERVAL_S": "1",
             "RABBIT_URL": ""},
            [(folder, "/agents", "ro"), (self.volume("state"), STATE, "rw")])
        for agent in ("one", "two"):
            container.wait_output(f"{agent}: ping success")
        self.assertEqual(container.stop(), 0, container.output)


class ReadOnlyFile(Case):
    """A heartbeat.json mounted read-only as a single file."""

    def start(self, config, state):
        """Start the agent and wait until it consumes."""
        container = self.run_container({"AGENT_NAME": "cack"}, [(config, CONFIG, "ro"), (state, STATE, "rw")])
        self.broker.wait_consumers(self.vhost, "agent.cack.inbox")
        return container

    def stop(self, container):
        """Stop it and wait until the broker knows."""
        self.assertEqual(container.stop(), 0, container.output)
        self.broker.wait_consumers(self.vhost, "agent.cack.inbox", 0)

    @staticmethod
    def runs(state):
        """Return the names of the checks that have run, by the history in the volume."""
        try:
            return [json.loads(line)["check"]
                    for line in files.read(os.path.join(state, "cack.history.jsonl")).splitlines()]
        except FileNotFoundError:
            return []

    def test_last_run_is_kept_in_the_volume(self):
        config = self.write("heartbeat.json", {"first": {"cadenceMs": 3600000},
                                               "second": {"cadenceMs": 7200000, "priority": 2}})
        before, state = files.read(config), self.volume("state")
        self.assertEqual(os.stat(state).st_mode & 0o7777, 0o700)

        container = self.start(config, state)
        self.tick()
        self.assertEqual(self.runs(state), ["first"])
        self.stop(container)
        saved = files.read(os.path.join(state, "cack.json"))
        self.assertIn(b"first", saved)

        container = self.start(config, state)
        self.tick()
        self.assertEqual(self.runs(state), ["first", "second"])
        self.tick()
        self.stop(container)

        for _ in range(3):
            container = self.start(config, state)
            self.tick()
            self.stop(container)
        self.assertEqual(self.runs(state), ["first", "second"])
        self.assertEqual(files.read(config), before)
        for name in os.listdir(state):
            self.assertEqual(os.stat(os.path.join(state, name)).st_uid, self.image.user[0], name)

    def test_an_edit_in_place_arrives_and_another_file_does_not(self):
        config, state = self.write("heartbeat.json", {"first": {"cadenceMs": 3600000}}), self.volume("state")
        container = self.start(config, state)
        self.tick()
        with open(config, "wb") as file:
            file.write(files.heartbeat({"first": {"cadenceMs": 3600000}, "second": {"cadenceMs": 3600000}}))
        self.tick()
        self.assertEqual(self.runs(state), ["first", "second"])
        self.write("heartbeat.json", {"third": {"cadenceMs": 3600000}})
        self.tick()
        self.assertEqual(self.runs(state), ["first", "second"])
        self.stop(container)
        container = self.start(config, state)
        self.tick()
        self.assertEqual(self.runs(state), ["first", "second", "third"])
        self.stop(container)

    def test_without_a_volume_it_runs_again(self):
        config = self.write("heartbeat.json", {"first": {"cadenceMs": 3600000}})
        for number in (1, 2):
            state = self.volume(f"state{number}")
            container = self.start(config, state)
            self.tick()
            self.assertEqual(self.runs(state), ["first"])
            self.stop(container)


class Compose(Case):
    """The services of examples/compose.yaml, the broker's excepted, as they are written there."""

    def services(self):
        """Return them, by whatever composes here."""
        path = os.path.join(TOP, "examples", "compose.yaml")
        for command in (["docker", "compose"], ["docker-compose"]):
            if shutil.which(command[0]):
                done = subprocess.run([*command, "-f", path, "config"], capture_output=True, text=True, check=False)
                if done.returncode == 0:
                    text = done.stdout
                    break
                self.assertNotIn("is invalid", done.stderr)
        else:
            self.skipTest("there is no docker compose, and no docker-compose")
        try:
            import yaml
        except ImportError:
            self.skipTest("python3-yaml is not installed")
        return yaml.safe_load(text)["services"]

    def volumes(self, service):
        """Return the service's volumes: a named one is new, a folder that is not read-only is a copy."""
        found = []
        for volume in service.get("volumes", ()):
            if isinstance(volume, str):
                source, target, mode = volume.split(":")
            else:
                source, target = volume["source"], volume["target"]
                mode = "ro" if volume.get("read_only") else "rw"
            if not source.startswith("/"):
                source = self.volume(source, target)
            elif mode == "rw":
                copy = self.path(os.path.basename(source) + "-copy")
                shutil.copytree(source, copy)
                for path in (copy, *(os.path.join(copy, name) for name in os.listdir(copy))):
                    os.chown(path, *self.image.user)
                source = copy
            found.append((source, target, mode))
        return found

    def start(self, service):
        """Start a service; only its broker is another."""
        env, url = dict(service["environment"]), self.broker.url(self.vhost)
        self.assertRegex(env["RABBIT_URL"], "^amqp://heartbeat:heartbeat@rabbitmq:5672/$")
        command = service.get("command")
        if command:
            command = [word.replace("$$", "$") for word in command]
        return self.run_container({**env, "RABBIT_URL": url}, self.volumes(service), command)

    def test_agents_get_the_publishers_ticks(self):
        services = self.services()
        self.assertEqual(sorted(services), ["cack", "disk", "rabbitmq", "tick"])
        cack, disk = self.start(services["cack"]), self.start(services["disk"])
        for agent in ("cack", "disk"):
            self.broker.wait_consumers(self.vhost, f"agent.{agent}.inbox")
        tick = self.start(services["tick"])
        # at the next full minute
        tick.wait_output("published system.heartbeat.tick", timeout=90)
        cack.wait_output("sub_health success")
        disk.wait_output("disk_space success")
        written = self.path("disk-copy/heartbeat.json")
        until(lambda: files.last_run(written, "disk_space") > 0, what="lastRun in the file")
        self.assertEqual(files.last_run(os.path.join(TOP, "examples/cack.heartbeat.json"), "sub_health"), 0)
        for container, name in ((cack, "cack"), (disk, "disk")):
            doctor = container.execute(*services[name]["healthcheck"]["test"][1:])
            self.assertEqual(doctor.returncode, 0, doctor.stdout + doctor.stderr)
            self.assertEqual(container.stop(), 0, container.output)
        # the shell's end by the signal
        self.assertEqual(tick.stop(), 143)
