#!/usr/bin/python3
"""Print `N passed, N failed` for the testlog.junit.xml of a Meson test run: TAP subtests where there are any."""

import sys
import xml.etree.ElementTree as ElementTree


def main(path):
    """Count and print."""
    passed = failed = 0
    for case in ElementTree.parse(path).iter("testcase"):
        kinds = {child.tag for child in case}
        failed += bool(kinds & {"failure", "error"})
        passed += not kinds & {"failure", "error", "skipped"}
    print(f"{passed} passed, {failed} failed")


if __name__ == "__main__":
    main(sys.argv[1])
