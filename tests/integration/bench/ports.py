"""Free TCP ports on the loopback interface."""

import contextlib
import errno
import itertools
import socket

# Below what the kernel gives to outgoing connections, so nobody takes a port between its choice and its use.
FIRST, LAST, BLOCK = 10000, 32000, 200

_block = {}


def _bound(port):
    """Return a socket that is bound to port, or None where that is in use."""
    sock = socket.socket()
    try:
        sock.bind(("127.0.0.1", port))
        return sock
    except OSError as error:
        sock.close()
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        return None


def _claim():
    """Make a block of ports this process's own, by holding the first of them until it ends."""
    for first in range(FIRST, LAST, BLOCK):
        claim = _bound(first)
        if claim is not None:
            _block.update(claim=claim, ports=itertools.cycle(range(first + 1, first + BLOCK)))
            return
    raise RuntimeError("no block of ports is free")


def free_ports(count):
    """Return count different ports that nobody listens on, from a block that no other process of the tests uses."""
    if not _block:
        _claim()
    with contextlib.ExitStack() as held:
        found = []
        for port in itertools.islice(_block["ports"], BLOCK):
            sock = _bound(port)
            if sock is not None:
                held.enter_context(contextlib.closing(sock))
                found.append(port)
                if len(found) == count:
                    return found
    raise RuntimeError(f"no {count} ports are free")


def accepts(port):
    """Say whether somebody listens on port."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False
