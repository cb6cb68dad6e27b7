#!/usr/bin/env python3
"""Each folder of src/ includes only the folders that ROOMS allows, none has too many sources, and nothing goes in a circle.

Usage: check-rooms.py SOURCE [--dot]

Prints TAP, or the graph of what the folders include, for dot.
"""

import collections
import os
import re
import sys

# A folder, and those that it may include beside itself.
LIBRARY = {
    "base": "",
    "json": "base",
    "storage": "base",
    "config": "base json storage",
    "run": "base json",
    "agent": "base json storage config run",
    "amqp": "base storage",
    "broker": "base json run amqp",
    "process": "base json run",
    "handlers": "base json run process",
    "consumer": "base json storage config run agent amqp broker process handlers",
    "dbus": "base run agent consumer",
    "notify": "base agent consumer",
}
ROOMS = {
    **LIBRARY,
    "service": " ".join(LIBRARY),
    # heartbeatctl: of dbus/ the generated proxies alone; the doctor looks at files, handlers and the broker too
    "ctl/print": "base",
    "ctl": "base json amqp consumer proxies ctl/print",
    "ctl/commands": "base json storage config agent amqp broker consumer proxies ctl/print ctl",
    "ctl/doctor": "base json storage config agent amqp handlers consumer proxies ctl/print ctl",
}
MOST_SOURCES = 15
SOURCE = sys.argv[1]
PROXIES = "dbus/heartbeat-dbus.h"
GENERATED = {PROXIES, "ctl/heartbeat-ctl-resources.h"}


def public_headers():
    """Return where the headers lie that are included as `heartbeat/NAME`."""
    return {f"heartbeat/{name}": f"{room}/{name}" for room in LIBRARY for name in os.listdir(os.path.join(SOURCE, room))
            if name.endswith(".h")}


def read_includes():
    """Return the project's headers that each file includes."""
    public, files = public_headers(), {}
    for room in ROOMS:
        for name in sorted(os.listdir(os.path.join(SOURCE, room))):
            if name.endswith((".c", ".h")):
                with open(os.path.join(SOURCE, room, name), encoding="utf-8") as file:
                    found = re.findall(r'^\s*#\s*include\s*(["<])([^">]+)[">]', file.read(), flags=re.M)
                files[f"{room}/{name}"] = [public.get(used, used) for mark, used in found
                                           if mark == '"' or used.split("/")[0] in (*ROOMS, "heartbeat")]
    return files


def find_unknown(files):
    """Yield includes of what is not there, which includes by another way than FOLDER/NAME are."""
    for name, used in ((name, used) for name in files for used in files[name]):
        if used not in files and used not in GENERATED:
            yield f"{name} includes {used}"


def find_strangers():
    """Yield folders with sources that ROOMS does not have."""
    for folder, _, names in os.walk(SOURCE):
        room = os.path.relpath(folder, SOURCE)
        if room not in (*ROOMS, ".") and any(name.endswith((".c", ".h")) for name in names):
            yield f"{room}/ is not in ROOMS"


def find_forbidden(files):
    """Yield includes of a folder that ROOMS does not allow."""
    for name, used in ((name, used) for name in files for used in files[name]):
        room, other = os.path.dirname(name), os.path.dirname(used)
        if used == PROXIES and room != other:
            other = "proxies"
        if room != other and other not in ROOMS[room].split():
            yield f"{name} includes {used}"


def find_upward():
    """Yield what ROOMS itself allows of folders that come later, by which there could be a circle."""
    order = list(ROOMS)
    for room, others in ROOMS.items():
        yield from (f"{room} may include {other}" for other in others.split()
                    if other != "proxies" and order.index(other) >= order.index(room))


def find_circles(files):
    """Yield headers that include themselves in the end."""
    headers = {name: used for name, used in files.items() if name.endswith(".h")}
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


def find_crowds(files):
    """Yield folders with more sources than one keeps in mind."""
    for room, count in collections.Counter(os.path.dirname(name) for name in files if name.endswith(".c")).items():
        if count > MOST_SOURCES:
            yield f"{room} has {count} sources"


def print_dot(files):
    """Print what the folders include; an arrow that others imply is left out."""
    used = {room: {os.path.dirname(other) for name in files if os.path.dirname(name) == room for other in files[name]} - {room}
            for room in ROOMS}

    def reach(room):
        return used[room].union(*map(reach, used[room]))

    print("digraph rooms {\n  rankdir=TB; node [shape=box, fontname=Cantarell]; edge [color=gray40]")
    for room in ROOMS:
        sources = sum(os.path.dirname(name) == room and name.endswith(".c") for name in files)
        print(f'  "{room}" [label="{room}/\\n{sources} sources"]')
        for other in sorted(used[room]):
            if not any(other in reach(between) for between in used[room] - {other}):
                print(f'  "{room}" -> "{other}"')
    print("}")


def main():
    """Print the results and return the exit status."""
    files = read_includes()
    assert len(files) > 50, "the sources were not found"
    if "--dot" in sys.argv:
        print_dot(files)
        return 0
    checks = {
        "every folder has its line": find_strangers(),
        "every include names a file by its folder": find_unknown(files),
        "a folder includes only what it may": find_forbidden(files),
        "what folders may include lies below them": find_upward(),
        "no header includes itself": find_circles(files),
        "no folder is crowded": find_crowds(files),
    }
    failed = False
    print(f"1..{len(checks)}")
    for number, (what, lines) in enumerate(checks.items(), start=1):
        found = list(lines)
        print("not ok" if found else "ok", number, "-", what)
        for line in found:
            print("#", line)
        failed = failed or bool(found)
    return 1 if failed else 0


sys.exit(main())
