"""A journal that a program finds where journald has its sockets."""

import os
import select
import socket
import struct
import subprocess
import sys
import unittest

from .wait import until

WRAPPER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "journal_wrapper.py")


def parse(datagram):
    """Return the fields of a record in journald's native protocol."""
    fields = {}
    while datagram:
        line, _, rest = datagram.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size, = struct.unpack("<Q", rest[:8])
            value, rest = rest[8:8 + size], rest[8 + size + 1:]
        fields[name.decode()] = value.decode()
        datagram = rest
    return fields


class Journal:
    """Give its wrapper to a Service: it starts in a mount namespace of its own, with standard error in this journal."""

    def __init__(self, folder):
        self._unshare = next((command for command in (["unshare", "-m"], ["unshare", "-m", "-r"])
                              if subprocess.run([*command, "mount", "-t", "tmpfs", "none", "/run"], check=False,
                                                stderr=subprocess.DEVNULL).returncode == 0), None)
        if self._unshare is None:
            raise unittest.SkipTest("no mount namespaces here")
        self._path = os.path.join(folder, "journal")
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(self._path)
        self._listener.listen()
        self._native = self._stream = None
        self._records = []
        self.text = b""

    @property
    def wrapper(self):
        """What to put before a command."""
        return [*self._unshare, sys.executable, WRAPPER, self._path]

    def accept(self):
        """Take the sockets that the wrapper has made."""
        until(lambda: select.select([self._listener], [], [], 0)[0], what="the wrapper")
        client, _ = self._listener.accept()
        with client:
            _, descriptors, _, _ = socket.recv_fds(client, 1, 2)
        self._native, listener = (socket.socket(fileno=descriptor) for descriptor in descriptors)
        self._native.setblocking(False)
        with listener:
            self._stream, _ = listener.accept()
        self._stream.setblocking(False)

    @property
    def records(self):
        """The fields of every record so far."""
        while True:
            try:
                self._records.append(parse(self._native.recv(1 << 20)))
            except BlockingIOError:
                return list(self._records)

    def wait(self, **fields):
        """Wait for a record with these fields and return it."""
        def find():
            return next((record for record in self.records if fields.items() <= record.items()), None)
        return until(find, what=f"a record with {fields}")

    def read_text(self):
        """Return what was written to standard error as text."""
        while True:
            try:
                piece = self._stream.recv(65536)
            except BlockingIOError:
                piece = b""
            if not piece:
                return self.text.decode(errors="replace")
            self.text += piece

    def close(self):
        """Listen no more."""
        for each in (self._native, self._stream, self._listener):
            if each is not None:
                each.close()
