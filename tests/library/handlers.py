"""What handlers do, well and badly; handlers.c, .js and .vala do the same. Prints `CHECK: STATUS: MESSAGE` a run."""

import os
import signal
import sys
import threading
import time

import gi

gi.require_version("Heartbeat", "1.0")
from gi.repository import GLib, Heartbeat  # noqa: E402

# a shell that starts a program in the background has it ignore this
signal.signal(signal.SIGINT, signal.default_int_handler)
kept = []


def succeeds(run):
    run.end(Heartbeat.Status.SUCCESS, run.get_meta(), GLib.Variant("a{sv}", {"n": GLib.Variant("u", 3)}))


def skips(run):
    run.skip()


def twice(run):
    run.succeed("first")
    run.fail("second")


def drops(run):
    pass


def later(run):
    def end():
        run.succeed("later")
        run.fail("too late")

    GLib.timeout_add(10, end)


def keeps(run):
    kept.append(run)
    run.get_cancellable().connect(lambda *_: print("keeps: cancelled"))


def raises(run):
    raise ValueError("no “such” thing")


def raises_after(run):
    run.succeed("all is well")
    raise KeyError("gone")


def exits(run):
    sys.exit("enough")


async def coroutine(run):
    run.succeed("never")


def threaded(run):
    threading.Thread(target=run.succeed, args=("from a thread",)).start()


def wrong_details(run):
    run.end(Heartbeat.Status.SUCCESS, "", GLib.Variant("s", "text"))


class Program:
    def __init__(self):
        self.consumer = Heartbeat.Consumer(agent_name="cack", heartbeat_path=os.environ["HEARTBEAT_PATH"],
                                           tick_source="local", tick_interval=86400)
        handlers = [succeeds, skips, twice, drops, later, keeps, raises, raises_after, exits, coroutine,
                    threaded, wrong_details]
        self.names = [handler.__name__ for handler in handlers] + ["method", "data", "removes"]
        for handler in handlers:
            self.consumer.register_handler(handler.__name__, handler)
        self.consumer.register_handler("method", self.method)
        self.consumer.register_handler("data", lambda run, *data: run.succeed(f"{data}"), 1, "two")
        self.consumer.register_handler("removes", self.removes)
        self.agent = self.consumer.get_agent()
        self.agent.connect("check-finished", self.finished)

    def method(self, run):
        run.succeed(run.get_check_name())

    def removes(self, run):
        self.consumer.unregister_handler("removes")
        run.succeed("removed")

    def finished(self, agent, check, result):
        print(f"{check.get_name()}: {Heartbeat.status_to_string(result.get_status())}: {result.get_message()}")
        self.next()

    def next(self):
        if self.names:
            self.agent.run_check_async(self.names.pop(0), 200)
        else:
            self.consumer.stop_async()

    def run(self):
        self.agent.reload_async(None, lambda agent, result: (agent.reload_finish(result), self.next()))
        print(self.consumer.run())
        try:
            self.consumer.run()
        except GLib.Error as error:
            print(error.matches(Heartbeat.error_quark(), Heartbeat.Error.INVALID_ARGUMENT), error.message)
        try:
            self.consumer.register_handler("nothing", None)
        except TypeError as error:
            print(error)
        # run() has given the signal back
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)
        except KeyboardInterrupt:
            print("interrupted")


Program().run()
