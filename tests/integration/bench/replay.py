"""Play a case to a service whose clock stands still, and record what it decides and writes.

tests/replay/README.md describes cases and records.
"""

import contextlib
import copy
import datetime
import json
import os
import re
import struct
import threading

from gi.repository import Gio, GLib

from . import files, hostile
from .agent import ERROR, PREFIX, ROOT, Agent
from .bus import Bus
from .mounts import READ_ONLY_FILE
from .service import Service, environment, faketime
from .wait import DEADLINE, Timeout, until

REJECT = (60, 90)

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
NEVER = 2**63 - 1
UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

# The handler "told" does what the step says for that check.
TOLD = """\
#!/bin/sh
[ ! -e meanwhile.json ] || mv meanwhile.json heartbeat.json
if [ -e "answers/$HEARTBEAT_CHECK" ]; then . "answers/$HEARTBEAT_CHECK"; fi
"""


# --- times --------------------------------------------------------------------------------------------------------------


def read_time(text):
    """Return the Unix ms of `2026-02-22T21:37:00Z`, which may have a fraction or an offset."""
    time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (time - EPOCH) // datetime.timedelta(milliseconds=1)


def read_duration(text):
    """Return the ms of a duration such as `15m`."""
    number, unit = re.fullmatch(r"(-?\d+)(ms|[smhd])", text).groups()
    return int(number) * UNITS[unit]


def show_time(ms):
    """Return Unix ms as people read it."""
    try:
        time = EPOCH + datetime.timedelta(milliseconds=ms)
    except OverflowError:
        return "never" if ms >= NEVER // 1000 else str(ms)
    return time.isoformat(timespec="milliseconds" if ms % 1000 else "seconds").replace("+00:00", "Z")


class FrozenClock:
    """A wall clock that stands still, while the program's timers run on."""

    def __init__(self, path):
        self._path = path
        self.now = 0

    def set(self, ms):
        """Set it to Unix ms. libfaketime keeps fractions exactly only if they are multiples of 125 ms."""
        assert ms % 125 == 0, ms
        self.now = ms
        time = EPOCH + datetime.timedelta(milliseconds=ms)
        files.write(self._path, time.strftime("%Y-%m-%d %H:%M:%S.%f\n").encode())

    def env(self):
        """Return the variables of the program."""
        return {**faketime(), "FAKETIME_TIMESTAMP_FILE": self._path, "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1", "TZ": "UTC"}


# --- the broker ---------------------------------------------------------------------------------------------------------


class Inbox:
    """A broker with one queue and one consumer, which delivers ticks and knows which are acknowledged."""

    def __init__(self):
        self._condition = threading.Condition()
        self._peer = None
        self._sent = 0
        self._open = set()
        self._server = hostile.HostileServer(self._serve)
        self.url = self._server.url()

    def _serve(self, peer):
        peer.welcome()
        with self._condition:
            self._peer, self._sent, self._open = peer, 0, set()
            self._condition.notify_all()
        while True:
            channel, number, arguments = peer.read_method()
            if number in (hostile.ACK, REJECT):
                self._end(arguments, number == hostile.ACK)
            elif number not in hostile.NO_ANSWER:
                reply, content = hostile.ANSWERS[number]
                peer.send(hostile.method(channel, reply, content))

    def _end(self, arguments, acknowledged):
        """Forget the messages that a client has acknowledged or rejected."""
        tag, flags = struct.unpack(">QB", arguments[:9])
        multiple = acknowledged and flags & 1
        with self._condition:
            self._open = {sent for sent in self._open if sent != tag and not (multiple and sent < tag)}
            self._condition.notify_all()

    def forget(self):
        """Forget the consumer before the service restarts."""
        self._peer = None

    def wait_consumer(self):
        """Wait for a consumer."""
        with self._condition:
            if not self._condition.wait_for(lambda: self._peer is not None, DEADLINE):
                raise Timeout("nobody consumes")

    def deliver(self, *bodies):
        """Deliver ticks in one go."""
        data = b""
        with self._condition:
            for body in bodies:
                self._sent += 1
                self._open.add(self._sent)
                data += hostile.message(self._sent, body)
        self._peer.send(data)

    def wait_acknowledged(self):
        """Wait until every message is acknowledged or rejected."""
        with self._condition:
            if not self._condition.wait_for(lambda: not self._open, DEADLINE):
                raise Timeout(f"not acknowledged: {self._open}")

    def close(self):
        """Stop the broker."""
        self._server.stop()


# --- what is seen -------------------------------------------------------------------------------------------------------


def edit_between(before, after):
    """Return how one text became the other: where, what was there, and what is there now."""
    start = len(os.path.commonprefix([before, after]))
    rest = min(len(before), len(after)) - start
    same = len(os.path.commonprefix([before[start:][::-1], after[start:][::-1]])[:rest])
    return [start, to_text(before[start:len(before) - same]), to_text(after[start:len(after) - same])]


def to_text(data):
    """Return bytes as text without losing what is not UTF-8."""
    return data.decode(errors="surrogateescape")


def to_bytes(content):
    """Return the bytes of a file in a case: an object, a text, or lines."""
    if isinstance(content, dict):
        return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
    if isinstance(content, list):
        content = "".join(line + "\n" for line in content)
    return content.encode(errors="surrogateescape")


def show_reason(properties):
    """Return a check's state, the reason for it and the next due time as one line."""
    reason = dict(properties["Reason"])
    words = [properties["State"], reason.pop("code", "-")]
    for name in sorted(reason):
        value = reason[name]
        if name == "until":
            value = show_time(value // 1000)
        elif name == "error":
            # the wording may change
            value = "…"
        words.append(f"{name}={value}")
    words.append("next " + show_time(properties["NextDue"] // 1000))
    return " ".join(words)


class Player:
    """Plays one case to a service in its own home."""

    def __init__(self, case, home, started=lambda service: None):
        self._case, self._home, self._started = copy.deepcopy(case), home, started
        self.path = os.path.join(home, "heartbeat.json")
        self._clock = FrozenClock(os.path.join(home, "clock"))
        clock_env = self._clock.env()
        self._closing = contextlib.ExitStack()
        self._bus = Bus()
        self._closing.callback(self._bus.close)
        self._bus.start()
        self._agent = Agent(self._bus)
        self._inbox = Inbox()
        self._closing.callback(self._inbox.close)
        self._env = environment(home, AGENT_NAME="cack", HEARTBEAT_PATH=self.path, RABBIT_URL=self._inbox.url,
                                HANDLER_PATH=os.path.join(home, "handlers"), NOTIFY="none",
                                **self._bus.env(), **clock_env, **case.get("env", {}))
        self._state = os.path.join(self._env["XDG_STATE_HOME"], "heartbeat-consumer", "cack.json")
        self._history = os.path.join(self._env["XDG_STATE_HOME"], "heartbeat-consumer", "cack.history.jsonl")
        self._service = self._signals = None
        self._seen, self._shown = {}, {}
        self._kind = self._step = None

    def close(self):
        """Stop everything."""
        if self._service is not None and self._service.running:
            self._service.kill()
        self._closing.close()

    # --- files --------------------------------------------------------------------------------------------------------

    def _prepare(self):
        os.makedirs(os.path.dirname(self._state))
        os.makedirs(os.path.join(self._home, "handlers"))
        os.makedirs(os.path.join(self._home, "answers"))
        for name in self._case.get("handlers", ["told"]):
            handler = os.path.join(self._home, "handlers", name)
            files.write(handler, TOLD.encode())
            os.chmod(handler, 0o755)
        self._clock.set(read_time(self._case["clock"]))
        if "link" in self._case:
            os.symlink(self._case["link"], self.path)
        for path, member in ((self.path, "file"), (self._state, "state"), (self._history, "history")):
            if member in self._case:
                files.write(os.path.realpath(path),
                            to_bytes(self._case[member]).replace(b"@HOME@", self._home.encode()))
                self._seen[path] = files.read(path)
        os.chmod(self.path, int(self._case.get("mode", "644"), 8))
        self._kind = self._look_at_kind()

    def _look_at_kind(self):
        """Return the mode of heartbeat.json, and where it links to."""
        link = f"link to {os.readlink(self.path)}, " if os.path.islink(self.path) else ""
        return f"{link}mode {os.stat(self.path).st_mode:o}"

    def _changed(self, path):
        """Return a file's bytes before and after if it has changed since the last call, else None."""
        now = files.read(path) if os.path.exists(path) else b""
        before = self._seen.get(path, b"")
        self._seen[path] = now
        return (before, now) if now != before else None

    def _see_files(self, entry):
        if change := self._changed(self.path):
            entry["file"] = edit_between(*change)
        if (kind := self._look_at_kind()) != self._kind:
            entry["kind"] = self._kind = kind
        if change := self._changed(self._state):
            entry["state"] = to_text(change[1]).replace(self._home, "@HOME@").splitlines()
        if change := self._changed(self._history):
            before, now = change
            added = now[len(before):] if now.startswith(before) else now
            entry["history"] = re.sub(r'("durationMs": )\d+', r"\1#", to_text(added)).splitlines()

    # --- the service --------------------------------------------------------------------------------------------------

    def _start(self):
        self._inbox.forget()
        self._signals = self._agent.record()
        wrapper = [*READ_ONLY_FILE, self.path] if self._case.get("readOnly") else []
        self._service = Service(self._env, wrapper=wrapper)
        self._started(self._service)
        until(lambda: not self._service.running or self._bus.has_name(self._agent.name), what="the service")
        assert self._service.running, "the service ended at once"
        self._inbox.wait_consumer()

    def _stop(self):
        status = self._service.stop().status
        assert status == 0, f"the service ended with status {status}"
        self._bus.wait_name(self._agent.name, owned=False)
        self._signals.close()

    def _flush(self):
        """Have the service write what is pending for its history."""
        self._agent.call("History", "(su)", "", 0)

    def _look(self):
        """Return what has changed on D-Bus, for the agent and each check, since the last call."""
        objects, = self._bus.call(self._agent.name, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        said = {}
        for path, interfaces in sorted(objects.items()):
            if path == self._agent.path:
                agent = interfaces[PREFIX + ".Agent"]
                said["(agent)"] = "next {} paused {}{}".format(
                    show_time(agent["NextDue"] // 1000), agent["Paused"], self._show_error(agent["ConfigError"]))
                said["(counts)"] = "received {TicksReceived} idle {TicksIdle} succeeded {RunsSucceeded} " \
                    "failed {RunsFailed} skipped {RunsSkipped} rejected {MessagesRejected}".format(**agent)
            elif PREFIX + ".Check" in interfaces:
                check = interfaces[PREFIX + ".Check"]
                name = check["Name"]
                said[name] = show_reason(check)
                said[name + " last"] = "{} {LastStatus!r} {LastMessage!r} failures {ConsecutiveFailures}".format(
                    show_time(check["LastRun"] // 1000), **check)
                said[name + " is"] = "{Handler} {CadenceMs} priority {Priority} enabled {Enabled} paused {Paused}".format(
                    **check) + (" invalid" if check["Error"] else "")
                if self._case.get("ratios"):
                    said[name + " ratio"] = f"{check['OverdueRatio']:.9g}"
        new = {name: line for name, line in said.items() if self._shown.get(name) != line}
        new.update({name: "gone" for name in self._shown if name not in said})
        self._shown = said
        return new

    @staticmethod
    def _show_error(error):
        """Show where an error is; the wording may change."""
        place = re.search(r"line \d+, column \d+", error)
        return f" broken at {place[0] if place else '?'}" if error else ""

    def _call(self, method, signature, *args):
        """Call a method of the agent; return its results, or the name of its error."""
        try:
            return list(self._agent.call(method, signature, *args))
        except GLib.Error as error:
            return (Gio.DBusError.get_remote_error(error) or str(error)).replace(ERROR, "error ")

    # --- steps --------------------------------------------------------------------------------------------------------

    def _tick_body(self, tick):
        """Return the body of a tick: a text as it is, or an envelope around the payload."""
        if isinstance(tick, str):
            return tick.encode()
        payload = dict(tick)
        if "age" in payload:
            payload["epochMs"] = self._clock.now - read_duration(payload.pop("age"))
        return json.dumps({"event_id": "e", "event_type": "system.heartbeat.tick", "payload": payload}).encode()

    def _do_tick(self, entry, ticks):
        ticks = ticks if isinstance(ticks, list) else [ticks]
        before = len(self._signals.signals)
        self._inbox.deliver(*map(self._tick_body, ticks))
        self._inbox.wait_acknowledged()
        self._flush()
        started = [signal for signal in self._signals.signals[before:] if signal.member == "CheckStarted"]
        until(lambda: len(self._finished_since(before)) >= len(started), what="the runs to end")
        entry["ran"] = self._finished_since(before)

    def _finished_since(self, before):
        """Return which runs ended after so many signals, and how."""
        return [f"{signal.args[0]}: {signal.args[1]}" for signal in self._signals.signals[before:]
                if signal.member == "CheckFinished"]

    def _do_run(self, entry, check):
        result = self._call("RunCheck", "(sa{sv})", check, {})
        if isinstance(result, list):
            result = "{status}: {message}".format(**result[0])
        entry["result"] = result
        self._flush()

    def _do_pause(self, entry, check):
        end = self._step.pop("until", None)
        entry["result"] = self._call("Pause", "(sxs)", check, read_time(end) * 1000 if end else 0,
                                     self._step.pop("reason", ""))

    def _do_resume(self, entry, check):
        entry["result"] = self._call("Resume", "(s)", check)

    def _do_enable(self, entry, check):
        entry["result"] = self._call("SetEnabled", "(sb)", check, True)

    def _do_disable(self, entry, check):
        entry["result"] = self._call("SetEnabled", "(sb)", check, False)

    def _do_reload(self, entry, _yes):
        entry["result"] = self._call("Reload", "()")

    def _do_history(self, entry, check):
        runs = self._agent.call("History", "(su)", check, 100)[0]
        entry["runs"] = ["{} {check} {status} {message!r} {trigger}".format(show_time(run["time"] // 1000), **run)
                         for run in runs]

    def _do_restart(self, _entry, read_only):
        self._stop()
        self._case["readOnly"] = read_only == "readOnly"
        self._start()

    def _do_look(self, entry, times):
        entry["looks"] = []
        for time in times:
            self._clock.set(read_time(time))
            entry["looks"].append([time, self._look()])

    def _do_settle(self, _entry, what):
        """Wait for what the service does on its own: change a file, report or clear an error."""
        for name in what:
            path = {"file": self.path, "state": self._state}.get(name)
            if path:
                until(lambda path=path: files.read(path) != self._seen.get(path), what=f"{path} to change")
            else:
                until(lambda name=name: bool(self._agent.get("ConfigError")) == (name == "broken"), what=f"a {name} file")

    def _take(self, step):
        """Take one step; return its entry in the record."""
        self._step = step
        if "at" in step:
            self._clock.set(read_time(step.pop("at")))
        if "after" in step:
            self._clock.set(self._clock.now + read_duration(step.pop("after")))
        for check, script in step.pop("answers", {}).items():
            files.write(os.path.join(self._home, "answers", check), script.encode())
        if "meanwhile" in step:
            files.write(os.path.join(self._home, "meanwhile.json"), to_bytes(step.pop("meanwhile")))
        if "write" in step:
            files.write(os.path.realpath(self.path), to_bytes(step.pop("write")))
            self._changed(self.path)
            self._kind = self._look_at_kind()
        entry = {"at": show_time(self._clock.now)}
        actions = [name for name in step if hasattr(self, "_do_" + name)]
        for name in actions:
            entry["did"] = name
            getattr(self, "_do_" + name)(entry, step.pop(name))
        assert not step, f"what is {step}?"
        self._see_files(entry)
        if "looks" not in entry:
            entry["now"] = self._look()
        return entry

    def play(self):
        """Play the case; return the record, an entry for the start and for each step."""
        self._prepare()
        self._start()
        record = [{"at": show_time(self._clock.now), "did": "start", "now": self._look()}]
        for step in self._case["steps"]:
            record.append(self._take(step))
        self._stop()
        last = {"did": "stop"}
        self._see_files(last)
        return [*record, last]


# --- cases and records --------------------------------------------------------------------------------------------------

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "replay")


def _names(kind):
    return sorted(name[:-5] for name in os.listdir(os.path.join(FOLDER, kind)) if name.endswith(".json"))


def case_names():
    """Return the names of all cases."""
    return _names("cases")


def record_names():
    """Return the names of all records."""
    return _names("recorded")


def needs_mounts(case):
    """Say whether a case has a file that cannot be replaced."""
    return case.get("readOnly") or any(step.get("restart") == "readOnly" for step in case["steps"])


def facts(entry):
    """Yield the contents of an entry one fact at a time, as (what, value)."""
    for what, value in entry.items():
        if what == "looks":
            for time, said in value:
                yield from ((f"{name} at {time}", line) for name, line in said.items())
        elif what == "now":
            yield from value.items()
        else:
            yield what, value


def _path(kind, name):
    return os.path.join(FOLDER, kind, name + ".json")


def read_case(name):
    """Return a case."""
    with open(_path("cases", name), encoding="utf-8") as file:
        return json.load(file)


def read_record(name):
    """Return a record."""
    with open(_path("recorded", name), encoding="utf-8") as file:
        return json.load(file)


def write_record(name, record):
    """Write a record, each entry and each look on a line of its own."""
    entries = []
    for entry in record:
        text = json.dumps(entry)
        for look in entry.get("looks", []):
            text = text.replace(json.dumps(look), "\n    " + json.dumps(look))
        entries.append("  " + text.replace(", \n", ",\n"))
    with open(_path("recorded", name), "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(entries) + "\n]\n")


def play(case, home, started=lambda service: None):
    """Play a case in an empty folder and return its record; `started` is called with each service."""
    player = Player(case, home, started)
    try:
        return player.play()
    finally:
        player.close()
