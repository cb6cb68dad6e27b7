"""The log: records with fields in the journal, lines on standard error elsewhere."""

import re
import uuid

from bench.case import Case
from bench.journal import Journal, parse
from bench.ports import free_ports

EVENT = "b5f9c6f1a1c44b06b4e5b3e1a7f0d1"
RUN_STARTED, RUN_FINISHED, RUN_FAILED = (EVENT + number for number in ("01", "02", "03"))
CONFIG_BROKEN, CHECK_INVALID, BROKER_LOST = (EVENT + number for number in ("06", "07", "0a"))
AGENT_SERVED, SERVICE_STOPPING = (EVENT + number for number in ("0f", "13"))

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR|CRITICAL) (cack: )?[^\n]+")


class Logging(Case):
    """Without a broker."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="1")


class Records(Logging):
    """In the journal."""

    def setUp(self):
        super().setUp()
        self.journal = Journal(self.home)
        self.addCleanup(self.journal.close)

    def serve(self, **variables):
        """Start the service in the journal."""
        service = self.spawn(wrapper=self.journal.wrapper, **variables)
        self.journal.accept()
        return service

    def test_a_run_has_agent_check_and_kind(self):
        self.write_checks(good={})
        self.serve()
        served = self.journal.wait(MESSAGE_ID=AGENT_SERVED)
        self.assertNotIn("HEARTBEAT_CHECK", served)
        started = self.journal.wait(MESSAGE_ID=RUN_STARTED)
        self.assertLessEqual({"HEARTBEAT_AGENT": "cack", "HEARTBEAT_CHECK": "good", "PRIORITY": "6",
                              "SYSLOG_IDENTIFIER": "heartbeat-consumer", "GLIB_DOMAIN": "heartbeat"}.items(),
                             started.items())
        # what it is, its overdue ratio and its priority
        self.assertRegex(started["MESSAGE"], r"running good: \d+\.\d\d × its cadence has passed, priority 1")
        self.journal.wait(MESSAGE_ID=RUN_FINISHED, HEARTBEAT_CHECK="good", PRIORITY="6")

    def test_what_is_wrong_is_a_warning(self):
        self.write_checks(bad={"handler": "command", "meta": {"command": ["false"]}}, odd={"cadenceMs": 1})
        service = self.serve()
        self.journal.wait(MESSAGE_ID=RUN_FAILED, HEARTBEAT_CHECK="bad", PRIORITY="4")
        invalid = self.journal.wait(MESSAGE_ID=CHECK_INVALID, HEARTBEAT_CHECK="odd", PRIORITY="4")
        self.assertIn("cadenceMs", invalid["MESSAGE"])
        self.write(b"{")
        self.journal.wait(MESSAGE_ID=CONFIG_BROKEN, HEARTBEAT_AGENT="cack", PRIORITY="4")
        service.stop()
        self.journal.wait(MESSAGE_ID=SERVICE_STOPPING)

    def test_every_record_is_complete_and_nothing_is_written_beside(self):
        closed, = free_ports(1)
        self.write_checks(good={}, bad={"handler": "command", "meta": {"command": ["false"]}}, lost={"handler": "none"})
        service = self.serve(TICK_SOURCE="auto", RABBIT_URL=f"amqp://u:secret-word@127.0.0.1:{closed}/")
        self.journal.wait(MESSAGE_ID=BROKER_LOST, PRIORITY="4")
        self.assertEqual(service.stop().status, 0)
        for record in self.journal.records:
            with self.subTest(record):
                self.assertLessEqual({"MESSAGE", "PRIORITY", "MESSAGE_ID", "SYSLOG_IDENTIFIER"}, record.keys())
                uuid.UUID(record["MESSAGE_ID"])
                self.assertNotIn("secret-word", str(record))
        self.assertEqual((service.stderr, self.journal.read_text()), ("", ""))

    def test_a_name_with_anything_in_it_is_one_field(self):
        name = "two\nlines=MESSAGE_ID=0 \u00e9"
        self.write_checks(**{name: {}})
        self.serve()
        self.journal.wait(MESSAGE_ID=RUN_FINISHED, HEARTBEAT_CHECK=name)

    def test_what_is_not_asked_for_is_not_recorded(self):
        self.write_checks(bad={"handler": "command", "meta": {"command": ["false"]}})
        self.serve(LOG_LEVEL="WARNING")
        self.journal.wait(MESSAGE_ID=RUN_FAILED)
        self.assertEqual({record["PRIORITY"] for record in self.journal.records}, {"4"})


class Lines(Logging):
    """On standard error."""

    def test_one_line_an_event_with_time_and_level(self):
        self.write_checks(**{"good\nbetter": {}, "bad": {"handler": "command", "meta": {"command": ["false"]}}})
        service = self.start(LOG_LEVEL="DEBUG")
        service.wait_log(r"Z INFO cack: good better success")
        service.wait_log(r"Z WARNING cack: bad failed")
        self.assertEqual(service.stop().status, 0)
        for line in service.lines:
            self.assertRegex(line, LINE)

    def test_the_native_protocol_is_read_rightly(self):
        self.assertEqual(parse(b"A=1\nB\n\x03\0\0\0\0\0\0\0x\ny\nC=\n"), {"A": "1", "B": "x\ny", "C": ""})
