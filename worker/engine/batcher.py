"""Deliveries gathered while a batch is at work: a batch is what has arrived, there is no lingering."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
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
    """Items in order of arrival; whoever fills it has a bound: the prefetch of a consumer, or `below`."""

    def __init__(self, size_max: int, bytes_max: int = BATCH_BYTES_MAX) -> None:
        self._size_max = size_max
        self._bytes_max = bytes_max
        self._arrived: deque[Item] = deque()
        self._signal = asyncio.Event()
        self._taken = asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        return len(self._arrived)

    @property
    def is_full(self) -> bool:
        """Whether the largest batch has arrived."""
        return len(self._arrived) >= self._size_max

    def offer(self, item: Item) -> None:
        """Add one; dropped once closed, since its channel will be closed too and it goes back to the queue."""
        if not self._closed:
            self._arrived.append(item)
            self._signal.set()

    def give_back(self, items: Sequence[Item]) -> None:
        """What was taken and has to go first again; dropped once closed, as in `offer`."""
        if not self._closed:
            self._arrived.extendleft(reversed(items))
            self._signal.set()

    def close(self) -> None:
        """Hand out nothing more; what was not handed out is dropped, and goes back with its channel."""
        self._closed = True
        self._arrived.clear()
        self._signal.set()
        self._taken.set()

    async def below(self, items: int) -> None:
        """Waits until fewer than `items` wait here, or until it is closed."""
        while len(self._arrived) >= items and not self._closed:
            self._taken.clear()
            await self._taken.wait()

    async def next_batch(self) -> list[Item] | None:
        """What has arrived, at most the largest batch of it; waits for one. None once closed.

        Bodies beyond `bytes_max` wait for the next batch, but one is always handed out. A message handed over
        suspiciously often makes a batch of its own.
        """
        while not self._arrived and not self._closed:
            self._signal.clear()
            await self._signal.wait()
        return None if self._closed else self._take()

    def _take(self) -> list[Item]:
        taken: list[Item] = []
        held = 0
        while self._arrived and len(taken) < self._size_max:
            first = self._arrived[0]
            alone = first.attempts >= SUSPICIOUS_ATTEMPTS
            held += len(first.body)
            if taken and (alone or held > self._bytes_max):
                break
            taken.append(self._arrived.popleft())
            if alone:
                break
        self._taken.set()
        return taken


def portions(items: Sequence[Item], bytes_max: int) -> Iterator[Sequence[Item]]:
    """The items in order, in runs of at most so many bytes of bodies, or of one."""
    start = held = 0
    for at, item in enumerate(items):
        if at > start and held + len(item.body) > bytes_max:
            yield items[start:at]
            start, held = at, 0
        held += len(item.body)
    if items:
        yield items[start:]
