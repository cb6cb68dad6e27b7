"""A program whose main loop hangs."""

import contextlib
import ctypes
import os
import unittest

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000


@contextlib.contextmanager
def frozen(pid):
    """The main thread of a child stands still meanwhile, its other threads go on; do not ask whether it runs."""
    libc = ctypes.CDLL(None, use_errno=True)

    def trace(request):
        return libc.ptrace(request, pid, None, None) == 0
    if not trace(SEIZE):
        raise unittest.SkipTest(f"ptrace is not allowed: {os.strerror(ctypes.get_errno())}")
    trace(INTERRUPT)
    os.waitpid(pid, WALL)
    try:
        yield
    finally:
        trace(DETACH)
