"""The other end of sd_notify."""

import os
import socket

from .wait import until


class NotifySocket:
    """Listens as systemd does for a Type=notify service."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)
        self._lines = []

    def env(self):
        """Return the variables that lead a program to this socket."""
        return {"NOTIFY_SOCKET": self.path}

    @property
    def lines(self):
        """Every assignment that has arrived so far."""
        while True:
            try:
                self._lines += self._socket.recv(65536).decode().splitlines()
            except BlockingIOError:
                return list(self._lines)

    def wait(self, line):
        """Wait for an assignment, such as READY=1."""
        until(lambda: line in self.lines, what=f"{line} on the notify socket")

    def close(self):
        """Listen no more."""
        self._socket.close()
