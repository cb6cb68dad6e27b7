#!/usr/bin/gjs
// A program that embeds a consumer, with a handler of its own: `disk_space` fails when the disk gets full.
//
//     "disk": {"handler": "disk_space", "cadenceMs": 900000, "meta": {"minFreePercent": 10}}
//
// Usage: disk_space.js HEARTBEAT_JSON. Ticks come from the broker of RABBIT_URL, without that from a timer.

imports.gi.versions.Heartbeat = '1.0';
const { Gio, GLib, Heartbeat } = imports.gi;

// Executes a check. It must not block: the answer of the file system comes later, and ends the run.
function diskSpace(run) {
    const minimum = JSON.parse(run.get_meta()).minFreePercent ?? 10;
    const root = Gio.File.new_for_path('/');
    const wanted = 'filesystem::free,filesystem::size';

    root.query_filesystem_info_async(wanted, GLib.PRIORITY_DEFAULT, run.get_cancellable(), (_, result) => {
        try {
            const info = root.query_filesystem_info_finish(result);
            const free = 100 * info.get_attribute_uint64('filesystem::free') /
                info.get_attribute_uint64('filesystem::size');
            const status = free >= minimum ? Heartbeat.Status.SUCCESS : Heartbeat.Status.FAILED;
            const details = new GLib.Variant('a{sv}', { 'free-percent': GLib.Variant.new_double(free) });

            run.end(status, `${free.toFixed(0)} % free`, details);
        } catch (error) {
            run.fail(error.message);
        }
    });
}

const url = GLib.getenv('RABBIT_URL');
const consumer = new Heartbeat.Consumer({
    agent_name: 'cack', heartbeat_path: ARGV[0], rabbit_url: url, tick_source: url ? 'amqp' : 'local',
});
consumer.register_handler('disk_space', diskSpace);
consumer.run();
