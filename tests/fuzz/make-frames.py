#!/usr/bin/python3
"""Write the first inputs of the targets that hear a broker: `make-frames.py corpus/codec corpus/connection`.

The format of an input is in wire.c. What the fuzzer or anybody else adds to these folders stays.
"""

import pathlib
import struct
import sys

METHOD, HEADER, BODY, HEARTBEAT = range(4)
WIRE_TYPES = {METHOD: 1, HEADER: 2, BODY: 3, HEARTBEAT: 8}
RAW = 1
STAGES = {"start": 0, "ready": 3, "consuming": 10}


def short(text):
    """A short string of AMQP."""
    data = text.encode() if isinstance(text, str) else text
    return bytes([len(data)]) + data


def long(data):
    """A long string, or a table that is encoded already."""
    return struct.pack(">I", len(data)) + data


def method(number, arguments=b"", channel=1):
    """A method frame; `number` is (class, method)."""
    return METHOD, channel, struct.pack(">HH", *number) + arguments


def message(tag, routing_key, body, properties=b"\0\0", pieces=1, channel=1):
    """The frames of a delivery."""
    deliver = short("tag") + struct.pack(">QB", tag, 0) + short("bloodbank.events.v1") + short(routing_key)
    size = max(1, -(-len(body) // pieces))
    return [
        method((60, 60), deliver, channel),
        (HEADER, channel, struct.pack(">HHQ", 60, 0, len(body)) + properties),
        *((BODY, channel, body[at:at + size]) for at in range(0, len(body), size)),
    ]


def compact(frames):
    """Frames without their ends, as the fuzzer likes them."""
    return b"".join(struct.pack(">BBH", kind, channel, len(data)) + data for kind, channel, data in frames)


def raw(frames):
    """Frames as they travel."""
    return b"".join(struct.pack(">BHI", WIRE_TYPES[kind], channel, len(data)) + data + b"\xce"
                    for kind, channel, data in frames)


OPEN_OK = method((20, 11), long(b""))
QOS_OK = method((60, 11))
DECLARE_OK = method((50, 11), short("q") + struct.pack(">II", 3, 1))
CONSUME_OK = method((60, 21), short("heartbeat-consumer"))
TICK = b'{"event_id": "e", "payload": {"quarter": "Q1", "epochMs": 1771796220123}}'
# content-type, headers with a nested table and an array, message-id, app-id
PROPERTIES = struct.pack(">H", 0x8000 | 0x2000 | 0x0080 | 0x0008) + short("application/json") + long(
    short("t") + b"F" + long(short("x") + b"t\1") + short("a") + b"A" + long(b"I\0\0\0\1S" + long(b"s"))
) + short("id-1") + short("caf\u00e9")
CLOSE = struct.pack(">H", 406) + short("PRECONDITION_FAILED - inequivalent arg 'type'") + struct.pack(">HH", 40, 10)
CONFIRM = struct.pack(">QB", 7, 1)
PROPOSAL = (b"\0\x09" + long(short("product") + b"S" + long(b"RabbitMQ") + short("capabilities") + b"F"
                             + long(short("basic.nack") + b"t\1")) + long(b"AMQPLAIN PLAIN") + long(b"en_US"))
HANDSHAKE = [method((10, 10), PROPOSAL, 0), method((10, 30), struct.pack(">HIH", 2047, 131072, 60), 0)]

CODEC = {
    "opened": [OPEN_OK, QOS_OK, DECLARE_OK, CONSUME_OK],
    "tick": message(1, "system.heartbeat.tick", TICK, PROPERTIES),
    "pieces": message(2, "agent.a.b", b"a" + TICK, PROPERTIES, pieces=3),
    "empty": message(3, b"\xff\xfe", b""),
    "publishes": [OPEN_OK, *message(4, "k", b"p"), *message(5, "k", b"closes"), *message(6, "k", b"after")],
    "confirms": [method((60, 80), CONFIRM), method((60, 120), CONFIRM + b"\0")],
    "returned": [method((60, 50), struct.pack(">H", 312) + short("NO_ROUTE") + short("") + short("k")),
                 (HEADER, 1, struct.pack(">HHQ", 60, 0, 2) + b"\0\0"), (BODY, 1, b"{}")],
    "returned-without-code": [method((60, 50), b"\0\0" + short("why") + short("") + short("k")),
                              (HEADER, 1, struct.pack(">HHQ", 60, 0, 0) + b"\0\0")],
    "too-large": [method((60, 60), short("") + struct.pack(">QB", 1, 1) + short("") + short("k")),
                  (HEADER, 1, struct.pack(">HHQ", 60, 0, 1 << 40) + b"\0\0"), (BODY, 1, b"x" * 64)],
    "more-than-announced": [*message(1, "k", b"{}"), (BODY, 1, b"x")],
    "more-in-pieces": [*message(1, "k", b"two pieces", pieces=2)[:3], (BODY, 1, b"and ten more")],
    "piece-too-many": [*message(1, "k", b"two pieces", pieces=2)[:3], (BODY, 1, b"too long")],
    "closed": [OPEN_OK, method((20, 40), CLOSE), OPEN_OK, QOS_OK],
    "cancelled": [method((60, 30), short("heartbeat-consumer") + b"\0"), method((20, 20), b"\0")],
    "channels": [OPEN_OK, *message(1, "k", TICK)[:2], *message(1, "l", TICK, channel=2), (BODY, 1, TICK)],
    "blocked": [method((10, 60), short("low on memory"), 0), (HEARTBEAT, 0, b""), method((10, 61), b"", 0)],
    "connection-closed": [method((10, 50), CLOSE, 0)],
    "wrong-reply": [QOS_OK],
    "method-within": [*message(1, "k", TICK)[:2], QOS_OK],
    "unknown-method": [method((60, 999))],
    "after-closing": [OPEN_OK, *message(1, "k", b"closes"), (BODY, 1, b"of nothing")],
    "short-header": [*message(1, "k", TICK)[:1], (HEADER, 1, b"\0\x3c")],
}

CONNECTION = {
    "handshake": ("start", HANDSHAKE + [method((10, 41), short(""), 0)]),
    "no-plain": ("start", [method((10, 10), b"\0\x09" + long(b"") + long(b"EXTERNAL") + long(b"en_US"), 0)]),
    "refused": ("start", HANDSHAKE[:1] + [method((10, 50), struct.pack(">H", 403) + short("no") + b"\0" * 4, 0)]),
    "small-frames": ("start", HANDSHAKE[:1] + [method((10, 30), struct.pack(">HIH", 1, 16, 1), 0)]),
    "set-up": ("ready", [OPEN_OK, method((40, 11)), DECLARE_OK, method((50, 21)), method((50, 21)), QOS_OK, CONSUME_OK]),
    "differs": ("ready", [OPEN_OK, method((20, 40), CLOSE), OPEN_OK]),
    "not-open": ("consuming", message(1, "k", TICK, channel=9)),
}


def write(folder, name, data):
    """Write one input."""
    (pathlib.Path(folder) / name).write_bytes(data)


def main(codec, connection):
    """Write both folders."""
    for name, frames in CODEC.items():
        write(codec, name, bytes([0, 5]) + compact(frames))
        write(codec, name + "-raw", bytes([RAW, 0]) + raw(frames))
        write(connection, name, bytes([STAGES["consuming"] << 1, 0]) + compact(frames))
    for name, (stage, frames) in CONNECTION.items():
        write(connection, name, bytes([STAGES[stage] << 1, 7]) + compact(frames))
    write(codec, "no-amqp", bytes([RAW, 3]) + b"HTTP/1.1 400 Bad Request\r\n\r\n")
    write(codec, "frame-too-large", bytes([RAW, 0]) + b"\1\0\1\0\2\0\1")
    write(codec, "without-end", bytes([RAW, 0]) + b"\x08\0\0\0\0\0\0\0")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
