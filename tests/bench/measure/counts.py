"""What is counted, not timed: instructions, system calls and allocations of an idle tick."""

import contextlib
import os
import re
import shutil
import signal
import struct
import subprocess

from bench import process
from bench.wait import until

from .world import idle_checks

FEW, MANY = 10, 1000


def measure(world, report, options):
    """Count them, for the bare loop as well."""
    _count_calls(world, report, options)
    _count_allocations(world, report, options)
    if shutil.which("valgrind") is None:
        report.add("instructions of an idle tick", "valgrind is not installed")
    else:
        _count_instructions(world, report, options)


# --- system calls -------------------------------------------------------------------------------------------------------

def count_calls(world, consumer, action):
    """Return how often a program made each call during action()."""
    path = os.path.join(world.folder, "strace")
    tracer = process.spawn(["strace", "-f", "-c", "-q", "-o", path, "-p", str(consumer.pid)], cwd=world.folder,
                           stderr=subprocess.DEVNULL)
    with open(f"/proc/{consumer.pid}/status", encoding="ascii") as status:
        until(lambda: status.seek(0) or "TracerPid:\t0" not in status.read(), what="strace")
    action()
    tracer.send_signal(signal.SIGINT)
    tracer.wait()
    with open(path, encoding="ascii") as file:
        rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", file.read(), re.M)
    return {name: int(calls) for calls, name in rows if name != "total"}


def _count_calls(world, report, options):
    count = 1000 if options.quick else 5000
    with world.vhost() as vhost, world.bus() as bus:
        makers = {"10 checks": lambda: world.service(vhost, idle_checks(FEW), bus),
                  "bare loop, single acks": lambda: world.bare(vhost),
                  "bare loop, batched acks": lambda: world.bare(vhost, "batched")}
        for words, make in makers.items():
            with world.running(make()) as consumer:
                world.wait_drained(consumer)
                calls = count_calls(world, consumer, lambda c=consumer: world.drain(vhost, [c], count))
            report.samples[f"system calls of {count} ticks, {words}"] = calls
            most = sorted(calls.items(), key=lambda item: -item[1])[:4]
            report.add(f"system calls of an idle tick, {words}", f"{sum(calls.values()) / count:.2f}: "
                       + ", ".join(f"{name} {n / count:.2f}" for name, n in most))


# --- allocations --------------------------------------------------------------------------------------------------------

def _count_allocations(world, report, options):
    """On the bus the counters that ticks change are told four times a second: that is for each quarter of a second, not tick."""
    count = 2000 if options.quick else 20_000
    with world.vhost() as vhost, world.bus() as bus:
        for words, checks, on in (("10 checks, --bus=none", FEW, None), ("1,000 checks, --bus=none", MANY, None),
                                  ("10 checks, on the bus", FEW, bus)):
            path = os.path.join(world.home(), "allocations")
            variables = {"LD_PRELOAD": world.tool("count-allocations.so"), "COUNT_ALLOCATIONS": path}
            with world.running(world.service(vhost, idle_checks(checks), on, variables=variables)) as consumer:
                world.wait_drained(consumer)
                # the first ticks fill what later ones use again
                world.drain(vhost, [consumer], 200)
                before = _read_counter(path)
                (seconds, _), = world.drain(vhost, [consumer], count)
                made = _read_counter(path) - before
            report.samples[f"allocations of {count} ticks, {words}"] = made
            report.add(f"allocations of an idle tick, {words}", f"{made / count:.4f} ({made} in {count:,}, {seconds:.1f} s)",
                       "" if on else "0 is the aim", None if on else made / count < 0.01)


def _read_counter(path):
    with open(path, "rb") as file:
        return struct.unpack("=Q", file.read(8))[0]


# --- instructions -------------------------------------------------------------------------------------------------------

def _instructions(world, make, ticks):
    """Return how many instructions a whole process takes that drains so many ticks."""
    path = os.path.join(world.folder, f"callgrind-{ticks}")
    wrapper = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={path}"]
    with contextlib.ExitStack() as stack:
        vhost = stack.enter_context(world.vhost())
        consumer = stack.enter_context(world.running(make(vhost, wrapper)))
        world.wait_drained(consumer)
        if ticks > 0:
            world.drain(vhost, [consumer], ticks)
    with open(path, encoding="ascii", errors="replace") as file:
        return int(re.search(r"^(?:totals|summary): (\d+)", file.read(), re.M).group(1))


def _count_instructions(world, report, options):
    """The difference of a process that drains some ticks and of one that drains many: the start falls out of it."""
    few, many = (100, 3100) if options.quick else (1000, 21_000)
    makers = {
        "10 checks": lambda vhost, wrapper: world.service(vhost, idle_checks(FEW), wrapper=wrapper),
        "1,000 checks": lambda vhost, wrapper: world.service(vhost, idle_checks(MANY), wrapper=wrapper),
        "bare loop, single acks": lambda vhost, wrapper: world.bare(vhost, wrapper=wrapper),
        "bare loop, batched acks": lambda vhost, wrapper: world.bare(vhost, "batched", wrapper=wrapper),
    }
    each = {}
    for words, make in makers.items():
        if options.quick and words == "1,000 checks":
            continue
        each[words] = (_instructions(world, make, many) - _instructions(world, make, few)) / (many - few)
        report.add(f"instructions of an idle tick, {words}", f"{each[words]:,.0f}")
    report.samples["instructions"] = each
    if not options.quick:
        report.ratio("instructions of an idle tick, 1,000 checks, to 10 checks",
                     [each["1,000 checks"] / each["10 checks"]], most=1.05)
