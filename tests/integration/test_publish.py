"""What becomes of a message that the service publishes."""

import json

from gi.repository import Gio, GLib

from bench.agent import ERROR
from bench.bus import pump
from bench.case import Case
from bench.proxy import DOWN
from bench.service import hasten
from bench.wait import until

KEY = "agent.cack.greeting"


class Outcome:
    """A publish that is under way, and how it ended."""

    def __init__(self, agent, event_type=KEY):
        self.event_id = self.error = self.message = None
        agent.bus.connection.call(agent.name, agent.path, agent.interface, "Publish",
                                  GLib.Variant("(ss)", (event_type, '{"a": 1}')), None,
                                  Gio.DBusCallFlags.NONE, 60000, None, self._on_answer)

    def _on_answer(self, connection, result):
        try:
            self.event_id, = connection.call_finish(result).unpack()
        except GLib.Error as error:
            self.error = Gio.DBusError.get_remote_error(error)
            Gio.DBusError.strip_remote_error(error)
            self.message = error.message

    @property
    def ended(self):
        """Whether the answer is there."""
        pump()
        return self.event_id is not None or self.error is not None

    def wait(self):
        """Wait for the event's id; anything else is a failure."""
        until(lambda: self.ended, what="the end of a publish")
        assert self.error is None, (self.error, self.message)
        return self.event_id

    def wait_error(self, name):
        """Wait for that error and return its message."""
        until(lambda: self.ended, what="the end of a publish")
        assert self.error == ERROR + name, (self.event_id, self.error, self.message)
        return self.message


class Publishing(Case):
    """A test that publishes by the bus."""

    def setUp(self):
        super().setUp()
        self.write_checks(first={})

    def publish_event(self, event_type=KEY):
        return self.agent.call("Publish", "(ss)", event_type, '{"a": 1}')[0]

    def assert_publish_error(self, name, pattern, event_type=KEY):
        self.assertRegex(self.assert_error(name, "Publish", "(ss)", event_type, "{}"), pattern)

    def collect(self, queue="seen"):
        self.broker.collect(self.vhost, queue, KEY)

    def depth(self, queue="seen"):
        return self.broker.queue_depth(self.vhost, queue)[0]


class Publish(Publishing):
    """Each outcome of a publish is the answer of the method."""

    def test_confirmed(self):
        self.collect()
        self.start()
        event_id = self.publish_event()
        _method, properties, body = self.broker.get(self.vhost, "seen")
        event = json.loads(body)
        self.assertEqual((properties.delivery_mode, properties.content_type, properties.expiration),
                         (2, "application/json", "3600000"))
        self.assertEqual((properties.message_id, event["event_id"]), (event_id, event_id))
        self.assertRegex(properties.app_id, "^heartbeat-consumer/")
        self.assertEqual((event["event_type"], event["payload"]), (KEY, {"a": 1}))

    def test_returned(self):
        self.start()
        self.assert_publish_error("Returned", r"bloodbank\.events\.v1.*nobody\.listens", "nobody.listens")

    def test_refused_by_a_full_queue(self):
        with self.broker.channel(self.vhost) as channel:
            channel.queue_declare("full", durable=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
            channel.exchange_declare("bloodbank.events.v1", "topic", durable=True)
            channel.queue_bind("full", "bloodbank.events.v1", KEY)
        self.start()
        self.publish_event()
        self.assert_publish_error("Refused", "full")

    def test_refused_without_the_exchange(self):
        self.start()
        with self.broker.channel(self.vhost) as channel:
            channel.exchange_delete("bloodbank.events.v1")
        self.assert_publish_error("Refused", r"no exchange bloodbank\.events\.v1.*EXCHANGE_NAME")

    def test_refused_without_permission_until_it_is_given(self):
        self.broker.add_user("writer", "w")
        self.addCleanup(self.broker.delete_user, "writer")
        self.broker.permit("writer", self.vhost, write="agent.*")
        self.start(RABBIT_URL=self.broker.url(self.vhost, user="writer", password="w"))
        self.assert_publish_error("Refused", r"no write permission for the exchange.*set_permissions")
        self.broker.permit("writer", self.vhost)
        self.publish_event()

    def test_timed_out(self):
        proxy = self.behind_proxy()
        self.start(**hasten(20))
        self.publish_event()
        proxy.pause(DOWN)
        self.assert_publish_error("TimedOut", "did not confirm the message within 10 s")

    def test_timed_out_without_a_broker(self):
        proxy = self.behind_proxy(start=False)
        self.spawn(**hasten(20))
        self.agent.wait_owned()
        self.assert_publish_error("TimedOut",
                                  rf"no connection to the broker \(127\.0\.0\.1:{proxy.port}\): .*refused.*RABBIT_URL")

    def test_it_waits_for_a_broker_that_is_away(self):
        self.collect()
        proxy = self.behind_proxy(start=False)
        self.spawn()
        self.agent.wait_owned()
        self.agent.wait("ConnectionState", "waiting")
        outcome = Outcome(self.agent)
        self.assertFalse(outcome.ended)
        proxy.start()
        self.agent.call("Reload")
        event_id = outcome.wait()
        self.assertEqual(self.broker.get(self.vhost, "seen")[1].message_id, event_id)

    def test_it_is_sent_again_with_the_same_id(self):
        proxy = self.behind_proxy()
        self.start()
        self.publish_event()
        self.collect()
        # the broker's confirm does not come through
        proxy.pause(DOWN)
        outcome = Outcome(self.agent)
        until(self.depth, what="the broker to have the message")
        self.assertFalse(outcome.ended)
        proxy.reset()
        proxy.resume()
        self.agent.call("Reload")
        event_id = outcome.wait()
        messages = [self.broker.get(self.vhost, "seen") for _ in range(2)]
        self.assertEqual([properties.message_id for _method, properties, _body in messages], [event_id] * 2)
        self.assertEqual(messages[0][2], messages[1][2])

    def test_the_257th_is_refused_at_once(self):
        proxy = self.behind_proxy(start=False)
        self.spawn()
        self.agent.wait_owned()
        self.agent.wait("ConnectionState", "waiting")
        outcomes = [Outcome(self.agent) for _ in range(257)]
        message = outcomes[-1].wait_error("Refused")
        self.assertRegex(message, rf"256 messages wait.*no connection to the broker \(127\.0\.0\.1:{proxy.port}\)")
        self.assertEqual([outcome for outcome in outcomes[:256] if outcome.ended], [])


class Blocked(Publishing):
    """A broker that is short of memory holds publishes, and ticks go on."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.broker.set_alarm, False)
        self.collect()

    def block(self, service):
        """Block the service's publishing; the broker does so at the first publish only."""
        self.publish_event()
        self.broker.set_alarm(True)
        first = Outcome(self.agent)
        service.wait_log("takes no messages for now.*memory")
        return first

    def test_it_is_held_and_sent_when_that_is_over(self):
        service = self.start()
        first = self.block(service)
        depth = self.depth()
        second = Outcome(self.agent)
        # what was asked later has been answered: the publish has been taken in
        self.agent.get("ConnectionState")
        self.assertFalse(second.ended)
        self.assertEqual(self.depth(), depth)
        self.assertEqual(self.agent.get("ConnectionState"), "connected")
        self.broker.set_alarm(False)
        service.wait_log("takes messages again")
        ids = {first.wait(), second.wait()}
        self.assertEqual(self.depth(), 3)
        self.assertEqual(len(ids), 2)

    def test_it_times_out_with_the_reason(self):
        service = self.start(**hasten(20))
        self.block(service)
        self.assert_publish_error("TimedOut", "could not be sent.*takes no messages for now: .*memory")

