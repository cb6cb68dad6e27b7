"""Completion of heartbeatctl, by the shells themselves."""

import os
import shutil
import subprocess
import unittest

from bench.case import Case
from bench.service import program
from bench.terminal import Terminal

COMPLETIONS = os.path.join(os.path.dirname(__file__), "..", "..", "data", "completions")
COMMANDS = ["status", "list", "show", "run", "pause", "resume", "enable", "disable", "reload", "history", "monitor",
            "publish", "init", "forget", "tick", "validate", "doctor", "schema"]

# As readline does it: the words, split where COMP_WORDBREAKS says so, and the line up to the cursor.
BASH = r"""
source "$1"; shift
COMP_LINE=$1; COMP_POINT=${#1}; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
"$(complete -p heartbeatctl | sed 's/.*-F \([^ ]*\).*/\1/')" heartbeatctl "${COMP_WORDS[COMP_CWORD]}"
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
"""


class Complete(Case):
    """Names that a shell would take apart."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400")
        os.mkdir(self.path("bin"))
        os.symlink(os.path.abspath(program("HEARTBEATCTL")), self.path("bin/heartbeatctl"))
        self.env["PATH"] = f"{self.path('bin')}:{os.environ['PATH']}"
        self.write_checks(**{"mail": {}, "memory": {}, "my check": {}, "a:b": {}, "it's $HOME": {}, "two\nlines": {}})

    def bash(self, line, *words):
        """Return what bash offers for a line that ends at the cursor; words are as readline splits it."""
        ended = subprocess.run(["bash", "--norc", "-c", BASH, "bash", f"{COMPLETIONS}/heartbeatctl.bash", line,
                                *(words or line.split(" "))], env=self.env, cwd=self.home, capture_output=True,
                               text=True, timeout=60, check=False)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        return sorted(ended.stdout.splitlines())

    def run_complete(self, *args):
        """Return the words that the program itself offers."""
        ended = self.ctl("complete", *args)
        return [line.split("\t")[0] for line in ended.stdout.splitlines()]


class WithService(Complete):
    """An agent runs."""

    def setUp(self):
        super().setUp()
        self.start()

    def test_the_program_lists_what_there_is(self):
        self.assertEqual(self.run_complete("commands"), COMMANDS)
        self.assertEqual(self.run_complete("agents"), ["cack"])
        self.assertEqual(sorted(self.run_complete("checks")), ["a:b", "it's $HOME", "mail", "memory", "my check"])
        self.assertEqual(self.run_complete("--agent=other", "checks"), [])
        self.assertIn("--for=", self.run_complete("options", "pause"))
        self.assertNotIn("--for=", self.run_complete("options", "list"))
        self.assertEqual(self.ctl("complete", "nonsense").returncode, 2)

    def test_bash_knows_commands(self):
        self.assertEqual(self.bash("heartbeatctl "), sorted(COMMANDS))
        self.assertEqual(self.bash("heartbeatctl re"), ["reload", "resume"])
        self.assertEqual(self.bash("heartbeatctl --json re"), ["reload", "resume"])

    def test_bash_knows_options(self):
        self.assertIn("--routing-key=", self.bash("heartbeatctl --"))
        self.assertEqual(self.bash("heartbeatctl forget cack --y"), ["--yes"])
        self.assertEqual(self.bash("heartbeatctl list --y"), [])

    def test_bash_knows_checks(self):
        self.assertEqual(self.bash("heartbeatctl run m"), ["mail", "memory", r"my\ check"])
        self.assertEqual(self.bash("heartbeatctl run it"), [r"it\'s\ \$HOME"])
        self.assertEqual(self.bash(r"heartbeatctl run my\ c", "heartbeatctl", "run", r"my\ c"), [r"my\ check"])
        self.assertEqual(self.bash("heartbeatctl run 'my c", "heartbeatctl", "run", "'my c"), ["my check"])
        self.assertEqual(self.bash("heartbeatctl pause --reason x ma", "heartbeatctl", "pause", "--reason", "x", "ma"),
                         ["mail"])
        self.assertEqual(self.bash("heartbeatctl run mail m"), [])
        self.assertEqual(self.bash("heartbeatctl tick m"), [])

    def test_bash_knows_a_check_with_a_colon(self):
        self.assertEqual(self.bash("heartbeatctl run a"), ["a:b"])
        self.assertEqual(self.bash("heartbeatctl run a:", "heartbeatctl", "run", "a", ":"), ["b"])
        self.assertEqual(self.bash("heartbeatctl run a:b", "heartbeatctl", "run", "a", ":", "b"), ["b"])

    def test_bash_knows_values(self):
        self.assertEqual(self.bash("heartbeatctl --agent "), ["cack"])
        self.assertEqual(self.bash("heartbeatctl --agent=", "heartbeatctl", "--agent", "="), ["cack"])
        self.assertEqual(self.bash("heartbeatctl --agent=c", "heartbeatctl", "--agent", "=", "c"), ["cack"])
        self.assertEqual(self.bash("heartbeatctl --agent=c", "heartbeatctl", "--agent=c"), ["--agent=cack"])
        self.assertEqual(self.bash("heartbeatctl doctor --queue-type=q", "heartbeatctl", "doctor", "--queue-type", "=",
                                   "q"), ["quorum"])
        self.assertEqual(self.bash("heartbeatctl pause --reason "), [])
        self.assertEqual(self.bash("heartbeatctl --agent other run "), [])
        self.assertEqual(len(self.bash("heartbeatctl --agent=cack run ", "heartbeatctl", "--agent", "=", "cack", "run",
                                       "")), 5)

    def test_bash_knows_files(self):
        self.assertEqual(self.bash("heartbeatctl validate heart"), ["heartbeat.json"])
        self.assertEqual(self.bash("heartbeatctl init cack --config heart"), ["heartbeat.json"])

    def test_bash_runs_nothing_that_a_name_says(self):
        self.write_checks(**{"$(touch x)": {}, "`touch x`": {}})
        self.agent.call("Reload")
        self.assertEqual(self.bash("heartbeatctl run $", "heartbeatctl", "run", "$"), [r"\$\(touch\ x\)"])
        self.assertEqual(self.bash("heartbeatctl run "), [r"\$\(touch\ x\)", r"\`touch\ x\`"])
        self.assertFalse(os.path.exists(self.path("x")))

    def test_the_tab_key(self):
        rc = self.path("rc")
        with open(rc, "w", encoding="utf-8") as file:
            file.write(f"source {COMPLETIONS}/heartbeatctl.bash\nPS1='ready> '\nbind 'set bell-style none'\n"
                       "bind 'set enable-bracketed-paste off'\nheartbeatctl() { printf '<%s>' \"$@\" >&2; }\n")
        shell = Terminal(["bash", "--noprofile", "--rcfile", rc, "-i"], self.env)
        self.addCleanup(shell.close)
        shell.wait("ready> ")
        for typed, expected in ((r"run my\t", "<run><my check>"), (r"run 'my\t", "<run><my check>"),
                                (r"run a:\t", "<run><a:b>"), (r"run it\t", "<run><it's $HOME>"),
                                (r"--agent=c\t resu\t mai\t", "<--agent=cack><resume><mail>")):
            shell.type(f"heartbeatctl {typed}\n".replace("\\t", "\t"))
            shell.wait(expected)
        # an interactive shell takes no notice of SIGTERM
        shell.type("exit\n")
        self.assertEqual(shell.end()[0], 0)

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish(self):
        def fish(line):
            script = f"source {COMPLETIONS}/heartbeatctl.fish; complete -C '{line}'"
            ended = subprocess.run(["fish", "--no-config", "-c", script], env=self.env, cwd=self.home,
                                   capture_output=True, text=True, timeout=60, check=True)
            return sorted(offer.split("\t")[0] for offer in ended.stdout.splitlines())
        self.assertEqual(fish("heartbeatctl re"), ["reload", "resume"])
        self.assertEqual(fish("heartbeatctl run ma"), ["mail"])
        self.assertEqual(fish("heartbeatctl --agent="), ["--agent=cack"])
        self.assertEqual(fish("heartbeatctl forget --y"), ["--yes"])
        self.assertEqual(fish("heartbeatctl list --y"), [])

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh(self):
        # an interactive zsh, whose words of a completed line are printed instead of run
        shell = Terminal(["zsh", "-f", "-i"], {**self.env, "PROMPT": "", "PS1": ""}, columns=200)
        self.addCleanup(shell.close)
        # without the completions of a thousand other programs
        shell.type(f"fpath=({COMPLETIONS} ${{(M)fpath:#*/(Completion|Base|Misc)}}); autoload -U compinit; "
                   "compinit -u -D; PROMPT='rea''dy> '\n")
        shell.wait("ready> ")
        for typed, expected in ((r"run it\t", "<run><it's $HOME>"), (r"run a:\t", "<run><a:b>"),
                                (r"--agent=c\t resu\t mai\t", "<--agent=cack><resume><mail>"),
                                (r"forget --y\t", "<forget><--yes>"), (r"list --y\t", "<list><--y>")):
            # the program itself has been asked by then
            shell.type(f"heartbeatctl {typed}".replace("\\t", "\t") + "\x01printf '<%s>' x \x05\n")
            shell.wait(f"<x><heartbeatctl>{expected}")
        shell.type("exit\n")
        self.assertEqual(shell.end()[0], 0)


class WithoutService(Complete):
    """Nobody runs: what needs no service is there all the same, and nothing is said."""

    def test_bash(self):
        self.assertEqual(self.bash("heartbeatctl "), sorted(COMMANDS))
        self.assertEqual(self.bash("heartbeatctl run "), [])
        self.assertEqual(self.bash("heartbeatctl --agent "), [])
