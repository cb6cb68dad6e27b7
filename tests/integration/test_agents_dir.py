"""HEARTBEAT_DIR: many agents in one process, which come and go with their files."""

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest

from bench import files, process
from bench.agent import Agent
from bench.case import Case
from bench.kinds import measured
from bench.load import figure
from bench.notify_socket import NotifySocket
from bench.process import cpu_ms, private_dirty
from bench.seed import generator
from bench.service import program, sanitized
from bench.wait import until

SOAK = os.environ.get("SOAK") == "1"


def heartbeat(agent, **checks):
    """Return the bytes of a heartbeat.json of that agent, with a check `c` where none is given."""
    content = json.loads(files.heartbeat(checks or {"c": {}}))
    content.pop("agent", None)
    if agent is not None:
        content["agent"] = agent
    return json.dumps(content).encode()


class Folder(Case):
    """A folder of agents."""

    def setUp(self):
        super().setUp()
        self.folder = self.path("agents")
        os.mkdir(self.folder)
        self.env.update(AGENT_NAME=None, HEARTBEAT_PATH=None, HEARTBEAT_DIR=self.folder)
        self.env = {name: value for name, value in self.env.items() if value is not None}

    def put(self, entry, content):
        """Put a file into the folder, whole at once, as editors do."""
        path = os.path.join(self.folder, entry)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        hidden = os.path.join(os.path.dirname(path), "." + os.path.basename(path) + ".new")
        with open(hidden, "wb") as file:
            file.write(content)
        os.rename(hidden, path)
        return path

    def add(self, *names, **checks):
        """Put NAME.json for each agent."""
        for name in names:
            self.put(name + ".json", heartbeat(name, **checks))

    def remove(self, entry):
        """Delete a file of the folder."""
        os.unlink(os.path.join(self.folder, entry))

    def wait_served(self, *names):
        """Wait until these agents are on the bus and consume."""
        for name in names:
            Agent(self.bus, name).wait_owned()
            if self.with_broker:
                self.broker.wait_consumers(self.vhost, f"agent.{name}.inbox")

    def wait_gone(self, *names):
        """Wait until nobody serves these agents any more; their queues stay."""
        for name in names:
            self.bus.wait_name(Agent(self.bus, name).name, owned=False)
            if self.with_broker:
                self.broker.wait_consumers(self.vhost, f"agent.{name}.inbox", 0)
                self.assertIsNotNone(self.broker.queue_depth(self.vhost, f"agent.{name}.inbox"))

    def serve(self, *names, **options):
        """Start the service and wait for these agents."""
        service = self.spawn(**options)
        self.wait_served(*names)
        return service

    def wait_success(self, *names, check="c"):
        """Wait until that check of each agent has run well."""
        for name in names:
            Agent(self.bus, name).check(check).wait("LastStatus", "success")

    def listen(self):
        """Listen as systemd does."""
        listener = NotifySocket(self.home)
        self.addCleanup(listener.close)
        self.env.update(listener.env())
        return listener

    def busy(self, condition="true"):
        """Return how many queues of the vhost that match an Erlang condition on Q hold a message."""
        return int(self.broker.eval(
            f'length([Q || Q <- rabbit_amqqueue:list(<<"{self.vhost}">>), {condition}, '
            f'rabbit_amqqueue:info(Q, [messages]) =/= [{{messages, 0}}]])'))

    def connections(self):
        """Return how many connections there are to the test's vhost."""
        return int(self.broker.eval(
            f'length([P || P <- rabbit_networking:connections(), '
            f'rabbit_networking:connection_info(P, [vhost]) == [{{vhost, <<"{self.vhost}">>}}]])'))


class Served(Folder):
    """With a broker."""

    def test_one_tick_reaches_all_over_one_pair_of_connections(self):
        self.env["PUBLISH_RESULTS"] = "yes"
        self.add("ann", "bob")
        self.put("carl/heartbeat.json", heartbeat("carl"))
        self.put("seven.heartbeat.json", heartbeat("7of9"))
        self.put(".hidden.json", heartbeat("hidden"))
        self.put("notes.txt", b"no agent")
        names = ("ann", "bob", "carl", "7of9")
        service = self.serve(*names)
        self.broker.collect(self.vhost, "results", "agent.*.heartbeat.result")
        self.assertEqual(self.connections(), 1)
        self.tick()
        self.wait_success(*names)
        self.broker.wait_depth(self.vhost, "results", (len(names), 0))
        keys = {self.broker.get(self.vhost, "results")[0].routing_key for _ in names}
        self.assertEqual(keys, {f"agent.{name}.heartbeat.result" for name in names})
        self.assertEqual(self.connections(), 2)
        self.assertFalse(self.bus.has_name("org.bloodbank.Heartbeat1.hidden"))
        service.send(signal.SIGHUP)
        self.assertEqual(service.stop().status, 0)
        self.wait_gone(*names)

    def test_completion_of_one_agents_checks(self):
        self.add("ann", ann1={}, ann2={})
        self.add("bob", bob1={})
        self.serve("ann", "bob")
        words = {line.split("\t")[0] for line in self.ctl("--agent", "ann", "complete", "checks").stdout.splitlines()}
        self.assertEqual(words, {"ann1", "ann2"})

    def test_heartbeatctl_asks_a_process_once(self):
        self.add("ann", "bob", "carl")
        self.serve("ann", "bob", "carl")
        spy = process.spawn(["dbus-monitor", "--address", self.bus.address,
                             "type='method_call',interface='org.freedesktop.DBus.ObjectManager'"],
                            stdout=subprocess.PIPE, text=True)
        self.addCleanup(spy.stdout.close)
        self.addCleanup(process.end, spy)
        # it listens once it says what it has seen of itself
        while "NameLost" not in spy.stdout.readline():
            pass
        shown = json.loads(self.ctl("status", "--json").stdout)["agents"]
        self.assertEqual([(agent["Name"], len(agent["Checks"])) for agent in shown], [("ann", 1), ("bob", 1), ("carl", 1)])
        # what comes last is ours
        self.bus.call("org.bloodbank.Heartbeat1.ann", "/org/bloodbank/Heartbeat1", "org.freedesktop.DBus.ObjectManager",
                      "GetManagedObjects")
        sender = self.bus.connection.get_unique_name()
        calls = list(itertools.takewhile(lambda line: f"sender={sender} " not in line, spy.stdout))
        self.assertEqual(len([line for line in calls if "member=GetManagedObjects" in line]), 1)

    def test_agents_come_and_go_with_their_files(self):
        self.add("ann")
        service = self.serve("ann")
        self.add("bob")
        self.wait_served("bob")
        self.put("sub/heartbeat.json", heartbeat(None))
        self.wait_served("sub")
        self.remove("ann.json")
        self.wait_gone("ann")
        os.rename(os.path.join(self.folder, "sub"), self.path("away"))
        self.wait_gone("sub")
        for _ in range(3):
            self.put("sub/heartbeat.json", heartbeat("sub"))
            self.wait_served("sub")
            shutil.rmtree(os.path.join(self.folder, "sub"))
            os.mkdir(os.path.join(self.folder, "sub"))
            self.wait_gone("sub")
        # the name is the file's agent's: another file, the same agent
        os.rename(os.path.join(self.folder, "bob.json"), os.path.join(self.folder, "robert.json"))
        service.wait_log("serving .*robert.json")
        self.wait_served("bob")
        self.put("robert.json", heartbeat("bert"))
        self.wait_served("bert")
        self.wait_gone("bob")
        self.tick()
        self.wait_success("bert")

    def test_a_broken_file_and_a_failing_handler_touch_nobody_else(self):
        self.add("ann", "bob")
        self.add("eve", bad={"handler": "command", "meta": {"command": "exit 3"}})
        service = self.serve("ann", "bob", "eve")
        self.put("bob.json", b"{ broken")
        until(lambda: Agent(self.bus, "bob").get("ConfigError"), what="ConfigError")
        self.tick()
        self.wait_success("ann")
        Agent(self.bus, "eve").check("bad").wait("LastStatus", "failed")
        # what was read last is in force: the agent keeps its name and its checks
        self.wait_success("bob")
        self.assertTrue(service.running)
        self.put("bob.json", heartbeat("bob"))
        Agent(self.bus, "bob").wait("ConfigError", "")

    def test_of_two_with_one_name_the_first_is_served(self):
        listener = self.listen()
        self.put("a.json", heartbeat("ann"))
        self.put("b.json", heartbeat("ann"))
        service = self.serve("ann")
        service.wait_log(r"b\.json: the agent “ann” is served from .*a\.json")
        problem = f"{self.folder}/b.json: the agent “ann” is served from {self.folder}/a.json"
        until(lambda: any(line.startswith(f"STATUS=1 agent, 1 problem, broker connected; {problem}")
                          for line in listener.lines), what="the problem in the status")
        self.assertEqual(Agent(self.bus, "ann").get("ConfigPath"), os.path.join(self.folder, "a.json"))
        self.remove("a.json")
        service.wait_log(r"serving .*b\.json")
        self.wait_served("ann")
        self.assertEqual(Agent(self.bus, "ann").get("ConfigPath"), os.path.join(self.folder, "b.json"))
        listener.wait("STATUS=1 agent, broker connected")

    def test_a_removed_agent_may_end_its_run(self):
        self.add("ann")
        self.put("slow.json", heartbeat("slow", s={"handler": "command", "meta": self.gate()}))
        service = self.serve("ann", "slow")
        self.tick()
        self.wait_gate()
        moved = self.path("slow.json")
        os.rename(os.path.join(self.folder, "slow.json"), moved)
        self.remove("ann.json")
        self.wait_gone("ann")
        self.assertTrue(self.bus.has_name(Agent(self.bus, "slow").name))
        self.open_gate()
        self.wait_gone("slow")
        self.assertTrue(service.running)

    def start_long_runs(self):
        """Serve three agents whose runs do not end by themselves; return the service."""
        names = ("ann", "bob", "carl")
        for name in names:
            command = ["sh", "-c", f"touch {self.path(name)}.running; exec sleep 60"]
            self.add(name, s={"handler": "command", "meta": {"command": command}})
        service = self.serve(*names)
        self.tick()
        for name in names:
            self.wait_gate(name)
        return service

    def test_a_second_signal_ends_all_runs(self):
        service = self.start_long_runs()
        service.send(signal.SIGTERM)
        service.wait_log("stopping")
        ended = service.stop()
        self.assertEqual(ended.status, 0)
        self.assertLess(ended.seconds, 9)

    @unittest.skipUnless(SOAK, "SOAK is not 1")
    def test_all_stop_beside_each_other(self):
        ended = self.start_long_runs().stop()
        self.assertEqual(ended.status, 0)
        self.assertLess(ended.seconds, 20)

    def test_files_that_come_and_go_all_the_time(self):
        self.add("stays")
        self.serve("stays")
        chance = generator("come and go")
        for i in range(30):
            self.add(f"x{i % 5}")
            self.put(f"y{i % 3}.json", (b"{", b"[]", heartbeat(f"z{i % 4}"), b"")[i % 4])
            if i % 2:
                self.remove(f"x{i % 5}.json")
            # no wait for anything: what happens at once and what apart has to be random
            time.sleep(chance.choice((0, 0, 0.01, 0.03, 0.1)))
        for name in os.listdir(self.folder):
            if name[0] in "xy":
                self.remove(name)
        self.add("last")
        self.wait_served("stays", "last")
        for name in (*(f"x{i}" for i in range(5)), *(f"z{i}" for i in range(4)), "y0", "y1", "y2"):
            self.bus.wait_name(Agent(self.bus, name).name, owned=False)
            self.broker.wait_consumers(self.vhost, f"agent.{name}.inbox", 0)
        self.tick()
        self.wait_success("stays", "last")

    def test_each_inbox_has_the_handler(self):
        folder = os.path.join(self.env["XDG_CONFIG_HOME"], "heartbeat-consumer", "handlers")
        log = self.path("handled")
        os.makedirs(folder)
        files.write(os.path.join(folder, "mail"), f"#!/bin/sh\ncat >> {log}\n".encode())
        os.chmod(os.path.join(folder, "mail"), 0o755)
        self.add("ann", "bob")
        self.serve("ann", "bob", INBOX_HANDLER="mail")
        for name in ("ann", "bob"):
            self.publish(f"agent.{name}.mail", b"{}")
            self.broker.wait_depth(self.vhost, f"agent.{name}.inbox", (0, 0))
        handled = [json.loads(line) for line in files.read(log).splitlines()]
        self.assertEqual([(message["agent"], message["routing_key"]) for message in handled],
                         [("ann", "agent.ann.mail"), ("bob", "agent.bob.mail")])

    def test_sighup_reloads_all(self):
        listener = self.listen()
        self.add("ann", "bob")
        service = self.serve("ann", "bob")
        listener.wait("READY=1")
        service.send(signal.SIGHUP)
        listener.wait("RELOADING=1")
        until(lambda: listener.lines.count("READY=1") == 2, what="READY=1 after the reload")

    def test_the_broker_goes_and_comes_back(self):
        proxy = self.behind_proxy()
        self.add("ann", "bob")
        self.serve("ann", "bob")
        proxy.stop()
        for name in ("ann", "bob"):
            Agent(self.bus, name).wait("ConnectionState", "waiting")
        self.add("carl")
        Agent(self.bus, "carl").wait_owned()
        proxy.start()
        self.wait_served("ann", "bob", "carl")
        self.tick()
        self.wait_success("ann", "bob", "carl")


class Local(Folder):
    """Without a broker."""

    with_broker = False

    def setUp(self):
        super().setUp()
        self.env.update(TICK_SOURCE="local", TICK_INTERVAL_S="1")

    def test_a_folder_that_is_not_there_is_waited_for(self):
        os.rmdir(self.folder)
        listener = self.listen()
        service = self.spawn()
        service.wait_log(f"there is no folder {self.folder}: waiting for it")
        listener.wait("READY=1")
        os.mkdir(self.folder)
        self.add("ann")
        self.wait_served("ann")
        os.rename(self.folder, self.path("away"))
        self.wait_gone("ann")
        os.rename(self.path("away"), self.folder)
        self.wait_served("ann")
        self.add("bob")
        self.wait_served("bob")

    def test_an_agent_that_another_process_serves(self):
        self.add("ann", "bob")
        env = {"HEARTBEAT_DIR": None, "AGENT_NAME": "ann", "HEARTBEAT_PATH": os.path.join(self.folder, "ann.json")}
        other = self.spawn(**env)
        other.wait_log("serving")
        self.bus.wait_name(Agent(self.bus, "ann").name)
        listener = self.listen()
        service = self.spawn()
        service.wait_log(rf"ann\.json: the agent “ann” is served already, by the process {other.pid}")
        listener.wait("READY=1")
        self.wait_served("bob")
        other.stop()
        service.wait_log(r"serving .*ann\.json")
        self.wait_served("ann")

    def test_names_that_are_none_and_links(self):
        self.put("a b.json", heartbeat(None))
        self.put("dots.json", heartbeat("a.b"))
        os.symlink("nowhere.txt", os.path.join(self.folder, "link.json"))
        with open(self.path("elsewhere"), "wb") as file:
            file.write(heartbeat("linked"))
        os.symlink(self.path("elsewhere"), os.path.join(self.folder, "good.json"))
        with open(os.path.join(os.fsencode(self.folder), b"\xff.json"), "wb") as file:
            file.write(heartbeat("bytes"))
        os.mkfifo(os.path.join(self.folder, "pipe.json"))
        service = self.serve("linked", "pipe")
        service.wait_log(r"a b\.json: the agent's name “a b” .*: give it an “agent”")
        service.wait_log(r"dots\.json: the agent's name “a\.b” .*: change its “agent”")
        service.wait_log(r"link\.json: the link leads to no file")
        service.wait_log(r"\.json: the name of the file is not UTF-8")
        self.wait_success("linked")
        until(lambda: Agent(self.bus, "pipe").get("ConfigError"), what="ConfigError of the pipe")

    def test_check_config(self):
        self.add("ann", "bob")
        _, status = self.run_service("--check-config")
        self.assertEqual(status, 0)
        self.put("bob.json", b"{")
        self.put("carl.json", heartbeat("ann"))
        service, status = self.run_service("--check-config")
        self.assertEqual(status, 2)
        self.assertRegex(service.stderr, r"bob\.json")
        self.assertRegex(service.stderr, r"carl\.json: the agent “ann” is served from")

    def test_one_agent_or_a_folder(self):
        for name in ("AGENT_NAME", "HEARTBEAT_PATH"):
            service, status = self.run_service(**{name: "x"})
            self.assertEqual(status, 2)
            self.assertRegex(service.stderr, f"HEARTBEAT_DIR.*{name}.*unset one")


@measured
class Many(Folder):
    """How much an agent costs."""

    agents = 200 if SOAK else 20
    # in KiB, twice what README promises of many: the first few share less
    LIMITS = {"none": 80, "session": 160}

    def consuming(self):
        """Return how many queues of the vhost have a consumer."""
        return int(self.broker.eval(
            f'length([Q || Q <- rabbit_amqqueue:list(<<"{self.vhost}">>), '
            f'rabbit_amqqueue:info(Q, [consumers]) =/= [{{consumers, 0}}]])'))

    def measure(self, names, bus):
        """Serve these agents; return KiB, seconds until all consume, seconds until a tick has been through all."""
        start = time.monotonic()
        service = self.spawn(LOG_LEVEL="WARNING", HEARTBEAT_BUS=bus)
        until(lambda: self.consuming() == len(names), 120, what=f"{len(names)} consumers")
        started = time.monotonic() - start
        # nothing is due; the first tick finds all cold
        for _ in range(2):
            start = time.monotonic()
            self.tick()
            until(lambda: self.busy() == 0, 300, what="the tick to go through")
            ticked = time.monotonic() - start
        dirty = private_dirty(service.pid)
        self.assertEqual(self.connections(), 1)
        for name in names:
            self.assert_found_idle(name, bus)
        self.assertEqual(service.stderr, "")
        self.assertEqual(service.stop().status, 0)
        until(lambda: self.consuming() == 0, what="the end of all consumers")
        return dirty, started, ticked

    def assert_found_idle(self, name, bus):
        """Both ticks have reached the agent, and found nothing due; without a bus nobody can ask it."""
        agent = Agent(self.bus, name)
        if bus == "none":
            self.assertFalse(self.bus.has_name(agent.name))
            return
        agent.wait("TicksIdle", 2)
        self.assertEqual((agent.get("TicksReceived"), agent.get("RunsSucceeded")), (2, 0))

    def test_what_an_agent_costs(self):
        if sanitized(program("HEARTBEAT_CONSUMER")):
            self.skipTest("a sanitizer needs memory of its own")
        checks = {f"check-{i}": {"cadenceMs": 86400000, "lastRun": int(time.time() * 1000)} for i in range(10)}
        self.put("first.json", heartbeat("first", **checks))
        base = {bus: self.measure(["first"], bus) for bus in self.LIMITS}
        names = [f"many{i}" for i in range(self.agents)]
        for name in names:
            self.put(f"{name}.json", heartbeat(name, **checks))
        for bus, (dirty, _, _) in base.items():
            more, started, ticked = self.measure(["first", *names], bus)
            each = (more - dirty) / self.agents
            figure(f"{each:.1f} KiB an agent with --bus={bus}, {self.agents} agents of 10 checks, all consume after "
                   f"{started:.2f} s, a tick to all {1000 * ticked / self.agents:.2f} ms an agent")
            self.assertLess(each, self.LIMITS[bus], bus)


@measured
class Crowd(Folder):
    """Many agents whose checks run, while their files come, go, move and break."""

    agents = 200 if SOAK else 30
    CHECK = {"cadenceMs": 1000}
    # in KiB an agent on the bus, twice what it is
    LIMIT = 140

    def setUp(self):
        super().setUp()
        self.env["PUBLISH_RESULTS"] = "yes"
        self.broker.collect(self.vhost, "results", "agent.*.heartbeat.result")
        self.ran_at = 0

    def put_agents(self, *names, **check):
        """Put NAME.json with the check for each agent."""
        self.add(*names, c={**self.CHECK, **check})

    def results(self, count):
        """Wait for so many results; return them."""
        payloads = []
        with self.broker.channel(self.vhost) as channel:
            for method, _, body in channel.consume("results", auto_ack=True, inactivity_timeout=60):
                self.assertIsNotNone(method, f"{len(payloads)} of {count} results")
                payloads.append(json.loads(body)["payload"])
                if len(payloads) == count:
                    break
        self.ran_at = time.time_ns() // 1_000_000
        return payloads

    def wait_due(self):
        """Wait until all checks are due."""
        due = self.ran_at + self.CHECK["cadenceMs"]
        until(lambda: time.time_ns() // 1_000_000 > due, what="all checks to be due")

    def tick_all(self, expected):
        """Publish a tick when all checks are due; those agents' checks end like that. Return after how many ms the last one
        has ended."""
        self.wait_due()
        begin = time.time_ns() // 1_000_000
        self.tick()
        results = self.results(len(expected))
        self.assertEqual({result["agent"]: result["status"] for result in results}, expected)
        return max(result["last_run"] + result["duration_ms"] for result in results) - begin

    def assert_all_saved(self, names):
        """Each agent's lastRun is in its file, and nothing lies beside."""
        for name in names:
            self.assertGreater(files.last_run(os.path.join(self.folder, f"{name}.json"), "c"), 0, name)
        self.assertEqual([entry for entry in os.listdir(self.folder) if entry.startswith(".")], [])

    def wait_property(self, name, member, good):
        """Wait until that is good of an agent's property."""
        until(lambda: good(Agent(self.bus, name).get(member)), what=f"{member} of {name}")

    def change_during_a_tick(self, removed, renamed, broken, given, added):
        """Remove files, rename, break, give to another agent and add some while a tick is under way, and wait for it all."""
        self.wait_due()
        self.tick()
        for name in removed:
            self.remove(f"{name}.json")
        for name in renamed:
            os.rename(os.path.join(self.folder, f"{name}.json"), os.path.join(self.folder, f"moved-{name}.json"))
        for name in broken:
            self.put(f"{name}.json", b"{ broken")
        for name in given:
            self.put(f"{name}.json", heartbeat(f"new-{name}", c=self.CHECK))
        self.put_agents(*added)
        self.wait_gone(*removed, *given)
        self.wait_served(*added, *(f"new-{name}" for name in given))
        for name in broken:
            self.wait_property(name, "ConfigError", bool)
        for name in renamed:
            self.wait_served(name)
            self.wait_property(name, "ConfigPath", os.path.join(self.folder, f"moved-{name}.json").__eq__)

    def settle(self, names):
        """Wait until these agents have nothing to do, and forget what they have told."""
        queues = "".join(f', <<"agent.{name}.inbox">>' for name in names)
        until(lambda: self.busy(f"lists:member(element(4, amqqueue:get_name(Q)), [{queues[2:]}])") == 0,
              what="all queues to be empty")
        self.broker.purge(self.vhost, "results")
        self.ran_at = time.time_ns() // 1_000_000

    def test_one_tick_reaches_all_while_files_come_and_go(self):
        self.put_agents("first")
        service = self.serve("first", LOG_LEVEL="WARNING")
        self.tick_all({"first": "success"})
        alone = private_dirty(service.pid)

        names = [f"agent{i}" for i in range(self.agents - 2)]
        begin = time.monotonic()
        self.put_agents(*names)
        self.put_agents("fails", handler="command", meta={"command": ["sh", "-c", "exit 3"]})
        self.wait_served(*names, "fails")
        served = time.monotonic() - begin
        expected = {**{name: "success" for name in (*names, "first")}, "fails": "failed"}
        cold = self.tick_all(expected)
        busy = cpu_ms(service.pid)
        warm = self.tick_all(expected)
        busy = cpu_ms(service.pid) - busy
        each = (private_dirty(service.pid) - alone) / (self.agents - 1)
        self.assert_all_saved([*names, "first"])

        few = self.agents // 10
        removed, renamed, broken, given = (names[i * few:(i + 1) * few] for i in range(4))
        added = [f"more{i}" for i in range(few)]
        self.change_during_a_tick(removed, renamed, broken, given, added)
        left = [name for name in (*names, "first") if name not in (*removed, *given)]
        now = [*left, *added, *(f"new-{name}" for name in given)]
        self.settle([*now, "fails"])
        # nobody else has noticed; the agent of a broken file goes on with what it has read last
        after = self.tick_all({**{name: "success" for name in now}, "fails": "failed"})
        self.assertEqual(self.connections(), 2)
        # the warnings are of files that were touched, and of the check that fails
        touched = "|".join([*removed, *renamed, *broken, *given, "fails"])
        odd = [line for line in service.lines if not re.search(rf" WARNING ({touched}): ", line)]
        self.assertEqual(odd, [])
        if not service.sanitized:
            self.assertLess(each, self.LIMIT)
        figure(f"{self.agents} agents on the bus with a run each: added to one and served after {served:.2f} s; of a tick the "
               f"last run has ended after {cold} ms, of the next after {warm} ms ({busy / self.agents:.2f} ms of processor an "
               f"agent), and of one when {5 * few} files have changed after {after} ms; {each:.1f} KiB an agent")
