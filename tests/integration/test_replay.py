"""The service reads, decides and saves as version 1.0.0 did; see tests/replay/README.md."""

import shutil
import tempfile
import unittest

from bench import replay
from bench.mounts import can_mount
from bench.service import program


def differences(expected, found):
    """Return one text for each difference between two records."""
    lines = []
    for number, (old, new) in enumerate(zip(expected, found)):
        where = f"entry {number}, {old.get('did')} at {old.get('at')}"
        for what, (was, now) in differing(dict(replay.facts(old)), dict(replay.facts(new))):
            lines.append(f"{where}: {what}\n  1.0.0: {was!r}\n  now:   {now!r}")
    if len(expected) != len(found):
        lines.append(f"{len(expected)} entries in the record, {len(found)} now")
    return lines


def differing(old, new):
    """Return the keys whose values differ, each with both values."""
    return [(key, (old.get(key), new.get(key))) for key in {**old, **new} if old.get(key) != new.get(key)]


class Replay(unittest.TestCase):
    """One test for each case; they are added below."""

    def setUp(self):
        program("HEARTBEAT_CONSUMER")
        self.services = []
        self.home = tempfile.mkdtemp(prefix="heartbeat-replay-")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def replay(self, name):
        """Play a case and compare with its record."""
        case = replay.read_case(name)
        if replay.needs_mounts(case) and not can_mount():
            raise unittest.SkipTest("no mount namespaces here")
        found = replay.play(case, self.home, self.services.append)
        lines = differences(replay.read_record(name), found)
        if lines:
            self.fail(f"{len(lines)} differences from 1.0.0:\n" + "\n".join(lines[:8]))
        self.assertEqual([line for service in self.services for line in service.complaints()], [])

    def test_every_record_has_its_case(self):
        self.assertEqual(replay.record_names(), replay.case_names())

    def diagnostics(self):
        """Return what helps to understand a failure."""
        return "".join(f"--- standard error of service {service.pid}\n{service.stderr}\n" for service in self.services)


def _add(name):
    def test(self):
        self.replay(name)
    test.__doc__ = replay.read_case(name)["about"]
    setattr(Replay, "test_" + name.replace("-", "_"), test)


for _name in replay.case_names():
    _add(_name)
