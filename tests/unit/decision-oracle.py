#!/usr/bin/env python3
"""Compares the decision with a slow oracle that was written from the documented rules alone, with another clock. Prints TAP.

Usage: decision-oracle.py DRIVER [CASES [SEED]]

Each case is a random heartbeat.json, an instant near a change of some zone's clocks, and what the checks have gone
through. The oracle says for each check what keeps it from running at a given instant. It never computes when a check
will be due: that is found by asking it minute by minute.
"""

import datetime
import json
import math
import random
import subprocess
import sys
import zoneinfo

NEVER = 2**63 - 1
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
DEFAULT_ZONE = "America/New_York"
DAY_NAMES = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
UTC = datetime.timezone.utc
ROUND = 2000

# What changes: the clocks, the date line, or nothing at all.
CHANGES = [
    ("America/New_York", "2026-03-08T07:00"), ("America/New_York", "2026-11-01T06:00"),
    ("America/New_York", "2045-03-12T07:00"),
    ("Europe/London", "2026-03-29T01:00"), ("Europe/London", "2026-10-25T01:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"), ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("America/Sao_Paulo", "2018-02-18T02:00"), ("America/Sao_Paulo", "2018-11-04T03:00"),
    ("Pacific/Apia", "2011-12-30T10:00"), ("America/St_Johns", "2011-03-13T03:31"),
    ("Africa/Casablanca", "2026-02-15T02:00"), ("Asia/Kolkata", "2026-06-30T18:30"),
    ("UTC", "2028-02-29T00:00"),
]
ZONES = sorted({zone for zone, _ in CHANGES})
# UTF-16 sorts the last two the other way round than bytes do, and "*" is also what pauses all.
NAMES = ["a", "b", "B", "aa", "ä", "z z", "日", "*", "c-9", "\uff5e", "\U0001f493"]
# Nothing of this is in tzdata, though GLib takes some of it.
NO_ZONES = ["Mars/Olympus", "+05:30", "UTC+3", ":UTC", "", "EST5EDT,M3.2.0,M11.1.0"]


def instant(text):
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


# --- The oracle --------------------------------------------------------------------------------------------------------


class Check:
    """One check as the documentation reads it: `obstacles(now, quarter)` is what keeps it from running then."""

    def __init__(self, name, members, paused, state):
        self.name, self.members, self.state = name, members, state
        self.pauses = [paused[key] for key in (name, "*") if key in paused]
        window = members.get("window") or {}
        self.is_valid = window.get("tz", DEFAULT_ZONE) not in NO_ZONES
        self.zone = zoneinfo.ZoneInfo(window.get("tz", DEFAULT_ZONE) if self.is_valid else "UTC")
        self.window = self.read_window(window) if window else None
        self.quarters = set(members.get("triggerOnQuarters", []))
        self.cadence = int(members["cadenceMs"])
        self.last_run = int(members.get("lastRun", 0))

    @staticmethod
    def read_window(window):
        start, end = ([int(part) for part in window[key].split(":")] for key in ("start", "end"))
        end = [23, 59] if end == [24, 0] else end
        return start, end, window.get("days") or DAY_NAMES

    def wall(self, now):
        return datetime.datetime.fromtimestamp(now // 1000, UTC).astimezone(self.zone)

    def is_paused(self, now):
        return any(pause is True or "until" not in pause or pause["until"] > now for pause in self.pauses)

    def is_waiting(self, now):
        """After n failures; a wait that is further ahead than it can last is none (the documentation is silent)."""
        failures = self.state["failures"]
        if failures == 0:
            return False
        longest = min(self.cadence, 30_000 * 2 ** (failures - 1))
        return now < self.state["retry_at"] <= now + longest

    def effective_last_run(self, now):
        if self.last_run <= now:
            return self.last_run
        return now if self.last_run - now <= self.cadence else 0

    def is_in_window(self, now):
        if self.window is None:
            return True
        start, end, days = self.window
        wall = self.wall(now)
        minute = [wall.hour, wall.minute]
        today = DAY_NAMES[wall.weekday()]
        yesterday = DAY_NAMES[(wall.weekday() - 1) % 7]
        if start <= end:
            return start <= minute <= end and today in days
        return minute >= start and today in days or minute <= end and yesterday in days

    def is_in_quarter(self, now, tick_quarter):
        if not self.quarters:
            return True
        of = self.members.get("quarterOf")
        if of is None and tick_quarter:
            return f"Q{tick_quarter}" in self.quarters
        wall = self.wall(now)
        return f"Q{(wall.month - 1) // 3 + 1 if of == 'year' else wall.hour // 6 + 1}" in self.quarters

    def obstacles(self, now, tick_quarter):
        """All that is in the way, but the clock on the wall only where nothing else is."""
        if not self.is_valid:
            return {"invalid"}
        found = set()
        if not self.members.get("enabled", True):
            found.add("disabled")
        if self.state["running"]:
            found.add("running")
        if self.is_paused(now):
            found.add("paused")
        if self.is_waiting(now):
            found.add("backing-off")
        if not now - self.effective_last_run(now) > self.cadence:
            found.add("not-yet")
        if found:
            return found
        if not self.is_in_window(now):
            found.add("outside-window")
        if not self.is_in_quarter(now, tick_quarter):
            found.add("outside-quarter")
        return found

    def is_due(self, now, tick_quarter):
        return not self.obstacles(now, tick_quarter)

    def rank(self, now):
        """Lower goes first. A failure in the future is none (the documentation is silent)."""
        last_try = self.effective_last_run(now)
        if self.state["last_failed_start"] <= now:
            last_try = max(last_try, self.state["last_failed_start"])
        # As a whole number: a float would make ratios equal that are not.
        ratio = (now - last_try) * 2**120 // self.cadence
        return -ratio, self.members.get("priority", 1), self.name.encode()

    def first_due(self, now, tick_quarter, end):
        """By looking at each instant before `end` at which something may change, be it a minute or a millisecond."""
        exact = [self.last_run + self.cadence + 1, self.last_run - self.cadence, self.cadence + 1]
        exact.append(self.state["retry_at"])
        exact += [pause["until"] for pause in self.pauses if pause is not True and "until" in pause]
        for time in merge(now, sorted(time for time in exact if now < time < end), end):
            if self.is_due(time, tick_quarter):
                return time
        return None


def merge(now, exact, end):
    yield now
    time = now
    while True:
        time = time // MINUTE * MINUTE + MINUTE
        while exact and exact[0] <= time:
            yield exact.pop(0)
        if time >= end:
            return
        yield time


# --- Cases -------------------------------------------------------------------------------------------------------------


def random_time(rand, hours):
    """A time of the day, often one at which clocks change."""
    hour = rand.choice([0, 1, 1, 2, 2, 3, 23, rand.randrange(24)]) if hours is None else hours
    minute = rand.choice([0, 0, 15, 29, 30, 30, 31, 59, rand.randrange(60)])
    return f"{hour:02}:{minute:02}" if rand.random() < 0.7 else f"{hour}:{minute:02}"


def random_window(rand, zone):
    start, end = random_time(rand, None), random_time(rand, None)
    kind = rand.random()
    if kind < 0.1:
        end = start
    elif kind < 0.2:
        end = "24:00"
    elif kind < 0.25:
        start, end = rand.choice([("00:00", "24:00"), ("0:00", "23:59"), ("12:00", "11:59"), ("23:59", "0:00")])
    elif kind < 0.6:
        end = random_time(rand, (int(start.split(":")[0]) + rand.choice([0, 1, 1, 2, 8])) % 24)
    window = {"start": start, "end": end}
    if zone != DEFAULT_ZONE or rand.random() < 0.5:
        window["tz"] = zone if rand.random() < 0.9 else rand.choice(ZONES + NO_ZONES)
    if rand.random() < 0.4:
        window["days"] = rand.sample(DAY_NAMES, rand.choice([0, 1, 1, 2, 3, 6, 7]))
    return window


def random_last_run(rand, now, cadence):
    """Never, overdue, just about due, and ahead by less, just and more than a cadence."""
    return min(2**53 - 1, max(0, rand.choice([
        0, 0, 0, now - 2 * cadence, now - 2 * cadence, now - rand.randrange(3 * cadence), now - cadence,
        now - cadence - 1, now - cadence + 1, now, now + 1, now + rand.randrange(cadence), now + cadence,
        now + cadence + 1, now + cadence + rand.randrange(DAY), now + 400 * DAY, 2**53 - 1,
    ])))


def random_pause(rand, now):
    return rand.choice([
        True, {}, {"reason": "some"}, {"until": now + rand.randrange(3 * DAY)}, {"until": now + rand.randrange(3 * DAY)},
        {"until": now + 1, "reason": "x"}, {"until": now}, {"until": now - 1}, {"until": 0},
        {"until": now - rand.randrange(DAY), "reason": "past"},
    ])


def random_members(rand, zone, now):
    cadence = rand.choice([1000, 1001, MINUTE, 90_000, 15 * MINUTE, HOUR, DAY, 30 * DAY, rand.randrange(1000, 2 * DAY)])
    if rand.random() < 0.03:
        cadence = rand.choice([now, now - 1, now + 1, now + HOUR, 2**53 - 1])
    members = {"cadenceMs": cadence, "handler": "h"}
    if rand.random() < 0.8:
        members["lastRun"] = random_last_run(rand, now, cadence)
    if rand.random() < 0.3:
        members["priority"] = rand.choice([1, 2, 3, 2**53 - 1])
    if rand.random() < 0.1:
        members["enabled"] = rand.random() < 0.5
    if rand.random() < 0.6:
        members["window"] = random_window(rand, zone) if rand.random() < 0.95 else None
    if rand.random() < 0.4:
        members["triggerOnQuarters"] = rand.sample(["Q1", "Q2", "Q3", "Q4"], rand.choice([0, 1, 1, 2, 2, 3, 4]))
    if rand.random() < 0.4:
        members["quarterOf"] = rand.choice(["day", "year"])
    if rand.random() < 0.05:
        # Written as 60000.0
        members.update({name: float(members[name]) for name in ("cadenceMs", "lastRun") if name in members})
    return members


def random_tick(rand, now):
    """The body of a tick, and the quarter that counts for the checks: 0 for none."""
    quarter = rand.choice([None, "Q1", "Q2", "Q3", "Q4", "Q1", "Q2", "Q3", "Q4", "Q5", "q1", "Q", 2])
    age = rand.choice([None, 0, 5 * MINUTE, 5 * MINUTE + 1, rand.randrange(10 * MINUTE), -HOUR])
    sent = None if age is None else now - age
    payload = {"tick": 1}
    if quarter is not None:
        payload["quarter"] = quarter
    if sent is not None:
        payload[rand.choice(["epochMs", "epoch_ms"])] = sent
    is_fresh = age is None or age <= 5 * MINUTE
    names = ["Q1", "Q2", "Q3", "Q4"]
    return json.dumps({"payload": payload}), names.index(quarter) + 1 if is_fresh and quarter in names else 0


def random_state(rand, now, cadence):
    state = {"last_failed_start": 0, "failures": 0, "retry_at": 0, "running": int(rand.random() < 0.03)}
    if rand.random() < 0.3:
        failures = rand.choice([1, 2, 3, 4, 8, 40, 70])
        wait = min(cadence, 30_000 * 2 ** (failures - 1))
        ended = now - rand.choice([0, 1, wait - 1, wait, wait + 1, rand.randrange(2 * wait)])
        if rand.random() < 0.1:
            ended = now + rand.choice([1, rand.randrange(DAY)])
        # Nothing was before 1970, however long the cadence.
        ended = max(1, ended)
        state.update(failures=failures, retry_at=ended + wait, last_failed_start=max(1, ended - rand.randrange(1000)))
    return state


def make_ties(rand, checks, now):
    """Gives some checks the same ratio, with the same cadence or with another."""
    factor = rand.randrange(2, 5)
    for members in checks.values():
        if rand.random() < 0.7 and members["cadenceMs"] < 2 * DAY:
            members["lastRun"] = now - factor * int(members["cadenceMs"])


def make_near_tie(rand, checks, now):
    """Gives two checks ratios that differ by as little as their cadences allow: no double holds that."""
    first, second = list(checks.values())[:2]
    a, b = rand.randrange(10**11, 5 * 10**11), rand.randrange(10**11, 5 * 10**11)
    if math.gcd(a, b) > 1:
        return
    x = pow(b, -1, a)
    y = (x * b - 1) // a
    assert x * b - y * a == 1
    first.update(cadenceMs=a, lastRun=now - (a + x))
    second.update(cadenceMs=b, lastRun=now - (b + y))
    for members in (first, second):
        for name in ("enabled", "window", "triggerOnQuarters"):
            members.pop(name, None)


class Case:
    def __init__(self, seed):
        rand = random.Random(seed)
        zone, change = rand.choice(CHANGES)
        change = instant(change)
        self.seed = seed
        self.now = change + rand.choice([
            rand.randrange(-3 * HOUR, 3 * HOUR), rand.randrange(-2 * DAY, 2 * DAY), rand.randrange(-8 * DAY, 8 * DAY),
            rand.randrange(-180, 180) * MINUTE, rand.randrange(-180, 180) * MINUTE - 1, 0, -1,
        ])
        self.tick, self.quarter = random_tick(rand, self.now)
        names = rand.sample(NAMES, rand.randrange(1, 6))
        members = {name: random_members(rand, zone, self.now) for name in names}
        if rand.random() < 0.3:
            make_ties(rand, members, self.now)
        elif len(names) > 1 and rand.random() < 0.03:
            make_near_tie(rand, members, self.now)
        paused = {name: random_pause(rand, self.now) for name in names + ["other"] if rand.random() < 0.12}
        paused.pop("*", None)
        if rand.random() < 0.1:
            paused["*"] = random_pause(rand, self.now)
        self.config = {"$schema": "heartbeat.v1", "agent": "a", "checks": members, "paused": paused}
        states = {name: random_state(rand, self.now, int(members[name]["cadenceMs"])) for name in names}
        self.checks = [Check(name, members[name], paused, states[name])
                       for name in sorted(names, key=lambda name: name.encode())]
        self.rand = rand

    def text(self):
        lines = [f"{self.now} {len(self.checks)}", self.tick, json.dumps(self.config, ensure_ascii=False)]
        lines += ["{last_failed_start} {failures} {retry_at} {running}".format(**check.state) for check in self.checks]
        return "\n".join(lines) + "\n"


# --- The comparison ----------------------------------------------------------------------------------------------------


class Comparison:
    def __init__(self):
        self.differences = {what: [] for what in ("due and reasons", "choice", "next due is a due time",
                                                  "next due is the first")}
        self.counts = dict.fromkeys(("checks", "due", "choices", "ties", "finite", "never", "scanned", "scanned due"), 0)

    def complain(self, what, case, text):
        self.differences[what].append(f"seed {case.seed}: {text}\n{case.text()}")

    def compare(self, case, answer):
        words = answer.split()
        answers = list(zip(words[:-2:2], map(int, words[1:-2:2])))
        due = []
        for check, (reason, next_due) in zip(case.checks, answers):
            obstacles = check.obstacles(case.now, case.quarter)
            if obstacles and reason not in obstacles or not obstacles and reason != "due":
                self.complain("due and reasons", case, f"{check.name!r} is {reason}, expected {obstacles or 'due'}")
            if not obstacles:
                due.append(check)
            self.counts["checks"] += 1
            self.compare_next_due(case, check, next_due)
        self.compare_choice(case, due, words[-2])
        if int(words[-1]) != min(next_due for _, next_due in answers):
            self.complain("next due is the first", case, f"the schedule says {words[-1]}")

    def compare_choice(self, case, due, place):
        ranks = [check.rank(case.now) for check in due]
        expected = str(case.checks.index(due[ranks.index(min(ranks))])) if due else "-"
        if place != expected:
            self.complain("choice", case, f"chosen {place}, expected {expected}")
        self.counts["due"] += len(due)
        self.counts["choices"] += len(due) > 1
        self.counts["ties"] += len({rank[0] for rank in ranks}) < len(ranks)

    def compare_next_due(self, case, check, next_due):
        """Due at that time, not due just before, nor at some times in between; year 9999 ends Python's clock."""
        if next_due == NEVER:
            self.counts["never"] += 1
            last = case.now + 8 * DAY
        else:
            self.counts["finite"] += 1
            last = next_due - 1
            if next_due < 250 * 10**12 and not (next_due >= case.now and check.is_due(next_due, case.quarter)):
                self.complain("next due is a due time", case, f"{check.name!r} is not due at {next_due}")
        if last < case.now or last > 250 * 10**12:
            return
        for time in [last, case.now + 1, *(case.rand.randint(case.now, last) for _ in range(2))]:
            if case.now <= time <= last and check.is_due(time, case.quarter):
                self.complain("next due is the first", case, f"{check.name!r}: {next_due}, but due at {time}")

    def scan(self, case, answer, days):
        """Minute by minute, for one check that is neither due now nor kept by a person for ever."""
        words = answer.split()
        for check, reason, next_due in zip(case.checks, words[:-2:2], map(int, words[1:-2:2])):
            if reason in ("due", "disabled", "running", "invalid") or check.is_paused(2**60):
                continue
            end = case.now + days * DAY
            first = check.first_due(case.now, case.quarter, end)
            self.counts["scanned"] += 1
            self.counts["scanned due"] += first is not None
            if first != next_due if first is not None else next_due < end:
                self.complain("next due is the first", case, f"{check.name!r}: {next_due}, by the minute {first}")
            return

    def report(self, cases):
        print(f"1..{len(self.differences)}")
        for number, (what, found) in enumerate(self.differences.items(), start=1):
            print("not ok" if found else "ok", number, "-", f"{what}: {len(found)} differences in {cases} cases")
            for text in found[:3]:
                print("\n".join("# " + line for line in text.splitlines()))
        print("#", ", ".join(f"{count} {what}" for what, count in self.counts.items()))
        return 1 if any(self.differences.values()) else 0


def main():
    driver = sys.argv[1]
    n_cases = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    first_seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    comparison = Comparison()
    for start in range(0, n_cases, ROUND):
        cases = [Case(first_seed + i) for i in range(start, min(start + ROUND, n_cases))]
        run = subprocess.run([driver], input="".join(case.text() for case in cases), stdout=subprocess.PIPE,
                             encoding="utf-8", check=True)
        answers = run.stdout.splitlines()
        assert len(answers) == len(cases)
        for i, (case, answer) in enumerate(zip(cases, answers)):
            comparison.compare(case, answer)
            if i % 12 == 0:
                comparison.scan(case, answer, 9 if i % 120 == 0 else 2)
    return comparison.report(n_cases)


sys.exit(main())
