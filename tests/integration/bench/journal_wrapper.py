"""Become a command that has a journal: journal_wrapper.py SOCKET COMMAND…, in a mount namespace of its own."""

import os
import socket
import subprocess
import sys

FOLDER = "/run/systemd/journal"


def main(path, *command):
    """Make journald's sockets, hand them over, and become the command."""
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    os.makedirs(FOLDER)
    native = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    native.bind(f"{FOLDER}/socket")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(f"{FOLDER}/stdout")
    listener.listen()
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.connect(f"{FOLDER}/stdout")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as keeper:
        keeper.connect(path)
        socket.send_fds(keeper, [b"j"], [native.fileno(), listener.fileno()])
    os.dup2(stream.fileno(), 2)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
