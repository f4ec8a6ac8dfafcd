"""Claims on their way: sent in order, never more than a bound of them unanswered."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from worker.cli.client import Sent
from worker.cli.endings import Complaint
from worker.cli.workload.claims import Claim
from worker.cli.workload.tally import Tally, Told

# Two batches of the worker and one under way to it: more would only wait in the queue.
UNANSWERED_MAX: Final = 512
# Far above any outage that a demonstration should sit through.
SILENCE_MAX_S: Final = 30.0


class Publishes(Protocol):
    """What of a client is used here."""

    async def publish_claims(self, claims: Sequence[Sent]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Letter:
    """A claim to send and what to do with its first outcome."""

    sent: Sent
    then: Callable[[Told], None]

    @classmethod
    def of(cls, claim: Claim, then: Callable[[Told], None]) -> "Letter":
        return cls(Sent.of(claim), then)


class Line:
    """Sends letters and hears outcomes; `hear` is to be called with every event."""

    def __init__(self, tally: Tally, unanswered_max: int = UNANSWERED_MAX) -> None:
        self.tally = tally
        self._unanswered_max = unanswered_max
        self._news = asyncio.Event()

    def hear(self, event: Told, words: bytes) -> None:
        self.tally.hear(event, words)
        self._news.set()

    async def send(
        self, client: Publishes, letters: Sequence[Letter], again: Sequence[Sent] = (), unheard: Sequence[Sent] = ()
    ) -> None:
        """In order, once there is room for the letters. Raises Complaint when the worker falls silent.

        Then go the messages sent `again`, word for word, and those of which no outcome will be `unheard`.
        """
        await self.until(lambda: self.tally.unanswered + len(letters) <= self._unanswered_max)
        for letter in letters:
            self.tally.send(letter.sent.claim_id, letter.then)
        for one in again:
            self.tally.send_again(one.claim_id)
        await client.publish_claims([*(letter.sent for letter in letters), *again, *unheard])

    async def drained(self) -> None:
        """Returns when every claim has its outcome. Raises Complaint when the worker falls silent."""
        await self.until(lambda: self.tally.unanswered == 0)

    async def until(self, met: Callable[[], bool]) -> None:
        """Returns when `met` is, which is looked at after each event. Raises Complaint when none comes."""
        while not met():
            self._news.clear()
            try:
                async with asyncio.timeout(SILENCE_MAX_S):
                    await self._news.wait()
            except TimeoutError:
                waiting = self.tally.unanswered
                raise Complaint(
                    f"No event for {SILENCE_MAX_S:g} s while {waiting} claims wait; does a worker run?"
                ) from None
