#!/usr/bin/env python3
"""The shared library shows what its public headers declare and src/libheartbeat-1.0.symbols lists. Prints TAP."""

import re
import subprocess
import sys

library, listing, headers = sys.argv[1], sys.argv[2], sys.argv[3:]
SONAME = "libheartbeat-1.0.so.0"


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


def listed():
    """The lines of the symbol file: what programs may have linked, and so has to stay."""
    with open(listing, encoding="utf-8") as file:
        return file.read().splitlines()


def soname():
    """The name under which programs find the library."""
    dynamic = subprocess.run(["readelf", "-d", library], check=True, capture_output=True, text=True).stdout
    return re.search(r"soname: \[(.*)\]", dynamic).group(1)


def main():
    there, wanted, lines = shown(), declared(), listed()
    # G_DECLARE_FINAL_TYPE's own arguments look like a declaration to the pattern above
    wanted -= {name for name in wanted if f"{name}_get_type" in wanted}
    cases = [("nothing else is shown", sorted(there - wanted)),
             ("all that is declared is shown", sorted(wanted - there)),
             ("nothing listed has gone: that would need another soname", sorted(set(lines) - there)),
             ("all that is shown is listed", sorted(there - set(lines))),
             ("the list is sorted", [] if lines == sorted(set(lines)) else ["LC_ALL=C sort -u -o FILE FILE"]),
             (f"the soname is {SONAME}", [] if soname() == SONAME else [soname()])]
    print(f"1..{len(cases)}")
    for number, (what, names) in enumerate(cases, start=1):
        print("not ok" if names else "ok", number, "-", what)
        for name in names:
            print("#", name)
    assert len(wanted) > 30, "the headers were not understood"
    return 1 if any(names for _, names in cases) else 0


sys.exit(main())
