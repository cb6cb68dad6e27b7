"""The documented D-Bus interface of one agent, as any client sees it."""

from gi.repository import Gio

from .wait import until

PREFIX = "org.bloodbank.Heartbeat1"
ROOT = "/org/bloodbank/Heartbeat1"
ERROR = PREFIX + ".Error."


class _Object:
    """An object on the bus with one interface of interest."""

    def __init__(self, bus, name, path, interface):
        self.bus, self.name, self.path, self.interface = bus, name, path, interface

    def get(self, member):
        """Read a property."""
        return self.bus.get_property(self.name, self.path, self.interface, member)

    def all(self):
        """Read all properties."""
        return self.bus.get_all(self.name, self.path, self.interface)

    def call(self, method, signature="()", *args):
        """Call a method; return its results as a tuple."""
        return self.bus.call(self.name, self.path, self.interface, method, signature, *args)

    def wait(self, member, value, **options):
        """Wait until a property has a value."""
        until(lambda: self.get(member) == value, what=f"{member} to be {value!r}", **options)

    def record(self):
        """Start to collect this interface's signals of this object."""
        return self.bus.record(self.interface, self.path)


class Agent(_Object):
    """…Heartbeat1.Agent of the agent with that name."""

    def __init__(self, bus, agent="cack"):
        owned = "_" + agent if agent[0].isdigit() else agent
        super().__init__(bus, f"{PREFIX}.{owned}", f"{ROOT}/{Gio.dbus_escape_object_path(agent)}", PREFIX + ".Agent")

    def check(self, name):
        """Return the object of one check."""
        return _Object(self.bus, self.name, f"{self.path}/checks/{Gio.dbus_escape_object_path(name)}",
                       PREFIX + ".Check")

    def wait_owned(self):
        """Wait until the service is on the bus."""
        self.bus.wait_name(self.name)

    def run(self, check):
        """Run a check by hand; return the result's dictionary."""
        return self.call("RunCheck", "(sa{sv})", check, {})[0]
