#!/usr/bin/python3
"""Run the integration tests: run_tests.py [--list] [--jobs N] [--seed N] [PATTERN…]

Without a pattern all of them, or, where the program under test has no sanitizer, those of bench/kinds.py; with patterns, those
whose full name (module.Class.test) contains one of them; a pattern that is a full name selects only that test. They run in N
processes (default: two for each processor), each with a broker and ports of its own; those that measure run alone, after the
others. --list only names them. The programs under test are named by HEARTBEAT_CONSUMER and HEARTBEATCTL; without these only
the bench tests itself.
"""

import argparse
import collections
import contextlib
import ctypes
import faulthandler
import io
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
import unittest
import warnings

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

# A test that hangs for so long ends its process and shows where it was. Without SOAK none takes a tenth of it, unless
# a slow machine needs longer deadlines.
HANGING_S = 36000 if os.environ.get("SOAK") else 600
HANGING_DEADLINES = 10

# nearly as many as there are blocks of ports
MOST_JOBS = 100
# of a test that is slower than it may be
ATTEMPTS = 3

PR_SET_PDEATHSIG = 1
FORK = multiprocessing.get_context("fork")

Outcome = collections.namedtuple("Outcome", "name status seconds output")

_tests = {}


# --- one test -----------------------------------------------------------------------------------------------------------


class Result(unittest.TestResult):
    """What became of one test; a failure prints at once what is known of it."""

    def __init__(self):
        super().__init__()
        self.status = "ok"
        self.only_slow = True

    def _fail(self, test, err):
        self.status = "FAIL"
        self.only_slow &= issubclass(err[0], kinds.TooSlow)
        print(f"=== {test.id()}\n{self._exc_info_to_string(err, test)}", end="")
        print(getattr(test, "diagnostics", str)(), end="")

    def addFailure(self, test, err):
        self._fail(test, err)

    def addError(self, test, err):
        self._fail(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            print(f"=== {subtest.id()}")
            self._fail(test, err)

    def addSkip(self, test, reason):
        # a subtest that is skipped does not undo a failure
        if self.status == "ok":
            self.status = "skip"
        print(f"     {test.id()}: {reason}")

    def addUnexpectedSuccess(self, test):
        self.blame(test, "was expected to fail")

    def blame(self, test, what):
        """Fail a test that raised nothing."""
        self.status = "FAIL"
        self.only_slow = False
        print(f"=== {test.id()}: {what}")


@contextlib.contextmanager
def nothing_uncaught(result, test):
    """Let what is raised in a thread, or in a callback of GLib, be an error of the test: else it would only be printed."""
    def fail(*raised):
        result.addError(test, raised)
    hooks = threading.excepthook, sys.excepthook
    threading.excepthook, sys.excepthook = lambda args: fail(args.exc_type, args.exc_value, args.exc_traceback), fail
    try:
        yield
    finally:
        threading.excepthook, sys.excepthook = hooks


@contextlib.contextmanager
def nothing_left_behind(result, test):
    """Fail a test that leaves a thread which the end of its process would wait for, or that changes what later ones find."""
    threads, folder, environment = threading.enumerate(), os.getcwd(), dict(os.environ)
    try:
        yield
    finally:
        for thread in threading.enumerate():
            if thread not in threads and not thread.daemon:
                result.blame(test, f"leaves {thread.name} running")
        if not os.path.samefile(".", folder):
            result.blame(test, "changes the current folder")
            os.chdir(folder)
        if os.environ != environment:
            result.blame(test, "changes the environment")
            os.environ.clear()
            os.environ.update(environment)


def run_one(name):
    """Run the test of that name, again where it only was too slow, and return its Outcome."""
    test, started, slow = _tests[name], time.monotonic(), ""
    faulthandler.dump_traceback_later(max(HANGING_S, HANGING_DEADLINES * DEADLINE), exit=True)
    for attempt in range(1, ATTEMPTS + 1):
        result = Result()
        with contextlib.redirect_stdout(io.StringIO()) as output:
            case = type(test)(test._testMethodName)
            try:
                with nothing_left_behind(result, case), nothing_uncaught(result, case):
                    case.run(result)
            except Exception:  # pylint: disable=broad-exception-caught  # such as one of diagnostics()
                result.status, result.only_slow = "FAIL", False
                print(f"=== {name}\n{traceback.format_exc()}", end="")
        if result.status != "FAIL" or not result.only_slow:
            break
        slow += f"     {name}: attempt {attempt} was too slow\n"
    faulthandler.cancel_dump_traceback_later()
    # what was too slow is not undone by a skip
    status = "FAIL" if slow and result.status == "skip" else result.status
    return Outcome(name, status, time.monotonic() - started, slow + output.getvalue())


# --- all tests ----------------------------------------------------------------------------------------------------------


def work(pipe, runner):
    """Run the tests whose names come through the pipe, until None does. What they share ends with this process, which ends
    with the runner."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # it would wait for another test for ever, and its broker with it
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != runner:
        os._exit(1)
    for name in iter(pipe.recv, None):
        pipe.send(run_one(name))
    shared.close()
    # without waiting for a thread that a test has left behind
    os._exit(0)


def start_worker():
    """Start a process that runs tests; return it with the pipe to it."""
    pipe, its_end = FORK.Pipe()
    process = FORK.Process(target=work, args=(its_end, os.getpid()))
    process.start()
    # only the process has its end then, so the pipe tells when it dies
    its_end.close()
    return pipe, process


def send(pipe, name):
    """Have a process run a test, or end. That it has died already is seen when its pipe is read."""
    with contextlib.suppress(ConnectionError):
        pipe.send(name)


def outcome_of(name, pipe, process):
    """Return a test's Outcome, also if the process that ran it has died."""
    try:
        return pipe.recv()
    except (EOFError, ConnectionError):
        process.join()
        return Outcome(name, "FAIL", 0, f"=== {name}\nThe process that ran it ended, with exit status {process.exitcode}.\n")


def run_together(names, jobs):
    """Yield the Outcomes of tests as they end. Several run at a time, in processes that each run one after another."""
    waiting, running, idle = collections.deque(names), {}, {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                pipe, process = idle.popitem() if idle else start_worker()
                running[pipe] = process, waiting.popleft()
                send(pipe, running[pipe][1])
            for pipe in multiprocessing.connection.wait(list(running)):
                process, name = running.pop(pipe)
                yield outcome_of(name, pipe, process)
                if process.exitcode is None:
                    idle[pipe] = process
        for pipe in idle:
            send(pipe, None)
        for process in idle.values():
            process.join()
    finally:
        # an interrupted test ends without its cleanups
        for process in multiprocessing.active_children():
            process.kill()
            process.join()


def in_order(names, outcomes):
    """Yield the Outcomes in the order of the names, each when those before it have ended."""
    waiting, ended = collections.deque(names), {}
    for outcome in outcomes:
        ended[outcome.name] = outcome
        while waiting and waiting[0] in ended:
            yield ended.pop(waiting.popleft())


def is_plain():
    """Say whether the program under test has no sanitizer."""
    program = os.environ.get("HEARTBEAT_CONSUMER")
    return program is not None and not sanitized(program)


def report(outcome):
    """Print what became of a test, and of one that failed how to run it again."""
    print(outcome.output, end="")
    if outcome.status == "FAIL":
        build = "release" if is_plain() else "asan"
        print(f"again: ./tests/run.sh --build {build} --seed {SEED} -k {outcome.name}")
    print(f"{outcome.status:4} {outcome.seconds:6.2f} s  {outcome.name}", flush=True)


def flatten(suite):
    """Yield the tests of nested suites."""
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flatten(item)
        else:
            yield item


def refuse(test):
    """Refuse a test that would not run, or not as it is written: each runs alone, by its name."""
    kind, module = type(test), sys.modules[type(test).__module__]
    for name in ("setUpClass", "tearDownClass"):
        if getattr(kind, name).__func__ is not getattr(unittest.TestCase, name).__func__:
            sys.exit(f"{test.id()}: the runner calls no {name}")
    for name in ("setUpModule", "tearDownModule"):
        if hasattr(module, name):
            sys.exit(f"{test.id()}: the runner calls no {name}")
    if type(_tests.get(test.id(), test)) is not kind:
        sys.exit(f"{test.id()}: another test has this name")


def matches(name, pattern, names):
    """Say whether a pattern selects the test of that name; one that is a full name selects no other."""
    return name == pattern if pattern in names else pattern in name


def chosen(patterns):
    """Return the names of the tests to run: those that may run together, and those that run alone."""
    plain = is_plain()
    loader = unittest.TestLoader()
    suite = loader.discover(HERE, "test_*.py")
    if loader.errors:
        sys.exit("\n".join(loader.errors))
    tests = list(flatten(suite))
    names = {test.id() for test in tests}
    for test in tests:
        refuse(test)
        if patterns and not any(matches(test.id(), pattern, names) for pattern in patterns):
            continue
        if patterns or not plain or kinds.is_measured(test):
            _tests[test.id()] = test
    alone = [name for name, test in _tests.items() if plain and kinds.is_measured(test)]
    return [name for name in _tests if name not in alone], alone


def arguments():
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--jobs", type=int, default=min(2 * (os.cpu_count() or 1), MOST_JOBS))
    parser.add_argument("--seed")
    parser.add_argument("patterns", nargs="*")
    return parser.parse_args()


def main(options):
    """Run the tests that match and return the exit status."""
    together, alone = chosen(options.patterns)
    if not _tests:
        print(f"no test matches {' '.join(options.patterns)}", file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(_tests))
        return 0
    counts, failed = collections.Counter(), []
    for names, jobs in ((together, options.jobs), (alone, 1)):
        with contextlib.closing(run_together(names, jobs)) as outcomes:
            for outcome in in_order(names, outcomes):
                report(outcome)
                counts[outcome.status] += 1
                if outcome.status == "FAIL":
                    failed.append(outcome.name)
    for name in failed:
        print(f"failed: {name}")
    skipped = f", {counts['skip']} skipped" if counts["skip"] else ""
    print(f"{counts['ok']} passed, {counts['FAIL']} failed{skipped}")
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    asked = arguments()
    if asked.seed:
        os.environ["TEST_SEED"] = asked.seed
    # these need the path above, and the seed
    from bench import kinds, shared
    from bench.seed import SEED
    from bench.service import sanitized
    from bench.wait import DEADLINE
    # what a test's programs write, and those it leaves behind, stay apart from the count, and from whoever reads it
    sys.stdout = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    os.dup2(2, 1)
    # a test that is a generator or a coroutine does nothing
    warnings.filterwarnings("error", "It is deprecated to return a value", DeprecationWarning)
    # as Ctrl-C: a test makes a failure of any other exception
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # one folder for all that is temporary: a process that is killed leaves its own behind
    with tempfile.TemporaryDirectory(prefix="hb-tests-", ignore_cleanup_errors=True) as temporary:
        os.chmod(temporary, 0o711)
        os.environ["TMPDIR"] = tempfile.tempdir = temporary
        status = main(asked)
    sys.exit(status)
