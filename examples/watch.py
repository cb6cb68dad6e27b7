#!/usr/bin/python3
"""Lists the agents that are served and tells of each check that fails; first runs a check of one and pauses another.

    watch.py [AGENT CHECK-TO-RUN CHECK-TO-PAUSE]

Needs python3-gi.
"""

import sys

from gi.repository import Gio, GLib

PREFIX = "org.bloodbank.Heartbeat1."


def on_signal(_manager, _object, proxy, _sender, signal, arguments):
    """Tell of failures: arguments are the check, the status and the other members of the result."""
    if signal == "CheckFinished" and arguments[1] == "failed":
        print(f"{proxy.get_cached_property('Name').unpack()}: {arguments[0]} failed: {arguments[2]['message']}", flush=True)


bus = Gio.bus_get_sync(Gio.BusType.SESSION)
daemon = Gio.DBusProxy.new_sync(bus, 0, None, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
managers = [Gio.DBusObjectManagerClient.new_sync(bus, 0, name, "/org/bloodbank/Heartbeat1", None, None, None)
            for name in daemon.ListNames() if name.startswith(PREFIX)]
proxies = [proxy for manager in managers for item in manager.get_objects() if (proxy := item.get_interface(PREFIX + "Agent"))]
agents = {proxy.get_cached_property("Name").unpack(): proxy for proxy in proxies}
print("agents:", *sorted(agents), flush=True)
for manager in managers:
    manager.connect("interface-proxy-signal", on_signal)
if len(sys.argv) > 3:
    agents[sys.argv[1]].Pause("(sxs)", sys.argv[3], 0, "by watch.py")
    print(sys.argv[2], agents[sys.argv[1]].RunCheck("(sa{sv})", sys.argv[2], {})["status"], flush=True)
GLib.MainLoop().run()
