"""heartbeatctl doctor, against a real broker in every kind of disorder."""

import contextlib
import json
import os
import subprocess
import time

from bench import files
from bench.case import Case
from bench.ports import free_ports
from bench.service import program
from bench.wait import until

EXCHANGE = "bloodbank.events.v1"
# LeakSanitizer itself crashes (signal 11 in its tracer) as heartbeatctl ends after GIO has spoken TLS, in `tick` as well:
# leaks are not looked for there
NO_LEAKS = "detect_leaks=0"
STAGES = ["broker", "tls", "amqp", "credentials", "vhost"]
AGENT = ["bus", "service", "ticks", "notifications", "file", "schema", "window", "clock", "handlers"]


class Doctor(Case):
    """A test that reads what the doctor finds."""

    def setUp(self):
        super().setUp()
        self.write_checks(good={})

    def doctor(self, status, *args, **variables):
        """Run it with --json, expect that exit status; return its rows by name, the last of each name."""
        ended = self.ctl("doctor", "--json", *args, **variables)
        self.assertEqual(ended.returncode, status, ended.stdout + ended.stderr)
        self.assertEqual(ended.stderr, "")
        document = json.loads(ended.stdout)
        self.assertEqual(document["healthy"], status == 0)
        return {row["check"]: row for row in document["checks"]}

    def assert_found(self, rows, check, status, message="", advice=""):
        """A row has that status, with those words, and an advice where something is wrong."""
        row = rows[check]
        self.assertEqual(row["status"], status, row)
        self.assertIn(message, row["message"])
        self.assertIn(advice, row["advice"] or "")
        self.assertEqual(row["advice"] is not None, status in ("warning", "failed"), row)

    def assert_fails_at(self, rows, stage, message="", advice=""):
        """The connection comes as far as a stage; what needs more is skipped."""
        at = STAGES.index(stage)
        for name in STAGES[:at]:
            self.assert_found(rows, name, "ok")
        self.assert_found(rows, stage, "failed", message, advice)
        for name in STAGES[at + 1:] + ["exchange", "exchange-type", "queue", "agent-binding", "consumers", "messages"]:
            self.assert_found(rows, name, "skipped")

    def declare(self, *keys, exchange_type="topic", **queue):
        """Declare what the service would, with differences."""
        with self.broker.channel(self.vhost) as channel:
            channel.exchange_declare(EXCHANGE, exchange_type, durable=True)
            channel.queue_declare(self.queue, durable=True, **queue)
            for key in keys or ("agent.cack.#", "system.heartbeat.#"):
                channel.queue_bind(self.queue, EXCHANGE, key)


class WithService(Doctor):
    """The service runs."""

    def setUp(self):
        super().setUp()
        self.service = self.start()

    def test_all_is_good(self):
        self.notifications()
        self.tick_runs("good")
        rows = self.doctor(0)
        self.assertEqual({name: row["status"] for name, row in rows.items()}, dict.fromkeys(rows, "ok"))
        self.assertEqual(list(rows), ["settings", *STAGES, "exchange", "exchange-type", "queue", "queue-type",
                                      "agent-binding", "tick-binding", "consumers", "messages", *AGENT])
        self.assertEqual({name for row in rows.values() for name in row},
                         {"check", "broker", "status", "message", "advice"})

    def test_the_table_has_no_colours_and_no_password(self):
        ended = self.ctl("doctor", RABBIT_URL=self.broker.url(self.vhost, password="secret-word"))
        self.assertEqual(ended.returncode, 1)
        self.assertIn("✗ Credentials", ended.stdout)
        self.assertIn("\n    → ", ended.stdout)
        self.assertNotIn("\033", ended.stdout)
        self.assertNotIn("secret-word", ended.stdout + ended.stderr)

    def test_a_probe_is_passed_on_to_nobody(self):
        self.doctor(0)
        self.wait_acknowledged()
        self.publish("agent.cack.letter", b'{"event_type": "letter"}')
        self.signals.wait("MessageReceived", "agent.cack.letter")
        self.assertEqual([signal.args[0] for signal in self.signals.matching("MessageReceived")], ["agent.cack.letter"])
        self.assertEqual(self.agent.get("MessagesRejected"), 0)

    def test_the_agent_is_found_on_the_bus(self):
        self.doctor(0, AGENT_NAME=None)

    def test_a_missing_binding_fails(self):
        with self.broker.channel(self.vhost) as channel:
            channel.queue_unbind(self.queue, EXCHANGE, "system.heartbeat.#")
        rows = self.doctor(1)
        self.assert_found(rows, "agent-binding", "ok")
        self.assert_found(rows, "tick-binding", "failed", "system.heartbeat.#", "restart")
        self.assert_found(rows, "consumers", "ok")

    def test_two_consumers_are_a_warning(self):
        with self.broker.channel(self.vhost) as channel:
            channel.basic_consume(self.queue, lambda *args: None)
            self.broker.wait_consumers(self.vhost, self.queue, 2)
            self.assert_found(self.doctor(0), "consumers", "warning", "2 consumers", "list_consumers")


    def test_no_tick_is_a_warning(self):
        self.assert_found(self.doctor(0), "ticks", "warning", "none", "heartbeat-tick.timer")

    def test_a_late_tick_is_a_warning(self):
        self.tick_runs("good")
        until(lambda: self.doctor(0, TICK_INTERVAL_S="1")["ticks"]["status"] == "warning", what="the tick to be old")
        self.assert_found(self.doctor(0), "ticks", "ok", "ago")

    def test_handlers_are_those_of_the_service(self):
        self.write_checks(good={}, theirs={"handler": "theirs"}, lost={"handler": "nowhere"})
        self.agent.call("Reload")
        self.assert_found(self.doctor(0), "handlers", "warning", "lost (nowhere), theirs (theirs)", "D-Bus")
        self.agent.call("RegisterHandler", "(so)", "theirs", "/handler")
        rows = self.doctor(0)
        self.assert_found(rows, "handlers", "warning", "lost (nowhere)")
        self.assertNotIn("theirs", rows["handlers"]["message"])

    def test_the_service_names_the_file(self):
        self.assert_found(self.doctor(0, HEARTBEAT_PATH=None), "file", "ok", self.config)


class WithoutService(Doctor):
    """What the broker has is not what the service would have made; the service is off, which is one failure."""

    def test_nothing_is_there_and_nothing_is_made(self):
        for _ in range(2):
            rows = self.doctor(1)
            self.assert_found(rows, "exchange", "failed", "not there", "systemctl --user start heartbeat-consumer@cack")
            self.assert_found(rows, "exchange-type", "skipped")
            self.assert_found(rows, "queue", "failed", "not there", "systemctl --user start heartbeat-consumer@cack")
            self.assert_found(rows, "agent-binding", "skipped")
            self.assert_found(rows, "service", "failed", "cack", "systemctl --user start heartbeat-consumer@cack")

    def test_no_consumer_is_a_warning(self):
        self.declare()
        rows = self.doctor(0, HEARTBEAT_BUS="none")
        self.assert_found(rows, "consumers", "warning", "no consumer", "systemctl --user start heartbeat-consumer@cack")
        self.assert_found(rows, "service", "skipped")
        self.assertEqual(self.broker.queue_depth(self.vhost, self.queue), (0, 0))

    def test_waiting_messages_are_a_warning(self):
        self.declare()
        with self.broker.channel(self.vhost) as channel:
            for _ in range(101):
                channel.basic_publish(EXCHANGE, "agent.cack.letter", b"{}")
        rows = self.doctor(0, HEARTBEAT_BUS="none")
        self.assert_found(rows, "messages", "warning", "101")
        self.assert_found(rows, "tick-binding", "skipped", "101")
        self.assertEqual(self.broker.queue_depth(self.vhost, self.queue), (101, 0))

    def test_an_exchange_of_another_type_fails(self):
        self.declare(exchange_type="direct")
        rows = self.doctor(1, HEARTBEAT_BUS="none")
        self.assert_found(rows, "exchange", "ok")
        self.assert_found(rows, "exchange-type", "failed", "inequivalent arg 'type'", "EXCHANGE_NAME")

    def test_a_queue_of_another_type_is_a_warning(self):
        self.declare()
        rows = self.doctor(0, "--queue-type=quorum", HEARTBEAT_BUS="none")
        self.assert_found(rows, "queue", "ok")
        self.assert_found(rows, "queue-type", "warning", "x-queue-type", "QUEUE_TYPE")

    def test_a_queue_that_somebody_has_alone_fails(self):
        with contextlib.closing(self.broker.connect(self.vhost)) as connection:
            connection.channel().queue_declare(self.queue, exclusive=True)
            self.assert_found(self.doctor(1), "queue", "failed", "405", "owner_pid")

    def test_missing_rights_fail(self):
        self.declare()
        self.broker.eval('rabbit_auth_backend_internal:add_user(<<"weak">>, <<"weak">>, <<"guest">>), '
                         f'rabbit_auth_backend_internal:set_permissions(<<"weak">>, <<"{self.vhost}">>, '
                         '<<"">>, <<"">>, <<".*">>, <<"guest">>)')
        self.addCleanup(self.broker.eval, 'rabbit_auth_backend_internal:delete_user(<<"weak">>, <<"guest">>)')
        rows = self.doctor(1, RABBIT_URL=self.broker.url(self.vhost).replace("guest:guest", "weak:weak"))
        self.assert_found(rows, "vhost", "ok")
        self.assert_found(rows, "exchange-type", "failed", "403", "set_permissions")
        self.assert_found(rows, "agent-binding", "failed", "403", "set_permissions")

    def test_a_wrong_password(self):
        rows = self.doctor(1, RABBIT_URL=self.broker.url(self.vhost, password="secret-word"))
        self.assert_fails_at(rows, "credentials", "wrong user name or password", "change_password")
        self.assertNotIn("secret-word", json.dumps(rows))

    def test_an_unknown_vhost(self):
        self.assert_fails_at(self.doctor(1, RABBIT_URL=self.broker.url("none")), "vhost", "none", "add_vhost")

    def test_nobody_listens(self):
        self.assert_fails_at(self.doctor(1, RABBIT_URL="amqp://guest:guest@127.0.0.1:1/"), "broker", "127.0.0.1:1",
                             "5672")

    def test_tls_to_a_plain_port(self):
        url = self.broker.url(self.vhost).replace("amqp:", "amqps:")
        self.assert_fails_at(self.doctor(1, RABBIT_URL=url, ASAN_OPTIONS=NO_LEAKS), "tls", advice="amqp://")

    def test_each_broker_is_looked_at(self):
        self.declare()
        ended = self.ctl("doctor", "--json", HEARTBEAT_BUS="none",
                         RABBIT_URL=f"{self.env['RABBIT_URL']} amqp://guest:guest@127.0.0.1:1/")
        found = {(row["check"], row["broker"]): row["status"] for row in json.loads(ended.stdout)["checks"]}
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(found["broker", f"127.0.0.1:{self.broker.port}"], "ok")
        self.assertEqual(found["tick-binding", f"127.0.0.1:{self.broker.port}"], "ok")
        self.assertEqual(found["broker", "127.0.0.1:1"], "failed")

    def test_the_services_own_file_is_read(self):
        self.declare()
        folder = self.path("xdg_config_home/heartbeat-consumer")
        subprocess.run(["mkdir", folder], check=True)
        with open(f"{folder}/cack.env", "w", encoding="utf-8") as file:
            file.write(f"# the broker\nRABBIT_URL=\"{self.env['RABBIT_URL']}\"\nHEARTBEAT_BUS=none\n")
        rows = self.doctor(0, RABBIT_URL=None)
        self.assert_found(rows, "settings", "ok", "cack.env")
        self.assert_found(rows, "queue", "ok")

    def test_the_file_of_a_folders_service_is_read(self):
        folder = self.path("xdg_config_home/heartbeat-consumer")
        os.mkdir(folder)
        with open(f"{folder}/consumer.env", "w", encoding="utf-8") as file:
            file.write("EXCHANGE_NAME=other\n")
        with open(f"{folder}/consumer.rabbit-url", "w", encoding="utf-8") as file:
            file.write(self.env["RABBIT_URL"] + "\n")
        rows = self.doctor(1, RABBIT_URL=None, EXCHANGE_NAME=None)
        self.assert_found(rows, "settings", "ok", "consumer.rabbit-url")
        self.assert_found(rows, "exchange", "failed", "other", "systemctl --user start heartbeat-consumer")
        self.assertNotIn("@", rows["exchange"]["advice"])
        # an agent with settings of its own has a service of its own
        with open(f"{folder}/cack.env", "w", encoding="utf-8") as file:
            file.write(f"RABBIT_URL={self.env['RABBIT_URL']}\n")
        self.assert_found(self.doctor(1, RABBIT_URL=None), "settings", "ok", "cack.env")

    def test_the_credential_is_read(self):
        with open(self.path("rabbit-url"), "w", encoding="utf-8") as file:
            file.write(self.env["RABBIT_URL"] + "\n")
        rows = self.doctor(1, RABBIT_URL=None, CREDENTIALS_DIRECTORY=self.home)
        self.assert_found(rows, "settings", "ok", "rabbit-url")
        self.assert_found(rows, "vhost", "ok")

    def test_the_file_that_a_unit_gives_as_the_credential_is_read(self):
        folder = self.path("xdg_config_home/heartbeat-consumer")
        subprocess.run(["mkdir", folder], check=True)
        with open(f"{folder}/cack.rabbit-url", "w", encoding="utf-8") as file:
            file.write(self.env["RABBIT_URL"] + "\n")
        rows = self.doctor(1, RABBIT_URL=None)
        self.assert_found(rows, "settings", "ok", "cack.rabbit-url")
        self.assert_found(rows, "vhost", "ok")

    def test_no_broker_is_needed_for_local_ticks(self):
        rows = self.doctor(0, RABBIT_URL=None, TICK_SOURCE="local", HEARTBEAT_BUS="none")
        self.assertEqual(list(rows), ["settings", *AGENT])

    def test_an_unusable_url_fails_without_showing_it(self):
        rows = self.doctor(1, RABBIT_URL="amqp://guest:secret/word@127.0.0.1/")
        self.assert_found(rows, "settings", "failed", advice="RABBIT_URL")
        self.assertNotIn("secret", json.dumps(rows))


class Tls(Doctor):
    """The broker listens with TLS, too, with a certificate that nobody trusts."""

    def setUp(self):
        super().setUp()
        key, certificate = self.path("key.pem"), self.path("certificate.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", certificate, "-subj", "/CN=other.invalid", "-days", "2"],
                       check=True, capture_output=True)
        (self.port,) = free_ports(1)
        self.broker.eval('rabbit_networking:ensure_ssl(), rabbit_networking:start_ssl_listener('
                         f'{{"127.0.0.1", {self.port}}}, [{{certfile, "{certificate}"}}, {{keyfile, "{key}"}}], 1)')
        self.addCleanup(self.broker.eval, f'rabbit_networking:stop_tcp_listener({{"127.0.0.1", {self.port}}})')

    def test_a_certificate_that_is_not_trusted(self):
        url = self.broker.url(self.vhost, self.port).replace("amqp:", "amqps:")
        self.assert_fails_at(self.doctor(1, RABBIT_URL=url, ASAN_OPTIONS=NO_LEAKS), "tls", "certificate", "authority")

    def test_a_tls_port_spoken_to_plainly(self):
        self.assert_fails_at(self.doctor(1, RABBIT_URL=self.broker.url(self.vhost, self.port)), "amqp",
                             advice="amqps://")


class File(Doctor):
    """What is read without broker and service."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", HEARTBEAT_BUS="none")

    def test_no_path(self):
        rows = self.doctor(1, HEARTBEAT_PATH=None)
        self.assert_found(rows, "file", "failed", "HEARTBEAT_PATH", "heartbeatctl init cack")
        for name in ("schema", "window", "handlers"):
            self.assert_found(rows, name, "skipped")
        self.assert_found(rows, "clock", "ok")

    def test_the_path_may_be_an_option(self):
        self.assert_found(self.doctor(0, "--config", self.config, HEARTBEAT_PATH=None), "file", "ok", self.config)

    def test_no_file(self):
        self.assert_found(self.doctor(1, HEARTBEAT_PATH=self.path("none")), "file", "failed", self.path("none"),
                          f"heartbeatctl init cack --config {self.path('none')}")

    def test_a_folder_and_a_pipe_are_no_files(self):
        os.mkfifo(self.path("pipe"))
        for path in (self.home, self.path("pipe")):
            self.assert_found(self.doctor(1, HEARTBEAT_PATH=path), "file", "failed", path, "HEARTBEAT_PATH")

    def test_a_file_that_cannot_be_replaced(self):
        if subprocess.run(["unshare", "-m", "mount", "--bind", "/tmp", "/tmp"], check=False,
                          capture_output=True).returncode != 0:
            self.skipTest("no mount namespaces here")
        for mount in ('mount --bind "$0" "$0"', 'd=${0%/*}; mount --bind "$d" "$d" && mount -o remount,bind,ro "$d"'):
            ended = subprocess.run(["unshare", "-m", "sh", "-c", mount + ' && exec "$@"', self.config,
                                    program("HEARTBEATCTL"), "doctor", "--json"], env=self.env, capture_output=True,
                                   text=True, check=False)
            rows = {row["check"]: row for row in json.loads(ended.stdout)["checks"]}
            self.assert_found(rows, "file", "warning", "cannot be saved", "cack.json")
            self.assert_found(rows, "schema", "ok")

    def test_a_broken_file(self):
        self.write(b'{"agent": "cack",\n  "checks": {]}')
        rows = self.doctor(1)
        self.assert_found(rows, "file", "ok")
        self.assert_found(rows, "schema", "failed", f"{self.config}:2:14: ", f"heartbeatctl validate {self.config}")
        for name in ("window", "handlers"):
            self.assert_found(rows, name, "skipped")

    def test_invalid_checks(self):
        self.write_checks(good={}, fast={"cadenceMs": 1}, slow={"cadenceMs": -1})
        rows = self.doctor(1)
        self.assert_found(rows, "schema", "failed", "2 problems", "validate")
        self.assertIn(f"{self.config}:", rows["schema"]["message"])
        self.assert_found(rows, "window", "ok", "1 of 3 checks may run, 2 invalid")

    def test_the_file_of_another_agent(self):
        self.write(self.read().replace(b'"cack"', b'"other"'))
        self.assert_found(self.doctor(0), "schema", "warning", "other", "HEARTBEAT_PATH")

    def test_what_may_run_now(self):
        never = {"window": {"start": "00:00", "end": "00:00", "tz": "UTC", "days": ["mon"]}}
        now = time.gmtime()
        if (now.tm_wday, now.tm_hour) in ((6, 23), (0, 0)):
            never["window"]["days"] = ["thu"]
        self.write_checks(good={}, outside=never, off={"enabled": False},
                          other={"quarterOf": "year", "triggerOnQuarters": [f"Q{(now.tm_mon + 4) // 3 % 4 + 1}"]})
        rows = self.doctor(0)
        self.assert_found(rows, "window", "ok", "1 of 4 checks may run, 1 outside its window, 1 outside its "
                                                "quarters, 1 disabled")
        document = json.loads(self.read())
        self.write(json.dumps({**document, "paused": {"good": True}}).encode())
        self.assert_found(self.doctor(0), "window", "ok", "0 of 4 checks may run, 1 outside its window, 1 outside "
                                                          "its quarters, 1 paused, 1 disabled")
        self.write(json.dumps({**document, "paused": {"*": True}}).encode())
        self.assert_found(self.doctor(0), "window", "ok", "0 of 4 checks may run, 3 paused, 1 disabled")

    def test_a_last_run_in_the_future(self):
        now = time.time_ns() // 1_000_000
        self.write_checks(good={"lastRun": now + 30_000, "cadenceMs": 60_000},
                          ahead={"lastRun": now + 10_000_000, "cadenceMs": 60_000})
        rows = self.doctor(0)
        self.assert_found(rows, "clock", "warning", "ahead", "timedatectl")
        self.assertNotIn("good", rows["clock"]["message"])

    def test_handlers_without_a_service(self):
        self.write_checks(**{name: {"handler": name} for name in ("default", "sub_health", "command",
                                                                  "quarterly_compaction", "mine")})
        self.assert_found(self.doctor(0), "handlers", "warning", "mine (mine)", "handlers")
        os.mkdir(self.path("handlers"))
        files.write(self.path("handlers/mine"), b"#!/bin/sh\n")
        self.assert_found(self.doctor(1, HANDLER_PATH=self.path("handlers")), "handlers", "failed", "mine",
                          "chmod +x")
        os.chmod(self.path("handlers/mine"), 0o755)
        self.assert_found(self.doctor(0, HANDLER_PATH=self.path("handlers")), "handlers", "ok")
        rows = self.doctor(1, HANDLER_PATH=self.path("handlers"), INBOX_HANDLER="letters")
        self.assert_found(rows, "handlers", "failed", "INBOX_HANDLER (letters) is not found: each message")
        self.assert_found(self.doctor(1, HANDLER_PATH="handlers"), "handlers", "failed", "handlers", "HANDLER_PATH")

    def test_names_are_one_line(self):
        self.write_checks(**{f"{n}\n\u001b[31m": {"handler": "none"} for n in range(9)})
        ended = self.ctl("doctor")
        (line,) = [line for line in ended.stdout.splitlines() if "Handlers" in line]
        self.assertIn("4 ", line)
        self.assertTrue(line.endswith("…"), line)
        self.assertNotIn("\033", ended.stdout)


class Notifications(Doctor):
    """Who shows notifications."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local")

    def test_nobody(self):
        self.assert_found(self.doctor(1), "notifications", "warning", advice="NOTIFY=none")
        self.assert_found(self.doctor(1, NOTIFY="none"), "notifications", "skipped", "NOTIFY")

    def test_somebody(self):
        self.notifications()
        self.assert_found(self.doctor(1), "notifications", "ok", "runs")

    def test_ticks_without_a_service_are_not_known(self):
        self.assert_found(self.doctor(1), "ticks", "skipped")


class Usage(Doctor):
    """Neither service nor broker."""

    with_broker = False

    def run_usage(self, complaint, *args, **variables):
        """It complains of how it is called, and looks at nothing."""
        ended = self.ctl("doctor", *args, **variables)
        self.assertEqual((ended.returncode, ended.stdout), (2, ""), ended.stderr)
        self.assertEqual(ended.stderr.splitlines()[-1], f"heartbeatctl: {complaint}")

    def test_no_agent_is_status_2(self):
        self.run_usage("name the agent: heartbeatctl doctor --agent NAME", AGENT_NAME=None)

    def test_a_bad_name_is_status_2(self):
        self.run_usage("AGENT_NAME (--agent): a name of the form [A-Za-z0-9][A-Za-z0-9_-]{0,63} is expected", "--agent", "a.b")

    def test_an_unknown_queue_type_is_status_2(self):
        self.run_usage("QUEUE_TYPE (--queue-type) is “stream”: one of classic, quorum is expected", "--queue-type=stream")

    def test_an_argument_is_status_2(self):
        self.run_usage("usage: heartbeatctl doctor", "more")

    def test_no_bus_fails(self):
        rows = self.doctor(1, TICK_SOURCE="local", DBUS_SESSION_BUS_ADDRESS=f"unix:path={self.path('none')}")
        self.assert_found(rows, "bus", "failed", advice="DBUS_SESSION_BUS_ADDRESS")
        self.assert_found(rows, "service", "skipped")
