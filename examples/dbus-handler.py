#!/usr/bin/python3
"""A handler on D-Bus: executes the checks of the agent cack whose handler is `greeting`.

    "hello": {"handler": "greeting", "cadenceMs": 3600000, "meta": {"whom": "world"}}

Needs python3-gi. Start it before or after the service, in any order; while it is away its checks fail and are tried again.
"""

import json
import sys

from gi.repository import Gio, GLib

NAME = "org.bloodbank.Heartbeat1." + (sys.argv[1] if len(sys.argv) > 1 else "cack")
AGENT = "/org/bloodbank/Heartbeat1/" + NAME.rpartition(".")[2]
INTERFACE = Gio.DBusNodeInfo.new_for_xml("""
<node>
  <interface name="org.bloodbank.Heartbeat1.Handler">
    <method name="Run">
      <arg name="run" type="a{sv}" direction="in"/>
      <arg name="result" type="a{sv}" direction="out"/>
    </method>
  </interface>
</node>""").interfaces[0]


def greet(run):
    """Execute one check: return its status, and a line for people."""
    whom = json.loads(run["meta"]).get("whom")
    if not whom:
        return "failed", "meta.whom is missing"
    return "success", f"Hello {whom}!"


def on_call(_connection, _sender, _path, _interface, _method, parameters, invocation):
    """Answer a call of Run."""
    try:
        status, message = greet(parameters.unpack()[0])
    except Exception as error:  # whatever goes wrong here is a run that failed
        status, message = "failed", f"{type(error).__name__}: {error}"
    result = {"status": GLib.Variant("s", status), "message": GLib.Variant("s", message)}
    invocation.return_value(GLib.Variant("(a{sv})", (result,)))


def on_service_appeared(connection, _name, _owner):
    """Register, each time that the service starts."""
    connection.call(NAME, AGENT, "org.bloodbank.Heartbeat1.Agent", "RegisterHandler",
                    GLib.Variant("(so)", ("greeting", "/handlers/greeting")), None, Gio.DBusCallFlags.NONE, -1, None, None)


bus = Gio.bus_get_sync(Gio.BusType.SESSION)
bus.register_object("/handlers/greeting", INTERFACE, on_call)
Gio.bus_watch_name_on_connection(bus, NAME, Gio.BusNameWatcherFlags.NONE, on_service_appeared, None)
GLib.MainLoop().run()
