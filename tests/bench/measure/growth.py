"""How start, memory and an idle tick grow with checks and with agents; a thousand agents in one process."""

import contextlib
import statistics
import time

from . import usage
from .manager import Manager
from .world import PATIENCE_S, TICK_KEY, idle_checks

CHECKS = (10, 100, 1000)
AGENTS = (1, 10, 100, 1000)
SETTLED_S = 1
KIB_EACH = {"none": 40, "session": 150}
MOST = 3


def measure(world, report, options):
    """Fill report.growth, which the plot shows, and say what a check and an agent more cost."""
    with world.bus() as bus:
        for words, on in (("none", None), ("session", bus)):
            points = [_measure_one(world, world.service, (idle_checks(n), on), n, 2000) for n in _ends(CHECKS, options)]
            report.growth[f"checks, --bus={words}"] = points
            _report(report, f"checks, --bus={words}", points, "check")
        for words, on in (("none", None), ("session", bus)):
            points = [_measure_one(world, world.service_of_agents, (n, on), n, max(20, 2000 // n))
                      for n in _ends(AGENTS, options)]
            report.growth[f"agents, --bus={words}"] = points
            each = _report(report, f"agents, --bus={words}", points, "agent")
            report.add(f"an agent of {points[-1]['count']:,} with 10 checks, --bus={words}: private memory",
                       f"{each:.1f} KiB", f"≤ {KIB_EACH[words]} KiB", each <= KIB_EACH[words])
        for words, on in (("none", None), ("session", bus)):
            _measure_tick_to_all(world, report, words, on, options)


def _ends(counts, options):
    """With --quick no more than a few."""
    return (counts[0], counts[-2]) if options.quick else counts


def _settle(service):
    """Wait until nothing of the start is left to do."""
    before = 0
    while (cpu := service.cpu_ns()) - before > 2_000_000:
        before = cpu
        time.sleep(SETTLED_S)


def _measure_one(world, make, arguments, count, ticks):
    with contextlib.closing(Manager(world.home())) as manager, world.vhost() as vhost:
        program = make(vhost, *arguments, variables=manager.env(), guarded=False)
        with world.running(program) as service:
            registered = service.wait_registered()
            if not manager.ready.wait(PATIENCE_S):
                raise RuntimeError("the service does not get ready")
            _settle(service)
            start_cpu, memory = service.cpu_ns(), usage.memory(service.pid)
            world.drain(vhost, [service], max(1, ticks // 10))
            (_, ns), = world.drain(vhost, [service], ticks)
    return {"count": count, "start_s": registered, "start_cpu_ms": start_cpu / 1e6, "private_kib": memory.private,
            "private_dirty_kib": memory.private_dirty, "tick_cpu_us": ns / ticks / 1000}


def _report(report, words, points, what):
    first, last = points[0], points[-1]
    more = last["count"] - first["count"]
    memory, cpu = ((last[field] - first[field]) / more for field in ("private_kib", "start_cpu_ms"))
    report.add(f"{first['count']:,} to {last['count']:,} {words}",
               f"{memory:.2f} KiB and {cpu * 1000:.0f} µs CPU of the start for each {what} more; "
               f"start {first['start_s'] * 1000:.0f} ms to {last['start_s'] * 1000:.0f} ms")
    return memory


# --- one tick to all ----------------------------------------------------------------------------------------------------

def _one_tick(world, vhost, consumer):
    cpu, started = consumer.cpu_ns(), time.monotonic()
    vhost.publish()
    seconds = world.wait_drained(consumer) - started
    vhost.keep_alive()
    return seconds, consumer.cpu_ns() - cpu


def _measure_tick_to_all(world, report, words, bus, options):
    """The bare loop has as many queues; each on a vhost of its own, so that the broker does the same for both. On the bus a
    quarter of a second after the last acknowledgement the changes are told: that is no part of a drain, so the time that
    is held against the bar is the one without."""
    agents = _ends(AGENTS, options)[-1]
    figures = {"bare": [], "service": []}
    with world.vhost() as first, world.vhost() as second:
        with world.running(world.bare(first, queues=agents)) as bare, \
                world.running(world.service_of_agents(second, agents, bus)) as service:
            _settle(service)
            for turn in range(options.rounds + 1):
                both = [("bare", first, bare), ("service", second, service)]
                for name, vhost, consumer in both if turn % 2 else reversed(both):
                    figure = _one_tick(world, vhost, consumer)
                    if turn > 0:
                        figures[name].append(figure)
    report.samples[f"one tick to {agents}, --bus={words}: s, CPU ns"] = figures
    seconds, cpu = ([[round_[i] for round_ in figures[name]] for name in ("service", "bare")] for i in (0, 1))
    report.ratio(f"one {TICK_KEY} to {agents:,} agents, --bus={words}, to a bare drain of the same messages",
                 [a / b for a, b in zip(*seconds)], most=None if bus else MOST,
                 more=f", {statistics.median(seconds[0]) * 1000:.0f} ms to {statistics.median(seconds[1]) * 1000:.0f} ms"
                      + (", mostly with the changes told" if bus else ""))
    report.ratio("… its CPU", [a / b for a, b in zip(*cpu)],
                 more=f", {statistics.median(cpu[0]) / 1e6:.1f} ms to {statistics.median(cpu[1]) / 1e6:.1f} ms")
