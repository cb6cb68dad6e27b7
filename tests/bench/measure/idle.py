"""A desktop on which nothing happens."""

import contextlib
import time

from . import usage
from .manager import Manager
from .world import idle_checks

SETTLED_S = 5
WATCHDOG_S = 60


def measure(world, report, options):
    """Let the service rest for ten minutes: once without any tick, once with one a minute; and a bare loop beside them."""
    seconds = options.idle
    if seconds == 0:
        report.add("wakeups and CPU time while idle", "not with --quick; --idle SECONDS")
        return
    with contextlib.ExitStack() as stack:
        quiet = _start(world, stack, "no ticks")
        ticked = _start(world, stack, "a tick a minute")
        time.sleep(SETTLED_S)
        before = {name: _look(program, manager) for name, (program, manager, _) in {**quiet, **ticked}.items()}
        started = time.monotonic()
        end = started + seconds
        vhosts = [vhost for _, _, vhost in ticked.values()][:1]
        while (now := time.monotonic()) < end:
            for vhost in vhosts:
                vhost.publish()
            time.sleep(max(0, min(60, end - now)))
        took = time.monotonic() - started
        for name, (program, manager, _) in {**quiet, **ticked}.items():
            _report(report, name, before[name], _look(program, manager), took)


def _start(world, stack, words):
    bus, vhost = stack.enter_context(world.bus()), stack.enter_context(world.vhost())
    manager = stack.enter_context(contextlib.closing(Manager(world.home())))
    variables = {**manager.env(), "WATCHDOG_USEC": str(WATCHDOG_S * 1_000_000)}
    service = stack.enter_context(world.running(world.service(vhost, idle_checks(10), bus, variables=variables)))
    bare = stack.enter_context(world.running(world.bare(vhost)))
    return {f"10 checks on the bus, {words}": (service, manager, vhost), f"bare loop, {words}": (bare, None, vhost)}


def _look(program, manager):
    fed = manager.watchdog if manager else 0
    return usage.wakeups(program.pid), usage.segments(program.pid), fed, program.cpu_ns()


def _report(report, name, before, after, seconds):
    wakeups, segments, fed, ns = (b - a for a, b in zip(before, after))
    minutes = seconds / 60
    report.samples[f"idle, {name}"] = {"seconds": seconds, "wakeups": wakeups, "segments": segments, "watchdog": fed,
                                       "cpu_ns": ns}
    service = "bare" not in name
    # a tick comes, is acknowledged, and told on the bus
    idle = service and "no ticks" in name
    report.add(f"wakeups a minute, {name}", f"{wakeups / minutes:.1f} (AMQP {segments / minutes:.1f}, watchdog "
               f"{fed / minutes:.1f})" if service else f"{wakeups / minutes:.1f} (AMQP {segments / minutes:.1f})",
               "AMQP and watchdog only" if idle else "", wakeups <= segments + fed if idle else None)
    report.add(f"CPU of an hour, {name}", f"{ns / 1e6 * 3600 / seconds:.1f} ms, from {seconds / 60:.0f} minutes")
