"""Mounts in a namespace of a program's own."""

import subprocess

# Before a file and a command: the file alone is mounted over itself, so that it can be neither written nor replaced.
READ_ONLY_FILE = ("unshare", "-m", "sh", "-c",
                  'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"')


def can_mount():
    """Say whether this user may make a mount namespace of its own."""
    probe = ["unshare", "-m", "sh", "-c", "mount --bind /tmp /tmp"]
    return subprocess.run(probe, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0
