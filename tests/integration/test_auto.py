"""TICK_SOURCE=auto: the heart beats on without the broker, and nothing runs twice when that is back. SOAK=1 is longer."""

import json
import os
import signal
import time

from bench import files
from bench.case import Case
from bench.kinds import is_measured, measured
from bench.load import Ticks, figure, now_ms
from bench.wait import until

SOAK = os.environ.get("SOAK") == "1"


class Auto(Case):
    """Agents of a folder, each with one check of a cadence of its own, so that none waits for another."""

    INTERVAL = 4 if SOAK else 1
    OUTAGES, RUNS = (5, 2) if SOAK else (1, 1)
    CADENCES = {"ann": 2, "bob": 3, **({"carl": 5} if SOAK else {})}  # in intervals
    # on top of what is promised, for a machine that has other things to do; in ms
    SLACK = 1500

    def setUp(self):
        super().setUp()
        self.folder = self.path("agents")
        os.mkdir(self.folder)
        self.env.update(HEARTBEAT_DIR=self.folder, TICK_SOURCE="auto", TICK_INTERVAL_S=str(self.INTERVAL),
                        HEARTBEAT_BUS="none")
        del self.env["AGENT_NAME"], self.env["HEARTBEAT_PATH"]
        for agent, cadence in self.CADENCES.items():
            files.write(os.path.join(self.folder, f"{agent}.json"), files.heartbeat({"c": {
                "cadenceMs": cadence * self.INTERVAL * 1000, "handler": "command",
                "meta": {"command": f"cat >> {self.path('runs')}"}}}, agent))

    def runs(self):
        """Return what the handlers were told, by agent, in order."""
        runs = {agent: [] for agent in self.CADENCES}
        for run in files.objects(self.path("runs")):
            runs[run["agent"]].append(run)
        return runs

    @staticmethod
    def local(runs):
        """Return those of the runs that no broker's tick has caused."""
        return [run for run in runs if run["envelope"].get("source", {}).get("app") == "heartbeat-consumer"]

    def wait_runs(self, count, since=0, local=None):
        """Wait until each agent's check has run so often since a moment, by local ticks or by others if one says so."""
        def enough():
            return all(sum(run["timestamp"] >= since and local in (None, run in self.local([run])) for run in runs)
                       >= count for runs in self.runs().values())
        until(enough, timeout=60 + 20 * self.INTERVAL, what=f"{count} runs of each (local ticks: {local})")

    def recorded(self, agent):
        """Return the times of an agent's runs from its history, in Unix ms."""
        path = os.path.join(self.env["XDG_STATE_HOME"], "heartbeat-consumer", f"{agent}.history.jsonl")
        return [json.loads(line)["time"] for line in files.read(path).splitlines()]

    def assert_on_time(self):
        """No check has run twice within its cadence, or later than 2.5 intervals after it; return how late in ms."""
        latest = 0
        for agent, cadence in self.CADENCES.items():
            times = self.recorded(agent)
            gaps = [b - a for a, b in zip(times, times[1:])]
            self.assertGreater(min(gaps), cadence * self.INTERVAL * 1000, f"{agent}: {times}")
            latest = max(latest, max(gaps) - cadence * self.INTERVAL * 1000)
        # how late means something only in the backlog's test and in the long forms
        if is_measured(self) or SOAK:
            self.assert_within(latest, 2500 * self.INTERVAL + self.SLACK)
        return latest

    def tell(self, what, latest):
        """Print what was measured."""
        runs = self.runs()
        local = sum(len(self.local(of)) for of in runs.values())
        figure(f"{what}: {sum(map(len, runs.values()))} runs, {local} of them by local ticks, none twice within its "
               f"cadence, the latest {latest / 1000 / self.INTERVAL:.2f} intervals of {self.INTERVAL} s late")

    def start_with_ticks(self):
        """Start the service and a publisher of ticks, and wait until both are heard."""
        service = self.spawn()
        for agent in self.CADENCES:
            self.broker.wait_consumers(self.vhost, f"agent.{agent}.inbox")
        ticks = Ticks(lambda: self.broker.connect(self.vhost), interval=self.INTERVAL)
        ticks.start()
        self.addCleanup(ticks.stop)
        self.wait_runs(1, local=False)
        return service, ticks

    def wait_back(self, service):
        """Wait until the broker's ticks are heard again."""
        back = now_ms()
        if not SOAK:
            # it would find out by itself, up to a minute later
            service.send(signal.SIGHUP)
        self.wait_runs(self.RUNS, since=back, local=False)

    def test_without_the_broker_for_a_while(self):
        service, ticks = self.start_with_ticks()
        for outage in range(self.OUTAGES):
            # a clean end and a sudden one in turn
            if outage % 2:
                self.broker.kill()
            else:
                self.broker.stop()
            gone = now_ms()
            self.wait_runs(self.RUNS, since=gone, local=True)
            self.broker.start()
            self.wait_back(service)
        ticks.stop()
        self.assertEqual(service.stop().status, 0)
        self.tell(f"broker gone {self.OUTAGES} time(s)", self.assert_on_time())

    @measured
    def test_a_backlog_runs_nothing_twice(self):
        proxy = self.behind_proxy()
        service, ticks = self.start_with_ticks()
        proxy.stop()
        cut = now_ms()
        before = len(ticks.sent)
        self.wait_runs(self.RUNS, since=cut, local=True)
        depth, _ = self.broker.queue_depth(self.vhost, "agent.ann.inbox")
        proxy.start()
        self.wait_back(service)
        ticks.stop()
        for agent in self.CADENCES:
            self.broker.wait_depth(self.vhost, f"agent.{agent}.inbox", (0, 0))
        self.assertEqual(service.stop().status, 0)
        self.assertGreater(depth, 2)
        self.assertGreater(len(ticks.sent), before)
        self.tell(f"cut off from the broker, {depth} ticks waited in the queue", self.assert_on_time())

    def test_no_broker_from_the_start(self):
        self.env["RABBIT_URL"] = "amqp://guest:guest@127.0.0.1:1/"
        begin = time.monotonic()
        service = self.spawn()
        self.wait_runs(1, local=True)
        self.assertGreater(time.monotonic() - begin, 2.4 * self.INTERVAL)
        self.wait_runs(2, local=True)
        self.assertEqual(service.stop().status, 0)
        self.assert_on_time()


class OldTicks(Case):
    """What a tick says of the quarter counts while it is fresh."""

    def tick_of(self, quarter, age):
        """Return a tick that was made age seconds ago and names a quarter."""
        return json.dumps({"payload": {"quarter": quarter, "epochMs": now_ms() - age * 1000}}).encode()

    def test_a_backlog_of_old_ticks_names_no_quarter(self):
        # of the four one is now's: the other three run only if a tick that names them counts
        self.write_checks(**{f"q{n}": {"triggerOnQuarters": [f"Q{n}"], "cadenceMs": 86400000} for n in range(1, 5)})
        proxy = self.behind_proxy()
        service = self.start()
        proxy.stop()
        self.agent.wait("ConnectionState", "waiting")
        for n in range(1, 5):
            self.tick(self.tick_of(f"Q{n}", 3600))
        proxy.start()
        self.agent.wait("TicksReceived", 4)
        self.wait_acknowledged()
        by_clock = [call.args[0] for call in self.signals.matching("CheckStarted")]
        self.assertEqual(len(by_clock), 1, service.stderr)
        for n in range(1, 5):
            if f"q{n}" not in by_clock:
                self.tick(self.tick_of(f"Q{n}", 1))
                self.finished(f"q{n}")
        self.assertEqual(len(self.signals.matching("CheckStarted")), 4)


class Local(Case):
    """TICK_SOURCE=local with a RABBIT_URL."""

    def test_it_only_publishes(self):
        self.write_checks(c={"cadenceMs": 86400000})
        self.broker.collect(self.vhost, "results", "agent.cack.heartbeat.result")
        self.spawn(TICK_SOURCE="local", TICK_INTERVAL_S="3600", PUBLISH_RESULTS="yes")
        _, _, body = self.broker.wait_message(self.vhost, "results")
        self.assertEqual(json.loads(body)["payload"]["status"], "success")
        self.assertIsNone(self.broker.queue_depth(self.vhost, self.queue))
        self.assertEqual(self.agent.get("ConnectionState"), "disabled")
