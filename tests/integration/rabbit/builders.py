"""Messages to send, and ends to receive them at that can be waited for."""

import asyncio
from uuid import uuid4

from pamqp.commands import Basic

from worker.messages import Delivery, Outgoing
from worker.rabbit.connection import Link

WAIT_S = 20.0


def claim(prefix: str, body: bytes = b"{}", key: str = "allocation.set") -> Outgoing:
    return Outgoing(f"{prefix}.claims", key, body, message_id=str(uuid4()), content_type="application/json")


class Received:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.all: asyncio.Queue[Delivery] = asyncio.Queue()

    def __call__(self, delivery: Delivery) -> None:
        self.all.put_nowait(delivery)

    async def next(self, count: int) -> list[Delivery]:
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

    async def first(self) -> BaseException | None:
        async with asyncio.timeout(WAIT_S):
            await self._first.wait()
        return self.told[0]


async def take(link: Link, queue: str) -> tuple[Basic.GetOk, Basic.Properties, bytes]:
    """The first message of `queue`, which is settled by that; fails when there is none."""
    channel = await link.connection.channel()
    message = await channel.basic_get(queue, no_ack=True, timeout=WAIT_S)
    await channel.close()
    assert isinstance(message.delivery, Basic.GetOk), f"{queue} is empty"
    return message.delivery, message.header.properties, message.body
