"""The program: settings, exit statuses, one process an agent, stopping, local ticks."""

import os
import signal

from bench import files
from bench.case import Case
from bench.kinds import measured
from bench.notify_socket import NotifySocket
from bench.ports import free_ports
from bench.wait import until


class Local(Case):
    """A test without a broker."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="1")
        self.write_checks(good={})

    def notify_socket(self):
        listener = NotifySocket(self.home)
        self.addCleanup(listener.close)
        self.env.update(listener.env())
        return listener


class Settings(Local):
    """Unusable settings are exit status 2, with a message that helps."""

    def assert_refused(self, pattern, *args, **variables):
        service, status = self.run_service(*args, **variables)
        self.assertEqual(status, 2, service.stderr)
        self.assertRegex(service.stderr, pattern)
        return service

    def assert_accepted(self, *args, **variables):
        service, status = self.run_service("--check-config", *args, **variables)
        self.assertEqual(status, 0, service.stderr)

    def test_missing_agent_name(self):
        self.assert_refused("AGENT_NAME", AGENT_NAME=None)

    def test_empty_agent_name_is_missing(self):
        self.assert_refused("AGENT_NAME", AGENT_NAME="")

    def test_missing_heartbeat_path(self):
        self.assert_refused("HEARTBEAT_PATH", HEARTBEAT_PATH=None)

    def test_bad_agent_names(self):
        for name in ("a.b", "#", "-a", "a b", "ä", "a" * 65):
            with self.subTest(name):
                self.assert_refused("A-Za-z0-9", AGENT_NAME=name)

    def test_bad_log_level(self):
        self.assert_refused("CHATTY", LOG_LEVEL="CHATTY")

    def test_log_levels_in_any_case(self):
        for level in ("debug", "Info", "WARN", "warning", "ERROR", "critical", "FATAL"):
            with self.subTest(level):
                self.assert_accepted(LOG_LEVEL=level)

    def test_bad_numbers(self):
        for variable, value in (("TICK_INTERVAL_S", "0"), ("TICK_INTERVAL_S", "86401"), ("HANDLER_TIMEOUT_S", "soon"),
                                ("HANDLER_TIMEOUT_S", "1501"), ("MAX_CONCURRENT_RUNS", "0")):
            with self.subTest(f"{variable}={value}"):
                self.assert_refused(variable, **{variable: value})

    def test_bad_words(self):
        for variable in ("TICK_SOURCE", "HEARTBEAT_BUS", "NOTIFY", "QUEUE_TYPE"):
            with self.subTest(variable):
                self.assert_refused(variable, **{variable: "nonsense"})

    def test_a_bad_url_is_refused_without_telling_its_password(self):
        service = self.assert_refused("RABBIT_URL", RABBIT_URL="http://user:secret-word@localhost/")
        self.assertNotIn("secret-word", service.stderr)

    def test_the_option_wins(self):
        self.assert_accepted("--agent", "cack", AGENT_NAME="not.good")

    def test_an_unknown_option(self):
        self.assert_refused("--nonsense", "--nonsense")

    def test_check_config_with_a_broken_file(self):
        self.write(b"{")
        self.assert_refused("heartbeat.json", "--check-config")

    def test_check_config_with_a_missing_file(self):
        os.unlink(self.config)
        self.assert_refused("heartbeat.json", "--check-config")

    def test_check_config_with_the_real_file(self):
        self.write(files.data("cack.heartbeat.json"))
        self.assert_accepted()

    def test_version(self):
        service, status = self.run_service("--version", AGENT_NAME=None, HEARTBEAT_PATH=None)
        self.assertEqual(status, 0)
        self.assertRegex("\n".join(service.stdout), r"\b\d+\.\d+\.\d+\b")

    def test_help(self):
        service, status = self.run_service("--help", AGENT_NAME=None, HEARTBEAT_PATH=None)
        self.assertEqual(status, 0)
        self.assertIn("--check-config", "\n".join(service.stdout))


class Lock(Local):
    """One process serves an agent."""

    def assert_second_names_the_first(self):
        first = self.start()
        second, status = self.run_service()
        self.assertEqual(status, 2, second.stderr)
        self.assertRegex(second.stderr, rf"\b{first.pid}\b")
        self.assertTrue(first.running)

    def test_a_second_process_is_refused(self):
        self.assert_second_names_the_first()

    def test_a_second_process_is_refused_without_a_runtime_folder(self):
        self.env["XDG_RUNTIME_DIR"] = ""
        self.assert_second_names_the_first()

    def test_a_second_process_is_refused_with_an_unusable_runtime_folder(self):
        for folder in ("/nonexistent/x", "relative", "/dev/null"):
            with self.subTest(folder):
                self.env["XDG_RUNTIME_DIR"] = folder
                self.assert_second_names_the_first()
                self.services[-2].stop()

    def test_another_agent_is_welcome(self):
        self.start()
        self.spawn(AGENT_NAME="other")
        self.bus.wait_name("org.bloodbank.Heartbeat1.other")

    def test_a_killed_process_leaves_no_lock(self):
        self.start().kill()
        self.bus.wait_name(self.agent.name, owned=False)
        self.start()


class Life(Local):
    """Readiness and the end."""

    def assert_stops(self, service, number):
        ended = service.stop(number)
        self.assertEqual(ended.status, 0, service.stderr)
        self.assert_within(ended.seconds, 1)

    @measured
    def test_sigterm(self):
        self.assert_stops(self.start(), signal.SIGTERM)

    @measured
    def test_sigint(self):
        self.assert_stops(self.start(), signal.SIGINT)

    def test_systemd_is_told(self):
        listener = self.notify_socket()
        service = self.start()
        listener.wait("READY=1")
        service.stop()
        listener.wait("STOPPING=1")

    def test_a_run_may_end_after_sigterm(self):
        listener = self.notify_socket()
        self.write_checks(slow={"handler": "command", "meta": self.gate()})
        service = self.start()
        self.wait_gate()
        service.send(signal.SIGTERM)
        listener.wait("STOPPING=1")
        self.open_gate()
        self.assertEqual(service.wait(), 0)
        self.assertGreater(self.last_run("slow"), 0)


    def test_a_second_signal_ends_the_runs(self):
        pid = self.path("pid")
        command = f"echo $$ >{pid}.new; mv {pid}.new {pid}; exec sleep 60"
        self.write_checks(long={"handler": "command", "meta": {"command": command}})
        service = self.start()
        until(lambda: os.path.exists(pid), what="the handler to run")
        with open(pid, encoding="ascii") as file:
            handler = int(file.read())
        service.send(signal.SIGTERM)
        service.wait_log("stopping")
        ended = service.stop(signal.SIGTERM)
        self.assertEqual(ended.status, 0)
        self.assertLess(ended.seconds, 9)
        service.wait_log("long failed.*the service stops")
        until(lambda: not os.path.exists(f"/proc/{handler}"), what="the handler to end")


@measured
class LifeWithBroker(Case):
    """The end, while connected."""

    def test_sigterm(self):
        self.write_checks(good={})
        service = self.start()
        ended = service.stop()
        self.assertEqual(ended.status, 0, service.stderr)
        self.assert_within(ended.seconds, 1)
        self.broker.wait_consumers(self.vhost, self.queue, 0)

    def test_systemd_is_told_when_the_consumer_is_registered(self):
        listener = NotifySocket(self.home)
        self.addCleanup(listener.close)
        self.write_checks(good={})
        self.spawn(**listener.env())
        listener.wait("READY=1")
        self.assertEqual(self.broker.consumers(self.vhost, self.queue), 1)


class LocalTicks(Local):
    """Ticks without any broker."""

    def test_the_overdue_check_runs(self):
        self.start()
        self.agent.check("good").wait("LastStatus", "success")
        self.assertTrue(self.last_run("good"))
        agent = self.agent.all()
        self.assertEqual((agent["ConnectionState"], agent["TickSource"]), ("disabled", "local"))

    def test_sub_health_is_skipped(self):
        self.write_checks(health={"handler": "sub_health"})
        self.start()
        self.agent.check("health").wait("LastStatus", "skipped")
        self.assertTrue(self.last_run("health"))

    def test_ticks_go_on(self):
        self.write_checks(a={}, b={"cadenceMs": 86400000})
        self.start()
        self.agent.check("a").wait("LastStatus", "success")
        self.agent.check("b").wait("LastStatus", "success")


class Starts(Local):
    """Two threads that are the first to use a part of GLib once waited for each other for ever."""

    def test_each_start_gets_to_work(self):
        closed, = free_ports(1)
        services = [self.spawn(TICK_SOURCE="amqp", AGENT_NAME=f"a{number}", HEARTBEAT_BUS="none",
                               RABBIT_URL=f"amqp://u:p@127.0.0.1:{closed}/") for number in range(30)]
        for service in services:
            service.wait_log("Cannot connect", timeout=60)
        for service in services:
            self.assertEqual(service.stop(timeout=60).status, 0)
