"""A steady load of ticks and of published events, and the accounts of what became of them."""

import collections
import json
import threading
import time
import uuid

import pika
from gi.repository import GLib

from .agent import ERROR
from .broker import EXCHANGE
from .seed import generator

Outcome = collections.namedtuple("Outcome", "event_id error")
Found = collections.namedtuple("Found", "number message_id")


def now_ms():
    """Return the time as heartbeat.json writes it."""
    return time.time_ns() // 1_000_000


def figure(text):
    """Print a figure that tests/soak.sh collects."""
    print(f"     figure: {text}", flush=True)


class Ticks:
    """Publishes ticks from a thread of its own, each until a broker has confirmed it; tries the brokers in turn."""

    def __init__(self, *connects, interval=0.05):
        self.sent = {}
        self._connects = connects
        self._interval = interval
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        """Begin."""
        self._thread.start()

    def stop(self):
        """End, when the tick under way is confirmed; `sent` has the time (Unix ms) of each, by event id."""
        self._stopping.set()
        self._thread.join()

    def _run(self):
        turn, tick = 0, None
        while not self._stopping.is_set():
            try:
                connection = self._connects[turn % len(self._connects)]()
                channel = connection.channel()
                channel.confirm_delivery()
                while not self._stopping.is_set():
                    tick = tick or str(uuid.uuid4())
                    begun = now_ms()
                    self._publish(channel, tick)
                    self.sent[tick], tick = begun, None
                    connection.sleep(self._interval)
                connection.close()
            except (pika.exceptions.AMQPError, OSError):
                turn += 1
                self._stopping.wait(0.1)

    @staticmethod
    def _publish(channel, tick):
        body = json.dumps({"event_id": tick, "event_type": "system.heartbeat.tick", "payload": {}}).encode()
        channel.basic_publish(EXCHANGE, "system.heartbeat.tick", body,
                              pika.BasicProperties(delivery_mode=2, message_id=tick), mandatory=True)


class Events:
    """Has a service publish `total` events (or without end) over D-Bus, from several threads at random moments.

    Each event carries its number; `outcomes` maps it to what the service reported: an event id, or an error."""

    KEY = "load.event"

    def __init__(self, agent, total=None, threads=4, pause=0.1):
        self.outcomes = {}
        self._agent = agent
        self._total = total
        self._pause = pause
        self._next = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(generator(f"events {i}"),), daemon=True)
                         for i in range(threads)]

    def start(self):
        """Begin."""
        for thread in self._threads:
            thread.start()

    def join(self):
        """Wait until all have been reported."""
        for thread in self._threads:
            thread.join()

    def stop(self):
        """Begin no more, and wait for those under way."""
        self._stopping.set()
        self.join()

    def _take_number(self):
        with self._lock:
            if self._stopping.is_set() or self._next == self._total:
                return None
            self._next += 1
            return self._next

    def _run(self, chance):
        while (number := self._take_number()) is not None:
            try:
                event_id, = self._agent.call("Publish", "(ss)", self.KEY, json.dumps({"number": number}))
                self.outcomes[number] = Outcome(event_id, None)
            except GLib.Error as error:
                self.outcomes[number] = Outcome(None, error.message)
            self._stopping.wait(chance.uniform(0, 2 * self._pause))

    @property
    def confirmed(self):
        """The event ids that were reported confirmed, by number."""
        return {number: outcome.event_id for number, outcome in list(self.outcomes.items()) if outcome.error is None}

    @property
    def failed(self):
        """What was reported of those that failed, by number."""
        return {number: outcome.error for number, outcome in list(self.outcomes.items()) if outcome.error is not None}

    def account(self, case, found):
        """Compare the reports with what is Found in the collecting queue; return it all in words.

        Every call has had an answer. Whatever was reported confirmed is there under its id. Whatever was sent twice has
        one id. What was reported failed, with an error that says so, may be there all the same: its confirm came too
        late."""
        ids = {}
        for number, message_id in found:
            ids.setdefault(number, []).append(message_id)
        lost = [number for number, event_id in self.confirmed.items() if event_id not in ids.get(number, [])]
        case.assertEqual(lost, [], "confirmed, and not in the queue")
        case.assertEqual([number for number, of in ids.items() if len(set(of)) > 1], [], "sent again under another id")
        case.assertEqual(set(self.outcomes), set(range(1, self._next + 1)), "calls without an answer")
        case.assertLessEqual(set(ids), set(self.outcomes), "events that nobody published")
        case.assertEqual([error for error in self.failed.values() if ERROR not in error], [])
        duplicates = sum(len(of) - 1 for of in ids.values())
        late = len(set(self.failed) & set(ids))
        kinds = collections.Counter(error.partition(ERROR)[2].partition(":")[0] for error in self.failed.values())
        return (f"{len(self.outcomes)} events: {len(self.confirmed)} confirmed, {len(lost)} of these lost, "
                f"{len(self.failed)} reported failed {dict(kinds)} ({late} of these arrived), {duplicates} duplicates "
                "with the message_id of the first")


def drain(broker, vhost, queue):
    """Take all events out of a collecting queue; return them as Found."""
    found = []
    with broker.channel(vhost) as channel:
        while True:
            method, properties, body = channel.basic_get(queue)
            if method is None:
                return found
            found.append(Found(json.loads(body)["payload"]["number"], properties.message_id))
            channel.basic_ack(method.delivery_tag)
