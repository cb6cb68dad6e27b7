"""Three RabbitMQ nodes on one machine that make a cluster."""

import re
import secrets

from .broker import Broker
from .ports import free_ports
from .wait import until

CONFIG = """\
cluster_formation.peer_discovery_backend = classic_config
cluster_partition_handling = ignore
"""


class Cluster:
    """Nodes that know each other; each is a Broker that can be killed and started again. start() takes 16 seconds."""

    def __init__(self, size=3):
        names = [f"x{number}@localhost" for number in range(1, size + 1)]
        config = CONFIG + "".join(f"cluster_formation.classic_config.nodes.{number} = {name}\n"
                                  for number, name in enumerate(names, 1))
        epmd_port, = free_ports(1)
        cookie = secrets.token_hex(16)
        self.nodes = [Broker(name, cookie, epmd_port, config) for name in names]

    def start(self):
        """Start all nodes together and return when each knows all."""
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_ready()
        for node in self.nodes:
            until(lambda node=node: self.known_to(node) == len(self.nodes), timeout=60, what=f"{node.node} to know all")

    @staticmethod
    def known_to(node):
        """Return how many running nodes a node knows of, itself included."""
        return int(node.eval("length(rabbit_nodes:all_running())"))

    def close(self):
        """End everything; epmd, which is the first node's, last."""
        for node in reversed(self.nodes):
            node.close()

    @property
    def urls(self):
        """What RABBIT_URL is to be."""
        return " ".join(node.url() for node in self.nodes)

    @property
    def running(self):
        """The nodes that have not been killed."""
        return [node for node in self.nodes if node.running]

    def at(self, address):
        """Return the node with that host:port."""
        return next(node for node in self.nodes if address.endswith(f":{node.port}"))

    def _about(self, queue, expression):
        """Evaluate an expression about the queue Q of the vhost /; none without the queue."""
        return self.running[0].eval(
            f'case rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"{queue}">>)) of '
            f'{{ok, Q}} -> {expression}; _ -> none end')

    def leader(self, queue):
        """Return the node on which a quorum queue's leader is."""
        name = re.search(r"x\d+@localhost", self._about(queue, "amqqueue:get_pid(Q)"))
        return next(node for node in self.nodes if node.node == name[0])

    def online(self, queue):
        """Return how many members of a quorum queue are there."""
        return len(re.findall(r"x\d+@localhost", self._about(queue, "rabbit_quorum_queue:info(Q, [online])")))

    def depth(self, queue):
        """Return how many messages a queue has: (ready, unacknowledged)."""
        return self.running[0].queue_depth("/", queue)

    def collect(self, queue, *binding_keys):
        """Declare a quorum queue that collects what is published with these keys."""
        self.running[0].collect("/", queue, *binding_keys, arguments={"x-queue-type": "quorum"})
