"""Servers that break the protocol, and messages that break everything else."""

import contextlib
import json
import os
import struct
import threading
import time

from bench import files, hostile
from bench.agent import Agent
from bench.case import Case
from bench.kinds import measured
from bench.latency import Memory, note
from bench.wait import until

SOAK = bool(os.environ.get("SOAK"))
FLOOD_S = 10 if SOAK else 0.15
TICK = b"{}"


@measured
class Broken(Case):
    """A server that does what no broker does loses its client at once; a good one gets it back."""

    with_broker = False
    probed = True

    @staticmethod
    def half_a_frame(peer):
        peer.send(hostile.deliver(1)[:20])

    @staticmethod
    def silence(peer):
        peer.read(1 << 20)

    @staticmethod
    def half_a_frame_and_silence(peer):
        peer.send(hostile.deliver(1)[:20])
        peer.read(1 << 20)

    # name: what is sent, and how the service puts it. All begin when the service consumes.
    SENT = {
        "wrong end": (hostile.frame(hostile.HEARTBEAT, 0, end=b"\xcd"), "frame without its end"),
        "wrong end of a message": (
            hostile.deliver(1) + hostile.header(5) + hostile.frame(hostile.BODY, 1, b"12345", b"\0"),
            "frame without its end"),
        "unknown kind of frame": (hostile.frame(4, 1, b"x"), "unknown type of frame"),
        "frame too large": (struct.pack(">BHI", hostile.BODY, 1, 1 << 31), "frame too large"),
        "another protocol": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "unknown type of frame"),
        "TLS": (b"\x15\x03\x03\0\x02\x02\x28", "unknown type of frame"),
        "zeros": (bytes(100000), "unknown type of frame"),
        "unknown channel": (hostile.frame(hostile.BODY, 77, b"x"), "channel that is not open"),
        "last channel": (hostile.method(65535, hostile.ACK, struct.pack(">QB", 1, 0)), "channel that is not open"),
        "message on channel 0": (hostile.frame(hostile.BODY, 0, b"x"), "message on channel 0"),
        "body first": (hostile.frame(hostile.BODY, 1, b"x"), "does not belong there"),
        "header first": (hostile.header(1), "does not belong there"),
        "body without a header": (hostile.deliver(1) + hostile.frame(hostile.BODY, 1, b"x"), "does not belong there"),
        "two headers": (hostile.deliver(1) + hostile.header(1) + hostile.header(1), "does not belong there"),
        "method within a message": (hostile.deliver(1) + hostile.header(9) + hostile.deliver(2), "within a message"),
        "more than announced": (hostile.deliver(1) + hostile.header(1) + hostile.frame(hostile.BODY, 1, b"xx"),
                                "more of a message"),
        "empty body frame": (hostile.deliver(1) + hostile.header(1) + hostile.frame(hostile.BODY, 1),
                             "more of a message"),
        "short header": (hostile.deliver(1) + hostile.frame(hostile.HEADER, 1, b"\0\x3c\0"), "cannot be read"),
        "cut properties": (hostile.deliver(1) + hostile.header(1, 0x8000, b"\xffabc"), "cannot be read"),
        "cut headers": (hostile.deliver(1) + hostile.header(1, 0x2000, b"\x7f\xff\xff\xffabc"), "cannot be read"),
        "unknown method": (hostile.method(1, (60, 999)), "cannot be read"),
        "cut method": (hostile.method(1, hostile.DELIVER, b"\xffabc"), "cannot be read"),
        "method of two bytes": (hostile.frame(hostile.METHOD, 1, b"\0\x3c"), "cannot be read"),
        "a client's method": (hostile.method(1, hostile.QUEUE_DECLARE, b"\0\0\1q\0" + bytes(4)), "cannot be read"),
        "a client's method, deep": (hostile.method(1, hostile.QUEUE_DECLARE, b"\0\0\1q\0" + hostile.deep_table()),
                                    "cannot be read"),
        "answer to nothing": (hostile.method(1, (50, 11), b"\1q" + bytes(8)), "nobody asked for"),
        "a second beginning": (hostile.start(), "out of turn"),
        "truncated": (half_a_frame, "closed the connection"),
        "silence": (silence, "No sign of life"),
        "truncated, then silence": (half_a_frame_and_silence, "No sign of life"),
    }

    def script(self, sent):
        """Return a server that sends this to its first client and is good to the next."""
        def run(peer):
            # who says nothing is found out after two intervals
            peer.welcome(heartbeat=1 if callable(sent) and peer.number == 1 else 0)
            if peer.number > 1:
                peer.send(hostile.message(1, TICK))
                peer.serve()
            elif callable(sent):
                sent(peer)
            else:
                peer.send(sent)
                # nothing else is needed to make the service go
                peer.serve()
        return run

    def survive(self, name, sent):
        server = hostile.HostileServer(self.script(getattr(sent, "__func__", sent)))
        self.addCleanup(server.stop)
        agent = f"a{len(self.services)}"
        config = self.path(agent + ".json")
        files.write(config, files.heartbeat({"later": {"lastRun": int(time.time() * 1000)}}, agent))
        service = self.spawn(AGENT_NAME=agent, HEARTBEAT_PATH=config, RABBIT_URL=server.url())
        return name, server, Agent(self.bus, agent), service

    def test_each_is_survived(self):
        # all at once would measure how a machine starts thirty programs
        names = list(self.SENT)
        for first in range(0, len(names), 6):
            self.survive_all(names[first:first + 6])

    def survive_all(self, names):
        started = [self.survive(name, self.SENT[name][0]) for name in names]
        for name, server, agent, service in started:
            with self.subTest(name):
                lost = service.wait_log(r"Lost the connection to \S+ \(consuming\): (.*)").group(1)
                self.assertRegex(lost, self.SENT[name][1])
                agent.wait_owned()
                agent.wait("TicksReceived", 1)
                agent.wait("ConnectionState", "connected")
                self.assertEqual(server.faults, [])
                self.assertEqual(sum("WARNING" in line for line in service.lines), 1, service.stderr)
                self.assert_quick(name, service)
        for *_, service in started:
            self.assertEqual(service.stop().status, 0)


@measured
class Endless(Case):
    """A server that sends without end is heard without end, and nobody waits for it."""

    with_broker = False
    probed = True
    receive_buffer = 0

    def setUp(self):
        super().setUp()
        self.write_checks(by_hand={"enabled": False})
        self.peer = None
        self.consuming = threading.Event()
        self.over = threading.Event()
        self.addCleanup(self.over.set)
        self.server = hostile.HostileServer(self.script, self.receive_buffer)
        self.addCleanup(self.server.stop)
        self.service = self.start(RABBIT_URL=self.server.url())
        # before the service is asked to end, which a peer that says nothing delays
        self.addCleanup(self.over.set)
        self.assertTrue(self.consuming.wait(20), "the service did not consume")
        self.ticks = 0

    def script(self, peer):
        # it has a lot to say about itself
        peer.welcome(table=hostile.deep_table())
        self.peer = peer
        self.consuming.set()
        self.over.wait()

    def warnings(self):
        return [line for line in self.service.lines if " INFO " not in line]

    @contextlib.contextmanager
    def flooded(self, data):
        """Send data again and again for as long as the body takes."""
        stopped = threading.Event()
        self.addCleanup(stopped.set)
        thread = threading.Thread(target=self.peer.flood, args=(data, stopped), daemon=True)
        thread.start()
        yield
        stopped.set()
        thread.join(60)
        self.assertFalse(thread.is_alive(), "the service reads no more")

    @contextlib.contextmanager
    def measured(self, name, more_mib=8):
        """Want a low latency and no more than so much memory of the body."""
        memory = Memory(self.service)
        self.service.latency.reset()
        yield
        note(f"{name}: {memory.growth_mib():.1f} MiB more")
        with self.subTest(name):
            self.assert_quick(name)
            if memory.meaningful:
                self.assertLess(memory.growth_mib(), more_mib)

    def use(self, seconds=FLOOD_S):
        """Have the service do other things for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.assertEqual(self.agent.run("by_hand")["status"], "success")

    def flood(self, name, data):
        """Send data for a while, during which the service answers; then it takes a tick."""
        with self.measured(name):
            with self.flooded(data):
                self.use()
            self.peer.send(hostile.message(1, TICK))
            self.ticks += 1
            # megabytes of small frames may be on the way before it
            self.agent.wait("TicksReceived", self.ticks, timeout=60)


@measured
class EndlessFrames(Endless):
    """Frames that are allowed, and make no sense."""

    def test_frames_that_mean_nothing(self):
        self.peer.ignore()
        self.flood("heartbeats", hostile.frame(hostile.HEARTBEAT, 0))
        self.flood("confirms", hostile.method(1, hostile.ACK, struct.pack(">QB", 1, 1)))
        self.flood("flow", hostile.method(1, hostile.FLOW, b"\1"))
        self.flood("alarms", hostile.method(0, hostile.BLOCKED, hostile.short("low on memory"))
                   + hostile.method(0, hostile.UNBLOCKED))
        self.assertLessEqual(len(self.warnings()), 2 + FLOOD_S / 10)

    def test_messages(self):
        self.peer.ignore()
        self.flood("empty messages", hostile.deliver(1) + hostile.header(0))
        self.flood("no JSON", hostile.message(1, b"not json"))
        self.flood("deep headers", hostile.deliver(1) + hostile.header(0, 0x2000, hostile.deep_table()))
        self.flood("1 MiB of garbage", hostile.message(1, b"[" * (1 << 20)))
        self.flood("1 MiB of text", hostile.message(1, b'{"a":"' + b"\\u20ac" * ((1 << 20) // 6 - 10)))
        self.assertLessEqual(len(self.warnings()), 2 + 5 * FLOOD_S / 10)

    def test_a_body_without_end(self):
        self.peer.ignore()
        self.peer.send(hostile.deliver(1) + hostile.header((1 << 63) - 1))
        for size in (hostile.FRAME_MAX - 8, 1):
            with self.measured(f"endless body, frames of {size}"), \
                    self.flooded(hostile.frame(hostile.BODY, 1, bytes(size))):
                self.use()
        if SOAK:
            with self.flooded(hostile.frame(hostile.BODY, 1, b"x")):
                # the broker never says that it agrees, which is not waited for for longer than 2 s
                self.assertLess(self.service.stop().seconds, 5)

    def test_what_one_turn_leaves_is_for_the_next(self):
        self.peer.ignore()
        numbers = list(range(5000))
        self.peer.send(*(hostile.message(1, b'{"number": %d}' % number, "agent.cack.many") for number in numbers),
                       hostile.message(1, TICK))
        self.agent.wait("TicksReceived", 1)
        self.signals.wait("MessageReceived", count=len(numbers))
        received = [json.loads(signal.args[2])["number"] for signal in self.signals.matching("MessageReceived")]
        self.assertEqual(received, numbers)


@measured
class LateReader(Endless):
    """A server that reads the answers, but always late, so that there are always some that wait."""

    receive_buffer = 4096
    # more than the kernel holds for it, less than what makes the service stop to read
    LAG = 7 << 20

    def test_what_was_sent_is_not_kept(self):
        questions = hostile.method(1, hostile.FLOW, b"\1") * 4096
        # without a look at its memory that says little
        volume = (400 if SOAK else 4 if self.service.sanitized else 48) << 20
        asked = answered = 0
        with self.measured("late reader", more_mib=24):
            while answered < volume:
                if asked - answered < self.LAG:
                    self.peer.send(questions)
                    # an answer is as long as its question
                    asked += len(questions)
                else:
                    answered += len(self.peer.sock.recv(65536))
        self.assertEqual(self.agent.get("ConnectionState"), "connected")
        self.peer.ignore()


@measured
class Messages(Case):
    """What anybody who may publish can send through a good broker."""

    probed = True

    DEEP = 1000000
    BODIES = {
        "not JSON": b"not json",
        "empty": b"",
        "not UTF-8": b'{"a": "\xff\xfe"}',
        "a lone surrogate": b'{"a": "\\ud800"}',
        "an array": b"[]",
        "a number": b"1e999999999",
        "NULs": bytes(1000),
        "UTF-16": '{"a": 1}'.encode("utf-16"),
        "brackets that end": b"[" * (DEEP // 2) + b"]" * (DEEP // 2),
        "brackets that do not": b"[" * DEEP,
        "braces": b'{"a":' * (DEEP // 5),
        "larger than allowed": b'{"a": "' + b"x" * (1 << 20) + b'"}',
        "deeper and larger": b"[" * DEEP + b"]" * DEEP,
        "one long number": b'{"a": ' + b"1" * 1000000,
        "one long name": b'{"' + b"n" * 1000000,
        "many duplicates, cut": b'{"a":1,' + b'"a":1,' * 100000,
    }
    KEYS = ("system.heartbeat.tick", "agent.cack.hello", "agent.cack")

    def setUp(self):
        super().setUp()
        self.write_checks(good={})
        self.service = self.start()

    def survive(self, name, count, more_mib=8, timeout=60):
        """So many messages were rejected in all, quickly, and with little memory."""
        self.agent.wait("MessagesRejected", count, timeout=timeout)
        self.wait_acknowledged()
        note(f"{name}: {self.memory.growth_mib():.1f} MiB more")
        self.assert_quick(name)
        if self.memory.meaningful:
            self.assertLess(self.memory.growth_mib(), more_mib)
        warnings = [line for line in self.service.lines if " WARNING " in line]
        self.assertLessEqual(len(warnings), 1 + (time.monotonic() - self.began) / 10, warnings)
        self.assertEqual(self.tick_runs("good"), "success")
        self.assertEqual(self.agent.get("TicksReceived"), 1)

    def begin(self):
        self.began = time.monotonic()
        self.memory = Memory(self.service)
        self.service.latency.reset()

    def test_each_kind_on_each_key(self):
        self.begin()
        with self.broker.channel(self.vhost) as channel:
            for key in self.KEYS:
                for body in self.BODIES.values():
                    channel.basic_publish("bloodbank.events.v1", key, body)
        self.survive("garbage", len(self.KEYS) * len(self.BODIES))
        self.assertEqual(self.signals.matching("MessageReceived"), [])

    def test_a_hundred_megabytes(self):
        size = 100 if SOAK or not self.service.sanitized else 20
        self.begin()
        self.publish("system.heartbeat.tick", bytes(size * 1000000))
        self.survive(f"{size} MB", 1)

    def test_deep_headers(self):
        self.begin()
        for key in self.KEYS:
            hostile.publish(self.broker.port, self.vhost, key, struct.pack(">H", 0x2000) + hostile.deep_table(), b"x")
        # RabbitMQ 4 itself needs seconds for each
        self.survive("deep headers", len(self.KEYS), timeout=300)
