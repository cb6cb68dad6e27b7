#!/usr/bin/python3
"""A handler on D-Bus: `disk_space` fails when the disk gets full.

    "disk": {"handler": "disk_space", "cadenceMs": 900000, "meta": {"minFreePercent": 10}}

Usage: disk_space-on-dbus.py [AGENT] (cack). Needs python3-gi. Start it before or after the service, in any order; while it is away its checks fail and are tried again.
"""

import json
import shutil
import sys

from gi.repository import Gio, GLib

AGENT = sys.argv[1] if len(sys.argv) > 1 else "cack"
# an element of a name on the bus begins with no digit, one of a path has letters and digits only
NAME = "org.bloodbank.Heartbeat1." + ("_" if AGENT[0].isdigit() else "") + AGENT
PATH = "/org/bloodbank/Heartbeat1/" + Gio.dbus_escape_object_path(AGENT)
INTERFACE = Gio.DBusNodeInfo.new_for_xml("""
<node>
  <interface name="org.bloodbank.Heartbeat1.Handler">
    <method name="Run">
      <arg name="run" type="a{sv}" direction="in"/>
      <arg name="result" type="a{sv}" direction="out"/>
    </method>
  </interface>
</node>""").interfaces[0]


def disk_space(run):
    """Execute one check: return its status, and a line for people."""
    minimum = json.loads(run["meta"]).get("minFreePercent", 10)
    usage = shutil.disk_usage("/")
    free = 100 * usage.free / usage.total
    return "success" if free >= minimum else "failed", f"{free:.0f} % free"


def on_call(_connection, _sender, _path, _interface, _method, parameters, invocation):
    """Answer a call of Run."""
    try:
        status, message = disk_space(parameters.unpack()[0])
    except Exception as error:  # whatever goes wrong here is a run that failed
        status, message = "failed", f"{type(error).__name__}: {error}"
    result = {"status": GLib.Variant("s", status), "message": GLib.Variant("s", message)}
    invocation.return_value(GLib.Variant("(a{sv})", (result,)))


def on_registered(connection, result):
    """Say why the service does not take the handler."""
    try:
        connection.call_finish(result)
    except GLib.Error as error:
        print(f"disk_space is not registered: {error.message}", file=sys.stderr)


def on_service_appeared(connection, _name, _owner):
    """Register, each time that the service starts."""
    connection.call(NAME, PATH, "org.bloodbank.Heartbeat1.Agent", "RegisterHandler",
                    GLib.Variant("(so)", ("disk_space", "/handlers/disk_space")), None, Gio.DBusCallFlags.NONE, -1, None,
                    on_registered)


bus = Gio.bus_get_sync(Gio.BusType.SESSION)
bus.register_object("/handlers/disk_space", INTERFACE, on_call)
Gio.bus_watch_name_on_connection(bus, NAME, Gio.BusNameWatcherFlags.NONE, on_service_appeared, None)
GLib.MainLoop().run()
