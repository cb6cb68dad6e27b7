"""From the start of a process to its consumer, and what it takes of memory then."""

import statistics
import time

from . import usage
from .world import idle_checks

# Until then what the start has left to do is done.
SETTLED_S = 1.5
DIRTY_MORE_KIB = 1536


def measure(world, report, options):
    """Start bare loop and service by turns, and let each rest for a moment."""
    times = {"bare": [], "service": [], "none": []}
    sizes = {"bare": [], "service": [], "none": []}
    with world.vhost() as vhost, world.bus() as bus:
        makers = {
            "bare": lambda: world.bare(vhost, guarded=False),
            "service": lambda: world.service(vhost, idle_checks(10), bus, guarded=False),
            "none": lambda: world.service(vhost, idle_checks(10), guarded=False),
        }
        # the first of each brings it into the page cache
        for turn in range(options.rounds + 1):
            names = list(makers)[turn % 3:] + list(makers)[:turn % 3]
            programs = {name: makers[name]() for name in ()}
            for name in names:
                programs[name] = makers[name]()
                seconds = programs[name].wait_registered()
                if turn > 0:
                    times[name].append(seconds)
            time.sleep(SETTLED_S)
            for name, program in programs.items():
                if turn > 0:
                    sizes[name].append(usage.memory(program.pid))
                program.end()
    _report(report, times, sizes)


def _report(report, times, sizes):
    def ms(name):
        return statistics.median(times[name]) * 1000

    report.samples["start_s"] = times
    report.samples["memory_kib"] = {name: [size._asdict() for size in of] for name, of in sizes.items()}
    report.ratio("start to consumer registered, to bare loop", [a / b for a, b in zip(times["service"], times["bare"])],
                 most=2, more=f", {ms('service'):.1f} ms to {ms('bare'):.1f} ms")
    report.ratio("… with --bus=none", [a / b for a, b in zip(times["none"], times["bare"])],
                 more=f", {ms('none'):.1f} ms")
    dirty = [size.private_dirty for size in sizes["service"]]
    bare = [size.private_dirty for size in sizes["bare"]]
    more = statistics.median(dirty) - statistics.median(bare)
    report.add("idle memory, 10 checks, on the bus: private dirty above the bare loop's", f"{more / 1024:.2f} MiB",
               f"≤ {DIRTY_MORE_KIB / 1024} MiB", more <= DIRTY_MORE_KIB)
    names = {"bare": "bare loop", "service": "10 checks, on the bus", "none": "10 checks, --bus=none"}
    for name, words in names.items():
        dirty, _, pss, rss = (statistics.median(column) / 1024 for column in zip(*sizes[name]))
        report.add(f"idle memory, {words}", f"private dirty {dirty:.2f} MiB, PSS {pss:.2f} MiB, RSS {rss:.2f} MiB")
