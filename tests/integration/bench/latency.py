"""How late a service's main loop was, and how much memory it took."""

import math
import os
import re

from .agent import PREFIX, ROOT

# A timer of 10 ms is never later than this, as far as the program itself is to blame.
LIMIT_MS = 50
INTERFACE = PREFIX + ".Debug"
ENV = {"HEARTBEAT_DEBUG": "latency"}


class TooLate(AssertionError):
    """The main loop was late for too long."""


def of_three(attempt, between):
    """Call attempt() until the loop was quick, three times at most: what is slow by itself is slow each time."""
    for number in range(3):
        try:
            return attempt()
        except TooLate as error:
            note(f"attempt {number + 1}: {error}")
            if number == 2:
                raise
            between()
    return None


class Latency:
    """The probe in a service that was started with ENV."""

    def __init__(self, agent, service):
        self._agent, self._service = agent, service
        # a sanitizer hides how long things take
        self.limit_ms = math.inf if service.sanitized else LIMIT_MS

    def reset(self):
        """Forget what was before."""
        self._agent.bus.call(self._agent.name, ROOT, INTERFACE, "ResetWorstLoopDelay")

    def worst_ms(self):
        """Return the worst delay since then: the program's own, and that with the waiting for a processor."""
        values = self._agent.bus.get_all(self._agent.name, ROOT, INTERFACE)
        return values["WorstLoopDelay"] / 1000, values["WorstLoopDelayRaw"] / 1000


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
