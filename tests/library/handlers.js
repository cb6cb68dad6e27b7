// SPDX-License-Identifier: MIT
// What handlers.py does, as far as JavaScript can.

imports.gi.versions.Heartbeat = "1.0";
const {GLib, Heartbeat} = imports.gi;
const System = imports.system;

const kept = [];
const handlers = {
    succeeds(run) {
        run.end(Heartbeat.Status.SUCCESS, run.get_meta(), new GLib.Variant("a{sv}", {n: GLib.Variant.new_uint32(3)}));
    },
    skips(run) {
        run.skip(null);
    },
    twice(run) {
        run.succeed("first");
        run.fail("second");
    },
    drops() {
        GLib.idle_add(GLib.PRIORITY_DEFAULT, () => System.gc());
    },
    later(run) {
        GLib.timeout_add(GLib.PRIORITY_DEFAULT, 10, () => {
            run.succeed("later");
            run.fail("too late");
            return GLib.SOURCE_REMOVE;
        });
    },
    keeps(run) {
        kept.push(run);
        run.get_cancellable().connect(() => print("keeps: cancelled"));
    },
    wrong_details(run) {
        run.end(Heartbeat.Status.SUCCESS, null, GLib.Variant.new_string("text"));
    },
    removes(run) {
        consumer.unregister_handler("removes");
        run.succeed("removed");
    },
};

const consumer = new Heartbeat.Consumer({
    agent_name: "cack",
    heartbeat_path: GLib.getenv("HEARTBEAT_PATH"),
    tick_source: "local",
    tick_interval: 86400,
});
const agent = consumer.get_agent();
const names = Object.keys(handlers);

function next() {
    if (names.length > 0)
        agent.run_check_async(names.shift(), 200, null, null);
    else
        consumer.stop_async(null);
}

for (const name in handlers)
    consumer.register_handler(name, handlers[name]);
agent.connect("check-finished", (_, check, result) => {
    print(`${check.get_name()}: ${Heartbeat.status_to_string(result.get_status())}: ${result.get_message()}`);
    next();
});
agent.reload_async(null, next);
print(consumer.run() ? "True" : "False");
