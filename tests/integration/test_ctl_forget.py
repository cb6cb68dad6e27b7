"""heartbeatctl forget: the queue of an agent that is gone."""

import json
import os

from bench.case import Case
from bench.service import program
from bench.terminal import Terminal
from bench.wait import until

EXCHANGE = "bloodbank.events.v1"


class Forget(Case):
    """An agent without a service, whose queue holds three letters."""

    def setUp(self):
        super().setUp()
        self.declare()

    def declare(self):
        """Make the queue as the service would, and put letters in."""
        with self.broker.channel(self.vhost) as channel:
            channel.exchange_declare(EXCHANGE, "topic", durable=True)
            channel.queue_declare(self.queue, durable=True)
            channel.queue_bind(self.queue, EXCHANGE, "agent.cack.#")
            for _ in range(3):
                channel.basic_publish(EXCHANGE, "agent.cack.letter", b"{}")
        self.broker.wait_depth(self.vhost, self.queue, (3, 0))

    def is_there(self):
        """Say whether the broker has the queue."""
        return self.broker.queue_depth(self.vhost, self.queue) is not None

    def forget(self, status, *args, **variables):
        """Run it without a terminal and expect that exit status; return what it has written."""
        ended = self.ctl("forget", *args, **variables)
        self.assertEqual(ended.returncode, status, ended.stdout + ended.stderr)
        return ended

    def ask(self, answer):
        """Run it on a terminal, and answer; return status, output and screen."""
        terminal = Terminal([program("HEARTBEATCTL"), "forget", "cack"], self.env)
        self.addCleanup(terminal.close)
        terminal.wait("[y/N]")
        terminal.type(answer)
        return *terminal.end(), terminal.screen

    def test_yes_deletes(self):
        status, output, screen = self.ask("y\n")
        self.assertEqual((status, self.is_there()), (0, False), screen)
        self.assertIn(f"Delete the queue {self.queue} with 3 messages on 127.0.0.1:{self.broker.port}? [y/N]", screen)
        self.assertIn("agent.cack.inbox deleted", output)

    def test_anything_else_does_not(self):
        for answer in ("\n", "n\n", "no, yes\n", "\x04"):
            status, output, screen = self.ask(answer)
            self.assertEqual((status, output, self.is_there()), (1, "", True), screen)
            self.assertIn("nothing was deleted", screen)

    def test_without_a_terminal_it_wants_yes(self):
        self.assertIn("--yes", self.forget(2, "cack").stderr)
        self.assertTrue(self.is_there())
        self.assertIn("deleted", self.forget(0, "cack", "--yes").stdout)
        self.assertFalse(self.is_there())

    def test_json(self):
        document = json.loads(self.forget(0, "cack", "--yes", "--json").stdout)
        broker = f"127.0.0.1:{self.broker.port}"
        self.assertEqual(document, {"queue": self.queue, "brokers": [{"broker": broker, "outcome": "deleted"}]})
        document = json.loads(self.forget(1, "cack", "--yes", "--json").stdout)
        self.assertEqual(document["brokers"], [{"broker": broker, "outcome": "missing"}])

    def test_one_that_is_not_there(self):
        ended = self.forget(1, "tack", "--yes")
        self.assertIn("agent.tack.inbox is not on", ended.stdout)
        self.assertTrue(self.is_there())

    def test_one_in_use_stays(self):
        self.write_checks(good={})
        self.start()
        self.assertIn("systemctl --user disable --now heartbeat-consumer@cack", self.forget(1, "cack", "--yes").stderr)
        self.assertTrue(self.is_there())

    def test_a_consumer_that_comes_while_it_asks(self):
        terminal = Terminal([program("HEARTBEATCTL"), "forget", "cack"], self.env)
        self.addCleanup(terminal.close)
        terminal.wait("[y/N]")
        with self.broker.channel(self.vhost) as channel:
            channel.basic_consume(self.queue, lambda *args: None)
            self.broker.wait_consumers(self.vhost, self.queue, 1)
            terminal.type("y\n")
            self.assertEqual(terminal.end()[0], 1)
        self.assertIn("in use", terminal.screen)
        self.assertTrue(self.is_there())

    def test_a_quorum_queue(self):
        self.forget(0, "cack", "--yes")
        # RabbitMQ tells others what is in such a queue only every five seconds
        with self.broker.channel(self.vhost) as channel:
            channel.queue_declare(self.queue, durable=True, arguments={"x-queue-type": "quorum"})
            channel.basic_consume(self.queue, lambda *args: None)
            self.assertIn("in use", self.forget(1, "cack", "--yes").stderr)
        until(lambda: self.ctl("forget", "cack", "--yes").returncode == 0, what="the queue to be deleted")
        self.assertFalse(self.is_there())

    def test_the_settings_of_the_agent_are_read(self):
        folder = self.path("xdg_config_home/heartbeat-consumer")
        os.mkdir(folder)
        with open(f"{folder}/cack.env", "w", encoding="utf-8") as file:
            file.write(f"RABBIT_URL={self.env['RABBIT_URL']}\n")
        self.forget(0, "cack", "--yes", RABBIT_URL=None)
        self.assertFalse(self.is_there())

    def test_the_settings_of_a_folders_service_are_read(self):
        folder = self.path("xdg_config_home/heartbeat-consumer")
        os.mkdir(folder)
        with open(f"{folder}/consumer.env", "w", encoding="utf-8") as file:
            file.write(f"RABBIT_URL={self.env['RABBIT_URL']}\n")
        with self.broker.channel(self.vhost) as channel:
            channel.basic_consume(self.queue, lambda *args: None)
            self.broker.wait_consumers(self.vhost, self.queue, 1)
            self.assertIn("take the agent's file out of its folder",
                          self.forget(1, "cack", "--yes", RABBIT_URL=None).stderr)
        self.broker.wait_consumers(self.vhost, self.queue, 0)
        self.forget(0, "cack", "--yes", RABBIT_URL=None)
        self.assertFalse(self.is_there())

    def test_of_several_brokers_each_is_asked(self):
        ended = self.forget(1, "cack", "--yes",
                            RABBIT_URL=f"amqp://guest:guest@127.0.0.1:1/ {self.env['RABBIT_URL']}")
        self.assertIn("127.0.0.1:1 cannot be asked", ended.stderr)
        self.assertFalse(self.is_there())

    def test_no_password_is_shown(self):
        ended = self.forget(1, "cack", "--yes", RABBIT_URL=self.broker.url(self.vhost, password="secret-word"))
        self.assertIn("ACCESS_REFUSED", ended.stderr.upper())
        self.assertNotIn("secret-word", ended.stdout + ended.stderr)

    def test_usage(self):
        expected = "the name of an agent, [A-Za-z0-9][A-Za-z0-9_-]{0,63}, is expected"
        for args, complaint in (((), "usage: heartbeatctl forget NAME"), (("a", "b", "--yes"), "usage: heartbeatctl forget NAME"),
                                (("a.b", "--yes"), f"{expected}: “a.b”"), (("", "--yes"), f"{expected}: “”")):
            ended = self.forget(2, *args)
            self.assertEqual((ended.stdout, ended.stderr), ("", f"heartbeatctl: {complaint}\n"))
        self.assertTrue(self.is_there())
