"""A private session bus without service activation, and a client of it."""

import collections
import os
import shutil
import signal
import subprocess
import tempfile

from gi.repository import Gio, GLib

from . import process
from .wait import DEADLINE, until

CONFIG = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={path}/socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
  <limit name="max_replies_per_connection">50000</limit>
  <limit name="max_names_per_connection">50000</limit>
</busconfig>
"""

Signal = collections.namedtuple("Signal", "path interface member args")


def pump():
    """Dispatch what has arrived for this thread's main context."""
    while GLib.MainContext.default().iteration(False):
        pass


class Recorder:
    """Collects the signals of one interface (all of them with None) until close()."""

    def __init__(self, connection, interface, path):
        self._connection = connection
        self._signals = []
        self._id = connection.signal_subscribe(None, interface, None, path, None, Gio.DBusSignalFlags.NONE,
                                               self._on_signal)

    def _on_signal(self, _connection, _sender, path, interface, member, parameters):
        self._signals.append(Signal(path, interface, member, parameters.unpack()))

    @property
    def signals(self):
        """Everything that has arrived so far."""
        pump()
        return list(self._signals)

    def matching(self, member, *args):
        """Return the signals of that name whose first arguments are args."""
        return [signal for signal in self.signals if signal.member == member and signal.args[:len(args)] == args]

    def wait(self, member, *args, count=1, timeout=DEADLINE):
        """Wait for the count-th signal of that name whose first arguments are args, and return it."""
        until(lambda: len(self.matching(member, *args)) >= count, timeout,
              f"signal {count} of {member}{args}")
        return self.matching(member, *args)[count - 1]

    def close(self):
        """Collect no more."""
        self._connection.signal_unsubscribe(self._id)


class Bus:
    """One dbus-daemon and this process's connection to it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="heartbeat-bus-")
        self._daemon = self.connection = self.address = None

    def start(self):
        """Start the daemon (again, on the same address) and connect to it."""
        with open(os.path.join(self.folder, "config"), "w", encoding="utf-8") as file:
            file.write(CONFIG.format(path=Gio.dbus_address_escape_value(self.folder)))
        self._daemon = process.spawn(["dbus-daemon", "--nofork", "--nopidfile", "--print-address=1",
                                      "--config-file=" + file.name],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                     text=True)
        # the guid after the comma differs after a restart
        self.address = self._daemon.stdout.readline().strip().split(",")[0]
        self.connection = self.another()

    def another(self):
        """Return another connection to it."""
        return Gio.DBusConnection.new_for_address_sync(
            self.address,
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION,
            None, None)

    def stop(self):
        """End the daemon; every client is cut off."""
        if self._daemon is not None:
            process.end(self._daemon)
            self._daemon.stdout.close()
            self._daemon = self.connection = None

    def freeze(self):
        """Let the daemon hang."""
        self._daemon.send_signal(signal.SIGSTOP)

    def thaw(self):
        """Let the daemon go on."""
        self._daemon.send_signal(signal.SIGCONT)

    def close(self):
        """End everything and delete the folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def env(self):
        """Return the variables that lead a program to this bus."""
        return {"DBUS_SESSION_BUS_ADDRESS": self.address}

    def call(self, name, path, interface, method, signature="()", *args, timeout=60):
        """Call a method and return its results as a tuple; an error is a GLib.Error."""
        return self.connection.call_sync(name, path, interface, method, GLib.Variant(signature, args), None,
                                         Gio.DBusCallFlags.NONE, int(timeout * 1000), None).unpack()

    def get_property(self, name, path, interface, member):
        """Read one property."""
        return self.call(name, path, "org.freedesktop.DBus.Properties", "Get", "(ss)", interface, member)[0]

    def get_all(self, name, path, interface):
        """Read all properties."""
        return self.call(name, path, "org.freedesktop.DBus.Properties", "GetAll", "(s)", interface)[0]

    def has_name(self, name):
        """Say whether somebody owns name."""
        return self.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner", "(s)", name)[0]

    def wait_name(self, name, owned=True):
        """Wait until somebody owns name, or nobody."""
        until(lambda: self.has_name(name) == owned, what=f"{name} to be {'owned' if owned else 'free'}")

    def record(self, interface=None, path=None):
        """Start to collect signals."""
        return Recorder(self.connection, interface, path)
