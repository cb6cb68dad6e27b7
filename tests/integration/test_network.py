"""A change of the network."""

import time

from bench.case import Case
from bench.netns import Netns
from bench.wait import until


class Network(Case):
    """The service tries at once when the network changes; here in a network of its own."""

    def setUp(self):
        super().setUp()
        self.write_checks(first={})
        self.network = Netns()
        self.addCleanup(self.network.close)

    def spawn_inside(self, **variables):
        service = self.spawn(wrapper=self.network.wrapper, LOG_LEVEL="DEBUG", **variables)
        service.wait_log("Watching the network")
        self.agent.wait_owned()
        return service

    def test_a_wait_ends(self):
        proxy = self.behind_proxy(start=False)
        proxy.start(self.network.listen(proxy.port))
        # who is refused waits for a minute, and for nothing else
        self.spawn_inside(RABBIT_URL=self.broker.url(self.vhost, proxy.port, password="wrong"))
        self.agent.wait("ConnectionState", "waiting")
        self.assertEqual(proxy.accepted, 1)
        started = time.monotonic()
        self.network.ip("address", "add", "192.0.2.1/32", "dev", "lo")
        until(lambda: proxy.accepted == 2, what="another attempt")
        self.assertLess(time.monotonic() - started, 20)
        self.agent.wait("ConnectionState", "waiting")

        # many at once are one
        for number in range(2, 12):
            self.network.ip("address", "add", f"192.0.2.{number}/32", "dev", "lo")
        until(lambda: proxy.accepted >= 3, what="another attempt")
        self.assertLessEqual(proxy.accepted - 2, 1 + int(time.monotonic() - started))

    def test_a_network_that_comes_up(self):
        proxy = self.behind_proxy(start=False)
        proxy.start(self.network.listen(proxy.port))
        self.network.ip("link", "set", "lo", "down")
        self.spawn_inside()
        self.assertEqual((proxy.accepted, self.agent.get("ConnectionState")), (0, "connecting"))
        self.network.ip("link", "set", "lo", "up")
        self.agent.wait("ConnectionState", "connected")
        self.tick()
        until(lambda: self.last_run("first"), what="the tick's run")
