#!/usr/bin/env python3
"""Each text for people is marked, and each catalogue in po/ is complete. Prints TAP. Argument: the source folder."""

import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = sys.argv[1]
KEYWORDS = ("_", "N_", "C_", "NC_", "ngettext")

# As the preset of po/meson.build has it.
XGETTEXT = ["xgettext", "--from-code=UTF-8", "--keyword=_", "--keyword=N_", "--keyword=C_:1c,2", "--keyword=NC_:1c,2",
            "--no-location", "--no-wrap", "--output=-"]

TOKEN = re.compile(r'/\*.*?\*/|^[ \t]*#(?:[^\n\\]|\\.)*|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|[A-Za-z_]\w*|\S', re.S | re.M)
NAME = re.compile(r"[A-Za-z_]\w*$")
PROSE = re.compile(r"[A-Za-z]{2,}[,:.;”]? “?[A-Za-z]{2,}")
WORD = re.compile(r"[a-z]{3,}|[A-Z]{2,}")

# What these are given is for the journal, for a program, or compared with what the broker says.
NOT_FOR_PEOPLE = re.compile(r"g_(debug|info|message|warning|critical|error)$|heartbeat_log$|heartbeat_io_error_warn$"
                            r"|g_source_set_static_name$|g_param_spec_\w+$|strstr$|has_line$|dup_between$|dup_name$"
                            r"|json_builder_\w+$|add_string$|add_member$|CHOICE$|g_variant_\w+$|strcmp$|g_str\w+equal$")

# What these print or show is for people: there even a single word is.
FOR_PEOPLE = re.compile(r"heartbeat_ctl_(table_add\w*|report|finding_(set|pass|warn|fail|skip|advise))$|add_(line|time|integer|word)$"
                        r"|g_print(err)?$|notify_notification_add_action$|heartbeat_notice_new\w*$|g_set_error\w*$"
                        r"|heartbeat_run_(succeed|fail|skip)$")

# Texts that stay in English, by file: lines of the log, what a program reads, commands to type.
ENGLISH = {
    "amqp/heartbeat-advice.c": r"rabbitmqctl set_",
    "amqp/heartbeat-amqp-error.c": r"asked for",  # read again by heartbeat-advice.c
    "amqp/heartbeat-connection.c": r"Lost the connection to|Cannot connect to",  # the log
    "broker/heartbeat-network-watch.c": r"GIO has no netlink|The machine woke up|The clock was set",  # the log
    "consumer/heartbeat-receiver.c": r"an event is a JSON object|it is larger than 1 MiB| more before it",  # the log
    "consumer/heartbeat-reporter.c": r" more before it",  # the log
    "config/heartbeat-config-edit.c": r"\\\"reason",
    "json/heartbeat-envelope.c": r"^(tick|epochMs)$",  # members of an event
    "agent/heartbeat-history.c": r"it is no ordinary file|^(open|write) |\\\"time",  # the log
    "json/heartbeat-tick.c": r"an event is a JSON object",  # the log
    "ctl/doctor/heartbeat-ctl-broker-checks.c": r"^systemctl --user",
    "ctl/doctor/heartbeat-ctl-bus-checks.c": r"^systemctl --user",
    "ctl/heartbeat-ctl-commands.c": r"^(complete KIND|[a-z]+( [a-z]+)+$)",  # hidden; lists of commands
    "ctl/commands/heartbeat-ctl-complete.c": r"^(checks|files)\\n",
    "ctl/doctor/heartbeat-ctl-file-checks.c": r"^HANDLER_PATH$",
    "ctl/commands/heartbeat-ctl-init.c": r"\\\"|^# A timer|systemctl|loginctl|--rabbit-url: %s",  # what is written into files
    "ctl/commands/heartbeat-ctl-monitor.c": r"\\033",
    "ctl/heartbeat-ctl-probe.c": r"^heartbeatctl doctor$",  # the broker's tools show it
    "ctl/heartbeat-ctl.c": r"^heartbeatctl: %s",
    "ctl/main.c": r"^heartbeatctl %s|^Unknown option %s$",  # in the words of GLib's own catalogue
    "dbus/heartbeat-bus.c": r"the connection was closed",  # the log
    "notify/heartbeat-notification-list.c": r"the session bus has gone",  # the log
    "process/heartbeat-process.c": r"\\\"",
    "service/heartbeat-settings.c": r": $",
    "service/heartbeat-status.c": r"checks, broker",  # systemd's STATUS
    "service/main.c": r"^heartbeat-consumer:? ",
}


def read(path):
    """Return a file's text."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def sources():
    """Return the sources and headers, as paths below the source folder."""
    found = glob.glob("src/**/*.[ch]", root_dir=ROOT, recursive=True)
    assert len(found) > 100, "the sources were not found"
    return sorted(name for name in found if "heartbeat-i18n" not in name)


# --- Marks ----------------------------------------------------------------------------------------------------------


def literals(text):
    """Yield each string of a source as (line, text, names of the calls that it is within)."""
    tokens = [(match.group(), match.start()) for match in TOKEN.finditer(text)]
    tokens = [token for token in tokens if not token[0].startswith("/*") and not token[0].lstrip().startswith("#")]
    calls, previous, at = [], "", 0
    while at < len(tokens):
        token, start = tokens[at]
        at += 1
        if token == "(":
            calls.append(previous if NAME.match(previous) else "")
        elif token == ")" and calls:
            calls.pop()
        elif token.startswith('"'):
            parts = [token[1:-1]]
            while at < len(tokens) and (tokens[at][0].startswith('"') or re.match(r"[A-Z_]{3,}$", tokens[at][0])):
                parts.append(tokens[at][0].strip('"'))
                at += 1
            yield text.count("\n", 0, start) + 1, "".join(parts), list(calls)
        previous = token


def is_for_people(text, calls):
    """Say whether somebody reads that text."""
    if any(NOT_FOR_PEOPLE.match(call) for call in calls):
        return False
    shown = calls and FOR_PEOPLE.match(next((call for call in reversed(calls) if call), ""))
    without_formats = re.sub(r"%[-*.\d]*[a-z]+|\\.", " ", text)
    return bool(PROSE.search(text)) or bool(shown and WORD.search(without_formats))


def find_unmarked():
    """Texts for people that nobody can translate."""
    for name in sources():
        english = ENGLISH.get(name.removeprefix("src/"))
        for line, text, calls in literals(read(os.path.join(ROOT, name))):
            if any(call in KEYWORDS for call in calls) or not is_for_people(text, calls):
                continue
            if english is None or not re.search(english, text):
                yield f"{name}:{line}: “{text}”"


def find_cut_formats():
    """Texts that xgettext cuts at a macro, as in "%" G_GUINT64_FORMAT."""
    for name in sources():
        for line, text, calls in literals(read(os.path.join(ROOT, name))):
            if any(call in KEYWORDS for call in calls) and re.search(r"%G_\w+_FORMAT|%PRI", text):
                yield f"{name}:{line}: “{text}”"


def find_wrong_list():
    """What POTFILES lacks or has in excess."""
    listed = read(os.path.join(ROOT, "po/POTFILES")).split()
    marked = {name for name in sources()
              if any(set(KEYWORDS).intersection(calls) for _line, _text, calls in literals(read(os.path.join(ROOT, name))))}
    marked |= {name for name in ("data/org.bloodbank.Heartbeat1.desktop.in",) if os.path.exists(os.path.join(ROOT, name))}
    # a macro's text is not within a call as this script sees it
    marked |= {name for name in sources() if re.search(r"^#define \w+ N_ \(", read(os.path.join(ROOT, name)), re.M)}
    yield from (f"{name} is not in POTFILES" for name in sorted(marked.difference(listed)))
    yield from (f"{name} has nothing to translate" for name in sorted(set(listed).difference(marked)))
    if listed != sorted(listed):
        yield "POTFILES is not sorted"


# --- Catalogues -----------------------------------------------------------------------------------------------------


def catalogues():
    """Return the languages of LINGUAS."""
    return read(os.path.join(ROOT, "po/LINGUAS")).split()


def path_of(language):
    """Return the path of a catalogue."""
    return os.path.join(ROOT, "po", language + ".po")


def run(*command):
    """Run a program, and return its output."""
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "LC_ALL": "C.UTF-8"})


def entries(text):
    """Return a catalogue as {(context, text, plural): [translations]}, without its head."""
    found = {}
    for block in re.sub(r'"\n"', "", text).split("\n\n"):
        fields = dict(re.findall(r'^(msg\w+(?:\[\d\])?) "(.*)"$', block, re.M))
        if not fields.get("msgid"):
            continue
        key = (fields.get("msgctxt", ""), fields["msgid"], fields.get("msgid_plural", ""))
        found[key] = [value for name, value in sorted(fields.items()) if name.startswith("msgstr")]
    return found


def template():
    """Return what is to be translated, extracted anew."""
    names = read(os.path.join(ROOT, "po/POTFILES")).split()
    found = entries(run(*XGETTEXT, *names).stdout)
    assert len(found) > 500, "xgettext found next to nothing"
    return found


def load(language):
    """Return a catalogue's entries."""
    return entries(run("msgcat", "--no-wrap", "--no-location", path_of(language)).stdout)


def find_incomplete():
    """What a catalogue lacks, has in excess, or is not sure of."""
    wanted = template()
    for language in catalogues():
        translated = load(language)
        yield from (f"{language}: “{key[1]}” is missing" for key in wanted if not all(translated.get(key, [""])))
        yield from (f"{language}: “{key[1]}” is in no source any more" for key in translated if key not in wanted)
        text = read(path_of(language))
        yield from (f"{language}: {mark!r} in {language}.po" for mark in ("#~", "#, fuzzy") if mark in text)
    present = sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(ROOT, "po/*.po")))
    if present != catalogues():
        yield f"LINGUAS has {catalogues()}, there are {present}"


def find_bad():
    """What msgfmt complains of, and people's names."""
    for language in catalogues():
        with tempfile.TemporaryDirectory() as folder:
            ended = subprocess.run(["msgfmt", "--check", "--check-format", "--check-header", "-o", f"{folder}/mo",
                                    path_of(language)], capture_output=True, text=True, check=False)
        if ended.returncode != 0 or ended.stderr:
            yield f"{language}: {ended.stderr}"
        head = read(path_of(language)).split("\n\n")[0]
        if "@" in head or f"Language: {language}" not in head:
            yield f"{language}: its head names somebody, or another language"


def find_changed_names():
    """Options, variables and commands that the translation of a text has not."""
    name = re.compile(r"--[a-z][a-z-]+|\b(?!EVENT_TYPE)[A-Z]+_[A-Z_]+\b|\b(?:rabbitmqctl|systemctl|heartbeatctl|rabbitmq-diagnostics)\b"
                      r"|heartbeat\.json|\blastRun\b")
    for language in catalogues():
        for (_context, text, _plural), translations in load(language).items():
            for translation in translations:
                if translation and not set(name.findall(text)) <= set(name.findall(translation)):
                    yield f"{language}: “{translation}” for “{text}”"
                if (text.endswith(" "), text.startswith("\\n")) != (translation.endswith(" "), translation.startswith("\\n")):
                    yield f"{language}: “{translation}” begins or ends otherwise than “{text}”"


def find_no_fault_of_ours():
    """What this script says of a source that is wrong: it must see it."""
    seen = [text for _line, text, calls in literals('f (_ ("a b"), g ("two " "words", "%s ok")); /* "no one" */ h ("x");')
            if "_" not in calls and is_for_people(text, calls)]
    if seen != ["two words"]:
        yield f"it has seen {seen}"


CHECKS = [
    ("the script sees a text that is not marked", find_no_fault_of_ours),
    ("each text for people is marked", find_unmarked),
    ("no text is cut at a macro", find_cut_formats),
    ("POTFILES has each source with a text, and no other", find_wrong_list),
    ("each catalogue is complete", find_incomplete),
    ("msgfmt finds each catalogue good", find_bad),
    ("no catalogue has changed a name", find_changed_names),
]


def main():
    print(f"1..{len(CHECKS)}")
    failed = False
    for number, (what, find) in enumerate(CHECKS, start=1):
        faults = list(find())
        print("not ok" if faults else "ok", number, "-", what)
        for fault in faults:
            print("#", fault.replace("\n", " "))
        failed = failed or bool(faults)
    return 1 if failed else 0


sys.exit(main())
