"""Child processes that end with the tests, however those end."""

import subprocess


def spawn(command, **options):
    """Start command; the kernel kills it should the tests die first. Only for the main thread."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *command], **options)


def end(process, timeout=20):
    """Ask process to end, insist after timeout; return its exit status (negative: killed by that signal)."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()
