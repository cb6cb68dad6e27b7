"""What a test of the service starts from: shared broker, own vhost, own bus, own home."""

import os
import shutil
import tempfile
import unittest

from gi.repository import Gio, GLib

from . import files, shared
from .agent import ERROR, Agent
from .broker import Broker
from .bus import Bus
from .kinds import TooSlow, is_measured
from .latency import note
from .notifications import Notifications
from .proxy import Proxy
from .service import Service, ctl, environment, program
from .wait import until

def shared_broker():
    """Return the process's broker, running; it starts with the first test that needs one."""
    broker = shared.get(Broker)
    if not broker.running:
        broker.start()
    return broker


class Case(unittest.TestCase):
    """A test with a bus, a home and, where with_broker is set, a vhost on the shared broker. Where probed is set, the latency of
    each service's main loop is measured."""

    with_broker = True
    probed = False
    maxDiff = 4000
    queue = "agent.cack.inbox"

    def setUp(self):
        program("HEARTBEAT_CONSUMER")
        self.services = []
        self.home = tempfile.mkdtemp(prefix="heartbeat-home-")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.config = os.path.join(self.home, "heartbeat.json")
        self.bus = Bus()
        self.addCleanup(self.bus.close)
        self.bus.start()
        self.agent = Agent(self.bus)
        self.env = environment(self.home, AGENT_NAME="cack", HEARTBEAT_PATH=self.config, **self.bus.env())
        if self.with_broker:
            self.broker = shared_broker()
            self.vhost = self.enterContext(self.broker.vhost())
            self.env["RABBIT_URL"] = self.broker.url(self.vhost)

    # --- the file ---------------------------------------------------------------------------------------------------

    def write(self, content):
        """Write heartbeat.json."""
        files.write(self.config, content)

    def write_checks(self, **checks):
        """Write a heartbeat.json with these checks (see files.heartbeat); return its bytes."""
        content = files.heartbeat(checks)
        self.write(content)
        return content

    def write_unseen(self, content):
        """Write heartbeat.json by another name: who watches its folder is not told of that."""
        elsewhere = self.path("elsewhere")
        os.mkdir(elsewhere)
        other = os.path.join(elsewhere, "other")
        os.link(self.config, other)
        with open(other, "wb") as file:
            file.write(content)

    def read(self):
        """Return the bytes of heartbeat.json."""
        return files.read(self.config)

    def last_run(self, check):
        """Return a check's lastRun in heartbeat.json."""
        return files.last_run(self.config, check)

    def path(self, name):
        """Return a path in the test's home."""
        return os.path.join(self.home, name)

    # --- the service ------------------------------------------------------------------------------------------------

    def spawn(self, *args, wrapper=(), **variables):
        """Start the service with more variables (None unsets one) and do not wait; the test ends it."""
        env = {name: value for name, value in {**self.env, **variables}.items() if value is not None}
        probe = self.path(f"latency-{len(self.services)}") if self.probed else None
        service = Service(env, *args, wrapper=wrapper, probe=probe)
        self.services.append(service)
        self.addCleanup(self._end, service)
        return service

    def start(self, *args, **options):
        """Start the service and wait until it is on the bus and, with a broker, consumes; self.signals collects."""
        self.signals = self.agent.record()
        service = self.spawn(*args, **options)
        self._wait(service, lambda: self.bus.has_name(self.agent.name), "its bus name")
        if self.with_broker:
            self._wait(service, lambda: self.broker.consumers(self.vhost, self.queue) == 1, "its consumer")
        return service

    @staticmethod
    def _wait(service, predicate, what):
        def check():
            if not service.running:
                raise AssertionError(f"the service ended with status {service.wait()} before {what}")
            return predicate()
        until(check, what=what)

    def assert_quick(self, what, service=None):
        """The loop of that service, or of the last one, was never late for too long."""
        probe = (service or self.services[-1]).latency
        own, raw = probe.worst_ms()
        note(f"{what}: worst delay {own:.1f} ms, {raw:.1f} ms with waiting")
        self.assert_within(own, probe.limit_ms, what)

    def assert_within(self, taken, limit, what="the time taken"):
        """It took less than limit, unless a sanitizer hides how long things take. Only @measured tests and long forms run where
        that means something."""
        if not (is_measured(self) or os.environ.get("SOAK")):
            raise RuntimeError(f"{self.id()} bounds a time and is not @measured: no build would look at it")
        if not self.services[-1].sanitized and taken >= limit:
            raise TooSlow(f"{what}: {taken:.1f} is not below {limit}")

    def _end(self, service):
        """Every service that is still there ends well, and none has written what a sanitizer or GLib complains of."""
        if service.running:
            try:
                status = service.stop().status
            finally:
                if service.running:
                    service.kill()
            self.assertEqual(status, 0, "exit status after SIGTERM")
        self.assertEqual(service.complaints(), [])

    def run_service(self, *args, **variables):
        """Start a service that ends by itself; return it with its exit status."""
        service = self.spawn(*args, **variables)
        return service, service.wait()

    def ctl(self, *args, **variables):
        """Run heartbeatctl in the service's environment."""
        env = {name: value for name, value in {**self.env, **variables}.items() if value is not None}
        return ctl(env, *args)

    # --- messages ---------------------------------------------------------------------------------------------------

    def tick(self, body=None):
        """Publish a tick (tick-published.json, or these bytes) and return when the broker has it."""
        self.publish("system.heartbeat.tick", files.data("tick-published.json") if body is None else body)

    def publish(self, routing_key, body, **properties):
        """Publish a message to the exchange."""
        self.broker.publish(self.vhost, routing_key, body, **properties)

    def assert_error(self, name, method, *args):
        """Call a method of the agent; it must answer with that error, whose message is returned."""
        with self.assertRaises(GLib.Error) as raised:
            self.agent.call(method, *args)
        self.assertEqual(Gio.DBusError.get_remote_error(raised.exception), ERROR + name)
        Gio.DBusError.strip_remote_error(raised.exception)
        return raised.exception.message

    def finished(self, check, count=1):
        """Wait until the count-th run of a check since start() has ended; return its status."""
        return self.signals.wait("CheckFinished", check, count=count).args[1]

    def tick_runs(self, check, count=1):
        """Publish a tick, wait until that check's count-th run and the tick itself are done; return the status."""
        self.tick()
        status = self.finished(check, count)
        self.wait_acknowledged()
        return status

    def idle_tick(self):
        """Publish a tick and wait until it has been found idle."""
        before = self.agent.get("TicksIdle")
        self.tick()
        self.agent.wait("TicksIdle", before + 1)
        self.wait_acknowledged()

    def wait_acknowledged(self):
        """Wait until the queue holds nothing, delivered or not."""
        self.broker.wait_depth(self.vhost, self.queue, (0, 0))

    def notifications(self):
        """Start a notification server on the bus."""
        server = Notifications(self.bus)
        self.addCleanup(server.stop)
        server.start()
        return server

    def gate(self, name="gate"):
        """Return a `meta` whose command runs until open_gate() or the end of the test, and says so by a file NAME.running."""
        gate = self.path(name)
        return {"command": ["sh", "-c", f"touch {gate}.running; "
                                        f"while [ -e {gate}.running ] && [ ! -e {gate} ]; do sleep 0.02; done"]}

    def wait_gate(self, name="gate"):
        """Wait until a command with that gate runs."""
        until(lambda: os.path.exists(self.path(name) + ".running"), what="the gated command to run")

    def open_gate(self, name="gate"):
        """Let the command with that gate end."""
        with open(self.path(name), "w", encoding="utf-8"):
            pass

    def behind_proxy(self, start=True):
        """Lead the service to the broker through a proxy, and return that."""
        proxy = Proxy(self.broker.port)
        self.addCleanup(proxy.stop)
        if start:
            proxy.start()
        self.env["RABBIT_URL"] = self.broker.url(self.vhost, proxy.port)
        return proxy

    # --- for the runner ---------------------------------------------------------------------------------------------

    def diagnostics(self):
        """Return what helps to understand a failure."""
        return "".join(f"--- standard error of service {service.pid}\n{service.stderr}\n"
                       for service in getattr(self, "services", ()))
