"""Waiting for something to become true, with a deadline that a slow machine can keep."""

import os
import time

# Sanitizers and loaded machines are slow: a deadline only says when to give up, no test waits for it to pass.
DEADLINE = float(os.environ.get("TEST_DEADLINE_S", "60"))
POLL = 0.02


class Timeout(AssertionError):
    """What was waited for did not happen."""


def until(predicate, timeout=DEADLINE, what="the condition"):
    """Return predicate()'s first true value; after timeout seconds raise Timeout, naming what and its last value."""
    end = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() >= end:
            raise Timeout(f"waited {timeout:g} s for {what}; last seen: {value!r}")
        time.sleep(POLL)
