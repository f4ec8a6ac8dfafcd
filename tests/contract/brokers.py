"""A broker as the engine meets it: one queue behind the exchange of its name, a consumer of it and a publisher."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from worker.engine.ports import Consumer, Publisher
from worker.messages import Delivery, Outgoing

PREFETCH = 3
WAIT_S = 20.0


class Received:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.all: asyncio.Queue[Delivery] = asyncio.Queue()

    def __call__(self, delivery: Delivery) -> None:
        self.all.put_nowait(delivery)

    async def next(self, count: int) -> list[Delivery]:
        """So many deliveries, in order."""
        async with asyncio.timeout(WAIT_S):
            return [await self.all.get() for _ in range(count)]


class Losses:
    """What `lost` was told."""

    def __init__(self) -> None:
        self.told: list[BaseException | None] = []
        self._first = asyncio.Event()

    def __call__(self, error: BaseException | None) -> None:
        self.told.append(error)
        self._first.set()

    async def first(self) -> None:
        """Wait until it was told."""
        async with asyncio.timeout(WAIT_S):
            await self._first.wait()


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
