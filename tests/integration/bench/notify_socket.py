"""The other end of sd_notify."""

import os
import re
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

    def fill(self):
        """Let nothing more be sent to this socket until its lines are read."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.connect(self.path)
            try:
                while True:
                    sender.send(b"X_FILLER=1")
            except BlockingIOError:
                pass

    def wait(self, line, count=1):
        """Wait for the count-th assignment like that, such as READY=1."""
        until(lambda: self.lines.count(line) >= count, what=f"{line} on the notify socket")

    def wait_status(self, pattern):
        """Wait until the last status line has a match for pattern; return the line."""
        def last():
            status = next((line for line in reversed(self.lines) if line.startswith("STATUS=")), "")
            return status if re.search(pattern, status) else None
        return until(last, what=f"a status like {pattern}")

    def close(self):
        """Listen no more."""
        self._socket.close()
