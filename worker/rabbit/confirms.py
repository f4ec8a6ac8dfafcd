"""Which published messages the broker still owes an answer for; pure but for one future a batch."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from worker.messages import Outgoing

# Exchange, routing key and message id: all that a returned message can be told by.
ReturnKey = tuple[str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch that was answered whole: how many were refused, how many reached no queue."""

    refused: int = 0
    returned: int = 0


class Batch:
    """Messages published together, on consecutive tags."""

    def __init__(self, tags: range, keys: frozenset[ReturnKey]) -> None:
        self.waiting = set(tags)
        self.last = tags.stop - 1
        self.keys = keys
        self.refused = 0
        self.returned = 0
        self.answered: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()

    def settle(self, tags: set[int], accepted: bool) -> None:
        self.waiting -= tags
        if not accepted:
            self.refused += len(tags)
        if not self.waiting and not self.answered.done():
            self.answered.set_result(Receipt(self.refused, self.returned))


class Confirms:
    """The batches in flight on one channel; the broker numbers its messages from 1 in the order they were written."""

    def __init__(self) -> None:
        self._next = 1
        self._batches: deque[Batch] = deque()

    def expect(self, count: int, keys: frozenset[ReturnKey] = frozenset()) -> Batch:
        """Number the next `count` messages; the caller writes them at once."""
        tags = range(self._next, self._next + count)
        self._next += count
        batch = Batch(tags, keys)
        self._batches.append(batch)
        return batch

    def confirm(self, tag: int, multiple: bool, accepted: bool) -> None:
        """Take one answer: of `tag`, or of all up to `tag`. Those of forgotten batches are nobody's."""
        for batch in self._batches:
            if not multiple and tag in batch.waiting:
                batch.settle({tag}, accepted)
                return
            if multiple:
                covered = batch.waiting if tag >= batch.last else {each for each in batch.waiting if each <= tag}
                batch.settle(set(covered), accepted)

    def returned(self, key: ReturnKey) -> None:
        """A mandatory message came back; its confirm follows."""
        for batch in self._batches:
            if key in batch.keys:
                batch.returned += 1
                return

    def forget(self, batch: Batch) -> None:
        """Wait for `batch` no longer."""
        self._batches.remove(batch)

    def fail(self, error: BaseException) -> None:
        """The channel is gone: nothing more will be answered."""
        for batch in self._batches:
            if not batch.answered.done():
                batch.answered.set_exception(error)


def return_keys(messages: Sequence[Outgoing], ids: Sequence[str | None]) -> frozenset[ReturnKey]:
    """How returned ones of `messages`, sent with `ids`, will be told."""
    return frozenset((message.exchange, message.routing_key, sent) for message, sent in zip(messages, ids, strict=True))
