"""What a service tells systemd."""

import os
import socket
import threading


class Manager:
    """Listens as systemd does for a Type=notify service; the socket is read at all times, for a full one blocks who writes."""

    def __init__(self, folder):
        self._path = os.path.join(folder, "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._path)
        self.ready = threading.Event()
        self.watchdog = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while lines := self._socket.recv(65536).decode().splitlines():
            self.watchdog += lines.count("WATCHDOG=1")
            if "READY=1" in lines:
                self.ready.set()

    def env(self):
        """Return the variables that lead a program to this socket."""
        return {"NOTIFY_SOCKET": self._path}

    def close(self):
        """Listen no more."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._path)
        self._reader.join()
        self._socket.close()
