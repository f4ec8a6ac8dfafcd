"""The broker's objects as values: what section 1 of the contract names, under a prefix."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

# A backstop, by policy: the engine counts attempts itself and parks long before.
DELIVERY_LIMIT: Final = 50
# RabbitMQ 4 gives each queue a limit of 20 unless told, and drops what was handed back more often where no policy says
# whereto; 3.10 has none. So we tell, the same to all: beyond any count that is ever reached, for each claim has its
# outcome, and each look at a letter counts. A policy can lower it.
KEEP_ALWAYS: Final = 1_000_000_000
# A question has nothing to lose but the wait: what was handed back so often is what kills its readers.
QUERY_DELIVERY_LIMIT: Final = 20
HISTORY_AGE: Final = "7D"

QueueKind = Literal["quorum", "stream"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    kind: str = "topic"


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable queue; its arguments are what versions of the broker see differently, since they can never be changed.

    `delivery_limit` is how often a quorum queue hands out a message once more, at most.
    """

    name: str
    kind: QueueKind = "quorum"
    delivery_limit: int = KEEP_ALWAYS

    @property
    def arguments(self) -> dict[str, str | int]:
        if self.kind == "stream":
            return {"x-queue-type": self.kind}
        return {"x-queue-type": self.kind, "x-delivery-limit": self.delivery_limit}


@dataclass(frozen=True, slots=True)
class Binding:
    """What of an exchange goes to a queue."""

    exchange: str
    queue: str
    routing_key: str = "#"


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be changed about a queue while it is in use."""

    name: str
    queue: str
    definition: Mapping[str, str | int] = field(hash=False)

    @property
    def pattern(self) -> str:
        """The queue's name as a regular expression that fits nothing else."""
        return "^" + self.queue.replace(".", r"\.") + "$"


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything that has to exist before a worker starts."""

    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    policies: tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What the contract's objects are called; a queue bears the name of the exchange it is bound to."""

    prefix: str = "allocation"

    @property
    def claims(self) -> str:
        return f"{self.prefix}.claims"

    @property
    def events(self) -> str:
        return f"{self.prefix}.events"

    @property
    def events_in_bulk(self) -> str:
        return f"{self.prefix}.events.batches"

    @property
    def dead(self) -> str:
        return f"{self.prefix}.dead"

    @property
    def queries(self) -> str:
        return f"{self.prefix}.queries"

    @property
    def history(self) -> str:
        return f"{self.prefix}.history"


def topology(prefix: str = "allocation", history: bool = False, events_in_bulk: bool = False) -> Topology:
    """The contract's objects; `history` adds the stream of events, `events_in_bulk` the exchange for them.

    Queries are a quorum queue as well: a classic one stands on a single node, and reads would end with it.
    """
    names = Names(prefix)
    claims, events, dead, stream = names.claims, names.events, names.dead, names.history
    queues: tuple[Queue, ...] = (
        Queue(claims),
        Queue(dead),
        Queue(names.queries, delivery_limit=QUERY_DELIVERY_LIMIT),
    )
    bindings: tuple[Binding, ...] = (Binding(claims, claims), Binding(dead, dead))
    policies: tuple[Policy, ...] = (Policy(claims, claims, _backstop(dead)),)
    if history:
        queues += (Queue(stream, "stream"),)
        bindings += (Binding(events, stream),)
        policies += (Policy(stream, stream, {"max-age": HISTORY_AGE}),)
    exchanges: tuple[Exchange, ...] = (Exchange(claims), Exchange(events), Exchange(dead))
    if events_in_bulk:
        exchanges += (Exchange(names.events_in_bulk),)
    return Topology(exchanges, queues, bindings, policies)


def _backstop(dead: str) -> dict[str, str | int]:
    # at-least-once, which asks for reject-publish: what the broker moves itself must not get lost either (hazard 13)
    return {
        "delivery-limit": DELIVERY_LIMIT,
        "dead-letter-exchange": dead,
        "dead-letter-strategy": "at-least-once",
        "overflow": "reject-publish",
    }
