#!/usr/bin/python3
"""Run the integration tests: run_tests.py [--list] [PATTERN…]

Without a pattern all of them; with some, those whose full name (module.Class.test) has one of them in it; --list only
names them. The programs under test are named by HEARTBEAT_CONSUMER and HEARTBEATCTL; without these only the bench tests
itself.
"""

import os
import sys
import time
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from bench import case  # noqa: E402  (needs the path above)


class Result(unittest.TestResult):
    """Prints one line a test, and at once what is known of a failure."""

    def __init__(self):
        super().__init__()
        self.passed = self.failed = 0
        self._started = 0.0
        self._outcome = "ok"

    def startTest(self, test):
        super().startTest(test)
        self._started = time.monotonic()
        self._outcome = "ok"

    def stopTest(self, test):
        super().stopTest(test)
        self.passed += self._outcome == "ok"
        self.failed += self._outcome == "FAIL"
        print(f"{self._outcome:4} {time.monotonic() - self._started:6.2f} s  {test.id()}", flush=True)

    def _fail(self, test, err):
        self._outcome = "FAIL"
        print(f"=== {test.id()}\n{self._exc_info_to_string(err, test)}", end="")
        print(getattr(test, "diagnostics", str)(), end="", flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._fail(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._fail(test, err)
        if not isinstance(test, unittest.TestCase):
            # a module or class fixture has no startTest()
            self.failed += 1

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            print(f"=== {subtest.id()}")
            self._fail(test, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._outcome = "skip"
        print(f"     {test.id()}: {reason}")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._outcome = "FAIL"


def flatten(suite):
    """Yield the tests of nested suites."""
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flatten(item)
        else:
            yield item


def main(arguments):
    """Run the tests that match and return the exit status."""
    patterns = [argument for argument in arguments if argument != "--list"]
    tests = [test for test in flatten(unittest.TestLoader().discover(HERE, "test_*.py"))
             if not patterns or any(pattern in test.id() for pattern in patterns)]
    if not tests:
        print(f"no test matches {' '.join(patterns)}", file=sys.stderr)
        return 2
    if "--list" in arguments:
        print("\n".join(test.id() for test in tests))
        return 0
    result = Result()
    try:
        unittest.TestSuite(tests).run(result)
    finally:
        case.close_shared()
    skipped = f", {len(result.skipped)} skipped" if result.skipped else ""
    print(f"{result.passed} passed, {result.failed} failed{skipped}")
    return 1 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
