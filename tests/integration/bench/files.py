"""Real input, and heartbeat.json files made for a test."""

import json
import os
import re

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data")


def data(name):
    """Return the bytes of a file in tests/data."""
    with open(os.path.join(DATA, name), "rb") as file:
        return file.read()


def heartbeat(checks, agent="cack", **root):
    """Return heartbeat.json's bytes; checks maps names to objects, whose cadenceMs and handler may be left out."""
    full = {name: {"cadenceMs": 60000, "handler": "default", **check} for name, check in checks.items()}
    document = {"$schema": "heartbeat.v1", "agent": agent, "checks": full, **root}
    return (json.dumps(document, indent=2) + "\n").encode()


def write(path, content):
    """Write bytes as an editor does: whole, by rename."""
    with open(path + ".new", "wb") as file:
        file.write(content)
    os.rename(path + ".new", path)


def read(path):
    """Return a file's bytes."""
    with open(path, "rb") as file:
        return file.read()


def last_run(path, check):
    """Return a check's lastRun in a file, 0 where it has none."""
    return json.loads(read(path))["checks"][check].get("lastRun", 0)


def without_last_run(content):
    """Return content with the digits of every lastRun blanked, to compare all the rest."""
    return re.sub(rb'("lastRun"\s*:\s*)[0-9.eE+-]+', rb"\1#", content)


def objects(path):
    """Return the JSON objects that a file has one after the other; none where there is no file."""
    if not os.path.exists(path):
        return []
    decoder, position, found = json.JSONDecoder(), 0, []
    text = read(path).decode().rstrip()
    while position < len(text):
        value, end = decoder.raw_decode(text, position)
        position = json.decoder.WHITESPACE.match(text, end).end()
        found.append(value)
    return found
