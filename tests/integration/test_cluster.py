"""Several brokers in RABBIT_URL: independent ones, and a cluster with quorum queues. SOAK=1 loses more leaders."""

import os
import time
import unittest

from bench.case import Case
from bench.cluster import Cluster
from bench.load import Events, Ticks, drain, figure, now_ms
from bench.ports import free_ports
from bench.proxy import Proxy
from bench.wait import until

SOAK = os.environ.get("SOAK") == "1"


class FailOver(Case):
    """Brokers that know nothing of each other: two proxies to two vhosts, each with a queue of its own."""

    def setUp(self):
        super().setUp()
        self.write_checks(first={}, second={}, third={})
        self.vhosts = [self.vhost, self.enterContext(self.broker.vhost())]
        self.proxies = [Proxy(self.broker.port) for _ in self.vhosts]
        for proxy in self.proxies:
            self.addCleanup(proxy.stop)
        self.env["RABBIT_URL"] = " ".join(self.broker.url(vhost, proxy.port)
                                          for vhost, proxy in zip(self.vhosts, self.proxies))

    def used(self):
        """Return the number of the broker that the service says it uses."""
        address = self.agent.get("Broker")
        return next(i for i, proxy in enumerate(self.proxies) if address.endswith(f":{proxy.port}"))

    def tick_on(self, number, check):
        """A tick on one of the brokers runs the check that is next."""
        signals = self.agent.record()
        self.broker.wait_consumers(self.vhosts[number], self.queue)
        self.broker.publish(self.vhosts[number], "system.heartbeat.tick", b"{}")
        signals.wait("CheckFinished", check, "success")
        # else it comes again with the next connection, and runs the check that is next
        self.broker.wait_depth(self.vhosts[number], self.queue, (0, 0))

    def connected(self, number):
        """Wait until the service consumes from one of the brokers."""
        until(lambda: (self.agent.get("ConnectionState"), self.used()) == ("connected", number), timeout=60,
              what=f"broker {number} to be used")

    def test_from_dead_and_unknown_ones_to_the_good_one(self):
        dead, = free_ports(1)
        self.proxies[0].start()
        self.spawn(RABBIT_URL=f"{self.broker.url(self.vhost, dead)},amqp://guest:guest@no-such-host.invalid/ "
                              f"{self.broker.url(self.vhost, self.proxies[0].port)}")
        self.agent.wait_owned()
        self.agent.wait("ConnectionState", "connected", timeout=60)
        self.assertEqual(self.used(), 0)
        self.tick_on(0, "first")

    @unittest.skipUnless(SOAK, "SOAK=1 has it: each start may take the ten seconds that a handshake has")
    def test_past_one_that_accepts_and_says_nothing(self):
        self.proxies[0].stall()
        for proxy in self.proxies:
            proxy.start()
        for _ in range(10):
            service = self.spawn()
            self.agent.wait_owned()
            self.connected(1)
            self.assertEqual(service.stop().status, 0)
        self.assertGreater(self.proxies[0].accepted, 0, "never first: once in 1024 runs of this test")

    def test_all_are_dead_then_one_comes(self):
        self.spawn()
        self.agent.wait_owned()
        self.agent.wait("ConnectionState", "waiting")
        self.proxies[1].start()
        self.connected(1)
        self.tick_on(1, "first")

    def test_to_the_other_and_back(self):
        for proxy in self.proxies:
            proxy.start()
        self.spawn()
        self.agent.wait_owned()
        self.agent.wait("ConnectionState", "connected")
        one = self.used()
        other = 1 - one
        self.tick_on(one, "first")
        self.proxies[one].stop()
        self.connected(other)
        self.tick_on(other, "second")
        self.proxies[one].start()
        self.proxies[other].stop()
        self.connected(one)
        self.tick_on(one, "third")


class LostLeader(Case):
    """A node of three is killed again and again: the one with the leader of the agent's queue."""

    with_broker = False
    ROUNDS = 6 if SOAK else 1
    LIMIT = 10

    def setUp(self):
        super().setUp()
        self.cluster = Cluster()
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        self.cluster.collect("seen", Events.KEY)
        with open(self.path("runs"), "w", encoding="utf-8") as log:
            script = f"cat >> {log.name}"
        self.write_checks(**{check: {"cadenceMs": 1000, "handler": "command", "meta": {"command": script}}
                             for check in "abc"})

    def ran_after(self, ticks, moment):
        """Say whether a tick that was published after a moment (Unix ms) has caused a run."""
        with open(self.path("runs"), encoding="utf-8") as log:
            text = log.read()
        return any(tick in text for tick, sent in list(ticks.sent.items()) if sent > moment)

    def lose_leader(self, ticks):
        """Kill the leader's node under load; return in how many seconds ticks cause runs again, and what was lost."""
        leader = self.cluster.leader(self.queue)
        used = self.cluster.at(self.agent.get("Broker"))
        begin, moment = time.monotonic(), now_ms()
        leader.kill()
        until(lambda: self.ran_after(ticks, moment), timeout=60, what="a later tick to cause a run")
        seconds = time.monotonic() - begin
        if SOAK:
            self.assert_within(seconds, self.LIMIT)
        self.assertNotEqual(self.cluster.leader(self.queue), leader)
        leader.start()
        for queue in (self.queue, "seen"):
            until(lambda queue=queue: self.cluster.online(queue) == 3, timeout=60, what=f"{queue} to be whole again")
        return f"{seconds:.1f} s{' (its own node)' if leader is used else ''}"

    def test_the_leader_is_lost_under_load(self):
        self.spawn("--queue-type=quorum", RABBIT_URL=self.cluster.urls)
        self.agent.wait_owned()
        self.agent.wait("ConnectionState", "connected")
        self.assertEqual(self.cluster.online(self.queue), 3)
        ticks = Ticks(*(node.connect for node in self.cluster.nodes), interval=0.1)
        events = Events(self.agent, pause=0.05)
        for load in (ticks, events):
            load.start()
            self.addCleanup(load.stop)
        times = []
        for _ in range(self.ROUNDS):
            before = len(events.confirmed)
            until(lambda: self.ran_after(ticks, 0) and len(events.confirmed) > before + 20, what="a flowing load")
            times.append(self.lose_leader(ticks))
        self.agent.wait("ConnectionState", "connected", timeout=60)
        events.stop()
        ticks.stop()
        until(lambda: self.cluster.depth(self.queue) == (0, 0), timeout=60, what="the queue to be empty")
        account = events.account(self, drain(self.cluster.running[0], "/", "seen"))
        self.assertGreater(len(events.confirmed), 20 * self.ROUNDS)
        figure(f"leader killed {self.ROUNDS} times with {len(ticks.sent)} ticks: ticks cause runs again after "
               f"{', '.join(times)}; {account}")
