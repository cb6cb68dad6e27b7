"""Containers of the image that tests/container.sh has built, by namespaces alone: no daemon, no cgroup, host's network."""

import json
import os
import re
import shlex
import subprocess
import threading
import unittest

from . import process
from .wait import DEADLINE, Timeout, until

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

# In a mount namespace of its own; the last line becomes process 1. Mounts of the image's folder are another's, so it is
# mounted anew, read-only. What a runtime mounts itself comes first, then what is asked for.
SCRIPT = """\
set -e
root={root}
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in {devices}; do touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
{mounts}
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs chroot --userspec={user} --groups= "$root" {command}
"""
MOUNT = """\
mount --bind {source} "$root"{target}
mount -o remount,bind,nosuid,nodev{options} "$root"{target}
"""


class Image:
    """What is mounted at HEARTBEAT_IMAGE_ROOT, with the configuration in the file HEARTBEAT_IMAGE_CONFIG."""

    def __init__(self):
        self.root, config = os.environ.get("HEARTBEAT_IMAGE_ROOT"), os.environ.get("HEARTBEAT_IMAGE_CONFIG")
        if not self.root or not config:
            raise unittest.SkipTest("needs a built image: tests/container.sh builds one and runs this")
        with open(config, encoding="utf-8") as file:
            self.config = json.load(file)["Docker"]["config"]

    @property
    def env(self):
        """The environment of its containers."""
        return dict(variable.split("=", 1) for variable in self.config["Env"])

    @property
    def user(self):
        """(uid, gid) of its user."""
        for line in self.read("/etc/passwd").splitlines():
            fields = line.split(":")
            if fields[0] == self.config["User"]:
                return int(fields[2]), int(fields[3])
        raise AssertionError(f"there is no user {self.config['User']}")

    def path(self, inside):
        """Return where a path of the image is outside."""
        return self.root + inside

    def read(self, inside):
        """Return the text of a file."""
        with open(self.path(inside), encoding="utf-8") as file:
            return file.read()

    def prepare_targets(self, volumes):
        """Make the files and folders on which is mounted, as a runtime does."""
        for source, target, _ in volumes:
            if os.path.isdir(source):
                os.makedirs(self.path(target), exist_ok=True)
            elif not os.path.exists(self.path(target)):
                os.makedirs(os.path.dirname(self.path(target)), exist_ok=True)
                with open(self.path(target), "w", encoding="utf-8"):
                    pass


class Container:
    """One that runs: volumes are (source, target, "ro" or "rw"); without a command it is the image's."""

    def __init__(self, image, env, volumes, command=None):
        image.prepare_targets(volumes)
        self.image = image
        self.env = {**image.env, **env}
        self.lines = []
        mounts = "".join(MOUNT.format(source=shlex.quote(source), target=shlex.quote(target),
                                      options=",ro" if mode == "ro" else "") for source, target, mode in volumes)
        script = SCRIPT.format(root=shlex.quote(image.root), devices=" ".join(DEVICES), mounts=mounts,
                               user="{}:{}".format(*image.user), command=self._command(command))
        self._process = process.spawn(["unshare", "--mount", "--pid", "--ipc", "--fork", "--kill-child",
                                       "sh", "-c", script],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True, errors="replace")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _command(self, command):
        config = self.image.config
        words = ["/usr/bin/env", "-i", "-C", config["WorkingDir"],
                 *(f"{name}={value}" for name, value in self.env.items()),
                 *config["Entrypoint"], *(command or config["Cmd"])]
        return shlex.join(words)

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def output(self):
        """What it has written so far."""
        return "\n".join(self.lines)

    @property
    def pid(self):
        """The number that its process 1 has outside."""
        path = f"/proc/{self._process.pid}/task/{self._process.pid}/children"
        with open(path, encoding="ascii") as file:
            return int(file.read().split()[0])

    def processes(self):
        """Return (pid, name, uid, state) of its processes, by their numbers outside."""
        namespace = os.readlink(f"/proc/{self.pid}/ns/pid")
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{entry}/ns/pid") == namespace:
                    with open(f"/proc/{entry}/status", encoding="utf-8") as file:
                        text = file.read()
                    found.append((int(entry), *re.search(
                        r"^Name:\t(.*)$.*^State:\t(.).*^Uid:\t(\d+)", text, re.M | re.S).groups()))
            except (FileNotFoundError, PermissionError, ProcessLookupError):
                # it has gone, or is nobody's business
                pass
        return [(pid, name, int(uid), state) for pid, name, state, uid in found]

    def execute(self, *command):
        """Run a command in it, as `docker exec` does; return its CompletedProcess."""
        uid, gid = self.image.user
        return subprocess.run(["nsenter", "--target", str(self.pid), "--mount", "--pid", "--ipc", "--root", "--wd",
                               "--setuid", str(uid), "--setgid", str(gid), "/usr/bin/env", "-i",
                               *(f"{name}={value}" for name, value in self.env.items()), *command],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)

    def wait_output(self, pattern, count=1, timeout=DEADLINE):
        """Wait until that many lines match pattern."""
        until(lambda: sum(bool(re.search(pattern, line)) for line in list(self.lines)) >= count, timeout,
              f"{count} line(s) like {pattern!r} in\n{self.output}")

    def wait(self, timeout=DEADLINE):
        """Wait until it ends by itself; return its exit status."""
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Timeout(f"still running after {timeout} s") from None
        self._reader.join(5)
        return status

    def stop(self, timeout=DEADLINE):
        """SIGTERM for process 1, as `docker stop` does; return the exit status."""
        if self._process.poll() is None:
            os.kill(self.pid, 15)
        return self.wait(timeout)

    def close(self):
        """End it, whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
