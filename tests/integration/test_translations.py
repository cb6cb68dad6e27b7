"""What people read is in their language, and what programs read is not."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import time
import unicodedata

from bench import files, process
from bench.case import Case
from bench.library import Library
from bench.service import program, translated

COLUMNS = 80
LANGUAGES = ("de", "es", "fr")
FAILING = {"handler": "command", "meta": {"command": ["sh", "-c", "echo 'no answer from the server'; exit 2"]}}

# By language: the heads of `status`.
HEADS = {
    "de": ("PRÜFUNG", "ZUSTAND", "INTERVALL", "ZULETZT", "FÄLLIG", "LETZTE 10", "ERGEBNIS"),
    "es": ("COMPROBACIÓN", "ESTADO", "INTERVALO", "ÚLTIMA", "LE TOCA", "ÚLTIMAS 10", "RESULTADO"),
    "fr": ("VÉRIFICATION", "ÉTAT", "INTERVALLE", "DERNIÈRE", "DUE", "10 DERNIERS", "RÉSULTAT"),
}
COUNTED = {
    "de": ("0 Prüfungen sind gut", "1 Prüfung sind gut", "2 Prüfungen sind gut"),
    "es": ("0 comprobaciones están bien", "1 comprobación están bien", "2 comprobaciones están bien"),
    "fr": ("0 vérification sont bons", "1 vérification sont bons", "2 vérifications sont bons"),
}


def width(text):
    """Return how many columns of a terminal a text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def column(line, text):
    """Return the column at which a text begins in a line, or None."""
    at = line.find(text)
    return None if at < 0 else width(line[:at])


class Translated(Case):
    """The catalogues of the build folder, as `meson devenv` has them."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.build = os.path.dirname(os.path.dirname(os.path.dirname(program("HEARTBEATCTL"))))
        self.env.update(translated(self.path("locales")), TICK_SOURCE="local", TICK_INTERVAL_S="86400", TZ="UTC",
                        HEARTBEAT_LOCALEDIR=os.path.join(self.build, "po"))

    def run_in(self, language, *args, status=0, **variables):
        """Run heartbeatctl in a language; return what it prints and what it complains of."""
        ended = self.ctl(*args, LANGUAGE=language, **variables)
        self.assertEqual(ended.returncode, status, ended.stdout + ended.stderr)
        return ended.stdout + ended.stderr

    def on_terminal(self, language, *args, columns=COLUMNS):
        """Run heartbeatctl on a terminal; return the lines that it shows there, without colours."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))
        env = {**self.env, "LANGUAGE": language, "TERM": "xterm", "NO_COLOR": "1"}
        child = process.spawn([program("HEARTBEATCTL"), *args], env=env, cwd=self.home, stdin=subprocess.DEVNULL,
                              stdout=theirs, stderr=subprocess.DEVNULL)
        os.close(theirs)
        shown = b""
        try:
            while data := os.read(ours, 65536):
                shown += data
        except OSError:  # the other side is closed
            pass
        os.close(ours)
        child.wait(60)
        return shown.decode().replace("\r\n", "\n").splitlines()

    def start_with_checks(self, language):
        """Start a service, in that language, with checks in many states."""
        recent = time.time_ns() // 1_000_000
        checks = {
            "größe": {"cadenceMs": 900_000, "lastRun": recent - 60_000},
            "señal_de_vida": {"lastRun": recent - 7_200_000},
            "天気": {"cadenceMs": 86_400_000, "lastRun": recent - 80_000_000},
            "mail": {**FAILING, "lastRun": recent},
            "report": {"enabled": False},
            "rest": {},
            "wrong": {"cadenceMs": 5},
        }
        content = json.loads(files.heartbeat(checks))
        content["paused"] = {"rest": {"until": recent + 30 * 86_400_000, "reason": "on holiday"}}
        self.write(json.dumps(content, ensure_ascii=False).encode())
        self.start(LANGUAGE=language)
        for name in ("größe", "天気", "mail", "mail"):
            self.agent.run(name)


class Tables(Translated):
    """A terminal of 80 columns."""

    def assert_whole(self, lines, ellipsis=True):
        """No line is wider than the terminal, and no head is cut; where ellipsis is false, nothing is."""
        for line in lines:
            self.assertLessEqual(width(line), COLUMNS, line)
        self.assertNotIn("…", lines[0])
        if not ellipsis:
            self.assertNotIn("…", "\n".join(lines))

    def assert_aligned(self, lines, head, cells):
        """Each of these cells begins where its head does."""
        place = next(column(line, head) for line in lines if head in line)
        for cell in cells:
            places = {column(line, cell) for line in lines if cell in line}
            self.assertEqual(places, {place}, f"{cell!r} under {head!r}:\n" + "\n".join(lines))

    def test_everything_fits(self):
        self.start_with_checks("de")
        for language in LANGUAGES:
            with self.subTest(language=language):
                lines = self.on_terminal(language, "status")
                table = lines[lines.index("") + 1:]
                self.assert_whole(table)
                self.assertEqual(len(table), 8)
                self.assert_whole(lines[:-len(table)], ellipsis=False)
                self.assert_whole(self.on_terminal(language, "history"))
                for command in (("list",), ("show", "wrong"), ("doctor", "--agent", "cack")):
                    self.assert_whole(self.on_terminal(language, *command), ellipsis=False)
                self.assertLessEqual(max(map(width, self.on_terminal(language, "--help"))), COLUMNS)
                head = next(line for line in self.on_terminal(language, "status", columns=200)
                            if line.startswith(HEADS[language][0]))
                self.assertEqual(re.split("  +", head), list(HEADS[language]))

    def test_cells_stand_under_their_heads(self):
        self.start_with_checks("de")
        lines = self.on_terminal("de", "status")
        self.assert_aligned(lines, "ZUSTAND", ("deaktiviert", "pausiert", "ungültig", "bereit"))
        lines = self.on_terminal("de", "list")
        self.assert_aligned(lines, "WARUM", ("pausiert bis", "fällig in", "wartet nach", "Zeile 1, "))
        lines = self.on_terminal("de", "history")
        self.assert_aligned(lines, "STATUS", ("erfolgreich", "gescheitert"))
        lines = self.on_terminal("de", "show", "mail")
        self.assertEqual({column(line, cell) for cell in ("gescheitert", "ja", "cack", "command") for line in lines
                          if line.endswith(cell)}, {column(lines[0], "mail")})


class Words(Translated):
    """What is said."""

    def test_counts(self):
        for number, checks in enumerate(({}, {"a": {}}, {"a": {}, "b": {}})):
            self.write_checks(**checks)
            for language in LANGUAGES:
                service, status = self.run_service("--check-config", LANGUAGE=language)
                self.assertEqual(status, 0, service.stderr)
                self.assertIn(COUNTED[language][number], service.stdout[0])

    def test_validate_says_the_rule(self):
        self.write_checks(wrong={"cadenceMs": 5})
        rule = {"de": "eine ganze Zahl ab 1000 wird erwartet, nicht 5", "es": "se espera un entero de al menos 1000, no 5",
                "fr": "un entier d’au moins 1000 est attendu, non 5"}
        for language in LANGUAGES:
            text = self.run_in(language, "validate", self.config, status=1)
            self.assertIn(f"checks.wrong.cadenceMs: {rule[language]}", text.replace("\N{NO-BREAK SPACE}:", ":"))

    def test_what_is_not_known_is_english(self):
        self.assertIn("Commands:", self.run_in("tlh", "--help"))

    def test_a_locale_without_translations_is_english(self):
        self.assertIn("Commands:", self.run_in("de", "--help", LANG="C"))

    def test_errors_from_the_service_are_in_its_language(self):
        self.write_checks(good={})
        self.start(LANGUAGE="de")
        self.assertIn("der Agent „cack“ hat keine Prüfung „none“",
                      self.assert_error("NoSuchCheck", "RunCheck", "(sa{sv})", "none", {}))
        self.write(b"{")
        self.assertRegex(self.assert_error("ConfigUnusable", "Reload"), "Zeile 1, Spalte 2: .*erwartet")
        self.assertIn("Zeile 1, Spalte 2: ", self.agent.get("ConfigError"))

    def test_the_log_is_english(self):
        self.write_checks(failing={**FAILING})
        service = self.start(LANGUAGE="de")
        self.agent.run("failing")
        service.wait_log("failing failed in .*: no answer from the server")

    def test_a_result_says_why_in_the_service_s_language(self):
        self.write_checks(lost={"handler": "nowhere"})
        self.start(LANGUAGE="de")
        self.assertEqual(self.agent.run("lost")["message"], "es gibt keinen Handler „nowhere“, „default“ lief")

    def test_what_programs_read_is_the_same_in_each_language(self):
        self.start_with_checks("de")
        # the only tick of this day changes what there is to see
        self.finished("señal_de_vida")
        codes = {}
        for language in ("", "de"):
            document = json.loads(self.run_in(language, "list", "--json"))
            codes[language] = [(check["Name"], check["State"], check["Reason"]["code"], check["LastStatus"])
                               for check in document["checks"]]
            history = json.loads(self.run_in(language, "history", "--json"))
            codes[language] += [(run["status"], run["trigger"]) for run in history["runs"]]
            doctor = json.loads(self.run_in(language, "doctor", "--json", "--agent", "cack", status=1))
            # how long ago the tick came is something else each time
            codes[language] += [(found["check"], found["status"], found["advice"],
                                 re.sub(r"\d", "", found["message"]) if found["check"] != "ticks" else "")
                                for found in doctor["checks"]]
            broken = json.loads(self.run_in(language, "validate", "--json", self.config, status=1))
            codes[language] += [problem["rule"] for problem in broken["files"][0]["problems"]]
        self.assertEqual(codes["de"], codes[""])
        self.assertIn(("mail", "backing-off", "backing-off", "failed"), codes["de"])


class Notified(Translated):
    """On the desktop."""

    def test_notifications(self):
        self.write_checks(mail=FAILING)
        server = self.notifications()
        service = self.start(LANGUAGE="de")
        for count in range(1, 4):
            self.agent.run("mail")
            calls = server.wait_calls(count)  # of two that come at once only the last is shown
        self.assertEqual([call.summary for call in calls],
                         ["cack: mail ist gescheitert", *(f"cack: mail {n}-mal in Folge gescheitert" for n in (2, 3))])
        self.assertIn("Noch einmal ausführen", calls[0].actions)
        self.assertIn("1 Stunde pausieren", calls[0].actions)
        self.assertTrue(service.running)


class Embedding(Translated):
    """The library in somebody else's program."""

    def test_it_finds_its_catalogue_by_itself(self):
        library = Library()
        library.need("Heartbeat-1.0.typelib")
        script = ("import locale; locale.setlocale(locale.LC_ALL, ''); import gi; gi.require_version('Heartbeat', '1.0')\n"
                  "from gi.repository import GLib, Heartbeat\n"
                  "consumer = Heartbeat.Consumer(agent_name='a.b', heartbeat_path='/nowhere', tick_source='local')\n"
                  "try: consumer.start()\n"
                  "except GLib.Error as error: print(error.message)\n")
        env = library.environment(self.home, LANGUAGE="de",
                                  **{name: self.env[name] for name in ("LANG", "LOCPATH", "HEARTBEAT_LOCALEDIR")})
        ended = subprocess.run(["/usr/bin/python3", "-c", script], env=env, capture_output=True, text=True, timeout=60,
                               check=False)
        self.assertEqual(ended.stdout, "der Name des Agenten „a.b“ hat nicht die Form [A-Za-z0-9][A-Za-z0-9_-]{0,63}\n",
                         ended.stderr)
