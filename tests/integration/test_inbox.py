"""The agent's own code for messages of its inbox, and the results that it publishes."""

import json
import os
import subprocess
import sys
import uuid

from bench import files, process
from bench.case import Case
from bench.kinds import measured
from bench.latency import Memory
from bench.wait import until

BUS_HANDLER = os.path.join(os.path.dirname(__file__), "bench", "bus_handler.py")


def envelope(**payload):
    """Return an event as bytes."""
    return json.dumps({"event_id": str(uuid.uuid4()), "event_type": "agent.cack.mail", "payload": payload}).encode()


class InboxHandler(Case):
    """INBOX_HANDLER names who handles each message."""

    def setUp(self):
        super().setUp()
        self.write_checks(later={"enabled": False})
        self.log = self.path("handled")
        folder = os.path.join(self.env["XDG_CONFIG_HOME"], "heartbeat-consumer", "handlers")
        os.makedirs(folder)
        self.handler = os.path.join(folder, "mail")
        self.env["INBOX_HANDLER"] = "mail"

    def script(self, text):
        """Write the executable handler `mail`."""
        files.write(self.handler, ("#!/bin/sh\n" + text).encode())
        os.chmod(self.handler, 0o755)

    def handled(self):
        """Return what the script has read, message by message."""
        try:
            return [json.loads(line) for line in files.read(self.log).splitlines()]
        except FileNotFoundError:
            return []

    def dead_letters(self):
        """Make the inbox with a dead-letter queue, so that a rejected message can be seen."""
        with self.broker.channel(self.vhost) as channel:
            channel.exchange_declare("dead", "fanout")
            channel.queue_declare("dead", durable=True)
            channel.queue_bind("dead", "dead")
            channel.queue_declare(self.queue, durable=True, arguments={"x-dead-letter-exchange": "dead"})

    def test_each_message_is_handled_in_order_and_acknowledged(self):
        self.script(f"cat >> {self.log}\n")
        self.start()
        for number in range(3):
            self.publish("agent.cack.mail", envelope(number=number))
        until(lambda: len(self.handled()) == 3, what="three messages to be handled")
        self.assertEqual([message["envelope"]["payload"]["number"] for message in self.handled()], [0, 1, 2])
        first = self.handled()[0]
        self.assertEqual((first["agent"], first["routing_key"]), ("cack", "agent.cack.mail"))
        self.assertNotIn("check", first)
        self.wait_acknowledged()
        self.assertEqual(len(self.signals.matching("MessageReceived")), 3)

    def test_one_that_failed_is_rejected(self):
        self.dead_letters()
        self.script("echo no room; exit 2\n")
        service = self.start()
        self.publish("agent.cack.mail", envelope())
        service.wait_log("the handler mail failed, which rejects .* agent.cack.mail in .*: no room")
        self.broker.wait_depth(self.vhost, "dead", (1, 0))
        self.wait_acknowledged()

    def test_it_is_held_until_it_was_handled(self):
        gate = self.path("gate")
        self.script(f"touch {gate}.running; until [ -e {gate} ]; do sleep 0.02; done\n")
        self.start()
        self.publish("agent.cack.mail", envelope())
        self.publish("agent.cack.mail", envelope())
        self.wait_gate()
        self.assertEqual(self.broker.queue_depth(self.vhost, self.queue), (0, 2))
        self.open_gate()
        self.wait_acknowledged()

    def test_no_more_than_64_are_handed_out(self):
        gate = self.path("gate")
        self.script(f"touch {gate}.running; until [ -e {gate} ]; do sleep 0.02; done\n")
        service = self.start()
        self.broker.publish_many(self.vhost, "agent.cack.mail", [envelope()] * 70)
        self.wait_gate()
        self.broker.wait_depth(self.vhost, self.queue, (6, 64))
        service.send(15)
        service.wait_log("stopping")
        self.assertEqual(service.stop().status, 0)
        self.broker.wait_depth(self.vhost, self.queue, (70, 0))

    def test_ticks_go_on_beside_it(self):
        self.write_checks(due={})
        self.script(f"touch {self.path('gate')}.running; until [ -e {self.path('gate')} ]; do sleep 0.02; done\n")
        self.start()
        self.publish("agent.cack.mail", envelope())
        self.wait_gate()
        self.tick()
        self.assertEqual(self.finished("due"), "success")
        self.open_gate()
        self.wait_acknowledged()

    def test_what_the_end_of_the_service_cuts_short_comes_again(self):
        gate = self.path("gate")
        self.script(f"touch {gate}.running; until [ -e {gate} ]; do sleep 0.02; done; cat >> {self.log}\n")
        service = self.start()
        self.publish("agent.cack.mail", envelope(number=1))
        self.publish("agent.cack.mail", envelope(number=2))
        self.wait_gate()
        service.send(15)
        service.wait_log("stopping")
        self.assertEqual(service.stop().status, 0)
        self.broker.wait_depth(self.vhost, self.queue, (2, 0))
        self.open_gate()
        self.start()
        until(lambda: len(self.handled()) == 2, what="both messages to be handled")
        self.wait_acknowledged()

    def test_what_comes_while_the_service_stops_comes_again(self):
        self.write_checks(slow={"handler": "command", "meta": self.gate()})
        self.script(f"cat >> {self.log}\n")
        service = self.start()
        self.tick()
        self.wait_gate()
        service.send(15)
        service.wait_log("stopping")
        self.publish("agent.cack.mail", envelope(number=1))
        # it has come: it is told of on the bus
        self.signals.wait("MessageReceived", "agent.cack.mail")
        self.open_gate()
        self.assertEqual(service.wait(), 0)
        self.assertEqual(self.handled(), [])
        self.broker.wait_depth(self.vhost, self.queue, (1, 0))
        self.start()
        until(lambda: len(self.handled()) == 1, what="the message to be handled")
        self.wait_acknowledged()

    def test_messages_of_a_lost_connection_are_handled_once_more_at_most(self):
        gate = self.path("gate")
        self.script(f"cat >> {self.log}; touch {gate}.running; until [ -e {gate} ]; do sleep 0.02; done\n")
        self.start()
        for number in range(3):
            self.publish("agent.cack.mail", envelope(number=number))
        self.wait_gate()
        self.broker.close_connections()
        self.broker.wait_consumers(self.vhost, self.queue, 0)
        self.broker.wait_consumers(self.vhost, self.queue, 1)
        self.open_gate()
        self.wait_acknowledged()
        numbers = [message["envelope"]["payload"]["number"] for message in self.handled()]
        # the one that was being handled is delivered again, those that waited were not handled before
        self.assertEqual(sorted(numbers), [0, 0, 1, 2])

    def test_a_name_that_nobody_has(self):
        self.dead_letters()
        service = self.start()
        self.publish("agent.cack.mail", envelope())
        service.wait_log("there is no handler “mail” for messages of the inbox")
        self.broker.wait_depth(self.vhost, "dead", (1, 0))

    def test_a_program_on_the_bus(self):
        self.dead_letters()
        self.start()
        client = process.spawn([sys.executable, BUS_HANDLER, self.agent.name, self.agent.path, "mail", "/handler"],
                               env=self.env, stdout=subprocess.PIPE, text=True)
        self.addCleanup(client.stdout.close)
        self.addCleanup(process.end, client)
        self.assertEqual(client.stdout.readline().strip(), "registered")
        self.publish("agent.cack.good", envelope())
        self.publish("agent.cack.bad", envelope())
        self.broker.wait_depth(self.vhost, "dead", (1, 0))
        self.wait_acknowledged()
        self.assertEqual(self.broker.get(self.vhost, "dead")[0].routing_key, "agent.cack.bad")

    def test_built_in_handlers_survive_a_message(self):
        self.dead_letters()
        for name, outcome, dead in (("default", "has handled", 0), ("sub_health", "has handled", 0),
                                    ("quarterly_compaction", "has handled", 0), ("command", "failed", 1)):
            with self.subTest(name):
                service = self.start(INBOX_HANDLER=name, LOG_LEVEL="DEBUG")
                self.publish("agent.cack.mail", envelope())
                service.wait_log(f"the handler {name} {outcome}")
                self.wait_acknowledged()
                self.broker.wait_depth(self.vhost, "dead", (dead, 0))
                self.assertEqual(service.stop().status, 0)
                self.bus.wait_name(self.agent.name, owned=False)

    def test_with_local_ticks_there_is_no_inbox(self):
        service = self.spawn(TICK_SOURCE="local")
        service.wait_log("the inbox handler mail hears nothing")


class Results(Case):
    """PUBLISH_RESULTS publishes each run's end."""

    def setUp(self):
        super().setUp()
        self.broker.collect(self.vhost, "results", "agent.cack.heartbeat.result")

    def result(self):
        """Take the next result: its envelope."""
        _method, properties, body = self.broker.wait_message(self.vhost, "results")
        event = json.loads(body)
        self.assertEqual(properties.message_id, event["event_id"])
        self.assertEqual(event["event_type"], "agent.cack.heartbeat.result")
        self.assertEqual(event["source"]["type"], "agent")
        return event

    def test_a_run_of_a_tick_names_its_cause(self):
        self.write_checks(good={"handler": "command", "meta": {"command": "echo fine"}})
        self.start(PUBLISH_RESULTS="yes")
        tick = json.loads(files.data("tick-published.json"))
        self.tick()
        event = self.result()
        payload = event["payload"]
        self.assertEqual(event["correlation_ids"], [tick["event_id"]])
        self.assertEqual((payload["agent"], payload["check"], payload["status"], payload["message"]),
                         ("cack", "good", "success", "fine"))
        self.assertEqual(payload["last_run"], self.last_run("good"))
        self.assertGreaterEqual(payload["duration_ms"], 0)

    def test_a_run_by_hand_that_failed(self):
        self.write_checks(bad={"handler": "command", "lastRun": 5, "meta": {"command": "echo no; exit 1"}})
        self.start("--publish-results=on")
        self.agent.run("bad")
        event = self.result()
        self.assertEqual(event["correlation_ids"], [])
        self.assertEqual((event["payload"]["status"], event["payload"]["last_run"]), ("failed", 5))

    def test_control_characters_are_escaped(self):
        name = "".join(map(chr, range(1, 32)))
        self.write_checks(**{name: {"handler": "command", "meta": {"command": f"cat >{self.path('input')}"}}})
        self.start(PUBLISH_RESULTS="yes")
        self.agent.run(name)
        self.assertEqual(self.result()["payload"]["check"], name)
        self.assertEqual(json.loads(files.read(self.path("input")))["check_name"], name)

    def test_its_own_results_are_no_messages(self):
        self.write_checks(good={})
        self.start(PUBLISH_RESULTS="yes")
        self.agent.run("good")
        self.result()
        self.wait_acknowledged()
        self.assertEqual(self.signals.matching("MessageReceived"), [])

    def test_the_last_result_is_published_before_the_end(self):
        self.write_checks(slow={"handler": "command", "meta": self.gate()})
        service = self.start(PUBLISH_RESULTS="yes")
        self.tick()
        self.wait_gate()
        service.send(15)
        service.wait_log("stopping")
        self.open_gate()
        self.assertEqual(service.wait(), 0)
        self.assertEqual(self.result()["payload"]["status"], "success")

    def test_nothing_unless_asked(self):
        self.write_checks(good={})
        self.start()
        self.agent.run("good")
        self.tick_runs("good") if self.last_run("good") == 0 else self.idle_tick()
        self.assertEqual(self.broker.queue_depth(self.vhost, "results"), (0, 0))


@measured
class FrozenBus(Case):
    """A session bus that hangs while messages pour in."""

    def test_memory_stays_bounded_and_messages_are_acknowledged(self):
        self.write_checks(later={"enabled": False})
        service = self.start()
        self.bus.freeze()
        try:
            memory = Memory(service)
            self.broker.publish_many(self.vhost, "agent.cack.mail", [envelope(text="x" * 4000)] * 6_000)
            self.wait_acknowledged()
            service.wait_log("the session bus does not take what it is sent")
            if memory.meaningful:
                self.assertLess(memory.growth_mib(), 20)
        finally:
            self.bus.thaw()
        # it is told again of what comes once the bus is back
        until(lambda: self.told_again(), what="a message to be told of")

    def told_again(self):
        """Publish a message of its own kind; say whether the bus was told of one."""
        self.publish("agent.cack.again", envelope())
        return self.signals.matching("MessageReceived", "agent.cack.again")
