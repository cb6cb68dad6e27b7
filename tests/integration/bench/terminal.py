"""A program with a terminal."""

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading

from . import process
from .wait import until


class Terminal:
    """A program whose input and errors are a terminal; its output is collected apart, unless columns are given."""

    def __init__(self, command, env, columns=0):
        self._ours, theirs = pty.openpty()
        self._screen = b""
        if columns:
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.child = process.spawn(command, env={**env, "TERM": "xterm"}, stdin=theirs, stderr=theirs,
                                   stdout=theirs if columns else subprocess.PIPE)
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with contextlib.suppress(OSError):
            while data := os.read(self._ours, 65536):
                self._screen += data

    @property
    def screen(self):
        """Everything that was written to the terminal."""
        return self._screen.decode(errors="replace")

    def wait_match(self, pattern):
        """Wait until the screen has had something like that."""
        try:
            until(lambda: re.search(pattern, self.screen))
        except AssertionError as error:
            raise AssertionError(f"nothing like {pattern!r} is on the screen: {self.screen!r}") from error

    def wait(self, text):
        """Wait until the screen has had that text."""
        self.wait_match(re.escape(text))

    def type(self, text):
        """Type that."""
        os.write(self._ours, text.encode())

    def end(self):
        """Wait until it ends; return status and standard output, if that is apart."""
        output = self.child.stdout.read().decode() if self.child.stdout else ""
        status = self.child.wait(60)
        self._reader.join(20)
        return status, output

    def close(self):
        """End it if it is there, and close the terminal."""
        process.end(self.child)
        if self.child.stdout:
            self.child.stdout.close()
        self._reader.join(20)
        os.close(self._ours)
