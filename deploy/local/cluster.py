"""A private RabbitMQ cluster: nodes of one stack that share a name server and a cookie, any of which can be lost."""

import contextlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local.faults import StackFault
from deploy.local.ground import Ground, free_ports, lay_ground
from deploy.local.programs import find_programs
from deploy.local.rabbit import NameServer, Rabbit
from deploy.local.stack import end, guarded

SIZE = 3
# A minority of nodes stops rather than answer clients; a frozen node counts as lost after these seconds.
TICK_S = 8
CONFIGURATION = """\
cluster_partition_handling = pause_minority
cluster_formation.peer_discovery_backend = classic_config
cluster_formation.node_type = disc
"""


class Node(Rabbit):
    """One of a cluster, by its number from 1; it joins the first one when it starts for the first time."""

    def __init__(
        self, ground: Ground, number: int, ports: tuple[int, int], programs: Path, shared: tuple[NameServer, str]
    ) -> None:
        names, cookie = shared
        super().__init__(ground, (*ports, names.port), programs)
        self.name = f"rabbit{number}"
        self.node = _node(number)
        self._names = names
        self._cookie = cookie

    def environment(self) -> dict[str, str]:
        whole = super().environment()
        arguments = whole["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]
        return whole | {
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{arguments} -kernel net_ticktime {TICK_S}",
        }

    def prepare(self) -> None:
        """Write the configuration, of which every node knows that the first is there before it."""
        ground = self._ground
        ground.make_folder(self.name)
        ground.write_private(f"{self.name}/.erlang.cookie", self._cookie, mode=0o400)
        super().prepare()
        with (self.folder / "rabbitmq.conf").open("a", encoding="utf-8") as stream:
            stream.write(f"{CONFIGURATION}cluster_formation.classic_config.nodes.1 = {_node(1)}\n")


class Cluster:
    """Running nodes that know each other."""

    def __init__(self, nodes: tuple[Node, ...]) -> None:
        self.nodes = nodes

    @property
    def urls(self) -> tuple[str, ...]:
        """Where clients connect, node by node."""
        return tuple(node.url for node in self.nodes)

    def start(self) -> None:
        """Start the nodes that do not run, and wait for all: the first before the others, which join it."""
        first, *others = self.nodes
        first.start()
        for node in others:
            node.spawn()
        for node in others:
            node.await_ready()

    def others(self, node: Node) -> tuple[Node, ...]:
        """All nodes but this."""
        return tuple(other for other in self.nodes if other is not node)

    def settle(self) -> None:
        """Have on disk what the nodes know of new queues, so that a copy outlives the death of its node.

        They write it a moment late by themselves: see `Rabbit.kill`.
        """
        for node in self.nodes:
            node.ctl("eval", "[dets:sync(Table) || Table <- dets:all()].")

    def replicas(self, queue: str) -> "Replicas":
        """Where a quorum queue is kept, as a node that runs sees it; raises StackFault where there is none."""
        living = next(node for node in self.nodes if node.pid is not None)
        listed = json.loads(living.ctl("list_queues", "name", "leader", "members", "online", "--formatter=json"))
        for row in listed:
            if row["name"] == queue:
                return Replicas(row["leader"], frozenset(row["members"]), frozenset(row["online"]))
        raise StackFault(f"There is no queue {queue}.")


@dataclass(frozen=True, slots=True)
class Replicas:
    """The names of the nodes that keep a quorum queue, and of those that can be reached; one of them leads."""

    leader: str
    members: frozenset[str]
    online: frozenset[str]


@contextlib.contextmanager
def local_cluster(size: int = SIZE) -> Iterator[Cluster]:
    """`size` joined RabbitMQ nodes on loopback, for as long as the context lasts; nothing is left behind.

    Raises StackFault when they cannot be had.
    """
    programs = find_programs(postgres=False, rabbit=True).rabbit
    if programs is None:
        raise StackFault("RabbitMQ cannot be had.")
    ground = lay_ground(None)
    with guarded(ground) as watch:
        names_port, *ports = free_ports(1 + 2 * size)
        shared = NameServer(ground, names_port), secrets.token_hex(16)
        nodes = tuple(
            Node(ground, number, pair, programs, shared)
            for number, pair in enumerate(zip(ports[::2], ports[1::2], strict=True), start=1)
        )
        try:
            for node in nodes:
                node.prepare()
            cluster = Cluster(nodes)
            cluster.start()
            yield cluster
        finally:
            end(watch, *nodes)


def _node(number: int) -> str:
    return f"allocation{number}@localhost"
