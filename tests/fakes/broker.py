"""A broker in memory: queues that deliver again what was not settled, exchanges that confirm, epochs of channels."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from tests.fakes.signals import Steps, Watched
from worker.faults import Outage, Unconfirmed, Unroutable
from worker.messages import Delivery, Outgoing

Sink = Callable[[Delivery], None]
Lost = Callable[[BaseException | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeProperties:
    """AMQP properties, in the shape of `worker.messages.Properties`."""

    content_type: str | None = "application/json"
    correlation_id: str | None = None
    reply_to: str | None = None
    user_id: str | None = None
    message_id: str | None = None
    timestamp: datetime | None = None
    headers: Mapping[str, object] | None = None


@dataclass(slots=True)
class Message:
    """A message in a queue; `attempts` counts how often it came back."""

    body: bytes
    routing_key: str
    properties: FakeProperties
    attempts: int = 0


class FakeBroker(Watched):
    """`published` is all that was confirmed, in order; `misuse` what a real broker would have closed a channel for.

    An exchange without a binding takes messages, but returns mandatory ones; the default exchange, "", reaches the
    queues that exist.
    """

    def __init__(self) -> None:
        super().__init__()
        self.queues: defaultdict[str, deque[Message]] = defaultdict(deque)
        self.bound: set[str] = set()
        self.reply_queues: set[str] = set()
        self.published: list[Outgoing] = []
        self.replies: list[Outgoing] = []
        self.misuse: list[str] = []
        self.consumers: list[FakeConsumer] = []

    def put(self, queue: str, body: bytes, routing_key: str, properties: FakeProperties | None = None) -> None:
        """A message for whoever consumes the queue."""
        self.queues[queue].append(Message(body, routing_key, properties or FakeProperties()))
        self.pump()

    def route(self, message: Outgoing) -> bool:
        """Put a message into the queue that bears its exchange's name, as the claims' and the dead letters' do."""
        if message.exchange not in self.queues:
            return message.exchange in self.bound
        given = message.properties
        properties = FakeProperties(
            content_type=given.content_type if given else message.content_type,
            correlation_id=given.correlation_id if given else message.correlation_id,
            reply_to=given.reply_to if given else None,
            message_id=given.message_id if given else message.message_id,
            headers={**((given.headers if given else None) or {}), **(message.headers or {})},
        )
        self.put(message.exchange, message.body, message.routing_key, properties)
        return True

    def delete_queue(self, queue: str) -> None:
        """With all that is in it; whoever consumes it loses its channel."""
        for consumer in self.consumers:
            if consumer.queue == queue:
                consumer.lose(Outage("The broker ended the consumer: its queue is gone."))
        self.queues.pop(queue, None)

    def to(self, exchange: str) -> list[Outgoing]:
        """What was published to that exchange."""
        return [message for message in self.published if message.exchange == exchange]

    def is_idle(self, queue: str) -> bool:
        """Whether nothing waits in the queue and nothing of it is unsettled."""
        return not self.queues[queue] and not any(one.unsettled for one in self.consumers if one.queue == queue)

    def pump(self) -> None:
        """Deliver what can be delivered."""
        for consumer in self.consumers:
            consumer.deliver()
        self.changed()

    def give_back(self, queue: str, messages: Sequence[Message]) -> None:
        """Unsettled messages of a channel that ended go to where they stood."""
        self.queues[queue].extendleft(reversed(messages))


class FakeConsumer:
    """One channel at a time; steps: open, cancel, close."""

    def __init__(self, broker: FakeBroker, queue: str, prefetch: int = 1_000) -> None:
        self.queue = queue
        self.steps = Steps()
        self.unsettled: dict[int, Message] = {}
        self.acked: list[tuple[tuple[int, ...], int | None]] = []
        self.is_open = False
        self._broker = broker
        self._prefetch = self._allowed = prefetch
        self._epoch = 0
        self._tags = count(1)
        self._takes = False
        self._sink: Sink | None = None
        self._lost: Lost | None = None
        broker.consumers.append(self)

    async def open(self, sink: Sink, lost: Lost, prefetch: int | None = None) -> int:
        self._end()
        await self.steps.begin("open")
        self._epoch += 1
        self._allowed = prefetch or self._prefetch
        self._tags = count(1)
        self._sink, self._lost = sink, lost
        self.is_open = self._takes = True
        # deliveries come after the answer to this call, as frames on a socket do
        asyncio.get_running_loop().call_soon(self._broker.pump)
        return self._epoch

    def ack(self, epoch: int, tags: Sequence[int], multiple_up_to: int | None = None) -> None:
        if epoch != self._epoch or not self.is_open:
            return
        self.acked.append((tuple(tags), multiple_up_to))
        below = [] if multiple_up_to is None else [tag for tag in self.unsettled if tag <= multiple_up_to]
        if multiple_up_to is not None and multiple_up_to not in below:
            self._refuse(f"ack of {multiple_up_to} and below, which is unknown")
            return
        for tag in (*below, *tags):
            if self.unsettled.pop(tag, None) is None:
                self._refuse(f"ack of {tag}, which is unknown")
                return
        self._broker.pump()

    async def cancel(self) -> None:
        await self.steps.begin("cancel")
        self._takes = False
        self._broker.changed()

    async def close(self) -> None:
        self._end()
        try:
            await self.steps.begin("close")
        finally:
            self._broker.changed()

    def lose(self, error: BaseException | None = None) -> None:
        """The channel dies under the consumer's hands."""
        lost, was_open = self._lost, self.is_open
        self._end()
        if was_open and lost is not None:
            lost(error or Outage("connection reset"))

    def deliver(self, most: int | None = None) -> None:
        """Hand over what may be handed over, `most` of it at most."""
        waiting = self._broker.queues[self.queue]
        allowed = self._allowed if most is None else min(self._allowed, len(self.unsettled) + most)
        while self._takes and self._sink and waiting and len(self.unsettled) < allowed:
            message, tag = waiting.popleft(), next(self._tags)
            self.unsettled[tag] = message
            again = message.attempts > 0
            self._sink(
                Delivery(
                    message.body, message.routing_key, message.properties, tag, self._epoch, again, message.attempts
                )
            )

    def _refuse(self, what: str) -> None:
        self._broker.misuse.append(what)
        self.lose(Outage(f"PRECONDITION_FAILED - {what}"))

    def _end(self) -> None:
        """What is not settled goes back to where it stood."""
        self.is_open = self._takes = False
        left = [message for _, message in sorted(self.unsettled.items())]
        for message in left:
            message.attempts += 1
        self.unsettled.clear()
        self._broker.give_back(self.queue, left)
        self._broker.pump()


@dataclass
class FakePublisher:
    """Steps: open, publish, reply, probe. A publish that fails after its effect has reached the queues all the same."""

    broker: FakeBroker
    steps: Steps = field(default_factory=Steps)

    async def open(self) -> None:
        await self.steps.begin("open")

    async def publish_all(self, messages: Sequence[Outgoing], mandatory: bool = False) -> None:
        if not messages:
            return
        late = await self.steps.begin("publish")
        self.broker.published.extend(messages)
        returned = sum(not self.broker.route(one) for one in messages)
        self.broker.changed()
        if late is not None:
            raise late
        if mandatory and returned:
            raise Unroutable(f"{returned} of {len(messages)} messages reached no queue.")

    async def reply(self, messages: Sequence[Outgoing]) -> int:
        try:
            await self.steps.begin("reply")
        except Unconfirmed:
            return len(messages)
        arrived = [one for one in messages if one.routing_key in self.broker.reply_queues | self.broker.queues.keys()]
        self.broker.replies.extend(arrived)
        self.broker.changed()
        return len(messages) - len(arrived)

    async def probe(self) -> None:
        await self.steps.begin("probe")

    async def close(self) -> None:
        """Nothing is open."""
