"""Ticks and messages from a real broker."""

import itertools
import json
import os
import re
import time
import uuid

import pika

from bench import files, hostile
from bench.case import Case
from bench.proxy import Proxy
from bench.wait import until


def now_ms():
    """Return the time as heartbeat.json writes it."""
    return time.time_ns() // 1_000_000


class Ticks(Case):
    """A tick runs the most overdue check of the real file, and changes its lastRun only."""

    def setUp(self):
        super().setUp()
        self.content = files.data("cack.heartbeat.json")
        self.write(self.content)

    def assert_runs_sub_health(self, body):
        self.start()
        before = now_ms()
        self.tick(body)
        self.assertEqual(self.finished("sub_health"), "success")
        self.wait_acknowledged()
        last_run = self.last_run("sub_health")
        self.assertTrue(before <= last_run <= now_ms(), last_run)
        self.assertEqual(self.read(), self.content.replace(b'"lastRun": 0', b'"lastRun": %d' % last_run, 1))

    def test_published_tick(self):
        self.assert_runs_sub_health(files.data("tick-published.json"))

    def test_later_publishers_tick(self):
        self.assert_runs_sub_health(files.data("tick-later-publisher.json"))

    def test_manual_tick(self):
        self.assert_runs_sub_health(files.data("tick-manual.json"))

    def test_tick_without_any_member(self):
        self.assert_runs_sub_health(b"{}")

    def test_the_next_tick_runs_the_next_overdue_check(self):
        self.start()
        self.tick_runs("sub_health")
        self.assertEqual(self.tick_runs("quarterly_compaction"), "success")

    def test_a_tick_starts_one_check(self):
        self.start()
        self.tick_runs("sub_health")
        self.assertEqual(len(self.signals.matching("CheckStarted")), 1)

    def test_the_check_is_logged_with_ratio_and_priority(self):
        service = self.start()
        self.tick()
        service.wait_log(r" INFO cack: running sub_health: \d+\.\d\d × its cadence has passed, priority 1, handler sub_health$")
        service.wait_log(r" INFO cack: sub_health success in \d+\.\d{3} s: no sub-agents: ")

    def test_a_backlog_is_drained(self):
        self.broker.collect(self.vhost, self.queue, "system.heartbeat.#")
        for _ in range(20):
            self.tick()
        self.start()
        self.agent.wait("TicksReceived", 20)
        self.wait_acknowledged()

    def test_a_tick_is_acknowledged_after_the_save_and_last_run_is_the_start(self):
        self.write_checks(slow={"handler": "command", "meta": self.gate()})
        self.start()
        self.tick()
        self.wait_gate()
        started = now_ms()
        self.assertEqual(self.broker.queue_depth(self.vhost, self.queue), (0, 1))
        self.assertEqual(self.last_run("slow"), 0)
        until(lambda: now_ms() > started, what="a later millisecond")
        self.open_gate()
        self.assertEqual(self.finished("slow"), "success")
        self.wait_acknowledged()
        self.assertTrue(0 < self.last_run("slow") <= started)


class NothingDue(Case):
    """A tick with nothing due costs nothing."""

    def setUp(self):
        super().setUp()
        self.write_checks(later={"cadenceMs": 3600000, "lastRun": now_ms()})
        # a file as young as its reading is read once more, by contract
        until(lambda: time.time() - os.stat(self.config).st_mtime > 0.05, what="the file to be old enough")

    def identity(self):
        stat = os.stat(self.config)
        return stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns

    def test_it_is_acknowledged_and_the_file_untouched(self):
        self.start()
        before = self.identity()
        self.idle_tick()
        self.assertEqual(self.identity(), before)
        self.assertEqual(self.agent.get("TicksReceived"), 1)

    def test_it_looks_at_the_file_once_and_does_not_open_it(self):
        trace = self.path("trace")
        self.start(wrapper=["strace", "-D", "-f", "-qq", "-e", "trace=%file", "-o", trace],
                   # a traced process cannot look for leaks
                   ASAN_OPTIONS="detect_leaks=0")
        self.idle_tick()
        mark = os.path.getsize(trace)
        self.idle_tick()
        calls = [line for line in files.read(trace)[mark:].decode().splitlines() if "heartbeat.json" in line]
        self.assertEqual(len(calls), 1, calls)
        self.assertRegex(calls[0], r"\bstatx\(")


    def test_a_look_is_good_for_all_that_one_read_brings(self):
        trace = self.path("trace")
        self.start(wrapper=["strace", "-D", "-qq", "-e", "trace=%file,recvfrom", "-o", trace], ASAN_OPTIONS="detect_leaks=0")
        self.idle_tick()
        mark = os.path.getsize(trace)
        self.broker.publish_many(self.vhost, "system.heartbeat.tick", [files.data("tick-published.json")] * 100)
        self.agent.wait("TicksIdle", 101)
        calls = re.findall(r"^(?:(recvfrom)\(.* = [1-9]|statx\(.*(heartbeat\.json))", files.read(trace)[mark:].decode(), re.M)
        looks = [sum(bool(look) for _, look in between)
                 for read, between in itertools.groupby(calls, lambda call: bool(call[0])) if not read]
        self.assertEqual(set(looks), {1}, calls)


class Choice(Case):
    """What the Python original starved on."""

    def test_a_failing_check_does_not_starve_the_others(self):
        self.write_checks(failing={"cadenceMs": 1000, "handler": "command", "meta": {"command": ["false"]}},
                          good={"cadenceMs": 86400000})
        self.start()
        self.assertEqual(self.tick_runs("failing"), "failed")
        self.assertEqual(self.tick_runs("good"), "success")
        self.assertEqual(self.last_run("failing"), 0)

    def test_a_failed_check_backs_off(self):
        self.write_checks(failing={"handler": "command", "meta": {"command": ["false"]}})
        self.start()
        self.tick_runs("failing")
        self.idle_tick()
        check = self.agent.check("failing").all()
        self.assertEqual((check["State"], check["Reason"]["code"], check["ConsecutiveFailures"]),
                         ("backing-off", "backing-off", 1))

    def test_priority_decides_a_tie(self):
        self.write_checks(a={"priority": 2}, b={"priority": 1})
        self.start()
        self.tick_runs("b")
        self.tick_runs("a")

    def test_the_name_decides_last(self):
        self.write_checks(b={}, a={})
        self.start()
        self.tick_runs("a")
        self.tick_runs("b")


class Malformed(Case):
    """What is no tick is rejected, and the service goes on."""

    BODIES = {
        "not JSON": b"not json",
        "empty": b"",
        "not UTF-8": b'{"a": "\xff\xfe"}',
        "a lone surrogate": b'{"a": "\\ud800"}',
        "an array": b"[]",
        "text": b'"tick"',
        "null": b"null",
        "two documents": b"{} {}",
        "single quotes": b"{'a': 1}",
        "a comment": b"/* tick */ {}",
        "nested too deep": b'{"a": ' + b"[" * 70 + b"]" * 70 + b"}",
        "nested absurdly deep": b'{"a": ' + b"[" * 200000 + b"]" * 200000 + b"}",
        "too large": b'{"a": "' + b"x" * (1 << 20) + b'"}',
    }

    def test_each_is_rejected_and_counted(self):
        self.write_checks(good={})
        self.start()
        for count, (name, body) in enumerate(self.BODIES.items(), 1):
            with self.subTest(name):
                self.tick(body)
                self.agent.wait("MessagesRejected", count)
                self.wait_acknowledged()
        self.assertEqual(self.agent.get("TicksReceived"), 0)
        self.assertEqual(self.signals.matching("CheckStarted"), [])
        self.assertEqual(self.tick_runs("good"), "success")

    def test_the_warning_names_the_routing_key(self):
        self.write_checks(good={})
        service = self.start()
        self.tick(b"not json")
        service.wait_log(r" WARNING cack: rejected a message with routing key system\.heartbeat\.tick: ")

    def test_what_is_rejected_goes_to_the_dead_letters(self):
        with self.broker.channel(self.vhost) as channel:
            channel.exchange_declare("dead", "fanout")
            channel.queue_declare("dead", durable=True)
            channel.queue_bind("dead", "dead")
            channel.queue_declare(self.queue, durable=True, arguments={"x-dead-letter-exchange": "dead"})
        self.write_checks(good={})
        self.start()
        self.tick(b"not json")
        self.publish("agent.cack.hello", b"[]")
        # neither ran, nor was requeued: that would never end
        self.broker.wait_depth(self.vhost, "dead", (2, 0))
        self.assertEqual(self.tick_runs("good"), "success")
        self.broker.wait_depth(self.vhost, "dead", (2, 0))

    def test_malformed_messages_from_before_the_start_do_not_block_the_queue(self):
        self.broker.collect(self.vhost, self.queue, "system.heartbeat.#")
        self.tick(b"")
        self.tick(b"not json")
        self.write_checks(good={})
        self.start()
        self.assertEqual(self.tick_runs("good"), "success")


class Messages(Case):
    """What is no tick, and what is published."""

    def setUp(self):
        super().setUp()
        self.write_checks(health={"handler": "sub_health"})

    def published(self, check="health"):
        self.broker.collect(self.vhost, "seen", "agent.cack.sub_health")
        self.start()
        self.tick_runs(check)
        return self.broker.wait_message(self.vhost, "seen")

    def test_other_heartbeat_keys_are_ignored(self):
        service = self.start(LOG_LEVEL="DEBUG")
        self.publish("system.heartbeat.other", files.data("tick-published.json"))
        service.wait_log("DEBUG.*ignored system.heartbeat.other")
        self.wait_acknowledged()
        # the broker keeps the order: what came before this tick has been seen
        self.tick_runs("health")
        self.assertEqual(self.agent.get("TicksReceived"), 1)

    def test_an_inbox_message_is_a_signal(self):
        self.start()
        self.publish("agent.cack.hello.you", b'{"event_type": "greeting"}')
        signal = self.signals.wait("MessageReceived", "agent.cack.hello.you")
        self.assertEqual(signal.args[1:], ("greeting", '{"event_type": "greeting"}'))
        self.wait_acknowledged()

    def test_every_key_of_the_agents_and_no_other(self):
        self.start()
        for key in ("agent.cack", "agent.cack.a.b.c", "agent.cack..", b"agent.cack.\xff"):
            hostile.publish(self.broker.port, self.vhost, key, bytes(2), b'{"n": 1}')
            shown = key if isinstance(key, str) else "agent.cack.\ufffd"
            self.assertEqual(self.signals.wait("MessageReceived", shown).args[1:], ("", '{"n": 1}'))
        self.wait_acknowledged()
        for key in ("agent.cackle.hello", "agent", "agent.other", "system.heartbeats.tick"):
            with self.assertRaises(pika.exceptions.UnroutableError):
                self.publish(key, b"{}")

    def test_its_own_messages_are_no_inbox_messages(self):
        self.published()
        # the broker keeps the order: its own message has come before this one
        self.publish("agent.cack.hello", b"{}")
        self.signals.wait("MessageReceived", "agent.cack.hello")
        self.assertEqual(len(self.signals.matching("MessageReceived")), 1)

    def test_sub_health_publishes_an_envelope(self):
        _method, properties, body = self.published()
        event = json.loads(body)
        self.assertEqual(properties.content_type, "application/json")
        self.assertEqual(properties.delivery_mode, 2)
        self.assertEqual(properties.message_id, event["event_id"])
        self.assertEqual(str(uuid.UUID(event["event_id"])), event["event_id"].lower())
        self.assertEqual(event["event_type"], "agent.cack.sub_health")
        self.assertEqual((event["source"]["type"], event["source"]["app"]), ("agent", "heartbeat-consumer"))
        self.assertRegex(event["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
        tick = json.loads(files.data("tick-published.json"))
        self.assertEqual(event["correlation_ids"], [tick["event_id"]])

    def test_sub_health_without_openclaw_has_an_empty_list(self):
        payload = json.loads(self.published()[2])["payload"]
        self.assertEqual((payload["agent"], payload["sub_agents"], payload["sub_agent_count"]), ("cack", [], 0))
        self.assertIn("check_time", payload)

    def test_sub_health_reads_its_command(self):
        sessions = {"sessions": [{"key": "agent:alpha:main", "model": "m", "totalTokens": 5}, {"key": "other"},
                                 {"key": "agent:beta:x", "status": "busy"}]}
        self.write_checks(health={"handler": "sub_health", "meta": {"command": ["echo", json.dumps(sessions)]}})
        payload = json.loads(self.published()[2])["payload"]
        self.assertEqual(payload["sub_agents"],
                         [{"name": "alpha", "status": "unknown", "model": "m", "tokens": 5},
                          {"name": "beta", "status": "busy", "model": "unknown", "tokens": 0}])
        self.assertEqual(payload["sub_agent_count"], 2)


class Connection(Case):
    """A broker that comes and goes."""

    def setUp(self):
        super().setUp()
        self.write_checks(first={}, second={"cadenceMs": 86400000})

    def proxy(self, **moods):
        proxy = Proxy(self.broker.port)
        self.addCleanup(proxy.stop)
        for mood, value in moods.items():
            setattr(proxy, mood, value)
        self.env["RABBIT_URL"] = self.broker.url(self.vhost, proxy.port)
        return proxy

    def test_a_broker_that_restarts(self):
        service = self.start()
        self.tick_runs("first")
        self.broker.stop()
        service.wait_log(r"the broker shuts down \(320\)")
        self.agent.wait("ConnectionState", "waiting")
        self.broker.start()
        # the waiting time may have grown while the broker started
        self.agent.wait("ConnectionState", "connected", timeout=60)
        self.assertEqual(self.tick_runs("second"), "success")

    def test_no_broker_at_start(self):
        proxy = self.proxy()
        service = self.spawn()
        self.agent.wait_owned()
        self.agent.wait("ConnectionState", "waiting")
        self.assertNotEqual(self.agent.get("ConnectionError"), "")
        service.wait_log(rf"127\.0\.0\.1.*{proxy.port}")
        self.assertEqual(self.agent.run("first")["status"], "success")
        proxy.start()
        self.agent.wait("ConnectionState", "connected")
        self.assertEqual(self.agent.get("ConnectionError"), "")
        self.tick()
        until(lambda: self.last_run("second"), what="the tick's run")

    def test_all_is_declared_again_with_each_connection(self):
        self.start()
        with self.broker.channel(self.vhost) as channel:
            # the bindings go with it
            channel.exchange_delete("bloodbank.events.v1")
        self.broker.close_connections()
        self.broker.wait_consumers(self.vhost, self.queue, 0)
        self.broker.wait_consumers(self.vhost, self.queue, 1)
        self.assertEqual(self.tick_runs("first"), "success")
        self.publish("agent.cack.hello", b"{}")
        self.signals.wait("MessageReceived", "agent.cack.hello")

    def test_a_connection_that_is_reset(self):
        proxy = self.proxy()
        proxy.start()
        service = self.start()
        self.assertEqual(proxy.reset(), 1)
        service.wait_log(r" WARNING Lost the connection to \S+ \(consuming\): .*reset by peer")
        self.assertEqual(self.tick_runs("first"), "success")
        self.assertGreaterEqual(proxy.accepted, 2)

    def test_bytes_one_by_one(self):
        self.proxy(split=True).start()
        self.start()
        self.assertEqual(self.tick_runs("first"), "success")

    def test_a_stalled_connection_holds_nothing_up(self):
        proxy = self.proxy()
        proxy.start()
        self.start()
        proxy.stall()
        self.tick()
        self.assertEqual(self.agent.run("second")["status"], "success")
        proxy.resume()
        self.assertEqual(self.finished("first"), "success")

    def test_a_handshake_that_hangs_holds_nothing_up(self):
        proxy = self.proxy()
        proxy.stall()
        proxy.start()
        service = self.spawn()
        self.agent.wait_owned()
        until(lambda: proxy.accepted, what="the service to connect")
        self.assertEqual(self.agent.run("first")["status"], "success")
        self.assertEqual(service.stop().status, 0)

    def test_the_settings_are_on_the_bus(self):
        self.start()
        agent = self.agent.all()
        self.assertEqual(agent["Broker"], f"127.0.0.1:{self.broker.port}")
        self.assertEqual((agent["Exchange"], agent["Queue"], agent["TickSource"], agent["ConnectionState"]),
                         ("bloodbank.events.v1", self.queue, "amqp", "connected"))
