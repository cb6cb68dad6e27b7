"""Handlers that are executables, and the programs of other handlers: real ones, run by the service."""

import http.server
import json
import os
import shutil
import signal
import threading
import time
import unittest

from gi.repository import GLib

from bench import files
from bench.case import Case
from bench.kinds import measured
from bench.latency import note
from bench.process import members, private_dirty, processes
from bench.wait import until

PLUGINS = "/usr/lib/nagios/plugins"
RUNS = 1000 if os.environ.get("SOAK") else 100


class HandlerCase(Case):
    """A service with a handler folder and without a broker."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.folder = self.path("handlers")
        os.mkdir(self.folder)
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="86400", HANDLER_PATH=self.folder, NOTIFY="none")

    def install(self, name, text, mode=0o755, folder=None):
        """Put an executable into the handler folder; return its path."""
        path = os.path.join(folder or self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def serve(self, **checks):
        """Start the service with these checks, all paused: they run by hand only."""
        self.write(files.heartbeat(checks, paused={"*": True}))
        return self.start()

    def assert_result(self, check, status, message):
        """Run a check; return the details of its result."""
        result = self.agent.run(check)
        self.assertEqual((result["status"], result["message"]), (status, message))
        return result["details"]

    def read_text(self, name):
        """Return what a handler has written beside heartbeat.json, "" before that."""
        try:
            return files.read(self.path(name)).decode()
        except FileNotFoundError:
            return ""

    def wait_number(self, name):
        """Wait until a handler has written a whole line with a number; return it."""
        return int(until(lambda: self.read_text(name).endswith("\n") and self.read_text(name), what=name))


@unittest.skipUnless(shutil.which("strace"), "no strace")
class Hanging(HandlerCase):
    """A handler folder whose file server is away."""

    def test_it_holds_few_threads(self):
        slow = self.install("slow", "#!/bin/sh\n")
        self.install("quick", "#!/bin/sh\necho here\n")
        names = [f"slow{number}" for number in range(4)]
        checks = {name: {"handler": "slow", "timeoutMs": 1000} for name in names}
        self.write(files.heartbeat({"quick": {"handler": "quick"}, **checks}, paused={"*": True}))
        # each look at the file takes seconds; a traced process cannot look for leaks
        service = self.start(ASAN_OPTIONS="detect_leaks=0", wrapper=[
            "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", slow, "-e", "trace=newfstatat,statx,stat",
            "-e", "inject=newfstatat,statx,stat:delay_enter=4000000"])
        for name in names:
            self.agent.call("RunCheck", "(sa{sv})", name, {"wait": GLib.Variant("b", False)})
        for name in names:
            self.agent.check(name).wait("LastMessage", "timed out after 1 s")
        self.assert_result("quick", "failed",
                           "the folders of HANDLER_PATH cannot be searched: their file system does not answer")
        # when the file server is back, so are the handlers
        until(lambda: self.agent.run("quick")["message"] == "here", what="the handler to be found")
        self.assertEqual(service.stop().status, 0)


    def test_a_program_that_cannot_begin_holds_up_nothing(self):
        slow = self.install("slow", "#!/bin/sh\n")
        self.install("quick", "#!/bin/sh\necho here\n")
        self.write(files.heartbeat({"slow": {"handler": "slow", "timeoutMs": 1000}, "quick": {"handler": "quick"}},
                                   paused={"*": True}))
        self.probed = True
        # the file server goes between the look at the file and its start
        service = self.start(ASAN_OPTIONS="detect_leaks=0", wrapper=[
            "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", slow, "-e", "trace=execve",
            "-e", "inject=execve:delay_enter=4000000"])
        self.agent.call("RunCheck", "(sa{sv})", "slow", {"wait": GLib.Variant("b", False)})
        self.agent.check("slow").wait("LastMessage", "timed out after 1 s")
        self.assert_result("quick", "success", "here")
        # a loop that waited for the program would have stood still for four seconds
        self.assertLess(service.latency.worst_ms()[0], 2000)
        self.assertEqual(service.stop().status, 0)


class Executables(HandlerCase):
    """What an executable gets and how it answers."""

    def test_gets_the_run_and_answers_in_json(self):
        self.install("mail", "#!/bin/sh\ncat >input\nenv -0 >environment\npwd -P >folder\n"
                             'echo \'{"status": "skipped", "message": "no mail", "details": {"n": 3}}\'\n')
        self.env.update(RABBIT_URL="amqp://cack:geheim@127.0.0.1:1/", LISTEN_FDS="1", JOURNAL_STREAM="8:1",
                        MEMORY_PRESSURE_WATCH="/nowhere")
        self.serve(post={"handler": "mail", "meta": {"n": 0.10}})
        self.assertEqual(self.assert_result("post", "skipped", "no mail"), {"n": 3})
        given = json.loads(self.read_text("input"))
        self.assertEqual((given["agent"], given["check_name"], given["check"]["meta"]), ("cack", "post", {"n": 0.1}))
        self.assertEqual(given["envelope"]["event_type"], "system.heartbeat.tick")
        self.assertLess(abs(given["timestamp"] / 1000 - time.time()), 60)
        env = dict(line.split("=", 1) for line in self.read_text("environment").split("\0") if line)
        self.assertEqual((env["HEARTBEAT_AGENT"], env["HEARTBEAT_CHECK"]), ("cack", "post"))
        for name in ("RABBIT_URL", "LISTEN_FDS", "JOURNAL_STREAM", "MEMORY_PRESSURE_WATCH"):
            self.assertNotIn(name, env)
        self.assertNotIn("geheim", self.read_text("environment"))
        self.assertEqual(self.read_text("folder").strip(), os.path.realpath(self.home))

    def test_comes_and_goes_without_a_restart(self):
        service = self.serve(mail={"handler": "mail"})
        self.assert_result("mail", "success", "there is no handler “mail”, “default” ran")
        service.wait_log("there is no handler “mail”")
        self.install("mail", "#!/bin/sh\necho here\n")
        self.assert_result("mail", "success", "here")
        self.assertIn("mail", self.agent.call("ListHandlers")[0])
        os.unlink(os.path.join(self.folder, "mail"))
        self.assert_result("mail", "success", "there is no handler “mail”, “default” ran")
        self.assertNotIn("mail", self.agent.call("ListHandlers")[0])

    def test_goes_before_what_is_built_in(self):
        for name in ("quarterly_compaction", "command", "default"):
            self.install(name, f"#!/bin/sh\necho my {name}\n")
        self.serve(**{name: {"handler": name} for name in ("quarterly_compaction", "command", "default", "nowhere")})
        for name in ("quarterly_compaction", "command", "default"):
            self.assert_result(name, "success", f"my {name}")
        # it keeps the note on what is missing
        self.assert_result("nowhere", "success", "there is no handler “nowhere”, “default” ran")

    def test_the_first_folder_wins(self):
        second = self.path("second")
        os.mkdir(second)
        for folder, word in ((self.folder, "first"), (second, "second")):
            self.install("both", f"#!/bin/sh\necho {word}\n", folder=folder)
        self.install("one", "#!/bin/sh\necho second\n", folder=second)
        self.env["HANDLER_PATH"] = f"{self.path('nowhere')}::{self.folder}:{second}:"
        self.serve(both={"handler": "both"}, one={"handler": "one"})
        self.assert_result("both", "success", "first")
        self.assert_result("one", "success", "second")
        self.assertLessEqual({"both", "one", "command"}, set(self.agent.call("ListHandlers")[0]))

    def test_the_default_folder(self):
        folder = os.path.join(self.env["XDG_CONFIG_HOME"], "heartbeat-consumer", "handlers")
        os.makedirs(folder)
        self.install("own", "#!/bin/sh\necho mine\n", folder=folder)
        self.env["HANDLER_PATH"] = ""
        self.serve(own={"handler": "own"})
        self.assert_result("own", "success", "mine")

    def test_what_is_there_and_cannot_be_executed_fails_and_says_why(self):
        self.install("plain", "#!/bin/sh\n", mode=0o644)
        self.install("bare", "echo a shell would say this\n")
        self.install("lost", "#!/no/such/interpreter\n")
        os.mkdir(os.path.join(self.folder, "folder"))
        os.symlink("nowhere", os.path.join(self.folder, "link"))
        os.mkfifo(os.path.join(self.folder, "fifo"), 0o755)
        reasons = {"plain": "chmod +x", "bare": "#!/bin/sh", "lost": "interpreter", "folder": "folder",
                   "link": "symbolic link", "fifo": "no file"}
        self.serve(**{name: {"handler": name} for name in reasons})
        for name, reason in reasons.items():
            result = self.agent.run(name)
            self.assertEqual(result["status"], "failed", name)
            self.assertIn(os.path.join(self.folder, name), result["message"])
            self.assertIn(reason, result["message"])
        self.assertEqual(set(self.agent.call("ListHandlers")[0]) & reasons.keys(), {"bare", "lost"})

    def test_hostile_names_never_leave_the_folder(self):
        names = ["../../bin/sh", "../outside", ".hidden", "", ".", "..", "a/b", "x" * 4096, "new\nline", "\u0085",
                 "/bin/true", "x" * 256]
        ran = f"#!/bin/sh\ntouch {self.path('ran')}\n"
        self.install("outside", ran, folder=self.home)
        self.install(".hidden", ran)
        self.install("new\nline", ran)
        os.mkdir(os.path.join(self.folder, "a"))
        self.install("a/b", ran)
        service = self.serve(**{f"c{i}": {"handler": name} for i, name in enumerate(names)})
        for i, name in enumerate(names):
            try:
                message = self.agent.run(f"c{i}")["message"]
            except GLib.Error as error:
                # what heartbeat.json may not say at all does not run
                message = error.message
                self.assertIn("handler", self.agent.check(f"c{i}").get("Error"), name)
            self.assertNotEqual(message, "", name)
        self.assertFalse(os.path.exists(self.path("ran")))
        self.assertTrue(service.running)
        listed = self.agent.call("ListHandlers")[0]
        self.assertEqual([name for name in listed if "\n" in name or name.startswith(".")], [])

    def test_a_relative_folder_is_refused(self):
        self.write_checks(a={})
        service, status = self.run_service("--handler-path=/tmp:handlers")
        self.assertEqual(status, 2)
        self.assertIn("HANDLER_PATH (--handler-path): the handler folder “handlers” is not absolute", service.stderr)


class Surroundings(HandlerCase):
    """What a child inherits, and what is left of it."""

    def test_nothing_is_inherited(self):
        self.install("look", "#!/usr/bin/python3\nimport os, signal\n"
                             "fds = sorted(os.listdir('/proc/self/fd'), key=int)\n"
                             "status = dict(l.split(':', 1) for l in open('/proc/self/status'))\n"
                             # python itself ignores two, the fourth descriptor is the folder it reads
                             "ignored = int(status['SigIgn'], 16) & ~(1 << 12 | 1 << 24)\n"
                             "print(*fds, ignored, int(status['SigBlk'], 16), os.getsid(0) == os.getpid() ==\n"
                             "      os.getpgrp(), os.getpriority(os.PRIO_PROCESS, 0), oct(os.umask(0)))\n")
        self.install("broken_pipe", "#!/bin/sh\nawk '/^SigIgn/ { print $2 }' /proc/self/status\n")
        self.serve(look={"handler": "look"}, broken_pipe={"handler": "broken_pipe"})
        umask = os.umask(0)
        os.umask(umask)
        self.assert_result("look", "success", f"0 1 2 3 0 0 True {os.getpriority(os.PRIO_PROCESS, 0)} {oct(umask)}")
        self.assert_result("broken_pipe", "success", "0" * 16)

    @measured
    def test_many_runs_leave_nothing(self):
        self.install("work", "#!/bin/sh\nread line\necho \"OK - ${#line} | n=1\"\n")
        service = self.serve(work={"handler": "work"})

        def run(count):
            begin = time.monotonic()
            for _ in range(count):
                self.assertEqual(self.agent.run("work")["status"], "success")
            return time.monotonic() - begin

        def descriptors():
            return len(os.listdir(f"/proc/{service.pid}/fd"))

        run(30)
        before, memory = descriptors(), private_dirty(service.pid)
        seconds = run(RUNS)
        until(lambda: not [pid for pid, _, parent, _ in processes() if parent == service.pid], what="no child")
        until(lambda: descriptors() <= before, what=f"no more descriptors than {before}")
        grown = private_dirty(service.pid) - memory
        note(f"{RUNS} runs: {seconds:.2f} s, {grown} KiB more memory, {descriptors()} descriptors after {before}, no "
             "child left")
        if not service.sanitized:
            self.assertLess(grown, 300)


class Ends(HandlerCase):
    """How a program is ended that does not end by itself."""

    HOSTILE = ("#!/bin/sh\ntrap '' TERM INT HUP\n(while :; do echo child; done) &\n(while :; do sleep 1; done) &\n"
               "echo $$ >group\nwhile :; do echo parent; done\n")

    @measured
    def test_what_ignores_sigterm_is_gone_six_seconds_after_its_timeout(self):
        self.install("hostile", self.HOSTILE)
        # this one obeys, its child does not
        self.install("parent", "#!/bin/sh\n(trap '' TERM; echo $$ >parent; exec sleep 1000) &\nwait\n")
        service = self.serve(hostile={"handler": "hostile", "timeoutMs": 1000}, other={"handler": "default"},
                             parent={"handler": "parent", "timeoutMs": 1000})
        self.agent.call("RunCheck", "(sa{sv})", "parent", {"wait": GLib.Variant("b", False)})
        self.assert_result("hostile", "failed", "timed out after 1 s")
        ended = time.monotonic()
        groups = [self.wait_number(name) for name in ("group", "parent")]
        self.assertGreaterEqual(len(members(groups[0])), 3)
        # whoever writes without end does not hold up the others
        self.assert_result("other", "success", "")
        for group in groups:
            until(lambda: not members(group), what="the group to be gone")  # pylint: disable=cell-var-from-loop
        seconds = time.monotonic() - ended
        note(f"what ignores SIGTERM is gone {seconds:.2f} s after its time-out")
        self.assert_within(seconds, 6)
        self.assertGreater(seconds, 4)
        self.assertEqual(self.signals.wait("CheckFinished", "parent").args[1], "failed")

    def test_what_is_left_in_the_background_after_a_good_end_is_left_alone(self):
        self.install("leaves", "#!/bin/sh\nsleep 1000 &\necho $$ >group\necho done\n")
        self.serve(leaves={"handler": "leaves"})
        self.assert_result("leaves", "success", "done")
        group = self.wait_number("group")
        self.addCleanup(os.killpg, group, signal.SIGKILL)
        self.assertEqual(len(members(group)), 1)

    def test_none_outlives_the_service(self):
        self.install("hostile", self.HOSTILE)
        service = self.serve(hostile={"handler": "hostile"})
        self.agent.call("RunCheck", "(sa{sv})", "hostile", {"wait": GLib.Variant("b", False)})
        group = self.wait_number("group")
        service.send(signal.SIGTERM)
        service.wait_log("stopping")
        # who does not want to wait for ten seconds
        self.assertEqual(service.stop().status, 0)
        until(lambda: not members(group), what="the group to be gone")

    def test_the_timeouts_kill_is_not_lost_when_the_service_stops(self):
        self.install("leaves", "#!/bin/sh\n(trap '' TERM; echo $$ >group; exec sleep 1000) &\nwait\n")
        service = self.serve(leaves={"handler": "leaves", "timeoutMs": 1000})
        self.assert_result("leaves", "failed", "timed out after 1 s")
        group = self.wait_number("group")
        self.assertEqual(service.stop().status, 0)
        until(lambda: not members(group), what="the group to be gone")


@unittest.skipUnless(os.path.exists(f"{PLUGINS}/check_dummy"), "monitoring-plugins-basic is not installed")
class Plugins(HandlerCase):
    """The plugins of Debian's monitoring-plugins-basic, as they are."""

    def plugin(self, status, pattern, *command, state=None):
        """Run a plugin by a check; return the details of the result."""
        self.write(files.heartbeat({"plugin": {"handler": "command", "meta": {"command": list(command)}}},
                                   paused={"*": True}))
        self.agent.call("Reload")
        result = self.agent.run("plugin")
        self.assertEqual(result["status"], status, result)
        self.assertRegex(result["message"], pattern)
        self.assertEqual(result["details"].get("plugin-state"), state)
        return result["details"]

    def test_states_and_performance_data(self):
        self.env["PATH"] = f"{PLUGINS}:/usr/bin:/bin"
        self.serve(plugin={"handler": "default"})
        self.plugin("success", "^OK: fine$", "check_dummy", "0", "fine")
        for code, state in ((1, "warning"), (2, "critical"), (3, "unknown")):
            details = self.plugin("failed", f"^{state.upper()}: bad$", "check_dummy", str(code), "bad", state=state)
            self.assertEqual(details["exit-status"], code)

        details = self.plugin("success", "^DISK OK", "check_disk", "-w", "0%", "-c", "0%", "-p", self.home)
        self.assertIn("=", details["performance-data"])
        (disk,) = details["performance"].values()
        self.assertGreater(disk["maximum"], 0)
        self.assertRegex(disk["unit"], "B$")
        self.plugin("failed", "^DISK WARNING", "check_disk", "-w", "100%", "-c", "0%", "-p", self.home, state="warning")
        self.plugin("failed", "^DISK CRITICAL", "check_disk", "-w", "100%", "-c", "100%", "-p", self.home,
                    state="critical")
        self.plugin("failed", ".", "check_disk", "--nonsense", state="unknown")

        details = self.plugin("success", "^PROCS OK", "check_procs", "-w", "1:", "-c", "1:")
        self.assertGreater(details["performance"]["procs"]["value"], 0)
        self.plugin("failed", "^PROCS WARNING", "check_procs", "-w", "0:0", "-c", "0:1000000", state="warning")
        self.plugin("failed", "^PROCS CRITICAL", "check_procs", "-w", "0:0", "-c", "0:0", state="critical")
        self.plugin("failed", ".", "check_procs", "--nonsense", state="unknown")

    def test_a_plugin_is_a_handler(self):
        os.symlink(f"{PLUGINS}/check_dummy", os.path.join(self.folder, "dummy"))
        self.serve(dummy={"handler": "dummy"})
        details = self.agent.run("dummy")["details"]
        self.assertEqual(details["plugin-state"], "unknown")


class SubHealth(Case):
    """The handler sub_health, with programs good and bad."""

    def run_sub_health(self, **check):
        """Run the check with these members; return status and message."""
        self.write(files.heartbeat({"health": {"handler": "sub_health", **check}}, paused={"*": True}))
        self.agent.call("Reload")
        result = self.agent.run("health")
        return result["status"], result["message"]

    def published(self):
        """Take the next sub_health event, which a good run has seen confirmed; return its payload."""
        return json.loads(self.broker.get(self.vhost, "seen")[2])["payload"]

    def test_whatever_the_program_does(self):
        bin_folder = self.path("bin")
        os.mkdir(bin_folder)
        self.write_checks(health={"handler": "default"})
        self.start(PATH=f"{bin_folder}:/usr/bin:/bin")
        self.broker.collect(self.vhost, "seen", "agent.cack.sub_health")
        self.assertEqual(self.run_sub_health(),
                         ("success", "no sub-agents: the program openclaw is not installed"))
        self.assertEqual(self.published()["sub_agents"], [])
        for meta, expected in (
                (["/nowhere/program"], "^no sub-agents: the program “/nowhere/program” cannot be started"),
                ("exit 3", "^no sub-agents: the program that lists the sessions failed: .* status 3$"),
                ("echo garbage", "^no sub-agents: the list of the sessions is not to be understood"),
                ("echo '{\"sessions\": 1}'", "^no sub-agents: .*“sessions”"),
                ("head -c 5000000 /dev/zero | tr '\\0' ' '", "^no sub-agents: .* larger than 4 MiB$"),
                (["echo", '{"sessions": [{"key": "agent:a:b"}]}'], "^1 sub-agent$")):
            status, message = self.run_sub_health(meta={"command": meta})
            self.assertEqual(status, "success")
            self.assertRegex(message, expected)
            self.assertEqual(self.published()["sub_agent_count"], int("1 sub-agent" in expected))
        # 130 sessions are more than what a handler's result may be
        sessions = {"sessions": [{"key": f"agent:a{n}:main", "text": "x" * 1000} for n in range(130)]}
        with open(self.path("sessions.json"), "w", encoding="utf-8") as file:
            json.dump(sessions, file)
        with open(f"{bin_folder}/openclaw", "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n[ \"$*\" = 'sessions --all-agents --json' ] && cat {self.path('sessions.json')}\n")
        os.chmod(f"{bin_folder}/openclaw", 0o755)
        self.assertEqual(self.run_sub_health(), ("success", "130 sub-agents"))
        self.assertEqual(self.published()["sub_agents"][129]["name"], "a129")
        self.assertEqual(self.run_sub_health(meta={"command": ["sleep", "1000"]}, timeoutMs=1000),
                         ("failed", "timed out after 1 s"))
        self.broker.wait_depth(self.vhost, "seen", (0, 0))


class Examples(HandlerCase):
    """The handlers in examples/handlers do what they say."""

    EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "handlers")

    def setUp(self):
        super().setUp()
        shutil.rmtree(self.folder)
        shutil.copytree(self.EXAMPLES, self.folder)

    def test_disk_space(self):
        checks = {f"{name}_{percent}": {"handler": name, "meta": {"minFreePercent": percent}}
                  for name in ("disk_space", "disk_space.py") for percent in (0, 101)}
        self.serve(**checks, disk_default={"handler": "disk_space"})
        for check in checks:
            result = self.agent.run(check)
            self.assertEqual(result["status"], "failed" if check.endswith("101") else "success", result)
            self.assertRegex(result["message"], r"^\d+ % free$")
        details = self.agent.run("disk_space_101")["details"]
        self.assertEqual(details["plugin-state"], "critical")
        self.assertEqual(details["performance"]["free"]["unit"], "%")
        self.assertGreater(self.agent.run("disk_space.py_0")["details"]["free-bytes"], 0)
        self.assertRegex(self.agent.run("disk_default")["message"], r"^\d+ % free$")

    def test_openclaw(self):
        answers, requests = [202, 200, 401, 302], []

        class Gateway(http.server.BaseHTTPRequestHandler):
            """Notes what it is sent."""

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                requests.append((self.path, self.headers["Authorization"], json.loads(body)))
                self.send_response(answers[len(requests) - 1])
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args):
                pass

        gateway = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
        self.addCleanup(gateway.server_close)
        threading.Thread(target=gateway.serve_forever, daemon=True).start()
        self.addCleanup(gateway.shutdown)
        secret = self.path("token")
        with open(secret, "w", encoding="utf-8") as file:
            file.write("geheim\n")
        self.env.update(OPENCLAW_HOOK_URL=f"http://127.0.0.1:{gateway.server_port}/hooks/agent",
                        OPENCLAW_HOOK_TOKEN_FILE=secret, http_proxy="http://127.0.0.1:1/")
        service = self.serve(review={"handler": "openclaw", "meta": {"prompt": "Review “it”.", "sessionKey": "hook:1"}},
                             nothing={"handler": "openclaw"})
        self.assert_result("review", "success", "OpenClaw has taken it (HTTP 202)")
        self.assertEqual(requests, [("/hooks/agent", "Bearer geheim",
                                     {"name": "review", "sessionKey": "hook:1", "message": "Review “it”."})])
        self.assert_result("review", "success", "OpenClaw has taken it (HTTP 200)")
        self.assert_result("review", "failed", "OpenClaw refused it: HTTP 401, the token is wrong")
        self.assert_result("review", "failed", "OpenClaw refused it: HTTP 302, Found")
        self.assert_result("nothing", "failed", "meta.prompt: a text is expected")
        self.assertEqual(len(requests), 4)
        os.unlink(secret)
        self.assertIn("OPENCLAW_HOOK_TOKEN_FILE", self.agent.run("review")["message"])
        self.assertNotIn("geheim", service.stderr)
