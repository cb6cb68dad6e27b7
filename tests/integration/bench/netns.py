"""A network namespace of a test's own, for root only."""

import contextlib
import ctypes
import os
import socket
import subprocess
import unittest

from . import process
from .wait import until

CLONE_NEWNET = 0x40000000


class Netns:
    """An empty network, whose loopback interface is up; nothing else on the machine sees it."""

    def __init__(self):
        try:
            done = subprocess.run(["unshare", "-n", "ip", "link", "set", "lo", "up"],
                                  stderr=subprocess.DEVNULL, check=False)
        except FileNotFoundError:
            raise unittest.SkipTest("unshare is not installed") from None
        if done.returncode != 0:
            raise unittest.SkipTest("no network namespaces here: that takes root, and iproute2")
        self._own = os.stat("/proc/self/ns/net").st_ino
        self._keeper = process.spawn(["unshare", "-n", "sleep", "infinity"])
        until(lambda: os.stat(self._path).st_ino != self._own, what="the namespace")
        self.ip("link", "set", "lo", "up")

    @property
    def _path(self):
        return f"/proc/{self._keeper.pid}/ns/net"

    @property
    def wrapper(self):
        """What to put before a command that shall run in it."""
        return ["nsenter", f"--net={self._path}", "--"]

    def ip(self, *args):
        """Run ip in it."""
        subprocess.run([*self.wrapper, "ip", *args], check=True)

    def listen(self, port):
        """Return a socket that listens in it; whoever accepts stays outside."""
        libc = ctypes.CDLL(None, use_errno=True)
        with contextlib.ExitStack() as stack:
            outside = stack.enter_context(open("/proc/thread-self/ns/net", "rb"))
            inside = stack.enter_context(open(self._path, "rb"))
            if libc.setns(inside.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            stack.callback(libc.setns, outside.fileno(), CLONE_NEWNET)
            return socket.create_server(("127.0.0.1", port))

    def close(self):
        """End it."""
        process.end(self._keeper)
