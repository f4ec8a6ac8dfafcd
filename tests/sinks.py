"""Ends at which deliveries and losses arrive, and can be waited for; for fakes and the real broker alike."""

import asyncio

from worker.messages import Delivery

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

    async def first(self) -> BaseException | None:
        """What it was told first, once it was."""
        async with asyncio.timeout(WAIT_S):
            await self._first.wait()
        return self.told[0]
