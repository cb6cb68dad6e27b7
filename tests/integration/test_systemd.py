"""What the service tells systemd: READY, STATUS, WATCHDOG, RELOADING, STOPPING."""

import os
import re
import signal
import time

from bench import files
from bench.case import Case
from bench.frozen import frozen
from bench.notify_socket import NotifySocket
from bench.ports import free_ports

WATCHDOG_S = 0.2


class Told(Case):
    """A service whose manager listens."""

    def setUp(self):
        super().setUp()
        self.systemd = NotifySocket(self.home)
        self.addCleanup(self.systemd.close)
        self.env.update(self.systemd.env())
        self.write_checks(good={})

    def after(self, line):
        """Return what was told after the first assignment like that."""
        lines = self.systemd.lines
        return lines[lines.index(line) + 1:]

    def assert_not_told(self, line):
        self.assertNotIn(line, self.systemd.lines)

    def start_stalled(self, **variables):
        """Start the service while the broker does not answer; return it and the proxy between."""
        proxy = self.behind_proxy()
        proxy.stall()
        service = self.spawn(**variables)
        self.systemd.wait_status("cack: 1 check, broker connecting")
        return service, proxy


class Readiness(Told):
    """READY=1 comes when the first attempt to register the consumer has ended."""

    def test_not_while_the_broker_does_not_answer(self):
        _, proxy = self.start_stalled()
        self.assert_not_told("READY=1")
        proxy.resume()
        self.systemd.wait("READY=1")
        self.assertEqual(self.broker.consumers(self.vhost, self.queue), 1)
        self.systemd.wait_status("cack: 1 check, broker connected$")

    def test_when_the_first_attempt_has_failed(self):
        closed, = free_ports(1)
        service = self.spawn(RABBIT_URL=f"amqp://u:p@127.0.0.1:{closed}/")
        self.systemd.wait("READY=1")
        service.wait_log("Cannot connect")
        self.systemd.wait_status("broker (waiting|connecting)")

    def test_a_broken_file_is_no_reason_to_wait(self):
        self.write(b'{"checks": [}')
        self.spawn()
        self.systemd.wait("READY=1")
        self.systemd.wait_status(r"cack: 0 checks, broker .*, heartbeat\.json: line 1, column 13: ")

    def test_no_agent_at_all_is_no_reason_to_wait(self):
        self.spawn(AGENT_NAME=None, HEARTBEAT_PATH=None, HEARTBEAT_DIR=self.path("nothing"))
        self.systemd.wait("READY=1")
        self.systemd.wait_status("0 agents, 1 problem, broker .*nothing")

    def test_unusable_settings_are_never_ready(self):
        _, status = self.run_service(LOG_LEVEL="CHATTY")
        self.assertEqual((status, self.systemd.lines), (2, []))

    def test_a_manager_that_reads_nothing_holds_up_nobody(self):
        self.systemd.fill()
        service = self.start(WATCHDOG_USEC="200000")
        self.tick_runs("good")
        self.systemd.wait("READY=1")
        self.systemd.fill()
        self.assertEqual(service.stop().status, 0)

    def test_once(self):
        proxy = self.behind_proxy()
        self.start()
        self.systemd.wait("READY=1")
        proxy.stop()
        self.systemd.wait_status("broker waiting")
        proxy.start()
        self.systemd.wait_status("broker connected")
        self.assertEqual(self.systemd.lines.count("READY=1"), 1)

    def test_nobody_listens(self):
        service = self.start(NOTIFY_SOCKET=self.path("nobody"))
        self.assertEqual(service.stop().status, 0)


class Reload(Told):
    """SIGHUP is told from its begin to its end."""

    def reload(self, service):
        """Add a check and have it read."""
        self.write_checks(good={}, better={})
        service.send(signal.SIGHUP)

    def test_it_is_told(self):
        service = self.start()
        self.systemd.wait("READY=1")
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.reload(service)
        self.systemd.wait("READY=1", count=2)
        told = self.after("RELOADING=1")
        self.assertIn("READY=1", told)
        stamp = re.fullmatch(r"MONOTONIC_USEC=(\d+)", told[0])
        self.assertGreaterEqual(int(stamp.group(1)), before)
        self.systemd.wait_status("cack: 2 checks")

    def test_each_is_told(self):
        service = self.start()
        self.systemd.wait("READY=1")
        for count in (2, 3, 4):
            service.send(signal.SIGHUP)
            self.systemd.wait("READY=1", count=count)
        self.assertEqual(self.systemd.lines.count("RELOADING=1"), 3)

    def test_one_before_it_is_ready_does_not_make_it_ready(self):
        service, proxy = self.start_stalled()
        self.reload(service)
        self.systemd.wait_status("cack: 2 checks, broker connecting")
        self.assert_not_told("READY=1")
        self.assert_not_told("RELOADING=1")
        proxy.resume()
        self.systemd.wait("READY=1")

    def test_one_after_the_stop_is_not_told(self):
        self.write_checks(slow={"handler": "command", "meta": self.gate()})
        service = self.start()
        self.tick()
        self.wait_gate()
        service.send(signal.SIGTERM)
        self.systemd.wait("STOPPING=1")
        service.send(signal.SIGHUP)
        self.open_gate()
        self.assertEqual(service.wait(), 0)
        self.assertEqual(self.after("STOPPING=1"), ["STATUS=stopping"])

    def test_of_a_folder(self):
        folder = self.path("agents")
        os.mkdir(folder)
        files.write(os.path.join(folder, "ann.json"), files.heartbeat({"good": {}}, agent="ann"))
        service = self.spawn(AGENT_NAME=None, HEARTBEAT_PATH=None, HEARTBEAT_DIR=folder)
        self.systemd.wait("READY=1")
        service.send(signal.SIGHUP)
        self.systemd.wait("READY=1", count=2)
        self.assertIn("READY=1", self.after("RELOADING=1"))
        self.systemd.wait_status("1 agent, broker connected$")


class Watchdog(Told):
    """WATCHDOG=1 comes from the main loop."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local")

    def assert_none(self, **variables):
        """Nothing comes while a timer of a second fires twice; who is asked has said more than that by then."""
        self.start(TICK_INTERVAL_S="1", **variables)
        self.agent.wait("TicksReceived", 2)
        self.assert_not_told("WATCHDOG=1")

    def test_none_where_systemd_does_not_ask(self):
        self.assert_none()

    def test_none_for_another_process(self):
        self.assert_none(WATCHDOG_USEC=str(int(WATCHDOG_S * 1e6)), WATCHDOG_PID="1")

    def test_none_while_the_loop_hangs(self):
        service = self.start(WATCHDOG_USEC=str(int(WATCHDOG_S * 1e6)))
        self.systemd.wait("WATCHDOG=1", count=3)
        with frozen(service.pid):
            told = self.systemd.lines.count("WATCHDOG=1")
            # nothing announces that nothing comes
            time.sleep(3 * WATCHDOG_S)
            self.assertEqual(self.systemd.lines.count("WATCHDOG=1"), told)
        self.systemd.wait("WATCHDOG=1", count=told + 1)


class Stop(Told):
    """The end."""

    def test_it_is_told_first(self):
        service = self.start()
        self.systemd.wait("READY=1")
        service.stop()
        self.assertEqual(self.after("STOPPING=1"), ["STATUS=stopping"])
