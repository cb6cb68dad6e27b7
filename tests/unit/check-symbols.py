#!/usr/bin/env python3
"""The shared library shows what its public headers declare, and nothing else. Prints TAP."""

import re
import subprocess
import sys

library, headers = sys.argv[1], sys.argv[2:]


def shown():
    """The functions that programs can link."""
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    return {line.split()[2] for line in lines.splitlines() if line.split()[1] in "TBDRVW"}


def declared():
    """The functions with HEARTBEAT_EXPORT, and the get_type() of declared types."""
    names = set()
    for header in headers:
        with open(header, encoding="utf-8") as file:
            text = file.read()
        names.update(re.findall(r"HEARTBEAT_EXPORT\s[^;{]*?\b(heartbeat_\w+) \(", text.replace("\n", " ")))
        names.update(f"{prefix}_get_type" for prefix in re.findall(r"G_DECLARE_FINAL_TYPE \(\w+, (\w+),", text))
    return names


def main():
    there, wanted = shown(), declared()
    # G_DECLARE_FINAL_TYPE's own arguments look like a declaration to the pattern above
    wanted -= {name for name in wanted if f"{name}_get_type" in wanted}
    extra, missing = sorted(there - wanted), sorted(wanted - there)
    print("1..2")
    for number, (what, names) in enumerate([("nothing else is shown", extra), ("all that is declared is shown", missing)],
                                           start=1):
        print("not ok" if names else "ok", number, "-", what)
        for name in names:
            print("#", name)
    assert len(wanted) > 30, "the headers were not understood"
    return 1 if extra or missing else 0


sys.exit(main())
