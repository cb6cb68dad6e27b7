"""A mock notification server: it shows nothing and remembers what it was asked to show."""

import collections
import os
import signal
import subprocess

from gi.repository import GLib

from . import process
from .wait import until

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
MOCK = "org.freedesktop.DBus.Mock"

Notify = collections.namedtuple("Notify", "app replaces icon summary body actions hints timeout")


class Notifications:
    """python3-dbusmock's notification_daemon on a private bus."""

    def __init__(self, bus):
        self._bus = bus
        self._server = None

    def start(self):
        """Start the server and wait until it answers."""
        self._server = process.spawn(
            ["/usr/bin/python3", "-m", "dbusmock", "--template", "notification_daemon", "-p",
             '{"capabilities": "actions body body-markup"}'],
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self._bus.env()},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self._bus.wait_name(NAME)
        until(lambda: "actions" in self._bus.call(NAME, PATH, NAME, "GetCapabilities")[0], what="the template")

    def stop(self):
        """End the server."""
        if self._server is not None:
            self.thaw()
            process.end(self._server)
            self._server = None

    def freeze(self):
        """Let the server hang: it owns its name and answers nothing."""
        os.kill(self._server.pid, signal.SIGSTOP)

    def thaw(self):
        """Let the server go on."""
        if self._server.poll() is None:
            os.kill(self._server.pid, signal.SIGCONT)

    def calls(self, method="Notify"):
        """Return the arguments of every call of method so far."""
        answer, = self._bus.call(NAME, PATH, MOCK, "GetMethodCalls", "(s)", method)
        return [Notify(*args) if method == "Notify" else tuple(args) for _time, args in answer]

    def wait_calls(self, count=1, method="Notify"):
        """Wait until method was called count times, and return the calls."""
        until(lambda: len(self.calls(method)) >= count, what=f"{count} call(s) of {method}")
        return self.calls(method)

    def emit(self, member, signature, *args):
        """Emit a signal of the notification server."""
        variants = [GLib.Variant(kind, value) for kind, value in zip(signature, args)]
        self._bus.call(NAME, PATH, MOCK, "EmitSignal", "(sssav)", NAME, member, signature, variants)

    def invoke(self, number, action):
        """Click a button of the notification with that number (the first is 1)."""
        self.emit("ActionInvoked", "us", number, action)
