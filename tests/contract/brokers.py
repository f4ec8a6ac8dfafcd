"""A broker as the engine meets it: one queue behind the exchange of its name, a consumer of it and a publisher."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.sinks import Losses, Received
from worker.engine.ports import Consumer, Publisher
from worker.messages import Delivery, Outgoing

PREFETCH = 3


@dataclass(frozen=True)
class Brokerage:
    """`queue` is the name of the queue and its exchange; `nowhere` that of an exchange without a queue."""

    queue: str
    nowhere: str
    consumer: Consumer
    publisher: Publisher
    delete_queue: Callable[[], Awaitable[None]]
    received: Received = field(default_factory=Received)
    losses: Losses = field(default_factory=Losses)

    async def open(self) -> int:
        """Begin to consume; the epoch."""
        return await self.consumer.open(self.received, self.losses)

    async def send(self, *bodies: bytes, key: str = "allocation.set") -> None:
        """Messages into the queue."""
        sent = [Outgoing(self.queue, key, body, f"id {body!r}", "c", "application/json") for body in bodies]
        await self.publisher.publish_all(sent)

    async def reopened(self, count: int) -> list[Delivery]:
        """Close, open again, and take so many deliveries."""
        await self.consumer.close()
        await self.open()
        return await self.received.next(count)
