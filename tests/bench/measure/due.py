"""What a tick costs that has something to run."""

import contextlib
import os
import selectors
import statistics
import time

from gi.repository import GLib

from bench.agent import Agent

from .counts import count_calls
from .world import due_checks

# more than the bare start of a program, in the median
MORE_MS = 3
PAUSE_S = 0.05


def percentile(values, percent):
    """Return the value that so many percent do not exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


class Fifo:
    """Reads the lines that handlers write."""

    def __init__(self, path):
        os.mkfifo(path)
        # also open for writing, so that it never ends
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._fd, selectors.EVENT_READ)

    def read_number(self):
        """Return the next number."""
        if not self._selector.select(60):
            raise RuntimeError("no handler has begun")
        return int(os.read(self._fd, 64).split()[0])

    def close(self):
        """Read no more."""
        self._selector.close()
        os.close(self._fd)


def measure(world, report, options):
    """Latency of the handler's start, and cost of a due tick."""
    _measure_latency(world, report, 40 if options.quick else 400)
    _measure_cost(world, report, 40 if options.quick else 300)


def _spawn(fifo, command):
    """Start the handler as cheaply as the system can; return when, in ns of the wall clock, and when it began."""
    now = time.time_ns()
    pid = os.posix_spawn(command[0], command, os.environ)
    began = fifo.read_number()
    os.waitpid(pid, 0)
    return now, began


def _measure_latency(world, report, count):
    delays, delivery, spawns = [], [], []
    with contextlib.ExitStack() as stack:
        bus, vhost = stack.enter_context(world.bus()), stack.enter_context(world.vhost())
        path = os.path.join(world.home(), "stamps")
        fifo = stack.enter_context(contextlib.closing(Fifo(path)))
        command = [world.tool("stamp"), path]
        content = due_checks(count + 5, handler="command", meta={"command": command})
        service = stack.enter_context(world.running(world.service(vhost, content, bus)))
        bare = stack.enter_context(world.running(world.bare(vhost, "stamps")))
        world.wait_drained(service)
        for turn in range(count + 5):
            time.sleep(PAUSE_S)
            sent = vhost.publish_one()
            began = fifo.read_number()
            if turn >= 5:
                delays.append((began - sent) / 1e6)
                delivery.append(sent)
            time.sleep(PAUSE_S)
            now, began = _spawn(fifo, command)
            spawns.append((began - now) / 1e6)
        world.wait_drained(service)
        time.sleep(PAUSE_S)
        stamps = [int(line) for _, line in bare.lines if line.isdigit()][5:]
        delivery = [(came - sent) / 1e6 for came, sent in zip(stamps, delivery)]
    report.samples["due tick to handler start, ms"] = delays
    report.samples["tick to bare loop, ms"] = delivery
    report.samples["posix_spawn to the handler's start, ms"] = spawns
    more = statistics.median(delays) - statistics.median(spawns)
    report.add("due tick to handler start, median above a bare posix_spawn()",
               f"{more:.2f} ms (n = {len(delays)})", f"≤ {MORE_MS} ms", more <= MORE_MS)
    _add_part(report, "… all of it, with its way through the broker and the start of a process", delays)
    _add_part(report, "… of that the tick's way to a bare loop", delivery)
    _add_part(report, "… of that the handler's start by a bare posix_spawn()", spawns)


def _add_part(report, words, times):
    report.add(words, f"{statistics.median(times):.2f} ms (p99 {percentile(times, 99):.2f} ms)")


class Finished:
    """Waits for the end of runs: by then `lastRun` is on disk."""

    def __init__(self, bus, agent):
        self._recorder = Agent(bus, agent).record()
        self._count = 0

    def wait(self):
        """Wait until the next run has ended; return when it had started, in µs."""
        self._count += 1
        context, end = GLib.MainContext.default(), time.monotonic() + 60
        while len(self._recorder.matching("CheckFinished")) < self._count:
            if time.monotonic() > end:
                raise RuntimeError("no run has ended")
            context.iteration(True)
        return self._recorder.matching("CheckFinished")[self._count - 1].args[2]["started"]


def _run_ticks(vhost, finished, count):
    """Let due ticks come one after the other; return the ms of each from its publish to the start, and to the saved end."""
    starts, times = [], []
    for _ in range(count):
        sent = vhost.publish_one()
        started = finished.wait()
        starts.append(started / 1e3 - sent / 1e6)
        times.append((time.time_ns() - sent) / 1e6)
    return starts, times


def _measure_cost(world, report, count):
    """The handler `default` does nothing: what is left is the tick, a save, a line of history, the acknowledgement."""
    with world.vhost() as vhost, world.bus() as bus:
        with world.running(world.service(vhost, due_checks(3 * count), bus)) as service:
            finished = Finished(bus, service.agent)
            Agent(bus, service.agent).wait_owned()
            world.wait_drained(service)
            _run_ticks(vhost, finished, 5)
            before = service.cpu_ns()
            starts, times = _run_ticks(vhost, finished, count)
            world.wait_drained(service)
            cpu_us = (service.cpu_ns() - before) / count / 1000
            calls = count_calls(world, service, lambda: (_run_ticks(vhost, finished, count), world.wait_drained(service)))
    report.samples[f"system calls of {count} due ticks"] = calls
    report.samples["due tick"] = {"started_ms": starts, "ms": times, "cpu_us": cpu_us}
    _add_part(report, "due tick to handler start, handler in the process, with its way through the broker", starts)
    syncs = (calls.get("fsync", 0) + calls.get("fdatasync", 0)) / count
    report.add("due tick, handler `default`: from its publish until `lastRun` is on disk and told on the bus",
               f"{statistics.median(times):.2f} ms, {cpu_us:.0f} µs CPU, {sum(calls.values()) / count:.0f} system calls")
    report.add("… fsyncs of a due tick: the file and its folder", f"{syncs:.2f}", "2", round(syncs, 2) <= 2)
