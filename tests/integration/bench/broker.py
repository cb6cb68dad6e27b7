"""A private RabbitMQ: own epmd, own ports on loopback, everything else in a temporary folder."""

import contextlib
import itertools
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile

import pika

from . import process
from .ports import accepts, free_ports
from .wait import Timeout, until

# The wrappers in /usr/sbin refuse ordinary users; this does not.
BIN = "/usr/lib/rabbitmq/bin"
ERL_CALL = "/usr/lib/erlang/bin/erl_call"
EXCHANGE = "bloodbank.events.v1"
ERL_ARGS = "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"
CONFIG = """\
listeners.tcp.1 = 127.0.0.1:{port}
loopback_users.guest = true
log.console = false
log.file.level = warning
disk_free_limit.absolute = 1MB
vm_memory_high_watermark.relative = 0.4
max_message_size = 134217728
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = AMQPLAIN
auth_mechanisms.3 = EXTERNAL
ssl_cert_login_from = common_name
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
"""


class Broker:
    """One RabbitMQ node; start() takes about five seconds, so a suite shares it and each test takes a vhost.

    Nodes of a cluster share cookie and epmd's port: such a node is given its name, both of these, and more
    configuration."""

    def __init__(self, node="x@localhost", cookie=None, epmd_port=None, more_config=""):
        self.folder = tempfile.mkdtemp(prefix="heartbeat-broker-")
        self.port, own_epmd_port, self._dist_port = free_ports(3)
        # without a cluster epmd of other brokers on this machine is another one, so the plain name is free
        self.node = node
        self._cookie = cookie or secrets.token_hex(16)
        self._epmd_port = epmd_port or own_epmd_port
        self._more_config = more_config
        self._vhosts = itertools.count(1)
        self._server = self._epmd = None
        self._prepare()

    def _path(self, *parts):
        return os.path.join(self.folder, *parts)

    def _write(self, name, text):
        with open(self._path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def _prepare(self):
        self._write(".erlang.cookie", self._cookie)
        os.chmod(self._path(".erlang.cookie"), 0o600)
        self._write("rabbitmq.conf", CONFIG.format(port=self.port) + self._more_config)
        self._write("enabled_plugins", "[rabbitmq_auth_mechanism_ssl].\n")
        self._env = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": self.folder,
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": self._path("mnesia"),
            "RABBITMQ_LOG_BASE": self._path("log"),
            "RABBITMQ_PID_FILE": self._path("pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": self._path("enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": self._path("rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": self._path("none"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERL_ARGS + " -kernel inet_dist_use_interface {127,0,0,1}",
            # the server script becomes the Erlang machine itself, so the pid is the one to signal
            "detached": "true",
        }

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self):
        """Start the node and return when it speaks AMQP."""
        self.launch()
        self.wait_ready()

    def launch(self):
        """Start the node, and epmd where nobody has."""
        if not accepts(self._epmd_port):
            self._epmd = process.spawn(["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"],
                                       env=self._env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            until(lambda: accepts(self._epmd_port), what="epmd")
        with open(self._path("output"), "ab") as output:
            self._server = process.spawn([f"{BIN}/rabbitmq-server"], env=self._env, cwd=self.folder,
                                         stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def wait_ready(self):
        """Return when the node speaks AMQP, and has started."""
        until(self._ready, timeout=300, what="RabbitMQ")
        # its listeners come a moment before; until then it is no running node of its cluster, and lists no connections
        until(lambda: self.eval("rabbit:is_running()") == "true", timeout=60, what="RabbitMQ to have started")

    def _ready(self):
        if self._server.poll() is not None:
            with open(self._path("output"), encoding="utf-8", errors="replace") as output:
                raise RuntimeError(f"RabbitMQ ended with status {self._server.returncode}:\n{output.read()}")
        if not accepts(self.port):
            return False
        try:
            self.connect().close()
            return True
        except (pika.exceptions.AMQPError, OSError):
            return False

    def stop(self):
        """Stop the node cleanly: clients get connection.close, queues and data stay on disk."""
        if self._server is not None:
            process.end(self._server, timeout=60)
            self._server = None

    def kill(self):
        """End the node without a word to anybody."""
        self._server.kill()
        self._server.wait()
        self._server = None

    def freeze(self):
        """Let the node hang: it keeps its connections and reads nothing."""
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self):
        """Let the node go on."""
        if self.running:
            self._server.send_signal(signal.SIGCONT)

    def restart(self):
        """Stop the node and start it again on the same port, with the same data."""
        self.stop()
        self.start()

    @property
    def running(self):
        """Whether the node has been started and not ended since."""
        return self._server is not None and self._server.poll() is None

    def close(self):
        """End everything and delete the folder."""
        if self._server is not None:
            self.kill()
        if self._epmd is not None:
            process.end(self._epmd)
            self._epmd = None
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- administration ---------------------------------------------------------------------------------------------

    def ctl(self, *args):
        """Run rabbitmqctl (one to two seconds a call) and return its output."""
        env = {key: value for key, value in self._env.items() if key != "detached"}
        return subprocess.run([f"{BIN}/rabbitmqctl", "--quiet", *args], env=env, cwd=self.folder, check=True,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120).stdout

    def eval(self, code):
        """Evaluate Erlang code (without its final dot) in the node, in milliseconds; return what it printed to text."""
        answer = until(lambda: self._erl_call(code), what="a connection to the node")
        if not answer.startswith("{ok, "):
            raise RuntimeError(f"RabbitMQ: {answer} from {code}")
        return answer[len("{ok, "):-1]

    def _erl_call(self, code):
        """Have the node evaluate code; return what it answered, or "" where it had no time for another connection."""
        ended = subprocess.run([ERL_CALL, "-c", self._cookie, "-n", self.node, "-e"], env=self._env,
                               input=code + ".\n", check=False, capture_output=True, text=True, timeout=60)
        if ended.returncode and "failed to connect" not in ended.stderr:
            raise RuntimeError(f"erl_call: exit status {ended.returncode}: {ended.stdout}{ended.stderr}")
        return "" if ended.returncode else ended.stdout

    def add_vhost(self, name):
        """Make a vhost on which guest may do everything."""
        self.eval(f'rabbit_vhost:add(<<"{name}">>, <<"guest">>), '
                  f'rabbit_auth_backend_internal:set_permissions(<<"guest">>, <<"{name}">>, '
                  f'<<".*">>, <<".*">>, <<".*">>, <<"guest">>)')

    @contextlib.contextmanager
    def vhost(self):
        """Give a test a vhost of its own; it goes afterwards."""
        name = f"test-{next(self._vhosts)}"
        self.add_vhost(name)
        try:
            yield name
        finally:
            if self.running:
                self.eval(f'rabbit_vhost:delete(<<"{name}">>, <<"guest">>)')

    def url(self, vhost="/", port=None, password="guest", user="guest"):
        """Return the URL of a vhost, through a proxy's port if given."""
        return f"amqp://{user}:{password}@127.0.0.1:{port or self.port}/{vhost.replace('/', '%2F')}"

    def add_user(self, name, password):
        """Make a user who may do nothing."""
        self.eval(f'rabbit_auth_backend_internal:add_user(<<"{name}">>, <<"{password}">>, <<"guest">>)')

    def delete_user(self, name):
        """Delete a user, if the node runs."""
        if self.running:
            self.eval(f'rabbit_auth_backend_internal:delete_user(<<"{name}">>, <<"guest">>)')

    def permit(self, name, vhost, configure=".*", write=".*", read=".*"):
        """Set a user's permissions on a vhost."""
        self.eval(f'rabbit_auth_backend_internal:set_permissions(<<"{name}">>, <<"{vhost}">>, '
                  f'<<"{configure}">>, <<"{write}">>, <<"{read}">>, <<"guest">>)')

    def set_alarm(self, alarm):
        """Let the node be short of memory, or no longer."""
        if self.running:
            self.alarm(alarm)

    def _queue_info(self, vhost, queue, items):
        code = (f'case rabbit_amqqueue:lookup(rabbit_misc:r(<<"{vhost}">>, queue, <<"{queue}">>)) of '
                f'{{ok, Q}} -> {{[{{V}} || {{_, V}} <- rabbit_amqqueue:info(Q, [{items}])]}}; _ -> none end')
        answer = self.eval(code)
        return None if answer == "none" else tuple(map(int, re.findall(r"\d+", answer)))

    def queue_depth(self, vhost, queue):
        """Return how many messages are (ready, unacknowledged); None without such a queue."""
        return self._queue_info(vhost, queue, "messages_ready, messages_unacknowledged")

    def consumers(self, vhost, queue):
        """Return how many consumers a queue has; 0 without such a queue."""
        info = self._queue_info(vhost, queue, "consumers")
        return 0 if info is None else info[0]

    def wait_depth(self, vhost, queue, depth):
        """Wait until (ready, unacknowledged) is depth."""
        until(lambda: self.queue_depth(vhost, queue) == depth, what=f"{queue} to hold {depth}")

    def wait_consumers(self, vhost, queue, count=1):
        """Wait until the queue has count consumers."""
        until(lambda: self.consumers(vhost, queue) == count, what=f"{count} consumer(s) on {queue}")

    def close_connections(self, reason="test"):
        """Have the broker close every client's connection."""
        self.eval(f'[rabbit_networking:close_connection(P, "{reason}") || P <- rabbit_networking:connections()], ok')

    def alarm(self, on):
        """Raise a memory alarm, or end it; connections know of it when this returns."""
        # what is asked next is answered after the alarm was passed on
        self.eval(f"vm_memory_monitor:set_vm_memory_high_watermark({0 if on else 0.4}), rabbit_alarm:get_alarms(), ok")

    # --- messages ---------------------------------------------------------------------------------------------------

    def connect(self, vhost="/"):
        """Return a new pika connection."""
        return pika.BlockingConnection(pika.ConnectionParameters(
            "127.0.0.1", self.port, vhost, pika.PlainCredentials("guest", "guest"),
            socket_timeout=10, blocked_connection_timeout=30))

    @contextlib.contextmanager
    def channel(self, vhost):
        """Give a pika channel with publisher confirms for a while."""
        with contextlib.closing(self.connect(vhost)) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            yield channel

    def publish(self, vhost, routing_key, body, exchange=EXCHANGE, **properties):
        """Publish bytes and wait for the broker's confirm; a message that no queue takes raises UnroutableError."""
        with self.channel(vhost) as channel:
            channel.basic_publish(exchange, routing_key, body, pika.BasicProperties(**properties), mandatory=True)

    def publish_many(self, vhost, routing_key, bodies, exchange=EXCHANGE):
        """Publish many messages; the broker has them all when this returns."""
        with contextlib.closing(self.connect(vhost)) as connection:
            channel = connection.channel()
            for body in bodies:
                channel.basic_publish(exchange, routing_key, body)
            # answered in the order of what was asked
            channel.exchange_declare(exchange, passive=True)

    def get(self, vhost, queue):
        """Take one message: (method, properties, body), or None when there is none."""
        with self.channel(vhost) as channel:
            method, properties, body = channel.basic_get(queue, auto_ack=True)
            return None if method is None else (method, properties, body)

    def wait_message(self, vhost, queue):
        """Take the next message as soon as there is one."""
        with self.channel(vhost) as channel:
            for method, properties, body in channel.consume(queue, auto_ack=True, inactivity_timeout=20):
                if method is None:
                    raise Timeout(f"no message in {queue}")
                return method, properties, body

    def purge(self, vhost, queue):
        """Take all messages out of a queue."""
        with self.channel(vhost) as channel:
            channel.queue_purge(queue)

    def collect(self, vhost, queue, *binding_keys, exchange=EXCHANGE, arguments=None):
        """Declare a durable queue that collects what is published with these keys."""
        with self.channel(vhost) as channel:
            channel.exchange_declare(exchange, "topic", durable=True)
            channel.queue_declare(queue, durable=True, arguments=arguments)
            for key in binding_keys:
                channel.queue_bind(queue, exchange, key)
