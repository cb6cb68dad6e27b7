#!/usr/bin/gjs
// Lists the agents that are served and tells of each check that fails; first runs a check of one and pauses another.
//
//     watch.js [AGENT CHECK-TO-RUN CHECK-TO-PAUSE]

const {Gio, GLib} = imports.gi;

const PREFIX = 'org.bloodbank.Heartbeat1.';
const ROOT = '/org/bloodbank/Heartbeat1';
const bus = Gio.DBus.session;
const call = (name, path, method) =>
    bus.call_sync(name, path, ...method, null, null, 0, -1, null).recursiveUnpack()[0];

// The methods and signals of an agent are those that its object describes: Name, PauseSync(), connectSignal(), …
function proxyFor(name) {
    const objects = call(name, ROOT, ['org.freedesktop.DBus.ObjectManager', 'GetManagedObjects']);
    const path = Object.keys(objects).find(key => `${PREFIX}Agent` in objects[key]);
    const xml = call(name, path, ['org.freedesktop.DBus.Introspectable', 'Introspect']);
    const proxy = new Gio.DBusProxy({
        gConnection: bus, gName: name, gObjectPath: path, gInterfaceName: `${PREFIX}Agent`,
        gInterfaceInfo: Gio.DBusNodeInfo.new_for_xml(xml).lookup_interface(`${PREFIX}Agent`),
    });
    proxy.init(null);
    proxy.connectSignal('CheckFinished', (_proxy, _sender, [check, status, details]) => {
        if (status === 'failed')
            print(`${proxy.Name}: ${check} failed: ${details.message.unpack()}`);
    });
    return proxy;
}

const names = call('org.freedesktop.DBus', '/', ['org.freedesktop.DBus', 'ListNames']);
const agents = names.filter(name => name.startsWith(PREFIX)).map(proxyFor);
print(`agents: ${agents.map(agent => agent.Name).sort().join(' ')}`);
const [name, run, pause] = ARGV;
if (pause) {
    const agent = agents.find(each => each.Name === name);
    agent.PauseSync(pause, 0, 'by watch.js');
    print(`${run} ${agent.RunCheckSync(run, {})[0].status.unpack()}`);
}
new GLib.MainLoop(null, false).run();
