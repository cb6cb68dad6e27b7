#!/usr/bin/python3
"""Print `N passed, N failed` for a Meson test run: count_tests.py FOLDER/meson-logs

TAP subtests are counted where there are any, from testlog.junit.xml. A program that crashes, takes too long or exits badly has
no failed subtest there: testlog.json knows it, and it counts as one failure.
"""

import collections
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree


def plain(name):
    """Return the name of a test without its suites."""
    return name.rpartition(" / ")[2]


def main(folder):
    """Count and print."""
    passed, failed = 0, collections.Counter()
    with open(os.path.join(folder, "testlog.junit.xml"), "rb") as file:
        # Meson keeps a program's colours, which XML does not allow
        text = re.sub(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", b"", file.read())
    for suite in ElementTree.fromstring(text).iter("testsuite"):
        for case in suite.iter("testcase"):
            kinds = {child.tag for child in case}
            # a suite of subtests is PROJECT.TEST; others are cases of one that has the project's name
            failed[plain(suite.get("name").partition(".")[2] or case.get("name"))] += bool(kinds & {"failure", "error"})
            passed += not kinds & {"failure", "error", "skipped"}
    with open(os.path.join(folder, "testlog.json"), encoding="utf-8") as file:
        for test in map(json.loads, file):
            if test["result"] in ("FAIL", "ERROR", "TIMEOUT", "INTERRUPT"):
                failed[plain(test["name"])] = max(failed[plain(test["name"])], 1)
    print(f"{passed} passed, {failed.total()} failed")


if __name__ == "__main__":
    main(sys.argv[1])
