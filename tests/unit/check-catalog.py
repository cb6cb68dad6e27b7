#!/usr/bin/python3
"""Compare the kinds of events in the code with the journal's catalogue: check-catalog.py SOURCE-FOLDER CATALOGUE."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HEADER = "base/heartbeat-log.h"
ENTRY = re.compile(r"^-- ([0-9a-f]{32})\nSubject: (.+)\nDefined-By: heartbeat-consumer\n"
                   r"Documentation: man:\S+\(\d\)\n\n((?:(?!-- |# ).*\n)+)", re.MULTILINE)
CALL = re.compile(r"\bheartbeat_log \(\s*([^,]+),\s*([^,]+),")
FIELDS = {"HEARTBEAT_AGENT", "HEARTBEAT_CHECK"}

failures = []


def complain(message):
    """Note what is wrong."""
    failures.append(message)


def read(path):
    """Return a file's text."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def sources(folder):
    """Yield path and text of each C source."""
    for place, _, names in os.walk(folder):
        for name in sorted(names):
            if name.endswith(".c"):
                path = os.path.join(place, name)
                yield path, read(path)


def check_ids(kinds, entries):
    """The same ids on both sides, each once, in the order of the code."""
    codes = list(kinds.values())
    listed = [entry[0] for entry in entries]
    if len(set(codes)) != len(codes):
        complain(f"two kinds of events have one id in {HEADER}")
    for name, code in kinds.items():
        if code not in listed:
            complain(f"{name} ({code}) is not in the catalogue")
    for code in listed:
        if code not in codes:
            complain(f"{code} is in the catalogue only")
    if not failures and codes != listed:
        complain("the catalogue has another order than the code")


def check_entries(text, entries):
    """Each entry has all its headers, a text that says what to do, and only fields that events have."""
    if len(entries) != len(re.findall(r"^-- ", text, re.MULTILINE)):
        complain("an entry has not the form `-- ID`, Subject, Defined-By, Documentation, an empty line, text")
    for code, subject, body in entries:
        for field in re.findall(r"@(\w+)@", subject + body):
            if field not in FIELDS:
                complain(f"{code}: no event has the field {field}")
        if any(len(line) > 100 for line in [subject, *body.splitlines()]):
            complain(f"{code}: a line is longer than 100 characters")


def check_calls(kinds, folder):
    """Each kind is logged somewhere, and whatever is no debug message is of a kind."""
    used = set()
    for path, text in sources(folder):
        used.update(re.findall(r"\bHEARTBEAT_EVENT_\w+", text))
        for level, kind in CALL.findall(text):
            if kind in ("NULL", "HEARTBEAT_EVENT_NONE") and level != "G_LOG_LEVEL_DEBUG":
                complain(f"{path}: an event at {level} has no MESSAGE_ID")
    for name in kinds:
        if name not in used:
            complain(f"{name} is never logged")


def check_journalctl(catalogue, entries):
    """The journal takes it, and shows every entry."""
    if shutil.which("journalctl") is None:
        print("# journalctl is not installed")
        return
    with tempfile.TemporaryDirectory(prefix="heartbeat-catalog-") as root:
        for folder in ("usr/lib/systemd/catalog", "var/lib/systemd/catalog"):
            os.makedirs(os.path.join(root, folder))
        shutil.copy(catalogue, os.path.join(root, "usr/lib/systemd/catalog"))
        update = subprocess.run(["journalctl", f"--root={root}", "--update-catalog"], stderr=subprocess.PIPE, text=True,
                                check=False)
        if (update.returncode, update.stderr) != (0, ""):
            complain(f"journalctl --update-catalog: {update.returncode} {update.stderr}")
        shown = subprocess.run(["journalctl", f"--root={root}", "--list-catalog"], stdout=subprocess.PIPE, text=True,
                               check=False).stdout
        for code, subject, _ in entries:
            if f"{code} heartbeat-consumer: {subject}" not in shown.splitlines():
                complain(f"journalctl does not show {code}")


def main(folder, catalogue):
    """Print one TAP result."""
    kinds = dict(re.findall(r"^#define (HEARTBEAT_EVENT_\w+)\s+\"(\w+)\"$", read(os.path.join(folder, HEADER)),
                            re.MULTILINE))
    text = read(catalogue)
    entries = ENTRY.findall(text)
    check_ids(kinds, entries)
    check_entries(text, entries)
    check_calls(kinds, folder)
    check_journalctl(catalogue, entries)
    if len(kinds) < 10:
        complain(f"{HEADER} could not be read")
    for failure in failures:
        print(f"# {failure}")
    print(f"1..1\n{'not ok' if failures else 'ok'} 1 {len(kinds)} kinds of events and the catalogue")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
