"""A private broker, a private bus, and programs that consume."""

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import pika

from bench import files, process
from bench.broker import EXCHANGE, Broker
from bench.bus import Bus
from bench.service import environment
from bench.wait import until

from . import usage

TICK_KEY = "system.heartbeat.tick"
# Of a drain: the CPU clock stands still for that long, then the broker is asked.
QUIET_S = 0.05
POLL_S = 0.001
PATIENCE_S = 600


class Program:
    """A process whose output is read, with the time of each line."""

    def __init__(self, command, env, folder, guarded=True):
        spawn = process.spawn if guarded else subprocess.Popen
        self.lines = []
        self.started = time.monotonic()
        self._process = spawn(command, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self.lines.append((time.monotonic(), line.rstrip("\n")))
        self._process.stdout.close()

    def wait_line(self, pattern, count=1):
        """Wait for the count-th line that matches; return how long after the start it came."""
        def find():
            times = [at for at, line in list(self.lines) if re.search(pattern, line)]
            if len(times) < count and self._process.poll() is not None:
                raise RuntimeError(f"ended: {[line for _, line in self.lines]}")
            return times[count - 1] - self.started if len(times) >= count else None
        return until(find, PATIENCE_S, f"{count} × {pattern!r}")

    def cpu_ns(self):
        """Return its CPU time."""
        return usage.cpu_ns(self.pid)

    def pause(self):
        """Let it stand still."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        """Let it run again."""
        self._process.send_signal(signal.SIGCONT)

    def end(self):
        """End it."""
        if self._process.poll() is None:
            self.go_on()
        process.end(self._process, PATIENCE_S)
        self._reader.join(5)


class Consumer(Program):
    """A program that consumes agents' queues on one vhost."""

    REGISTERED = r"^registered$|Waiting for ticks on the queue"

    def __init__(self, vhost, queues, marks, command, env, folder, **options):
        super().__init__(command, env, folder, **options)
        self.vhost, self.queues, self._marks = vhost, queues, marks

    def wait_registered(self):
        """Wait until all its queues are consumed from; return how long that took."""
        return self.wait_line(self.REGISTERED, self._marks)


class Vhost:
    """A vhost of its own for a group of measurements, and a connection that publishes there."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        world.broker.add_vhost(name)
        self._connection = world.broker.connect(name)
        self._channel = self._connection.channel()
        self._channel.exchange_declare(EXCHANGE, "topic", durable=True)
        self.body = files.data("tick-published.json")

    def publish(self, count=1):
        """Publish ticks to all agents of the vhost; the broker has them when this returns."""
        for _ in range(count):
            self._channel.basic_publish(EXCHANGE, TICK_KEY, self.body)
        self._channel.exchange_declare(EXCHANGE, passive=True)

    def publish_one(self):
        """Publish a tick without waiting for anything; return when, in ns of the wall clock."""
        now = time.time_ns()
        self._channel.basic_publish(EXCHANGE, TICK_KEY, self.body)
        return now

    def keep_alive(self):
        """Answer the broker's heartbeats."""
        self._connection.process_data_events(0)

    def close(self):
        """Publish no more."""
        with contextlib.suppress(pika.exceptions.AMQPError):
            self._connection.close()


class World:
    """All that the measurements share."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self._numbers = itertools.count(1)
        self.folder = tempfile.mkdtemp(prefix="heartbeat-cost-")
        self.stack = contextlib.ExitStack()
        self.stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.broker = Broker()
        self.stack.callback(self.broker.close)
        self.broker.start()

    def close(self):
        """End everything."""
        self.stack.close()

    def tool(self, name):
        """Return the path of a program in tests/bench."""
        return os.path.join(self.build, "tests", "bench", name)

    @contextlib.contextmanager
    def vhost(self):
        """Give a vhost; it goes with the broker, for deleting a thousand queues takes its time."""
        vhost = Vhost(self, f"cost-{next(self._numbers)}")
        try:
            yield vhost
        finally:
            vhost.close()

    @contextlib.contextmanager
    def bus(self):
        """Give a session bus."""
        with contextlib.closing(Bus()) as bus:
            bus.start()
            yield bus

    def home(self):
        """Return a new folder."""
        return tempfile.mkdtemp(dir=self.folder)

    @contextlib.contextmanager
    def running(self, consumer):
        """Have a consumer registered for a while."""
        try:
            consumer.wait_registered()
            yield consumer
        finally:
            consumer.end()

    # --- the bare loop ----------------------------------------------------------------------------------------------

    def bare(self, vhost, how="single", queues=1, wrapper=(), **options):
        """Start the bare loop on queues of its own."""
        agent = f"bare{next(self._numbers)}"
        stamps = ["stamps"] if how == "stamps" else []
        command = [*wrapper, self.tool("yardstick"), str(self.broker.port), vhost.name, EXCHANGE, agent, str(queues),
                   "batched" if how == "batched" else "single", *stamps]
        names = [agent] if queues == 1 else [f"{agent}-{i}" for i in range(queues)]
        return Consumer(vhost.name, [f"agent.{name}.inbox" for name in names], 1, command,
                        environment(self.home()), self.folder, **options)

    # --- the service ------------------------------------------------------------------------------------------------

    def _service(self, vhost, agents, home, bus, wrapper, options, **variables):
        env = environment(home, RABBIT_URL=self.broker.url(vhost.name), **(bus.env() if bus else {}), **variables)
        command = [*wrapper, os.path.join(self.build, "src", "service", "heartbeat-consumer"),
                   *([] if bus else ["--bus=none"])]
        queues = [f"agent.{agent}.inbox" for agent in agents]
        return Consumer(vhost.name, queues, len(queues), command, env, home, **options)

    def service(self, vhost, content, bus=None, wrapper=(), variables=None, **options):
        """Start the service for one agent whose heartbeat.json has that content."""
        agent, home = f"agent{next(self._numbers)}", self.home()
        path = os.path.join(home, "heartbeat.json")
        files.write(path, content)
        make_old(path)
        consumer = self._service(vhost, [agent], home, bus, wrapper, options, AGENT_NAME=agent, HEARTBEAT_PATH=path,
                                 **(variables or {}))
        consumer.agent, consumer.config = agent, path
        return consumer

    def service_of_agents(self, vhost, count, bus=None, variables=None, **options):
        """Start the service for a folder of agents with ten checks each."""
        home = self.home()
        prefix = f"agent{next(self._numbers)}"
        agents = [f"{prefix}-{i}" for i in range(count)]
        folder = os.path.join(home, "agents")
        os.mkdir(folder)
        for agent in agents:
            path = os.path.join(folder, agent + ".json")
            files.write(path, idle_checks(10, agent))
            make_old(path)
        return self._service(vhost, agents, home, bus, (), options, HEARTBEAT_DIR=folder, **(variables or {}))

    # --- draining ---------------------------------------------------------------------------------------------------

    def is_drained(self, consumer):
        """Say whether its queues (some of many) are empty."""
        some = consumer.queues[::max(1, len(consumer.queues) // 5)]
        return all(self.broker.queue_depth(consumer.vhost, queue) == (0, 0) for queue in some)

    def wait_drained(self, consumer):
        """Wait until a consumer has worked all off; return when that was."""
        end = time.monotonic() + PATIENCE_S
        cpu, changed = -1, time.monotonic()
        while True:
            now, before = time.monotonic(), cpu
            cpu = consumer.cpu_ns()
            if cpu != before:
                changed = now
            elif now - changed > QUIET_S and self.is_drained(consumer):
                return changed
            if now > end:
                raise RuntimeError("the queue is not drained")
            time.sleep(POLL_S)

    def drain(self, vhost, consumers, count):
        """Give all the same ticks, and let one after the other work them off; return seconds and CPU ns of each."""
        for consumer in consumers:
            consumer.pause()
        vhost.publish(count)
        figures = []
        for consumer in consumers:
            cpu, started = consumer.cpu_ns(), time.monotonic()
            consumer.go_on()
            figures.append((self.wait_drained(consumer) - started, consumer.cpu_ns() - cpu))
        vhost.keep_alive()
        return figures


def make_old(path):
    """Let a file be older than the moment at which it is read."""
    os.utime(path, (1_000_000_000, 1_000_000_000))


def idle_checks(count, agent="cack", **root):
    """Return a heartbeat.json with checks of several kinds, none of which is due today."""
    now = time.time_ns() // 1_000_000
    checks = {}
    for i in range(count):
        check = {"cadenceMs": 86_400_000 * (i % 7 + 2), "handler": "default", "lastRun": now}
        if i % 3 == 0:
            check["window"] = {"start": "22:00", "end": "06:00", "tz": "Europe/London", "days": ["sat"]}
        if i % 4 == 0:
            check["triggerOnQuarters"] = ["Q2"]
        checks[f"check-{i:05}"] = check
    return (json.dumps({"$schema": "heartbeat.v1", "agent": agent, "checks": checks, **root}, indent=2)
            + "\n").encode()


def due_checks(count, **check):
    """Return a heartbeat.json with checks that are due once each."""
    checks = {f"check-{i:05}": {"cadenceMs": 86_400_000, "handler": "default", **check} for i in range(count)}
    return (json.dumps({"$schema": "heartbeat.v1", "agent": "cack", "checks": checks}, indent=2) + "\n").encode()
