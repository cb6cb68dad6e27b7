#!/usr/bin/python3
"""Take pictures of notifications and terminals: screenshots.py PREFIX FOLDER [--look] [--language=de]

PREFIX is where the programs are installed. They run with a real broker, and a real notification server on a screen that
nobody sees; buttons are really clicked. Without --look these are the README's pictures, else further ones, to be looked
at. In another language than English no button is clicked, since it stands elsewhere. tests/screenshots.sh prepares all that.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "integration"))

from bench import files, process  # noqa: E402  (needs the path above)
from bench.agent import Agent  # noqa: E402
from bench.broker import Broker  # noqa: E402
from bench.bus import Bus  # noqa: E402
from bench.service import Service, environment, translated  # noqa: E402
from bench.wait import until  # noqa: E402

HOME = "/tmp/anna"  # it is in the pictures
SCREEN = (1000, 700)
DESKTOP = "#5e5c64"
XFCONFD = "/usr/lib/x86_64-linux-gnu/xfce4/xfconf/xfconfd"
NOTIFYD = "/usr/lib/x86_64-linux-gnu/xfce4/notifyd/xfce4-notifyd"
SERVER = "org.freedesktop.Notifications"

# GNOME's terminal, as colours 0 to 7 and 8 to 15
PALETTE = ["#171421", "#c01c28", "#26a269", "#a2734c", "#12488b", "#a347ba", "#2aa1b3", "#d0cfcc",
           "#5e5c64", "#f66151", "#33d17a", "#e9ad0c", "#2a7bde", "#c061cb", "#33c7de", "#ffffff"]
LOOKS = {"dark": ("#1e1e1e", "#ffffff"), "light": ("#ffffff", "#1e1e1e")}

MAIL = "login refused by <imap.example.org> & no other server is known"
BROKEN = b"""{
  "$schema": "heartbeat.v1",
  "agent": "cack",
  "checks": {
    "mail": {"cadenceMs": 300000, "handler": "mail",}
  }
}
"""
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def clock(hours):
    """Return the time of day so many hours from now, as a window has it."""
    return time.strftime("%H:%M", time.gmtime(time.time() + hours * 3600))


def say(text):
    """Return a handler and its `meta`: a command that says a text and succeeds."""
    return {"handler": "command", "meta": {"command": ["echo", text]}}


def example(wide):
    """Return checks in all states: mail fails until the file `mended` is there, backup takes long if `nap` is."""
    now = int(time.time() * 1000)
    mail = f"[ -e mended ] && echo '3 new messages' && exit; echo {shlex.quote(MAIL)}; exit 2"
    backup = "[ -e nap ] && exec sleep 600; echo '1.2 GB in 341 files'"
    checks = {
        "sub_health": {"cadenceMs": 15 * MINUTE, "lastRun": now - 4 * MINUTE, **say("3 sub-agents, all are well")},
        "mail": {"cadenceMs": 5 * MINUTE, "lastRun": now - 12 * MINUTE, **say(""), "meta": {"command": mail}},
        "backup": {"cadenceMs": 6 * HOUR, "lastRun": now - 7 * HOUR, **say(""), "meta": {"command": backup}},
        "disk_space": {"cadenceMs": HOUR, "lastRun": now - 61 * MINUTE, **say("/ has 41 GB left, 63 % used")},
        "memory_review": {"cadenceMs": DAY, "lastRun": now - 28 * HOUR, **say("12 notes kept, 3 merged"),
                          "window": {"start": clock(-4), "end": clock(-1), "tz": "UTC"}},
        "calendar": {"cadenceMs": HOUR, "lastRun": now - 3 * HOUR, **say("2 appointments today")},
        "old_report": {"cadenceMs": 7 * DAY, "enabled": False, "lastRun": now - 40 * DAY, **say("")},
        "twitter": {"cadenceMs": 10, "handler": "default"},
    }
    if wide:
        checks["天気"] = {"cadenceMs": 3 * HOUR, "lastRun": now - 50 * MINUTE, **say("東京は晴れ、最高気温 31 °C")}
    return checks


def history():
    """Return the lines of runs that the example has behind it."""
    now = int(time.time() * 1000)
    runs = []

    def add(check, ago, status, message, took, trigger="tick"):
        runs.append({"time": now - int(ago), "check": check, "status": status, "message": message,
                     "durationMs": took, "trigger": trigger})

    for i in range(12):
        add("sub_health", 4 * MINUTE + i * 15 * MINUTE, "success", "3 sub-agents, all are well", 310 + 7 * i)
    for i in range(9):
        add("mail", 12 * MINUTE + i * 5 * MINUTE, *(("failed", "no answer within 10 s", 10000) if i in (2, 3) else
                                                    ("success", "no new messages" if i % 3 else "1 new message", 840)))
    for i in range(6):
        add("disk_space", 61 * MINUTE + i * HOUR, "success", f"/ has {41 + i} GB left, {63 - i} % used", 20)
    for i in range(4):
        add("backup", 7 * HOUR + i * 6 * HOUR, "success", f"1.2 GB in {341 - 9 * i} files", 94000 - 3000 * i)
    for i in range(3):
        add("memory_review", 28 * HOUR + i * DAY, "success", "12 notes kept, 3 merged", 41000)
    add("calendar", 3 * HOUR, "success", "2 appointments today", 700, "manual")
    runs.sort(key=lambda run: run["time"])
    return "".join(json.dumps(run, ensure_ascii=False) + "\n" for run in runs).encode()


class Stage:
    """A screen, a bus with a notification server, a broker, and the service on them."""

    def __init__(self, prefix, folder, language):
        self.prefix = prefix
        self.language = language
        self.folder = folder
        self.children = []
        self.bus = Bus()
        self.broker = Broker()
        self.display = self.service = None
        self.agent = Agent(self.bus)

    # --- around it --------------------------------------------------------------------------------------------------

    def __enter__(self):
        os.mkdir(HOME, 0o700)
        os.makedirs(os.path.join(HOME, "agents/cack"))
        self.broker.start()
        self.bus.start()
        self._start_screen()
        data = ":".join((os.path.join(self.prefix, "share"), "/usr/local/share", "/usr/share"))
        self.env = environment(HOME, **self.bus.env(), DISPLAY=self.display, XDG_DATA_DIRS=data, TZ="UTC",
                               **translated(os.path.join(HOME, "locales")), LANGUAGE=self.language, GTK_THEME="Adwaita",
                               PATH=os.path.join(self.prefix, "bin") + ":/usr/bin:/bin",
                               AGENT_NAME="cack", HEARTBEAT_PATH=self.config, RABBIT_URL=self.broker.url())
        for program, name in ((XFCONFD, "org.xfce.Xfconf"), (NOTIFYD, SERVER)):
            self._spawn(program)
            self.bus.wait_name(name)
        return self

    def __exit__(self, *_):
        self.stop()
        for child in reversed(self.children):
            process.end(child)
        self.bus.close()
        self.broker.close()
        shutil.rmtree(HOME, ignore_errors=True)

    def _spawn(self, *command, **options):
        child = process.spawn(list(command), **{"env": self.env, "stdin": subprocess.DEVNULL,
                                                "stderr": subprocess.DEVNULL, **options})
        self.children.append(child)
        return child

    def _start_screen(self):
        self.env = dict(os.environ)
        read, write = os.pipe()
        self._spawn("Xvfb", "-displayfd", str(write), "-screen", "0", f"{SCREEN[0]}x{SCREEN[1]}x24", "-nolisten", "tcp",
                    "-noreset", pass_fds=(write,))
        os.close(write)
        with os.fdopen(read) as pipe:
            self.display = ":" + pipe.readline().strip()
        self.x("xsetroot", "-solid", DESKTOP)

    @property
    def config(self):
        """The agent's heartbeat.json."""
        return os.path.join(HOME, "agents/cack/heartbeat.json")

    def path(self, name):
        """Return a path in the agent's folder."""
        return os.path.join(HOME, "agents/cack", name)

    # --- the service ------------------------------------------------------------------------------------------------

    def write(self, wide=False):
        """Write the example's heartbeat.json."""
        paused = {"calendar": {"until": int(time.time() * 1000) + 2 * DAY, "reason": "on holiday"}}
        files.write(self.config, files.heartbeat(example(wide), paused=paused))

    def touch(self, name):
        """Make a file in the agent's folder."""
        with open(self.path(name), "w", encoding="utf-8"):
            pass

    def start(self, **variables):
        """Start the service."""
        os.environ["HEARTBEAT_CONSUMER"] = os.path.join(self.prefix, "bin/heartbeat-consumer")
        self.service = Service({**self.env, **variables})
        self.agent.wait_owned()

    def stop(self):
        """End the service."""
        if self.service is not None and self.service.running:
            self.service.stop()
        self.service = None

    # --- pictures ---------------------------------------------------------------------------------------------------

    def x(self, *command):
        """Run a program on the screen, and return what it prints."""
        return subprocess.run(command, env={**os.environ, "DISPLAY": self.display}, check=True, capture_output=True,
                              text=True).stdout

    def take(self, name, *command):
        """Write a picture that a command of ImageMagick's makes of standard input or the screen, with few colours."""
        path = os.path.join(self.folder, name + ".png")
        self.x(*command, "-strip", path)
        subprocess.run(["pngquant", "--force", "--output", path, "64", path], check=True)
        subprocess.run(["optipng", "-quiet", path], check=True)
        print(f"{path}: {os.path.getsize(path)} bytes")

    # --- notifications ----------------------------------------------------------------------------------------------

    def windows(self):
        """Return the windows that the notification server shows, as (id, x, y, width, height)."""
        found = []
        out = subprocess.run(["xdotool", "search", "--onlyvisible", "--class", "xfce4-notifyd"],
                             env={**os.environ, "DISPLAY": self.display}, capture_output=True, text=True, check=False)
        for window in out.stdout.split():
            try:
                shell = dict(line.split("=") for line in self.x("xdotool", "getwindowgeometry", "--shell",
                                                                window).split())
            except subprocess.CalledProcessError:
                continue
            if int(shell["WIDTH"]) > 10:
                found.append((window, *(int(shell[key]) for key in ("X", "Y", "WIDTH", "HEIGHT"))))
        return found

    def wait_windows(self, count):
        """Wait until so many notifications are there, drawn and still."""
        until(lambda: len(self.windows()) == count, what=f"{count} notification(s)")
        time.sleep(1.5)
        return self.windows()

    def take_notification(self, name):
        """Take a picture of the only notification."""
        (window, x, y, width, height), = self.wait_windows(1)
        part = f"{width + 20}x{height + 20}+{x - 10}+{y - 10}"
        self.take(name, "import", "-window", "root", "-crop", part, "+repage")
        return window, x, y, width, height

    def click(self, x, y):
        """Click there."""
        self.x("xdotool", "mousemove", str(x), str(y), "sleep", "0.3", "click", "1")
        self.x("xdotool", "mousemove", "10", str(SCREEN[1] - 10))

    # --- a terminal -------------------------------------------------------------------------------------------------

    def take_terminal(self, name, command, look="dark", rows=24):
        """Take a picture of a terminal in which a command was typed."""
        background, foreground = LOOKS[look]
        resources = ["*boldColors: false", *(f"*color{i}: {colour}" for i, colour in enumerate(PALETTE))]
        options = [word for resource in resources for word in ("-xrm", resource)]
        script = (f"printf '\\033[1m$\\033[0m {command}\\n'; {command}; "
                  f"printf '\\033[?25l'; touch {HOME}/done; sleep 600")
        child = self._spawn("xterm", "-geometry", f"80x{rows}+0+0", "-bg", background, "-fg", foreground, "-b", "12", "+sb",
                            "-fa", "DejaVu Sans Mono", "-fs", "10", "-u8", *options, "-e", "sh", "-c", script,
                            env={**self.env, "TERM": "xterm-256color"}, cwd=HOME)
        if "monitor" in command:
            time.sleep(2)
            self.agent.run("sub_health")
            self.agent.run("mail")
            time.sleep(2)
        else:
            until(lambda: os.path.exists(f"{HOME}/done"), what="the command to end")
            os.remove(f"{HOME}/done")
            time.sleep(1)
        window = self.x("xdotool", "search", "--class", "xterm").split()[-1]
        self.take(name, "import", "-window", window)
        process.end(child)
        self.children.remove(child)


def press(stage, geometry, button):
    """Click one of the two buttons of a notification, at the right of its lower end."""
    _window, x, y, width, height = geometry
    stage.click(x + width - (204 if button == "Run again" else 70), y + height - 31)


def click_run(stage, geometry):
    """Have the check run by the button."""
    if stage.language:
        stage.agent.run("mail")
        return
    signals = stage.agent.record()
    press(stage, geometry, "Run again")
    signals.wait("CheckFinished", "mail")


def click_pause(stage, geometry):
    """Pause the check by the button, and end the pause."""
    if stage.language:
        return
    press(stage, geometry, "Pause for 1 hour")
    stage.agent.check("mail").wait("Paused", True)
    stage.wait_windows(0)
    stage.agent.call("Resume", "(s)", "mail")


def show_notifications(stage, look):
    """Take pictures of a failure's life, and click on it."""
    stage.agent.run("mail")
    geometry = stage.take_notification("notification")
    click_run(stage, geometry)
    stage.agent.run("mail")
    geometry = stage.take_notification("notification-critical")
    click_pause(stage, geometry)
    if not look:
        return
    stage.agent.run("mail")
    stage.wait_windows(1)
    stage.touch("mended")
    stage.agent.run("mail")
    stage.take_notification("recovered")
    stage.wait_windows(0)
    os.remove(stage.path("mended"))
    files.write(stage.config, BROKEN)
    stage.service.send(signal.SIGHUP)
    stage.take_notification("broken")
    stage.write(look)
    stage.service.send(signal.SIGHUP)
    stage.wait_windows(0)
    for _ in range(3):
        stage.agent.run("mail")


def show_terminals(stage, look):
    """Take pictures of the command line client."""
    stage.agent.run("sub_health")
    stage.touch("nap")
    stage.broker.publish("/", "system.heartbeat.tick", files.data("tick-published.json"))
    stage.agent.check("backup").wait("State", "running")
    names = ("status", "list", "history", "monitor", "show mail", "show twitter") if look else ("status", "history")
    for name in names:
        stage.take_terminal(name.replace(" ", "-"), "heartbeatctl " + name)
        if look:
            stage.take_terminal(name.replace(" ", "-") + "-light", "heartbeatctl " + name, "light")
    with stage.broker.channel("/") as channel:
        channel.basic_consume("agent.cack.inbox", lambda *_: None)
        channel.queue_unbind("agent.cack.inbox", "bloodbank.events.v1", "system.heartbeat.#")
        stage.take_terminal("doctor", "heartbeatctl doctor", rows=37)
        if look:
            stage.take_terminal("doctor-light", "heartbeatctl doctor", "light", rows=37)


def main():
    prefix, folder, *options = sys.argv[1:]
    look = "--look" in options
    language = next((option.removeprefix("--language=") for option in options if option.startswith("--language=")), "")
    with Stage(prefix, folder, language) as stage:
        stage.write(look)
        state = os.path.join(HOME, "xdg_state_home", "heartbeat-consumer")
        os.makedirs(state)
        files.write(os.path.join(state, "cack.history.jsonl"), history())
        stage.start()
        stage.broker.wait_consumers("/", "agent.cack.inbox")
        show_notifications(stage, look)
        show_terminals(stage, look)


if __name__ == "__main__":
    main()
