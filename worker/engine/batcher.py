"""Deliveries gathered while a batch is at work: a batch is what has arrived, there is no lingering."""

import asyncio
from collections import deque
from typing import Final, Generic, Protocol, TypeVar

SUSPICIOUS_ATTEMPTS = 3
"""Handed over so often, a message may be what kills workers: it is taken alone (hazard 11)."""
BATCH_BYTES_MAX: Final = 4 * 1024 * 1024
"""Bodies of a batch, all together: a thousand ordinary claims are half of one MiB, a few huge ones a batch."""


class Attempted(Protocol):
    """What was handed over so often before, and the bytes that came."""

    @property
    def attempts(self) -> int: ...
    @property
    def body(self) -> bytes: ...


Item = TypeVar("Item", bound=Attempted)


class Batcher(Generic[Item]):
    """Items in order of arrival; bounded by the prefetch of the consumer that fills it."""

    def __init__(self, size_max: int, bytes_max: int = BATCH_BYTES_MAX) -> None:
        self._size_max = size_max
        self._bytes_max = bytes_max
        self._arrived: deque[Item] = deque()
        self._signal = asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        return len(self._arrived)

    def offer(self, item: Item) -> None:
        """Add one; dropped once closed, since its channel will be closed too and it goes back to the queue."""
        if not self._closed:
            self._arrived.append(item)
            self._signal.set()

    def close(self) -> None:
        """Hand out nothing more; what was not handed out is dropped, and goes back with its channel."""
        self._closed = True
        self._arrived.clear()
        self._signal.set()

    async def next_batch(self, room: int | None = None, *, wait: bool = True) -> list[Item] | None:
        """What has arrived, at most `room` of it (the largest batch unless told); waits for one unless told not to.

        None once closed. Bodies beyond `bytes_max` wait for the next batch, but one is always handed out. A message
        handed over suspiciously often makes a batch of its own; who does not wait has others in hand already, so it
        stays where it is.
        """
        while wait and not self._arrived and not self._closed:
            self._signal.clear()
            await self._signal.wait()
        if self._closed:
            return None
        return self._take(self._size_max if room is None else min(room, self._size_max), company=not wait)

    def _take(self, room: int, *, company: bool) -> list[Item]:
        taken: list[Item] = []
        held = 0
        while self._arrived and len(taken) < room:
            first = self._arrived[0]
            alone = first.attempts >= SUSPICIOUS_ATTEMPTS
            held += len(first.body)
            if (alone and (taken or company)) or (taken and held > self._bytes_max):
                break
            taken.append(self._arrived.popleft())
            if alone:
                break
        return taken
