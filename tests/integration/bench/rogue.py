"""A program on the bus that has an agent's name, and answers as it likes."""

import threading

from gi.repository import Gio, GLib

from .agent import PREFIX, ROOT, Agent

XML = """
<node>
  <interface name="org.freedesktop.DBus.ObjectManager">
    <method name="GetManagedObjects"><arg type="{}" direction="out"/></method>
  </interface>
</node>"""


class Rogue:
    """Owns the name of an agent and answers GetManagedObjects with that tuple; calls of the agent itself wait for ever."""

    def __init__(self, bus, agent, reply):
        self.agent = Agent(bus, agent)
        self._reply = reply
        self._connection = bus.another()
        self._context = GLib.MainContext()
        self._loop = GLib.MainLoop.new(self._context, False)
        self._info = Gio.DBusNodeInfo.new_for_xml(XML.format(reply.get_type_string()[1:-1])).interfaces[0]
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self):
        self._context.push_thread_default()
        self._connection.register_object(ROOT, self._info, self._on_call, None, None)
        self._connection.add_filter(self._on_message)
        self._connection.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
                                   GLib.Variant("(su)", (self.agent.name, 4)), None, Gio.DBusCallFlags.NONE, -1, None)
        self._ready.set()
        self._loop.run()

    def _on_call(self, _connection, _sender, _path, _interface, _method, _parameters, invocation):
        invocation.return_value(self._reply)

    def _on_message(self, _connection, message, incoming):
        return None if incoming and message.get_interface() == PREFIX + ".Agent" else message

    def close(self):
        """Leave the bus."""
        self._connection.close_sync(None)
        self._loop.quit()
        self._thread.join(20)
