"""Files to validate: made by hand for each rule, and made by chance from a seed."""

import json
import random

GOOD_CHECK = {"cadenceMs": 60000, "handler": "sub_health"}
BIG = 2**53 - 1

# Values of members of a check as JSON text: good ones, bad ones.
MEMBERS = {
    "cadenceMs": (["1000", "1e3", "1000.0", "900000.0", "9e5", "10000e-1", str(BIG), "9.007199254740991e15"],
                  ["0", "-1", "-0", "999", "999.9", "1000.5", "1e400", "-1e400", "1e-400", str(BIG + 1), "1e16",
                   "123456789012345678901234567890", '"60000"', "null", "true", "[]", "{}"]),
    "handler": (['"h"', '""', '"a/b c"', r'"\u00e9"', '"a\\n"', '"日本"'],
                ["5", "null", "true", "[]", "{}", r'"a\u0000b"', r'"\u0000"']),
    "priority": (["1", "1.0", "2e0", "100", str(BIG)],
                 ["0", "-1", "1.5", "0.99", str(BIG + 1), "1e400", '"1"', "null", "true", "[1]"]),
    "enabled": (["true", "false"], ["0", "1", '"true"', "null", "[]", "{}"]),
    "lastRun": (["0", "-0", "0.0", "-0.0", "1771796220000", "1771796220000.0", "1e-400", str(BIG)],
                ["-1", "0.5", "-1e-3", str(BIG + 1), "1e400", '"0"', "null", "false", "[]"]),
    "window": (["null", '{"start":"09:00","end":"17:00"}', '{"start":"9:00","end":"24:00"}',
                '{"start":"0:00","end":"00:00","days":[]}', '{"start":"22:00","end":"06:00","days":["mon","sun","mon"]}',
                '{"start":"00:00","end":"23:59","tz":"Etc/GMT+5","more":[1]}', r'{"start":"\u00309:00","end":"10:00"}',
                '{"start":5,"end":"10:00","start":"1:00"}'],
               ["true", "5", "[]", '"09:00"', "{}", '{"start":"09:00"}', '{"end":"09:00"}']),
    "triggerOnQuarters": (["[]", '["Q1"]', '["Q1","Q2","Q3","Q4"]', '["Q1","Q1"]', r'["\u00512"]'],
                          ['"Q1"', "null", "{}", "1", '["Q0"]', '["Q5"]', '["q1"]', "[1]", "[null]", '["Q1",["Q2"]]',
                           r'["Q1\u0000"]', '["Q11"]', '[""]', '["Q1 "]']),
    "quarterOf": (['"day"', '"year"'], ['"month"', '"Day"', '""', "null", "1", '["day"]', r'"day\u0000"']),
    "timeoutMs": (["1000", "1500000", "1.5e6", "2000.0"],
                  ["999", "1500001", "5000000000", "0", "-1000", "1000.5", '"5s"', "null", "true"]),
    "meta": (["{}", '{"cadenceMs":"x","lastRun":-1}', '{"a":[1e400,0.1,null]}'], ["[]", "null", '"x"', "1", "true"]),
    "unknown": (["1e400", "null", '{"a":{}}', "[[[]]]"], []),
}

# Values of members of a window whose other members are good.
WINDOW = {
    "start": (["0:00", "00:00", "9:05", "19:59", "23:59"],
              ["24:00", "24:01", "25:00", "9", "9:0", "9:000", "009:00", "09:60", "-9:00", "+9:00", " 9:00", "9:00 ",
               "9.00", "9h00", ":00", "09:", "", "٠٩:٠٠", "09:00:00", "\x0009:00", "09:00\x00"]),
    "end": (["0:00", "23:59", "24:00"], ["24:01", "024:00", "24:000", "25:00", "2400", "24:00 ", "", "24:00\x00"]),
    "tz": (["UTC", "Europe/London", "America/Argentina/Buenos_Aires", "Etc/GMT-14"],
           ["", "+05:30", "-03", "0530", ":EST", "/UTC", "America//New_York", "America/New_York/", "a b", "../UTC",
            "America/../UTC", "UTC\x00", "EST5EDT,M3.2.0,M11.1.0", "<-03>3", "zone.tab", "Ámerica/New_York", "A" * 256]),
}

# A whole file, good or not.
HEAD = '"$schema":"heartbeat.v1","agent":"cack"'
ROOTS = {
    "good": ["{%s,\"checks\":{}}" % HEAD, "\ufeff{%s,\"checks\":{}}" % HEAD, "\r\n\t {%s , \"checks\" : { } }\n" % HEAD,
             "{%s,\"checks\":{},\"paused\":{}}" % HEAD, "{\"checks\":{},%s,\"version\":2,\"\":[]}" % HEAD,
             r'{"$schema":"\u0068eartbeat.v1","agent":"","checks":{}}',
             '{"\\u0024schema":"heartbeat.v1","agent":"é😀","checks":{}}'],
    "bad": ["", " ", "\ufeff", "null", "true", "[]", '"heartbeat.v1"', "1", "{}", "{%s}" % HEAD, "{%s,\"checks\":[]}" % HEAD,
            "{%s,\"checks\":null}" % HEAD, "{%s,\"checks\":{},\"paused\":[]}" % HEAD,
            "{%s,\"checks\":{},\"paused\":null}" % HEAD, '{"agent":"a","checks":{}}', '{"$schema":"heartbeat.v1","checks":{}}',
            '{"$schema":"heartbeat.v2","agent":"a","checks":{}}', '{"$schema":1,"agent":"a","checks":{}}',
            '{"$schema":"heartbeat.v1","agent":5,"checks":{}}', '{"$schema":"heartbeat.v1","agent":null,"checks":{}}',
            r'{"$schema":"heartbeat.v1","agent":"a\u0000","checks":{}}', r'{"$schema":"heartbeat.v1\u0000","agent":"a","checks":{}}',
            "{%s,\"checks\":{},}" % HEAD, "{%s,\"checks\":{}" % HEAD, "{%s \"checks\":{}}" % HEAD, "{%s,\"checks\":{}} x" % HEAD,
            "{%s,\"checks\":{}}{}" % HEAD, "// no\n{%s,\"checks\":{}}" % HEAD, "{%s,checks:{}}" % HEAD,
            "{%s,'checks':{}}" % HEAD, "{%s,\"checks\":{},\"x\":01}" % HEAD, "{%s,\"checks\":{},\"x\":+1}" % HEAD,
            "{%s,\"checks\":{},\"x\":.5}" % HEAD, "{%s,\"checks\":{},\"x\":1.}" % HEAD, "{%s,\"checks\":{},\"x\":NaN}" % HEAD,
            "{%s,\"checks\":{},\"x\":Infinity}" % HEAD, "{%s,\"checks\":{},\"x\":\"a\nb\"}" % HEAD,
            "{%s,\"checks\":{},\"x\":\"\\x\"}" % HEAD, "{%s,\"checks\":{},\"x\":\"\\u12\"}" % HEAD, "{%s,\"checks\":{},\"x\":tru}" % HEAD],
}
BAD_BYTES = [b"{\xff}", b'{"a":"\xc3"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\xc0\xaf"}', b'{"a":"\xf4\x90\x80\x80"}',
             "{}".encode("utf-16"), b"{}\x00", b"\x00"]

PAUSES = {
    "good": ["true", "{}", '{"until":0}', '{"until":1771882620000}', '{"until":2e3}', '{"reason":""}',
             '{"until":5,"reason":"why","by":1}', '{"until":"x","until":1}', str.format('{{"until":{}}}', BIG)],
    "bad": ["false", "1", "1.0", "null", '"x"', "[]", '{"until":"tomorrow"}', '{"until":-1}', '{"until":1.5}', '{"until":null}',
            str.format('{{"until":{}}}', BIG + 1), '{"reason":5}', '{"until":5,"reason":null}', '{"reason":["x"]}'],
}

NAMES = {
    "good": ["a", " ", "*", "a.b", "a/b", "é", "n" * 255, "日" * 85, "\n", "\x7f", "😀"],
    "bad": ["", "n" * 256, "a\x00b", "\x00"],
}


def file_of(*members, paused=None):
    """Return the text of a file whose checks are these members, pairs of name and JSON text."""
    checks = ",".join(f"{json.dumps(name)}:{text}" for name, text in members)
    more = "" if paused is None else f',"paused":{paused}'
    return "{%s,\"checks\":{%s}%s}" % (HEAD, checks, more)


def check_of(member, value):
    """Return the text of a good check but for that member."""
    return '{"cadenceMs":60000,"handler":"h",%s:%s}' % (json.dumps(member), value)


def by_hand():
    """Yield (whether it is good, bytes)."""
    for verdict, roots in ROOTS.items():
        for text in roots:
            yield verdict == "good", text.encode()
    for data in BAD_BYTES:
        yield False, data
    for member, (good, bad) in MEMBERS.items():
        for value in good + bad:
            yield value in good, file_of(("a", check_of(member, value))).encode()
    for member, (good, bad) in WINDOW.items():
        for value in good + bad:
            window = {"start": "09:00", "end": "17:00", member: value}
            yield value in good, file_of(("a", check_of("window", json.dumps(window)))).encode()
        for value in (None, 5, True, [], {}):
            window = {"start": "09:00", "end": "17:00", member: value}
            yield False, file_of(("a", check_of("window", json.dumps(window)))).encode()
    for days, good in (([], True), (["mon", "sun"], True), (["Mon"], False), ([1], False), ("mon", False), (None, False),
                       (["mon\x00"], False), ([""], False), (["monday"], False), ({}, False)):
        window = {"start": "09:00", "end": "17:00", "days": days}
        yield good, file_of(("a", check_of("window", json.dumps(window)))).encode()
    for verdict, names in NAMES.items():
        for name in names:
            yield verdict == "good", file_of((name, json.dumps(GOOD_CHECK))).encode()
    for verdict, pauses in PAUSES.items():
        for text in pauses:
            for name in ("a", "*", "none"):
                yield verdict == "good", file_of(("a", json.dumps(GOOD_CHECK)), paused='{"%s":%s}' % (name, text)).encode()
    for text in ("5", "null", "[]", "{}", '{"cadenceMs":1000}', '{"handler":"h"}'):
        yield False, file_of(("a", text)).encode()
    yield True, file_of(("a", "5"), ("a", json.dumps(GOOD_CHECK))).encode()
    yield False, file_of(("a", json.dumps(GOOD_CHECK)), ("a", "5")).encode()


def _value(rng, good, bad):
    return rng.choice(bad if bad and rng.random() < 0.06 else good)


def _check(rng):
    parts = []
    for member, (good, bad) in MEMBERS.items():
        if member in ("cadenceMs", "handler") and rng.random() < 0.98 or rng.random() < 0.3:
            parts.append(f'"{member}":{_value(rng, good, bad)}')
    if rng.random() < 0.4:
        window = {member: _value(rng, *values) for member, values in WINDOW.items() if rng.random() < 0.9}
        parts.append('"window":' + json.dumps(window, ensure_ascii=rng.random() < 0.5))
    rng.shuffle(parts)
    return "{%s}" % ", ".join(parts)


def by_chance(seed, count):
    """Yield the bytes of files: of good and bad parts, and a fifth of them with bytes that were changed."""
    rng = random.Random(seed)
    for _ in range(count):
        checks = [(_value(rng, NAMES["good"], NAMES["bad"]), _check(rng)) for _ in range(rng.randrange(4))]
        paused = None
        if rng.random() < 0.3:
            paused = "{%s}" % ",".join(f'{json.dumps(rng.choice(["a", "*", "none"]))}:{_value(rng, PAUSES["good"], PAUSES["bad"])}'
                                       for _ in range(rng.randrange(3)))
        data = bytearray(file_of(*checks, paused=paused).encode())
        if rng.random() < 0.2:
            for _ in range(rng.randrange(1, 4)):
                data[rng.randrange(len(data))] = rng.choice(b'{}[]",:\\u0123eE+-.dtfn \n\xc3\xff')
        yield bytes(data)


# What the program and a validator with the schema may not agree on: (why, bytes, good for the program, good for the schema).
DIFFERENT = [
    ("a schema counts a name's characters, not its bytes", file_of(("é" * 128, json.dumps(GOOD_CHECK))).encode(), False, True),
    ("which zones there are is known to tzdata, not to a schema",
     file_of(("a", check_of("window", '{"start":"1:00","end":"2:00","tz":"Mars/Olympus"}'))).encode(), False, True),
    ("python's json accepts lone surrogates", r'{%s,"checks":{},"x":"\ud800"}'.encode() % HEAD.encode(), False, True),
    ("python's json accepts nesting deeper than 64",
     ("{%s,\"checks\":{},\"x\":%s}" % (HEAD, "[" * 64 + "]" * 64)).encode(), False, True),
    ("the $ of python's patterns matches before a final line feed, ECMA-262's does not",
     file_of(("a", check_of("window", r'{"start":"9:00\n","end":"10:00"}'))).encode(), False, True),
    ("a file larger than 16 MiB is not read", b"{%s,\"checks\":{}}" % HEAD.encode() + b" " * 2**24, False, True),
]

# The rules behind these: a file that breaks no other one may be good for the schema.
BEYOND_A_SCHEMA = {
    "a name of 1 to 255 bytes is expected",
    "the name of a time zone in tzdata (or tzdata-legacy, for old names) is expected",
    "a surrogate stands alone",
    "nesting is deeper than 64",
    "a time of the day, “HH:MM” from 00:00 to 23:59, is expected",
    "a time of the day, “HH:MM” from 00:00 to 24:00, is expected",
    "the file is larger than 16 MiB",
}
