"""What a network and a broker do to a service over time. SOAK=1 has the long forms."""

import collections
import os
import time
import unittest

from bench import files
from bench.case import Case
from bench.kinds import measured
from bench.load import Events, Ticks, drain, figure, now_ms
from bench.proxy import DOWN, Proxy
from bench.seed import SEED, generator
from bench.timeline import log_ms, overlap
from bench.wait import until

SOAK = os.environ.get("SOAK") == "1"


class Faults(Case):
    """A service behind a proxy."""

    def setUp(self):
        super().setUp()
        self.proxy = Proxy(self.broker.port)
        self.addCleanup(self.proxy.stop)
        self.proxy.start()
        self.env["RABBIT_URL"] = self.broker.url(self.vhost, self.proxy.port)


class Service:
    """When the service was consuming and when it ran a check, from its log and the times of the resets (Unix ms)."""

    def __init__(self, lines, resets, end):
        self.consuming, self.running, started = [], [], None
        for line in list(lines):
            if "Waiting for ticks on the queue" in line:
                begin = log_ms(line)
                self.consuming.append((begin, min([reset for reset in resets if reset >= begin] + [end])))
            elif ": running " in line:
                started = log_ms(line)
            elif started and " success in " in line:
                self.running.append((started, log_ms(line)))

    def free(self, begin, end):
        """Return for how many of the milliseconds from begin to end it was consuming and ran nothing."""
        return overlap(self.consuming, begin, end) - sum(
            overlap(self.consuming, max(begin, started), min(end, ended))
            for started, ended in self.running if started < end and ended > begin)


class Redelivery(Faults):
    """A tick whose connection is lost before it is acknowledged comes again."""

    def test_it_does_not_run_the_check_again(self):
        self.write_checks(slow={"handler": "command", "meta": self.gate()})
        self.start()
        self.tick()
        self.wait_gate()
        self.proxy.reset()
        # the check still runs when the tick comes again
        self.agent.wait("TicksReceived", 2)
        self.open_gate()
        self.assertEqual(self.finished("slow"), "success")
        self.wait_acknowledged()
        self.assertEqual(len(self.signals.matching("CheckStarted")), 1)
        self.assertEqual((self.agent.get("RunsSucceeded"), self.agent.get("TicksReceived")), (1, 2))

    def test_it_does_not_run_the_check_again_when_that_has_ended_meanwhile(self):
        self.write_checks(slow={"handler": "command", "meta": self.gate()})
        self.start()
        self.tick()
        self.wait_gate()
        self.proxy.stall()
        self.proxy.reset()
        self.open_gate()
        self.assertEqual(self.finished("slow"), "success")
        self.assertEqual(self.agent.get("TicksReceived"), 1)
        self.proxy.resume()
        self.agent.wait("TicksReceived", 2)
        self.wait_acknowledged()
        self.assertEqual(len(self.signals.matching("CheckStarted")), 1)


class Resets(Faults):
    """The connection is reset at random moments while ticks come fast."""

    CADENCES = {"a": 1000, "b": 1100, "c": 1300, "d": 1700, **({"e": 2300, "f": 3100} if SOAK else {})}
    TICKS, RESETS = (10000, 200) if SOAK else (200, 2)
    # a reset comes so many seconds after the service has dialled: some hit the handshake, most what comes after it
    AFTER = (0, 5) if SOAK else (0, 1.5)
    INTERVAL = 0.05 if SOAK else 0.02
    # for how many milliseconds a due run may wait while nothing else runs: for the next tick, and for saves
    SLACK = 3000

    def storm(self):
        """Reset what is there at random moments, RESETS times; return when (Unix ms)."""
        chance = generator("storm")
        resets = []
        while len(resets) < self.RESETS:
            until(lambda: self.proxy.live, timeout=90, what="the service to dial again")
            # no wait for anything: the moment has to be random
            time.sleep(chance.uniform(*self.AFTER))
            at = now_ms()
            if self.proxy.reset():
                resets.append(at)
        return resets

    def runs(self):
        """Return what the handler logged: by check, in order, (start in Unix ms, event id of the tick)."""
        runs = collections.defaultdict(list)
        for run in files.objects(self.path("runs")):
            runs[run["check_name"]].append((run["timestamp"], run["envelope"]["event_id"]))
        return runs

    def assert_every_due_run_happened(self, runs, service, begin, end):
        """Judge the log of the runs; return the longest wait of a due run in milliseconds of service.

        A check falls due when its cadence has passed since the start of its last run. From then on the next tick that
        comes through and finds nothing running and no other check more overdue has to run it. Ticks come every few
        milliseconds. So a check that stays due while the service consumes and runs nothing means a tick that was lost
        or a run that was forgotten: between falling due and its next start there may be SLACK of such time at most,
        however long the service was cut off, or busy, besides. The same is asked of the first run and, up to the last
        tick, of the one that would have been next. That it is not passed over while the others run is asked of the
        order of the runs, see below.

        And no run begins before its cadence has passed since the start of the one before. A tick that is delivered
        again would cause that if the run that it has started already were not remembered."""
        longest = 0
        for check, cadence in self.CADENCES.items():
            starts = [start for start, _ in runs[check]]
            early = [(a, b) for a, b in zip(starts, starts[1:]) if b - a <= cadence]
            self.assertEqual(early, [], f"{check} ran twice within {cadence} ms")
            dues = [begin] + [start + cadence for start in starts]
            waits = [service.free(due, start) for due, start in zip(dues, starts + [end])]
            longest = max(longest, *waits)
            self.assertLessEqual(max(waits), self.SLACK, f"{check} was due and not run")
        return longest

    def assert_the_most_overdue_went_first(self, runs):
        """At each start no other check was more overdue; one that has not run yet is more overdue than any that has."""
        last = {}
        for start, check in sorted((start, check) for check, of in runs.items() for start, _ in of):
            if len(last) == len(self.CADENCES):
                # the decision may be a moment older than the start
                least = {other: (start - last[other] - 20) / self.CADENCES[other] for other in last if other != check}
                self.assertGreaterEqual((start - last[check]) / self.CADENCES[check], max(least.values()),
                                        f"{check} ran at {start} before another that was more overdue")
            else:
                self.assertNotIn(check, last)
            last[check] = start

    def test_every_due_run_happens_once(self):
        # so long that a reset often meets a tick that is not acknowledged yet
        script = f"cat >> {self.path('runs')}; sleep 0.1"
        self.write_checks(**{check: {"cadenceMs": cadence, "handler": "command", "meta": {"command": script}}
                             for check, cadence in self.CADENCES.items()})
        service = self.start()
        ticks = Ticks(lambda: self.broker.connect(self.vhost), interval=self.INTERVAL)
        begin = now_ms()
        ticks.start()
        self.addCleanup(ticks.stop)
        resets = self.storm()
        until(lambda: len(ticks.sent) >= self.TICKS, timeout=3600, what="the ticks to be published")
        # what was cut off by the last reset has its chance as well
        self.agent.wait("ConnectionState", "connected", timeout=90)
        up = now_ms()
        until(lambda: now_ms() > up + max(self.CADENCES.values()), what="each check to fall due once more")
        ticks.stop()
        end = max(ticks.sent.values())
        self.wait_acknowledged()
        runs = self.runs()
        longest = self.assert_every_due_run_happened(runs, Service(service.lines, resets, end), begin, end)
        self.assert_the_most_overdue_went_first(runs)
        for check in self.CADENCES:
            self.assertEqual(self.last_run(check), runs[check][-1][0])
            self.assertLessEqual({event_id for _, event_id in runs[check]}, set(ticks.sent))
        total = sum(map(len, runs.values()))
        agent = self.agent.all()
        self.assertEqual((agent["RunsSucceeded"], agent["RunsFailed"]), (total, 0))
        self.assertGreaterEqual(agent["TicksReceived"], len(ticks.sent))
        figure(f"{len(ticks.sent)} ticks, {len(resets)} resets (seed {SEED}) in {(end - begin) / 1000:.0f} s: "
               f"{agent['TicksReceived']} deliveries, {total} runs, none twice within its cadence, "
               f"the longest wait {longest} ms of service; the queue is empty")


class Restarts(Faults):
    """Events are published while the broker restarts, and ticks are heard after it."""

    EVENTS, RESTARTS, PAUSE = (2000, 20, 0.4) if SOAK else (40, 1, 0.1)

    def test_what_is_confirmed_is_in_the_queue(self):
        self.write_checks(first={}, second={"cadenceMs": 86400000})
        self.broker.collect(self.vhost, "seen", Events.KEY)
        self.start()
        self.tick_runs("first")
        events = Events(self.agent, self.EVENTS, pause=self.PAUSE)
        events.start()
        self.addCleanup(events.stop)
        for restart in range(self.RESTARTS):
            until(lambda: len(events.outcomes) >= self.EVENTS * (restart + 0.5) / self.RESTARTS, timeout=120,
                  what="the events before the restart")
            # a clean end and a sudden one in turn
            if restart % 2:
                self.broker.kill()
            else:
                self.broker.stop()
            self.agent.wait("ConnectionState", "waiting")
            self.broker.start()
        events.join()
        # the waiting time may have grown while the broker started
        self.agent.wait("ConnectionState", "connected", timeout=90)
        self.assertEqual(self.tick_runs("second"), "success")
        figure(f"{self.RESTARTS} broker restarts: " + events.account(self, drain(self.broker, self.vhost, "seen")))
        self.assertEqual(len(events.outcomes), self.EVENTS)


class Silence(Faults):
    """A peer that says nothing while TCP stays up."""

    INTERVAL = 30 if SOAK else 2
    IDLE = 600 if SOAK else 2 * INTERVAL

    def setUp(self):
        super().setUp()
        self.write_checks(first={}, second={"cadenceMs": 86400000})
        if not SOAK:
            default = self.broker.eval("{ok, T} = application:get_env(rabbit, heartbeat), T")
            self.broker.eval(f"application:set_env(rabbit, heartbeat, {self.INTERVAL})")
            self.addCleanup(self.broker.eval, f"application:set_env(rabbit, heartbeat, {default})")

    def assert_noticed(self, service, silence):
        """Make the proxy silent; it is noticed within two intervals."""
        begin = time.monotonic()
        silence()
        service.wait_log(rf"No sign of life from the broker for {2 * self.INTERVAL} s", timeout=2 * self.INTERVAL + 20)
        seconds = time.monotonic() - begin
        # the last byte may have come right before the silence; the rest is the machine's
        self.assert_within(seconds, 2 * self.INTERVAL + 2)
        return seconds

    def assert_serves_again(self):
        """A tick is heard again."""
        begin = time.monotonic()
        self.agent.wait("ConnectionState", "connected", timeout=90)
        seconds = time.monotonic() - begin
        self.assertEqual(self.tick_runs("second"), "success")
        return seconds

    @unittest.skipUnless(SOAK, "SOAK=1 has it")
    def test_idle_then_silent(self):
        service = self.start()
        self.tick_runs("first")
        self.watch_idleness(service)
        seconds = self.assert_noticed(service, self.proxy.stall)
        self.proxy.resume()
        back = self.assert_serves_again()
        figure(f"idle for {self.IDLE} s without a reconnect, then silent: noticed after {seconds:.1f} s, connected "
               f"{back:.1f} s after the silence")

    def watch_idleness(self, service):
        """Nothing happens while heartbeats are all that is said."""
        accepted = self.proxy.accepted
        end = time.monotonic() + self.IDLE
        until(lambda: time.monotonic() > end or not service.running or self.proxy.accepted != accepted,
              timeout=self.IDLE + 60, what="the idle time to pass")
        self.assertEqual((self.proxy.accepted, self.agent.get("ConnectionState")), (accepted, "connected"))

    @measured
    def test_silent_for_long(self):
        service = self.start()
        self.tick_runs("first")
        seconds = self.assert_noticed(service, self.proxy.stall)
        end = time.monotonic() + (self.IDLE - seconds if SOAK else 0)
        until(lambda: time.monotonic() > end, timeout=self.IDLE + 60, what="the silence to last")
        attempts = self.proxy.accepted
        self.proxy.resume()
        back = self.assert_serves_again()
        silence = self.IDLE if SOAK else seconds
        figure(f"silent for {silence:.0f} s: noticed after {seconds:.1f} s, {attempts} connections made, "
               f"connected {back:.1f} s after the silence")

    @unittest.skipUnless(SOAK, "SOAK=1 has it")
    def test_silent_in_one_direction(self):
        service = self.start()
        self.tick_runs("first")
        seconds = self.assert_noticed(service, lambda: self.proxy.pause(DOWN))
        self.proxy.resume()
        back = self.assert_serves_again()
        figure(f"silent towards the service only: noticed after {seconds:.1f} s, connected {back:.1f} s after the "
               "silence")
