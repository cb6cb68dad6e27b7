"""A program that registers a D-Bus handler and behaves as each check's `meta.do` says.

Run as `python3 bus_handler.py BUS_NAME AGENT_PATH HANDLER OBJECT_PATH`; it prints `registered`, or the error's name.
"""

import json
import os
import sys

from gi.repository import Gio, GLib

XML = """
<node><interface name="org.bloodbank.Heartbeat1.Handler">
  <method name="Run"><arg type="a{sv}" direction="in"/><arg type="a{sv}" direction="out"/></method>
</interface></node>"""


def result(status, message="", details=None):
    """Return an answer."""
    members = {"message": GLib.Variant("s", message)}
    if status is not None:
        members["status"] = GLib.Variant("s", status)
    if details is not None:
        members["details"] = details
    return GLib.Variant("(a{sv})", (members,))


def nested(depth):
    """Return a value of that many dictionaries in each other."""
    value = GLib.Variant("s", "x")
    for _ in range(depth):
        value = GLib.Variant("a{sv}", {"k": value})
    return value


def on_call(_connection, _sender, _path, _interface, _method, parameters, invocation):
    """Do as the check says."""
    run = parameters.unpack()[0]
    action = json.loads(run["meta"]).get("do", "succeed") if "check" in run else "message"
    if action == "succeed":
        invocation.return_value(result("success", f"{run['agent']}/{run['check_name']} by {sys.argv[4]}"))
    elif action == "message":
        invocation.return_value(result("success" if "good" in run["routing_key"] else "failed", run["envelope"]))
    elif action == "details":
        invocation.return_value(result("skipped", "nothing", GLib.Variant("a{sv}", {"n": GLib.Variant("i", 3)})))
    elif action == "error":
        invocation.return_dbus_error("org.example.Sad", "the cat ate it")
    elif action == "no-status":
        invocation.return_value(result(None))
    elif action == "odd-status":
        invocation.return_value(result("great"))
    elif action == "deep":
        invocation.return_value(result("success", "deep", nested(12)))
    elif action == "large":
        invocation.return_value(result("success", "l" * 1_000_000))
    elif action == "leave":
        os._exit(0)
    elif action == "later":
        GLib.timeout_add(200, lambda: invocation.return_value(result("success", "later")))
    # anything else: no answer


def main():
    """Register, and serve until killed."""
    bus_name, agent_path, handler, path = sys.argv[1:]
    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    bus.register_object("/handler", Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0], on_call)
    try:
        bus.call_sync(bus_name, agent_path, "org.bloodbank.Heartbeat1.Agent", "RegisterHandler",
                      GLib.Variant("(so)", (handler, path)), None, Gio.DBusCallFlags.NONE, -1, None)
        print("registered", flush=True)
    except GLib.Error as error:
        print(Gio.DBusError.get_remote_error(error), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
