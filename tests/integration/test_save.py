"""The save: killed at every system call, and against others who write the file. No broker, no bus, no service."""

import collections
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from bench import files, process
from bench.seed import generator
from bench.service import environment, program
from bench.wait import Timeout, until

SOAK = os.environ.get("SOAK") == "1"
OLD, NEW = 1, 1771796220000
# One folder on a disk, one in memory: file systems differ in what they can and in how fast they sync.
FOLDERS = [folder for folder in (tempfile.gettempdir(), "/dev/shm") if os.access(folder, os.W_OK)]
SAVES = 3200 if SOAK else 250
# Calls whose number differs from run to run cannot be hit by number.
UNSTEADY = ("mmap", "munmap", "madvise", "mprotect", "brk", "futex", "sched_yield")


def driver():
    """Return the path of the program that makes saves."""
    build = os.path.dirname(os.path.dirname(os.path.dirname(program("HEARTBEAT_CONSUMER"))))
    path = os.path.join(build, "tests", "unit", "save-driver")
    if not os.path.exists(path):
        raise unittest.SkipTest(f"{path} is not built")
    return path


class Save(unittest.TestCase):
    """What the tests have in common: a folder with a heartbeat.json in it."""

    def set_up_in(self, parent):
        """Make the folder below parent."""
        self.driver = driver()
        self.folder = tempfile.mkdtemp(prefix="heartbeat-save-", dir=parent)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        home = os.path.join(self.folder, "home")
        self.env = environment(home)
        # the leak check cannot work under strace
        self.env["ASAN_OPTIONS"] = "detect_leaks=0"
        self.config = os.path.join(self.folder, "conf", "heartbeat.json")
        os.mkdir(os.path.dirname(self.config))

    def run_driver(self, *args, wrapper=()):
        """Run the driver to its end."""
        return subprocess.run([*wrapper, self.driver, self.config, *args], env=self.env, text=True, check=False,
                              capture_output=True, timeout=120)

    def left_over(self):
        """Return the names of what lies beside heartbeat.json."""
        return [name for name in os.listdir(os.path.dirname(self.config)) if name != "heartbeat.json"]


@unittest.skipUnless(shutil.which("strace"), "no strace")
class Killed(Save):
    """strace kills the driver on entering one system call."""

    def write_old(self):
        """Write the text that the save starts from."""
        files.write(self.config, self.old)

    def calls(self):
        """Trace one save: return (call, how many of that name there were with it) from the file's open on."""
        log = os.path.join(self.folder, "trace")
        self.write_old()
        result = self.run_driver(wrapper=["strace", "-f", "-o", log])
        self.assertEqual(result.returncode, 0, result.stderr)
        counts, calls, begun = collections.Counter(), [], False
        with open(log, encoding="utf-8", errors="replace") as trace:
            for line in trace:
                match = re.match(r"(?:\d+ +)?(\w+)\((.*)", line)
                if not match or match[1] == "exit_group":
                    continue
                counts[match[1]] += 1
                begun = begun or (match[1] == "openat" and "/heartbeat.json" in match[2])
                if begun and match[1] not in UNSTEADY:
                    calls.append((match[1], counts[match[1]]))
        return calls

    def test_at_every_call_the_file_is_whole(self):
        self.set_up_in(FOLDERS[0])
        self.old = files.heartbeat({"ping": {"lastRun": OLD, "x": 0.1}})
        new = self.old.replace(b'"lastRun": 1,', f'"lastRun": {NEW},'.encode())
        calls = self.calls()
        # the call that puts the new text in place
        turn = calls.index(("renameat2", 1))
        self.assertEqual(files.read(self.config), new)
        killed = 0
        seen = collections.Counter()
        end = time.monotonic() + (3600 if SOAK else 12)
        # shortened: the turn, the call after it, and as many of the others as there is time for
        others = [i for i in range(len(calls)) if i not in (turn, turn + 1)]
        for i in (turn, turn + 1, *(others if SOAK else generator("kills").sample(others, len(others)))):
            if time.monotonic() > end and killed > 10:
                break
            name, number = calls[i]
            with self.subTest(call=name, number=number):
                self.write_old()
                result = self.run_driver(wrapper=["strace", "-f", "-o", "/dev/null", "-e",
                                                  f"inject={name}:signal=KILL:when={number}"])
                # a call that time decides on may not be there: then the save is complete
                self.assertIn(result.returncode, (0, -signal.SIGKILL), result.stderr)
                killed += result.returncode != 0
                text = files.read(self.config)
                self.assertEqual(text, self.old if result.returncode and i <= turn else new)
                seen[text == new, bool(self.left_over())] += 1
                # a start with nothing to save is a start: it sweeps
                self.assertEqual(self.run_driver("0").returncode, 0)
                self.assertEqual(self.left_over(), [])
                self.assertEqual(files.read(self.config), text)
        print(f"     figure: killed {killed} saves at {len(calls)} calls; (new, left over): {dict(seen)}")
        # what a killed save has left is there to be swept
        self.assertGreater(seen[False, True] + seen[True, True], 0)
        self.assertGreater(killed, 10)


@unittest.skipUnless(shutil.which("strace"), "no strace")
class Poor(Save):
    """strace takes away what not every file system has."""

    def test_without_exchange_or_leases_it_still_saves(self):
        old = files.heartbeat({"ping": {"lastRun": OLD}})
        new = old.replace(b'"lastRun": 1', f'"lastRun": {NEW}'.encode())
        self.set_up_in(FOLDERS[0])
        for lacking in (["renameat2:error=EINVAL"], ["renameat2:error=ENOSYS"], ["fcntl:error=EINVAL"],
                        ["flock:error=ENOLCK"], ["renameat2:error=EINVAL", "fcntl:error=EACCES"],
                        ["fchown:error=EPERM", "fsetxattr:error=EPERM"]):
            with self.subTest(lacking=lacking):
                files.write(self.config, old)
                self.run_lacking(lacking, 0)
                self.assertEqual(files.read(self.config), new)
                self.assertEqual(self.left_over(), [])

    def test_an_error_leaves_the_old_text_and_no_more(self):
        old = files.heartbeat({"ping": {"lastRun": OLD}})
        self.set_up_in(FOLDERS[0])
        for failing in ("write:error=ENOSPC", "fsync:error=EIO:when=1", "fchmod:error=EPERM", "renameat2:error=EBUSY",
                        "renameat2:error=EROFS", "renameat2:error=EXDEV"):
            with self.subTest(failing=failing):
                files.write(self.config, old)
                self.run_lacking([failing], 1)
                self.assertEqual(files.read(self.config), old)
                self.assertEqual(self.left_over(), [])

    def test_a_folder_that_cannot_be_synced_is_a_warning(self):
        old = files.heartbeat({"ping": {"lastRun": OLD}})
        self.set_up_in(FOLDERS[0])
        files.write(self.config, old)
        result = self.run_lacking(["fsync:error=EIO:when=2"], 0)
        self.assertIn("cannot sync the folder", result.stderr)
        self.assertNotEqual(files.read(self.config), old)

    def run_lacking(self, lacking, status):
        """Run the driver under strace with these calls failing."""
        injections = [word for what in lacking for word in ("-e", f"inject={what}")]
        result = self.run_driver(wrapper=["strace", "-f", "-o", "/dev/null", *injections])
        self.assertEqual(bool(result.returncode), bool(status), result.stderr)
        return result


class Writers(Save):
    """Somebody writes a number of theirs into the file again and again, while saves are made.

    By rename, a writer that reads the file between an exchange and the one that takes it back does not see what it wrote
    last. That is over after some microseconds of the service's, and it must be rare; it is no loss to who looks again. Where
    a loss is possible: in place, on a file system without leases.
    """

    def put_in_place(self, content):
        """Write as a shell or a careless program does: truncate, then write."""
        with open(self.config, "wb") as file:
            file.write(content)

    def put_by_rename(self, content):
        """Write as an editor does."""
        files.write(self.config, content)

    def mine(self):
        """Return the number in the file."""
        return json.loads(files.read(self.config))["checks"]["ping"]["mine"]

    def look_again(self, mine):
        """The number is not what was written; say whether it will be."""
        try:
            until(lambda: self.mine() == mine)
        except Timeout:
            return False
        return True

    def write_against_saves(self, put):
        """Return how many edits were written, how many not seen for a moment, how many lost, and what the driver says."""
        put(files.heartbeat({"ping": {"lastRun": OLD, "mine": 0}}))
        saver = process.spawn([self.driver, self.config, str(SAVES), "1000"], env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.end, saver)
        chance = generator("writers")
        mine, unseen, lost = 0, 0, 0
        while saver.poll() is None:
            document = json.loads(files.read(self.config))
            if document["checks"]["ping"]["mine"] != mine:
                unseen += 1
                if self.look_again(mine):
                    continue
                lost += 1
            mine += 1
            document["checks"]["ping"]["mine"] = mine
            put((json.dumps(document, indent=2) + "\n").encode())
            # at times at once, at times after a save or two
            time.sleep(chance.choice((0, 0, 0.001, 0.003, 0.01)))
        lost += self.mine() != mine
        output, errors = saver.communicate()
        self.assertEqual(saver.returncode, 0, errors)
        return mine, unseen, lost, [int(number) for number in output.split()]

    def check(self, put):
        """No edit is lost in any folder."""
        for parent in FOLDERS:
            with self.subTest(folder=parent):
                self.set_up_in(parent)
                start = time.monotonic()
                mine, unseen, lost, (saved, busy) = self.write_against_saves(put)
                print(f"     figure: {parent}: {saved} saves, {busy} given up, {mine} edits, {unseen} not seen "
                      f"for a moment, {lost} lost, {time.monotonic() - start:.1f} s")
                self.assertEqual(lost, 0)
                self.assertLessEqual(unseen, 10 + mine / 100)
                self.assertGreater(saved, SAVES * 0.9)
                self.assertEqual(self.left_over(), [])

    def test_in_place_loses_nothing(self):
        self.check(lambda content: self.put_in_place(content))

    def test_by_rename_loses_nothing(self):
        self.check(lambda content: self.put_by_rename(content))

    def test_a_save_waits_for_who_is_writing(self):
        self.set_up_in(FOLDERS[0])
        content = files.heartbeat({"ping": {"lastRun": OLD, "mine": 7}})
        files.write(self.config, files.heartbeat({"ping": {"lastRun": OLD}}))
        with open(self.config, "wb", buffering=0) as file:
            file.write(content[:20])
            saver = process.spawn([self.driver, self.config], env=self.env, stdout=subprocess.PIPE)
            self.addCleanup(process.end, saver)
            until(lambda: pauses(saver.pid), what="the driver to wait for the writer")
            file.write(content[20:])
        saver.communicate(timeout=30)
        self.assertEqual(saver.returncode, 0)
        self.assertEqual(files.read(self.config), content.replace(b'"lastRun": 1,', f'"lastRun": {NEW},'.encode()))


def pauses(pid):
    """Say whether a process waits for time to pass, which the driver does for others only."""
    with open(f"/proc/{pid}/wchan", encoding="ascii") as file:
        return "nanosleep" in file.read()
