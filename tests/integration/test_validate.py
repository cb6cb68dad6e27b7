"""heartbeatctl validate and schema, which need no service: and that the program and the published schema agree."""

import json
import os
import shutil
import sys
import tempfile
import unittest

import jsonschema

from bench.case import Case
from bench.seed import SEED
from bench.service import ctl, environment

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TESTS, "validation"))

import corpus  # noqa: E402  (needs the path above)

SCHEMA = os.path.join(os.path.dirname(TESTS), "schemas", "heartbeat.v1.json")


def refuse(constant):
    """Python's json accepts NaN and Infinity, which are no JSON."""
    raise ValueError(constant)


class Validator:
    """The published schema, as a user of python3-jsonschema has it."""

    def __init__(self):
        with open(SCHEMA, encoding="utf-8") as file:
            self.schema = json.load(file)
        self._validator = jsonschema.Draft7Validator(self.schema)

    def accepts(self, data):
        """Say whether bytes are a good file."""
        try:
            document = json.loads(data.decode("utf-8-sig"), parse_constant=refuse)
        except ValueError:
            return False
        return self._validator.is_valid(document)


class Validate(Case):
    """Without service, broker and bus."""

    with_broker = False

    def setUp(self):  # pylint: disable=super-method-not-called
        unittest.TestCase.setUp(self)
        self.home = tempfile.mkdtemp(prefix="heartbeat-home-")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.env = environment(self.home)

    def file(self, data, name="heartbeat.json"):
        """Write bytes and return the path."""
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def validate(self, *args, status=0):
        """Run it, expect that exit status; return its lines."""
        ended = ctl(self.env, "validate", *args)
        self.assertEqual(ended.returncode, status, ended.stdout + ended.stderr)
        return ended.stdout.splitlines()

    def reports(self, contents):
        """Return what it says of each content."""
        paths = [self.file(data, f"{number:05}.json") for number, data in enumerate(contents)]
        ended = ctl(self.env, "validate", "--json", *paths)
        document = json.loads(ended.stdout)
        self.assertEqual([file["file"] for file in document["files"]], paths)
        found = [file["valid"] for file in document["files"]]
        self.assertEqual(document["valid"], all(found))
        self.assertEqual(ended.returncode, 0 if all(found) else 1)
        for file in document["files"]:
            if file["error"] is None:
                self.assertEqual(file["valid"], not file["problems"])
        return document["files"]

    def verdicts(self, contents):
        """Return whether it says that each content is good."""
        return [report["valid"] for report in self.reports(contents)]


class Command(Validate):
    """What is printed."""

    BAD = (b'{"$schema": "heartbeat.v1", "agent": "a", "checks": {\n'
           b'  "b": {"cadenceMs": 1, "handler": 5},\n  "a": {"cadenceMs": 1000}}}\n')

    def test_a_good_file_says_nothing(self):
        with open(os.path.join(TESTS, "data", "cack.heartbeat.json"), "rb") as file:
            self.assertEqual(self.validate(self.file(file.read())), [])

    def test_every_problem_is_a_line(self):
        path = self.file(self.BAD)
        self.assertEqual(self.validate(path, status=1), [
            f"{path}:2:22: checks.b.cadenceMs: an integer of at least 1000 is expected, not 1",
            f"{path}:2:36: checks.b.handler: the name of a handler, a string without NUL, is expected, not 5",
            f"{path}:3:8: checks.a.handler: the member is missing"])

    def test_every_file_is_looked_at(self):
        good, bad = self.file(b'{"$schema":"heartbeat.v1","agent":"a","checks":{}}', "good"), self.file(b"{", "bad")
        self.assertEqual(self.validate(bad, good, bad, status=1),
                         [f"{bad}:1:2: a member's name in double quotes is expected here"] * 2)

    def test_as_json(self):
        path = self.file(self.BAD)
        ended = ctl(self.env, "validate", path, "--json")
        document = json.loads(ended.stdout)
        self.assertEqual((ended.returncode, document["valid"]), (1, False))
        self.assertEqual(document["files"][0]["problems"][0],
                         {"line": 2, "column": 22, "path": "checks.b.cadenceMs", "found": "1",
                          "rule": "an integer of at least 1000 is expected"})
        self.assertIsNone(document["files"][0]["problems"][2]["found"])

    def test_control_characters_are_escaped_in_json(self):
        names = [f"a{chr(code)}" for code in (*range(1, 32), 127)]
        report, = self.reports([json.dumps({"$schema": "heartbeat.v1", "agent": "a",
                                            "checks": {name: {"handler": "h"} for name in names}}).encode()])
        self.assertEqual([problem["path"] for problem in report["problems"]], [f"checks.{name}.cadenceMs" for name in names])

    def test_a_file_that_is_not_there_is_status_1(self):
        ended = ctl(self.env, "validate", self.path("none"), "--json")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("none", ended.stderr)
        self.assertIn("No such file", json.loads(ended.stdout)["files"][0]["error"])

    def test_no_file_is_status_2(self):
        self.validate(status=2)

    def test_names_say_nothing_to_the_terminal(self):
        path = self.file(b'{"$schema":"heartbeat.v1","agent":"a","checks":{"a\\u001b[1m\\nb":5}}')
        lines = self.validate(path, status=1)
        self.assertEqual(len(lines), 1)
        self.assertNotIn("\033", lines[0])

    def test_schema(self):
        ended = ctl(self.env, "schema")
        with open(SCHEMA, encoding="utf-8") as file:
            self.assertEqual((ended.returncode, ended.stdout), (0, file.read()))


class Schema(unittest.TestCase):
    """The published schema itself."""

    def setUp(self):
        self.schema = Validator().schema

    def walk(self, node, path="#"):
        """Yield each schema in the schema that describes a member or a definition."""
        for group in ("properties", "definitions"):
            for name, child in node.get(group, {}).items():
                yield f"{path}/{name}", child
                yield from self.walk(child, f"{path}/{name}")
        for child in node.get("oneOf", []):
            yield from self.walk(child, path)

    def test_is_draft_7(self):
        jsonschema.Draft7Validator.check_schema(self.schema)

    def test_everything_is_described(self):
        for path, node in self.walk(self.schema):
            self.assertIn("description", node, path)

    def test_examples_and_defaults_are_good(self):
        for path, node in [("#", self.schema), *self.walk(self.schema)]:
            resolver = jsonschema.RefResolver.from_schema(self.schema)
            for example in node.get("examples", []) + ([node["default"]] if "default" in node else []):
                jsonschema.Draft7Validator(node, resolver=resolver).validate(example)

    def test_every_member_has_an_example(self):
        for path, node in self.walk(self.schema):
            if path.count("/") > 2:
                self.assertIn("examples", node, path)


class Differential(Validate):
    """The program and the schema say the same of each file."""

    def setUp(self):
        super().setUp()
        self.validator = Validator()

    def test_by_hand(self):
        files = list(corpus.by_hand())
        self.assertGreater(len(files), 200)
        found = self.verdicts([data for _, data in files])
        wrong = [(data, expected, program, self.validator.accepts(data))
                 for (expected, data), program in zip(files, found)
                 if not expected == program == self.validator.accepts(data)]
        self.assertEqual(wrong, [], "(bytes, expected, program, schema)")

    def test_by_chance(self):
        files = list(corpus.by_chance(SEED, 2000))
        reports = self.reports(files)
        wrong = []
        for data, report in zip(files, reports):
            schema = self.validator.accepts(data)
            beyond = {problem["rule"] for problem in report["problems"]} <= corpus.BEYOND_A_SCHEMA
            if report["valid"] != schema and not (schema and beyond):
                wrong.append((data, report, schema))
        self.assertEqual(wrong, [], "(bytes, program, schema)")
        good = sum(report["valid"] for report in reports)
        self.assertTrue(400 < good < 1600, f"{good} good files")

    def test_documented_differences(self):
        found = self.verdicts([data for _, data, _, _ in corpus.DIFFERENT])
        for (why, data, program, schema), verdict in zip(corpus.DIFFERENT, found):
            with self.subTest(why):
                self.assertEqual((verdict, self.validator.accepts(data)), (program, schema))
