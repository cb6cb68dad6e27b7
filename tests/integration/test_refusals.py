"""What the broker refuses: shown with what to do about it, and over when that is done, without a restart."""

import contextlib
import os
import re
import signal
import time
import unittest

from bench.case import Case
from bench.service import hasten
from bench.wait import until

EXCHANGE = "bloodbank.events.v1"
USER = "ann"
PASSWORD = "ann-secret"
GRANT = r"rabbitmqctl set_permissions -p 'VHOST' 'ann' '\.\*' '\.\*' '\.\*'"


class Refusals(Case):
    """Each is in ConnectionError and in the log, once."""

    def setUp(self):
        super().setUp()
        self.write_checks(first={})
        self.broker.add_user(USER, PASSWORD)
        self.addCleanup(self.broker.delete_user, USER)

    def url(self, vhost=None, password=PASSWORD):
        return self.broker.url(vhost or self.vhost, user=USER, password=password)

    def refused(self, pattern, **variables):
        """Start a service that waits because of what pattern says; return it."""
        self.signals = self.agent.record()
        service = self.spawn(**variables)
        self.agent.wait_owned()
        self.assert_shown(service, pattern.replace("VHOST", self.vhost))
        return service

    def assert_shown(self, service, pattern):
        until(lambda: re.search(pattern, self.agent.get("ConnectionError")), what=f"the error {pattern}")
        service.wait_log("WARNING.*" + pattern)
        self.assertNotEqual(self.agent.get("ConnectionState"), "connected")
        self.assertNotIn(PASSWORD, service.stderr)

    def assert_mended(self):
        """Reload tries at once; then the service works."""
        self.agent.call("Reload")
        self.assert_connected()
        self.assertEqual(self.tick_runs("first"), "success")

    def assert_connected(self):
        self.agent.wait("ConnectionState", "connected")
        self.assertEqual(self.agent.get("ConnectionError"), "")

    # --- the connection ---------------------------------------------------------------------------------------------

    def test_wrong_password(self):
        self.broker.permit(USER, self.vhost)
        service = self.refused(r"wrong user name or password \(403\): correct RABBIT_URL",
                               RABBIT_URL=self.url(password="not-it"), LOG_LEVEL="DEBUG")
        self.assertNotIn("not-it", service.stderr + repr(self.agent.all()))
        self.broker.eval(f'rabbit_auth_backend_internal:change_password(<<"{USER}">>, <<"not-it">>, <<"guest">>)')
        # it would try again after a minute
        self.assert_mended()

    def test_wrong_password_and_sighup(self):
        self.broker.permit(USER, self.vhost)
        service = self.refused("wrong user name", RABBIT_URL=self.url(password="not-it"))
        self.broker.eval(f'rabbit_auth_backend_internal:change_password(<<"{USER}">>, <<"not-it">>, <<"guest">>)')
        service.send(signal.SIGHUP)
        self.assert_connected()

    def test_unknown_vhost(self):
        missing = self.vhost + "-later"
        self.refused(rf"no vhost {missing} \(530\): correct the path of RABBIT_URL.*rabbitmqctl add_vhost '{missing}'",
                     RABBIT_URL=self.broker.url(missing))
        self.broker.add_vhost(missing)
        self.addCleanup(self.broker.eval, f'rabbit_vhost:delete(<<"{missing}">>, <<"guest">>)')
        self.vhost = missing
        self.assert_mended()

    def test_no_permission_for_the_vhost(self):
        self.refused(r"the user ann has no permission for the vhost VHOST \(530\): " + GRANT, RABBIT_URL=self.url())
        self.broker.permit(USER, self.vhost)
        self.assert_mended()

    def test_closed_by_an_administrator(self):
        service = self.start()
        self.broker.close_connections("out of the way")
        service.wait_log(r"WARNING.*administrator closed the connection: out of the way \(320\)")
        self.broker.wait_consumers(self.vhost, self.queue)
        self.assert_connected()
        self.assertEqual(self.tick_runs("first"), "success")

    # --- the channel ------------------------------------------------------------------------------------------------

    def test_permissions_one_after_the_other(self):
        exchange, queue = EXCHANGE.replace(".", r"\."), self.queue.replace(".", r"\.")
        self.broker.permit(USER, self.vhost, "", "", "")
        service = self.refused(rf"no configure permission for the exchange {exchange} \(403\): .*" + GRANT,
                               RABBIT_URL=self.url())
        for permissions, missing in ((("bloodbank.*", "", ""), f"configure permission for the queue {queue}"),
                                     ((".*", "", ""), f"write permission for the queue {queue}"),
                                     ((".*", "agent.*", ""), f"read permission for the exchange {exchange}"),
                                     ((".*", "agent.*", "bloodbank.*"), f"read permission for the queue {queue}")):
            with self.subTest(missing):
                self.broker.permit(USER, self.vhost, *permissions)
                self.agent.call("Reload")
                self.assert_shown(service, rf"no {missing} \(403\): .*" + GRANT.replace("VHOST", self.vhost))
        self.broker.permit(USER, self.vhost)
        self.assert_mended()

    def test_each_refusal_is_logged_once(self):
        self.broker.permit(USER, self.vhost, "", "", "")
        service = self.refused("no configure permission", RABBIT_URL=self.url(), LOG_LEVEL="DEBUG")
        for _ in range(3):
            tries = len(re.findall("DEBUG.*no configure permission", service.stderr))
            self.agent.call("Reload")
            until(lambda: len(re.findall("DEBUG.*no configure permission", service.stderr)) > tries, what="a try")
        self.assertEqual(len(re.findall("WARNING.*no configure permission", service.stderr)), 1)

    def test_an_exchange_of_another_type(self):
        with self.broker.channel(self.vhost) as channel:
            channel.exchange_declare(EXCHANGE, "fanout", durable=True)
        self.refused(r"the exchange bloodbank\.events\.v1 is of type fanout, not topic \(406\): set EXCHANGE_NAME")
        with self.broker.channel(self.vhost) as channel:
            channel.exchange_delete(EXCHANGE)
        self.assert_mended()

    def test_an_exchange_name_that_is_the_brokers(self):
        self.refused(r"amq\..*EXCHANGE_NAME", EXCHANGE_NAME="amq.mine")

    def test_an_exclusive_queue(self):
        with self.broker.channel(self.vhost) as channel:
            channel.queue_declare(self.queue, exclusive=True)
            self.refused(r"the queue agent\.cack\.inbox belongs to another connection alone \(405\): end the program")
        self.assert_mended()

    def test_a_deleted_queue_is_declared_again(self):
        service = self.start()
        with self.broker.channel(self.vhost) as channel:
            channel.queue_delete(self.queue)
        service.wait_log(r"WARNING.*the queue was deleted or moved")
        self.broker.wait_consumers(self.vhost, self.queue)
        self.assert_connected()
        self.assertEqual(self.tick_runs("first"), "success")

    def test_a_consumer_timeout(self):
        names = ("consumer_timeout", "channel_tick_interval")
        before = [self.broker.eval(f"application:get_env(rabbit, {name})") for name in names]
        for name, value in zip(names, before):
            restore = (f"application:unset_env(rabbit, {name})" if value == "undefined" else
                       f"begin {{ok, V}} = {value}, application:set_env(rabbit, {name}, V) end")
            self.addCleanup(self.broker.eval, restore)
        self.broker.eval("application:set_env(rabbit, consumer_timeout, 500), "
                         "application:set_env(rabbit, channel_tick_interval, 200)")
        self.write_checks(slow={"handler": "command", "meta": self.gate()})
        service = self.start()
        self.tick()
        self.wait_gate()
        service.wait_log(r"WARNING.*consumer_timeout of 500 ms \(406\)")
        self.broker.eval("application:set_env(rabbit, consumer_timeout, 1800000)")
        self.open_gate()
        self.assertEqual(self.finished("slow"), "success")
        # what was delivered again is idle now
        self.wait_acknowledged()
        self.assert_connected()


class Differences(Case):
    """What exists with other arguments is used, with one warning that names the difference."""

    def setUp(self):
        super().setUp()
        self.write_checks(first={}, second={"cadenceMs": 86400000})

    def warnings(self, service):
        return re.findall("WARNING.*differs: (.*)", service.stderr)

    def assert_used(self, pattern, **variables):
        service = self.start(**variables)
        self.assertEqual(self.tick_runs("first"), "success")
        self.assertEqual(self.agent.get("ConnectionError"), "")
        warnings = self.warnings(service)
        self.assertEqual(len(warnings), 1, warnings)
        self.assertRegex(warnings[0], pattern)
        return service

    @contextlib.contextmanager
    def channel(self):
        with self.broker.channel(self.vhost) as channel:
            yield channel

    def test_the_originals_inbox(self):
        with self.channel() as channel:
            channel.queue_declare(self.queue, durable=True, arguments={"x-dead-letter-exchange": "dlx"})
        self.assert_used(r"the queue agent\.cack\.inbox has another x-dead-letter-exchange: .*'dlx'.*none")

    def test_a_queue_that_is_not_durable(self):
        with self.channel() as channel:
            channel.queue_declare(self.queue)
            self.assert_used(r"the queue .* has another durable: it is 'false', wanted was 'true'")

    def test_a_queue_of_another_type(self):
        with self.channel() as channel:
            channel.queue_declare(self.queue, durable=True)
        self.assert_used("the queue .* has another x-queue-type", QUEUE_TYPE="quorum")

    def test_an_exchange_that_is_not_durable(self):
        with self.channel() as channel:
            channel.exchange_declare(EXCHANGE, "topic")
        self.assert_used(r"the exchange bloodbank\.events\.v1 has another durable")

    def test_both_are_warned_of_once_over_reconnections(self):
        with self.channel() as channel:
            channel.exchange_declare(EXCHANGE, "topic", durable=True, arguments={"alternate-exchange": "x"})
            channel.queue_declare(self.queue, durable=True, arguments={"x-max-length": 1000})
        service = self.start()
        for _ in range(2):
            self.broker.close_connections()
            self.broker.wait_consumers(self.vhost, self.queue, 0)
            self.agent.call("Reload")
            self.broker.wait_consumers(self.vhost, self.queue)
        self.assertEqual(len(self.warnings(service)), 2, self.warnings(service))

    def test_one_that_is_deleted_is_declared_as_it_should_be(self):
        with self.channel() as channel:
            channel.queue_declare(self.queue, durable=True, arguments={"x-max-length": 1000})
            service = self.assert_used("x-max-length")
            channel.queue_delete(self.queue)
            service.wait_log("the queue was deleted")
            self.agent.call("Reload")
            self.broker.wait_consumers(self.vhost, self.queue)
            # a declaration without arguments is refused where there are some
            channel.queue_declare(self.queue, durable=True)
        self.assertEqual(self.tick_runs("second"), "success")

    def test_another_consumer(self):
        with self.channel() as channel:
            channel.queue_declare(self.queue, durable=True)
            channel.basic_consume(self.queue, lambda *args: None)
            service = self.spawn()
            service.wait_log(r"WARNING.*Another consumer is on the queue agent\.cack\.inbox.*list_consumers")


class Notified(Case):
    """A broker that is of no use for five minutes is notified of, once; its clock runs a hundred times as fast."""

    def setUp(self):
        super().setUp()
        self.write_checks(first={})
        self.server = self.notifications()
        self.started = time.monotonic()

    def assert_told(self, pattern, **variables):
        service = self.spawn(**hasten(100), **variables)
        notification = self.server.wait_calls()[0]
        self.assertGreater(time.monotonic() - self.started, 2.5, "300 s, a hundred times as fast")
        self.assertEqual(notification.summary, "No heartbeats from the broker")
        self.assertRegex(notification.body, pattern)
        return service

    def assert_closed_when_it_is_back(self):
        self.agent.call("Reload")
        self.agent.wait("ConnectionState", "connected")
        self.server.wait_calls(method="CloseNotification")
        self.assertEqual(len(self.server.calls()), 1)

    def test_a_broker_that_is_away(self):
        proxy = self.behind_proxy(start=False)
        self.assert_told(rf"No ticks from 127\.0\.0\.1:{proxy.port} for more than 5 minutes: .*refused.*RABBIT_URL")
        proxy.start()
        self.assert_closed_when_it_is_back()

    @unittest.skipUnless(os.environ.get("SOAK") == "1", "SOAK=1 runs it")
    def test_a_queue_that_is_refused(self):
        with self.broker.channel(self.vhost) as channel:
            channel.queue_declare(self.queue, exclusive=True)
            service = self.assert_told(r"than 5 minutes: the queue .* another connection alone.*end the program")
            # another minute
            until(lambda: time.monotonic() - self.started > 4, what="another minute")
            self.assertEqual(len(self.server.calls()), 1)
            self.assertTrue(service.running)
        self.assert_closed_when_it_is_back()
