#!/usr/bin/python3
"""Print `N passed, N failed` for the testlog.junit.xml of a Meson test run: TAP subtests where there are any."""

import re
import sys
import xml.etree.ElementTree as ElementTree


def main(path):
    """Count and print."""
    passed = failed = 0
    with open(path, "rb") as file:
        # Meson keeps a program's colours, which XML does not allow
        text = re.sub(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", b"", file.read())
    for case in ElementTree.fromstring(text).iter("testcase"):
        kinds = {child.tag for child in case}
        failed += bool(kinds & {"failure", "error"})
        passed += not kinds & {"failure", "error", "skipped"}
    print(f"{passed} passed, {failed} failed")


if __name__ == "__main__":
    main(sys.argv[1])
