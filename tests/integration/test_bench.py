"""The bench itself: what the other tests stand on."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import textwrap
import threading
import time
import unittest

import pika

from bench import files, process
from bench.bus import Bus
from bench.case import Case, shared_broker
from bench.notifications import NAME, PATH, Notifications
from bench.notify_socket import NotifySocket
from bench.ports import accepts, free_ports
from bench.proxy import DOWN, Proxy
from bench.wait import Timeout, until


class BrokerBench(unittest.TestCase):
    """The private broker."""

    def setUp(self):
        self.broker = shared_broker()
        self.vhost = self.enterContext(self.broker.vhost())

    def test_a_published_message_can_be_got(self):
        self.broker.collect(self.vhost, "q", "system.heartbeat.#")
        self.broker.publish(self.vhost, "system.heartbeat.tick", b"body", message_id="1")
        self.assertEqual(self.broker.queue_depth(self.vhost, "q"), (1, 0))
        method, properties, body = self.broker.get(self.vhost, "q")
        self.assertEqual((method.routing_key, properties.message_id, body), ("system.heartbeat.tick", "1", b"body"))
        self.assertEqual(self.broker.queue_depth(self.vhost, "q"), (0, 0))

    def test_unrouted_is_an_error(self):
        self.broker.collect(self.vhost, "q", "a")
        with self.assertRaises(pika.exceptions.UnroutableError):
            self.broker.publish(self.vhost, "b", b"")

    def test_unacknowledged_messages_and_consumers_are_counted(self):
        self.broker.collect(self.vhost, "q", "k")
        self.assertEqual(self.broker.consumers(self.vhost, "q"), 0)
        with self.broker.channel(self.vhost) as channel:
            channel.basic_consume("q", lambda *_: None)
            self.broker.wait_consumers(self.vhost, "q")
            self.broker.publish(self.vhost, "k", b"1")
            self.broker.wait_depth(self.vhost, "q", (0, 1))

    def test_of_a_missing_queue_nothing_is_known(self):
        self.assertIsNone(self.broker.queue_depth(self.vhost, "none"))
        self.assertEqual(self.broker.consumers(self.vhost, "none"), 0)

    def test_vhosts_are_apart(self):
        self.broker.collect(self.vhost, "q", "k")
        with self.broker.vhost() as other:
            self.assertIsNone(self.broker.queue_depth(other, "q"))

    def test_rabbitmqctl_works(self):
        self.assertIn(self.vhost, self.broker.ctl("list_vhosts"))

    def test_connections_can_be_closed_by_the_broker(self):
        connection = self.broker.connect(self.vhost)
        with self.assertRaises(pika.exceptions.ConnectionClosedByBroker):
            self.broker.close_connections()
            connection.process_data_events(20)

    def test_a_restart_keeps_durable_queues(self):
        self.broker.collect(self.vhost, "q", "k")
        self.broker.publish(self.vhost, "k", b"kept", delivery_mode=2)
        self.broker.stop()
        self.assertFalse(accepts(self.broker.port))
        self.broker.start()
        self.assertEqual(self.broker.wait_message(self.vhost, "q")[2], b"kept")

    def test_it_listens_on_loopback_only(self):
        answer = self.broker.eval("[inet:sockname(P) || P <- erlang:ports(), "
                                  "erlang:port_info(P, name) =:= {name, \"tcp_inet\"}]")
        self.assertIn("{127, 0, 0, 1}", answer)
        self.assertNotIn("{0, 0, 0, 0}", answer)


class BusBench(unittest.TestCase):
    """The private bus and the mock notification server."""

    def setUp(self):
        self.bus = Bus()
        self.addCleanup(self.bus.close)
        self.bus.start()

    def notifications(self):
        server = Notifications(self.bus)
        self.addCleanup(server.stop)
        server.start()
        return server

    def notify(self, summary="summary"):
        return self.bus.call(NAME, PATH, NAME, "Notify", "(susssasa{sv}i)", "app", 0, "icon", summary, "body",
                             ["again", "Run again"], {}, -1)[0]

    def test_names_come_and_go(self):
        self.assertFalse(self.bus.has_name(NAME))
        server = self.notifications()
        server.stop()
        self.bus.wait_name(NAME, owned=False)

    def test_calls_are_read_back(self):
        server = self.notifications()
        self.assertEqual(server.calls(), [])
        number = self.notify("one & two")
        call, = server.wait_calls()
        self.assertEqual((call.summary, call.actions), ("one & two", ["again", "Run again"]))
        self.bus.call(NAME, PATH, NAME, "CloseNotification", "(u)", number)
        self.assertEqual(server.wait_calls(method="CloseNotification"), [(number,)])

    def test_a_click_is_a_signal(self):
        server = self.notifications()
        recorder = self.bus.record(NAME)
        server.invoke(1, "again")
        self.assertEqual(recorder.wait("ActionInvoked").args, (1, "again"))
        self.assertEqual(recorder.matching("ActionInvoked", 2), [])

    def test_a_frozen_server_answers_after_thawing(self):
        server = self.notifications()
        server.freeze()
        with self.assertRaises(Exception) as raised:
            self.bus.call(NAME, PATH, NAME, "GetCapabilities", timeout=0.2)
        self.assertIn("imeout", str(raised.exception))
        server.thaw()
        self.notify()

    def test_the_bus_comes_back_on_its_address(self):
        address = self.bus.address
        self.bus.stop()
        self.bus.start()
        self.assertEqual(self.bus.address, address)


class LatencyBench(Case):
    """The probe in the service, from outside."""

    with_broker = False
    probed = True

    def test_a_loop_that_stands_still(self):
        self.write_checks(a={})
        service = self.start(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        service.send(signal.SIGSTOP)
        time.sleep(0.2)
        service.send(signal.SIGCONT)
        own, raw = service.latency.worst_ms()
        self.assertGreater(raw, 180)
        # a stopped process waits for no processor
        self.assertGreater(own, 100)
        service.latency.reset()
        self.assertLess(service.latency.worst_ms()[0], own)

    def test_what_the_service_starts_is_not_measured(self):
        self.write_checks(probe={"handler": "command", "meta": {"command": "env | grep -c -e PROBE -e PRELOAD; true"}})
        self.start(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        self.assertEqual(self.agent.run("probe")["message"], "0")


class ProxyBench(unittest.TestCase):
    """The bad network."""

    def setUp(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.server.close)
        threading.Thread(target=self.echo, daemon=True).start()
        self.proxy = Proxy(self.server.getsockname()[1])
        self.addCleanup(self.proxy.stop)

    def echo(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.echo_one, args=self.server.accept()[:1], daemon=True).start()

    @staticmethod
    def echo_one(client):
        with client, contextlib.suppress(OSError):
            while data := client.recv(100):
                client.sendall(data)

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.proxy.port), 10)
        self.addCleanup(client.close)
        return client

    def exchange(self, client, data):
        client.sendall(data)
        answer = b""
        while len(answer) < len(data):
            answer += client.recv(100) or self.fail("cut off")
        return answer

    def test_it_forwards(self):
        self.proxy.start()
        self.assertEqual(self.exchange(self.connect(), b"hello"), b"hello")

    def test_it_refuses_until_started_and_after_stop(self):
        with self.assertRaises(ConnectionRefusedError):
            self.connect()
        self.proxy.start()
        self.connect()
        self.proxy.stop()
        until(lambda: not accepts(self.proxy.port), what="the proxy to refuse")

    def test_it_splits(self):
        self.proxy.split = True
        self.proxy.start()
        self.assertEqual(self.exchange(self.connect(), b"hello"), b"hello")
        until(lambda: self.proxy.passed == 10, what="ten single bytes")

    def test_it_stalls_and_resumes(self):
        self.proxy.start()
        client = self.connect()
        self.exchange(client, b"a")
        self.proxy.stall()
        client.sendall(b"b")
        client.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            client.recv(1)
        self.proxy.resume()
        client.settimeout(10)
        self.assertEqual(client.recv(1), b"b")

    def test_it_pauses_one_direction(self):
        self.proxy.start()
        client = self.connect()
        self.exchange(client, b"a")
        self.proxy.pause(DOWN)
        client.sendall(b"bc")
        until(lambda: self.proxy.passed == 4, what="the way to the server")

    def test_it_resets(self):
        self.proxy.start()
        client = self.connect()
        self.exchange(client, b"a")
        self.proxy.reset()
        with self.assertRaises(ConnectionResetError):
            client.recv(1)

    def test_it_resets_at_random(self):
        self.proxy.split = True
        self.proxy.reset_at_random(0.2)
        self.proxy.start()
        with self.assertRaises(ConnectionResetError):
            for _ in range(100):
                self.exchange(self.connect(), b"hello hello hello")

    def test_it_carries_amqp_byte_by_byte(self):
        broker = shared_broker()
        proxy = Proxy(broker.port)
        self.addCleanup(proxy.stop)
        proxy.split = True
        proxy.start()
        parameters = pika.URLParameters(broker.url("/", port=proxy.port))
        pika.BlockingConnection(parameters).close()


class HelpersBench(unittest.TestCase):
    """Waiting, files, the notify socket."""

    def test_until_names_what_it_waited_for(self):
        with self.assertRaisesRegex(Timeout, "0.05 s for the moon; last seen: 0"):
            until(lambda: 0, timeout=0.05, what="the moon")

    def test_free_ports_differ(self):
        self.assertEqual(len(set(free_ports(5))), 5)

    def test_the_real_file_has_three_checks(self):
        self.assertEqual(files.without_last_run(files.data("cack.heartbeat.json")).count(b"#"), 3)

    def test_the_notify_socket_listens(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        listener = NotifySocket(folder)
        self.addCleanup(listener.close)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.sendto(b"READY=1\nSTATUS=fine", os.path.join(folder, "notify"))
        listener.wait("READY=1")
        self.assertIn("STATUS=fine", listener.lines)


class RunnerBench(unittest.TestCase):
    """run_tests.py, with tests of its own."""

    def run_tests(self, body, *args):
        """Run test methods with these bodies; return the exit status and the lines that the runner writes."""
        here, folder = os.path.dirname(os.path.abspath(__file__)), tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        for name in ("run_tests.py", "bench"):
            os.symlink(os.path.join(here, name), os.path.join(folder, name))
        with open(os.path.join(folder, "test_tried.py"), "w", encoding="utf-8") as file:
            file.write("import os, signal, threading, unittest\nclass T(unittest.TestCase):\n" +
                       textwrap.indent(textwrap.dedent(body), "    "))
        runner = process.spawn(["/usr/bin/python3", os.path.join(folder, "run_tests.py"), "--jobs", "2", *args],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        output = runner.communicate(timeout=60)[0].splitlines()
        return runner.returncode, output

    def assert_tests(self, output, passed, failed):
        """Those tests have passed, and those have failed."""
        for status, names in (("ok", passed), ("FAIL", failed)):
            found = [line.rpartition(".T.test_")[2] for line in output if line.startswith(f"{status:4} ")]
            self.assertEqual(sorted(found), names, output)
        self.assertEqual(output[-1], f"{len(passed)} passed, {len(failed)} failed")

    def test_only_the_test_whose_process_died_fails(self):
        status, output = self.run_tests("""
            def test_a(self): pass
            def test_b(self): os._exit(0)
            def test_c(self): pass
            def test_d(self): os.kill(os.getpid(), signal.SIGKILL)
            def test_e(self): pass
            def test_f(self): pass
            def test_g(self): raise KeyboardInterrupt
            """)
        self.assertEqual(status, 1)
        self.assert_tests(output, ["a", "c", "e", "f"], ["b", "d", "g"])
        self.assertIn("The process that ran it ended, with exit status -9.", output)

    def test_a_test_leaves_nothing_behind(self):
        status, output = self.run_tests("""
            def test_a(self): os.environ["LEFT"] = "1"
            def test_b(self): self.assertNotIn("LEFT", os.environ)
            def test_c(self): os.chdir("/proc/self")
            def test_d(self): self.assertNotIn("proc", os.getcwd())
            def test_e(self): threading.Thread(target=signal.pause, name="sleeper").start()
            def test_f(self): threading.Thread(target=signal.pause, daemon=True).start()
            """, "--jobs", "1")
        self.assertEqual(status, 1)
        self.assert_tests(output, ["b", "d", "f"], ["a", "c", "e"])
        self.assertIn("=== test_tried.T.test_e: leaves sleeper running", output)

    def test_a_full_name_is_one_test(self):
        status, output = self.run_tests("""
            def test_a(self): pass
            def test_ab(self): pass
            def test_b(self): pass
            """, "test_tried.T.test_a", "T.test_b")
        self.assertEqual(status, 0)
        self.assert_tests(output, ["a", "b"], [])
