"""The programs under test, started in a world of their own."""

import collections
import glob
import os
import re
import signal
import subprocess
import threading
import time
import unittest

from . import process
from .latency import Latency
from .wait import DEADLINE, Timeout, until

PASSED_ON = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "G_SLICE", "G_DEBUG", "LD_LIBRARY_PATH")
COMPLAINTS = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|-CRITICAL|CRITICAL \*\*|GLib.*WARNING")

Ended = collections.namedtuple("Ended", "status seconds")


def program(variable):
    """Return the path of a program under test from its environment variable."""
    path = os.environ.get(variable)
    if not path:
        raise unittest.SkipTest(f"{variable} is not set")
    return os.path.abspath(path)


def sanitized(path):
    """Say whether a program is built with AddressSanitizer, and so is slow."""
    with open(path, "rb") as file:
        return b"__asan_init" in file.read()


def environment(home, **variables):
    """Return a clean environment below the folder home; a variable that is None is left out."""
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    env.update(PATH="/usr/bin:/bin", LANG="C.UTF-8", HOME=home,
               DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={home}/no-system-bus")
    for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        env[name] = os.path.join(home, name.lower())
        os.makedirs(env[name], mode=0o700, exist_ok=True)
    env.update(variables)
    return {name: value for name, value in env.items() if value is not None}


def translated(folder):
    """Return the variables of a locale in which LANGUAGE counts, made in a folder of that name.

    Since 2.41 glibc ignores LANGUAGE in C.UTF-8 as it does in C, by the locale's name: so this is C.UTF-8 under another.
    """
    os.makedirs(folder, exist_ok=True)
    os.symlink("/usr/lib/locale/C.utf8", os.path.join(folder, "en_US.UTF-8"))
    return {"LANG": "en_US.UTF-8", "LOCPATH": folder}


def faketime():
    """Return the variables with which a program is under libfaketime."""
    libraries = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not libraries:
        raise unittest.SkipTest("libfaketime is not installed")
    # it comes before AddressSanitizer's library, which then cannot look for leaks
    asan = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0", "detect_leaks=0")))
    return {"LD_PRELOAD": libraries[0], "ASAN_OPTIONS": asan}


def hasten(rate):
    """Return variables with which all clocks of a program run faster: its minute is over in 60 / rate seconds."""
    return {**faketime(), "FAKETIME": f"+0 x{rate}"}


class Clock:
    """The clock on a program's wall, which can be set; its timers do not notice."""

    def __init__(self, path):
        self._path = path
        self.set(0)

    def set(self, seconds):
        """Set it so many seconds ahead of what it is, or, where negative, back."""
        with open(self._path + ".new", "w", encoding="ascii") as file:
            file.write(f"{seconds:+d}\n")
        os.rename(self._path + ".new", self._path)

    def env(self):
        """Return the variables of the program."""
        return {**faketime(), "FAKETIME_TIMESTAMP_FILE": self._path, "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


class Service:
    """One heartbeat-consumer process; where probe names a file, `latency` measures its main loop."""

    def __init__(self, env, *args, wrapper=(), probe=None):
        self.program = program("HEARTBEAT_CONSUMER")
        self.latency = Latency(self.program, self.sanitized, probe) if probe else None
        self.lines = []
        command = [*(self.latency.command() if probe else ()), self.program, *args]
        self._process = process.spawn([*wrapper, *command], env=env, cwd=env["HOME"],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      text=True, errors="replace")
        self.stdout = []
        self._readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                         for pair in ((self._process.stdout, self.stdout), (self._process.stderr, self.lines))]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))
        stream.close()

    @property
    def pid(self):
        """The process's number."""
        return self._process.pid

    @property
    def running(self):
        """Whether it has not ended yet."""
        return self._process.poll() is None

    @property
    def stderr(self):
        """What it has written to standard error so far."""
        return "\n".join(self.lines)

    @property
    def sanitized(self):
        """Whether it is slowed down by AddressSanitizer."""
        return sanitized(self.program)

    def wait_log(self, pattern, timeout=DEADLINE):
        """Wait for a line on standard error that matches pattern; return the match."""
        def find():
            ended = not self.running
            match = next(filter(None, (re.search(pattern, line) for line in list(self.lines))), None)
            if match is None and ended:
                self._join()
                match = next(filter(None, (re.search(pattern, line) for line in self.lines)), None)
                if match is None:
                    raise Timeout(f"ended with status {self._process.returncode} without logging {pattern!r}")
            return match
        return until(find, timeout, f"a log line like {pattern!r}")

    def _join(self):
        for reader in self._readers:
            reader.join(5)

    def wait(self, timeout=DEADLINE):
        """Wait until it ends by itself; return its exit status (negative: killed by that signal)."""
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Timeout(f"still running after {timeout} s") from None
        self._join()
        return status

    def send(self, number):
        """Send a signal."""
        self._process.send_signal(number)

    def stop(self, number=signal.SIGTERM, timeout=DEADLINE):
        """Ask it to end; return its exit status and how many seconds it took."""
        start = time.monotonic()
        self.send(number)
        return Ended(self.wait(timeout), time.monotonic() - start)

    def kill(self):
        """End it by SIGKILL."""
        self._process.kill()
        self.wait()

    def complaints(self):
        """Return the lines on standard error that no good program writes."""
        return [line for line in self.lines if COMPLAINTS.search(line)]


def ctl(env, *args, timeout=60, stdin=""):
    """Run heartbeatctl and return its CompletedProcess, with text."""
    return subprocess.run([program("HEARTBEATCTL"), *args], env=env, cwd=env["HOME"], input=stdin,
                          capture_output=True, text=True, timeout=timeout, check=False)
