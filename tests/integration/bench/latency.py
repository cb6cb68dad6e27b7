"""How late a service's main loop was, and how much memory it took."""

import math
import mmap
import os
import re
import struct
import subprocess

from .wait import until

# A timer of 10 ms is never later than this, as far as the program itself is to blame.
LIMIT_MS = 50
# What tests/lib/latency-probe.c keeps: firings, reset, worst and worst_raw, 64 bits each.
PROBE = struct.Struct("=QQqq")
RESET = struct.Struct("=Q"), 8


class Latency:
    """Measures the main loop of a program that runs by command()."""

    def __init__(self, program, sanitized, path):
        self._build = os.path.dirname(os.path.dirname(os.path.dirname(program)))
        self._sanitized = sanitized
        # a sanitizer hides how long things take
        self.limit_ms = math.inf if sanitized else LIMIT_MS
        self._path = path
        with open(path, "w+b") as file:
            file.truncate(PROBE.size)
            self._map = mmap.mmap(file.fileno(), PROBE.size)

    def command(self):
        """Return what comes before the program: only that is measured, neither a wrapper nor what it starts itself."""
        # a path in LD_PRELOAD has no spaces: this one is beside the file
        library = self._path + ".so"
        os.symlink(os.path.join(self._build, "tests", "lib", "latency-probe.so"), library)
        libraries = [library]
        if self._sanitized:
            # the sanitizer wants to be first
            libraries.insert(0, subprocess.run(["cc", "-print-file-name=libasan.so"], check=True, capture_output=True,
                                               text=True).stdout.strip())
        return ["env", f"LATENCY_PROBE={self._path}", "LD_PRELOAD=" + " ".join(libraries)]

    def _read(self):
        return PROBE.unpack(self._map)

    def reset(self):
        """Forget what was before, and the delay that goes on now."""
        RESET[0].pack_into(self._map, RESET[1], 1)
        until(lambda: self._read()[1] == 0, what="the loop to turn")

    def worst_ms(self):
        """Return the worst delay since then, with the one that goes on now: the program's own, and that with the waiting for a
        processor."""
        firings = self._read()[0]
        until(lambda: self._read()[0] > firings, what="the loop to turn")
        return tuple(delay / 1000 for delay in self._read()[2:])


class Memory:
    """What a process takes at most from now on."""

    def __init__(self, service):
        self._pid = service.pid
        # AddressSanitizer keeps what was freed
        self.meaningful = not service.sanitized
        self._before = self._read("VmRSS")
        with open(f"/proc/{self._pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")

    def _read(self, field):
        with open(f"/proc/{self._pid}/status", encoding="ascii") as file:
            return int(re.search(rf"^{field}:\s*(\d+) kB", file.read(), re.M).group(1))

    def growth_mib(self):
        """Return by how many MiB its largest size since then was above that at the beginning."""
        return (self._read("VmHWM") - self._before) / 1024


def note(text):
    """Print a figure with the long forms of the tests, or if asked to by the environment variable FIGURES."""
    if os.environ.get("FIGURES") or os.environ.get("SOAK"):
        print(f"     figure: {text}", flush=True)
