#!/usr/bin/env python3
"""Each folder of src/ is a layer: a file includes its own and those below it, and no circle. Prints TAP."""

import os
import re
import sys

LAYERS = ["core", "broker", "handlers", "consumer", "desktop", "service", "ctl"]
SOURCE = sys.argv[1]


def includes(path):
    """The project's own headers that a file includes."""
    with open(path, encoding="utf-8") as file:
        return re.findall(r'^#include "([a-z]+/[a-z-]+\.h)"', file.read(), flags=re.M)


def find_upward(files):
    """Includes of a layer above; ctl does not use service."""
    for name in files:
        layer = name.split("/")[0]
        for used in files[name]:
            used_layer = used.split("/")[0]
            if LAYERS.index(used_layer) > LAYERS.index(layer) or (layer, used_layer) == ("ctl", "service"):
                yield f"{name} includes {used}"


def find_circles(headers):
    """Headers that include themselves in the end."""
    for start in headers:
        seen, todo = set(), list(headers[start])
        while todo:
            name = todo.pop()
            if name == start:
                yield f"{start} includes itself"
                break
            if name not in seen:
                seen.add(name)
                todo += headers.get(name, [])


def main():
    files = {}
    for layer in LAYERS:
        for name in sorted(os.listdir(os.path.join(SOURCE, layer))):
            if name.endswith((".c", ".h")):
                files[f"{layer}/{name}"] = includes(os.path.join(SOURCE, layer, name))
    headers = {name: used for name, used in files.items() if name.endswith(".h")}
    failed = False
    print("1..2")
    for number, (what, found) in enumerate([("no layer includes one above it", list(find_upward(files))),
                                            ("no header includes itself", list(find_circles(headers)))], start=1):
        print("not ok" if found else "ok", number, "-", what)
        for line in found:
            print("#", line)
        failed = failed or bool(found)
    assert len(files) > 50, "the sources were not found"
    return 1 if failed else 0


sys.exit(main())
