"""A backlog of ticks with nothing due: how many a second, at what cost."""

import contextlib
import statistics

from .world import idle_checks

FEW, MANY = 10, 1000


def median(values):
    """Return the median."""
    return statistics.median(values)


def measure(world, report, options):
    """Drain the same backlog by turns: bare loops, the service with few checks, and with many."""
    count = 4000 if options.quick else 30_000
    figures = {name: [] for name in ("single", "batched", FEW, MANY)}
    with contextlib.ExitStack() as stack:
        bus = stack.enter_context(world.bus())
        vhost = stack.enter_context(world.vhost())
        consumers = {
            "single": world.bare(vhost),
            "batched": world.bare(vhost, "batched"),
            FEW: world.service(vhost, idle_checks(FEW), bus),
            MANY: world.service(vhost, idle_checks(MANY), bus),
        }
        for consumer in consumers.values():
            stack.enter_context(world.running(consumer))
        for consumer in consumers.values():
            world.wait_drained(consumer)
        names = list(consumers)
        world.drain(vhost, list(consumers.values()), 1000)
        for turn in range(options.rounds):
            order = names[turn % 4:] + names[:turn % 4]
            for name, figure in zip(order, world.drain(vhost, [consumers[name] for name in order], count)):
                figures[name].append(figure)
    _report(report, figures, count)


def _report(report, figures, count):
    rate = {name: [count / seconds for seconds, _ in rounds] for name, rounds in figures.items()}
    cpu = {name: [ns / count / 1000 for _, ns in rounds] for name, rounds in figures.items()}
    report.samples["drain"] = {str(name): {"ticks_per_s": rate[name], "cpu_us": cpu[name]} for name in figures}
    names = {"single": "bare loop, single acks", "batched": "bare loop, batched acks",
             FEW: f"{FEW} checks", MANY: f"{MANY:,} checks"}
    for name, words in names.items():
        report.add(f"drain, {words}", f"{median(rate[name]):,.0f} ticks/s, {median(cpu[name]):.2f} µs CPU a tick")

    def ratios(of, a, b):
        return [x / y for x, y in zip(of[a], of[b])]

    report.ratio("ticks drained a second, 10 checks, to bare loop, single acks", ratios(rate, FEW, "single"), least=1.2)
    report.ratio("… to bare loop, batched acks", ratios(rate, FEW, "batched"))
    report.ratio("ticks drained a second, 1,000 checks, to 10 checks", ratios(rate, MANY, FEW), least=0.95)
    report.ratio("CPU of an idle tick, 10 checks, to bare loop, single acks", ratios(cpu, FEW, "single"), most=0.8)
    report.ratio("… to bare loop, batched acks", ratios(cpu, FEW, "batched"))
    report.ratio("CPU of an idle tick, 1,000 checks, to 10 checks", ratios(cpu, MANY, FEW))
