"""What the engine needs of the world, as shapes: postgres/ and rabbit/ have them, and so have the tests' fakes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Protocol

from worker.messages import Delivery, Outgoing, Record, Recorded, SweptBatch
from worker.placement.feed import Feed, Horizon
from worker.placement.ids import ClaimId, ConsumerId, ProviderId
from worker.placement.plan import ConsumerPut, Locked, Version, Writes
from worker.placement.snapshot import Snapshot, Wanted
from worker.telemetry import Telemetry


class Transaction(Protocol):
    """One transaction over a batch; its steps are called in this order. Raises `Conflict`, `Outage`."""

    async def keep_fresh(self, claims: Sequence[ClaimId], confirmed: Sequence[int]) -> Mapping[ClaimId, Recorded]:
        """The outcomes that some of `claims` have already; `confirmed` batches need no sweeping any more."""

    async def refresh(self, since: Horizon, known: Sequence[Version] = ()) -> Feed:
        """What all transactions have changed of providers since that horizon; before this one has written anything.

        `known`: what the reader wrote and knows to be committed; it is left out unless it has changed again.
        """

    async def load_snapshot(self, wanted: Wanted) -> Snapshot:
        """What `wanted` names, of one moment."""

    async def lock(
        self, providers: Iterable[ProviderId], consumers: Iterable[ConsumerId], new: Sequence[ConsumerPut]
    ) -> Locked:
        """Lock rows in id order, insert `new` consumers; the versions of those that exist, inserted ones left out."""

    async def write_plan(self, writes: Writes, records: Sequence[Record] = ()) -> int | None:
        """Write all that a batch changes, and keep its outcomes; the number of the batch that they make."""


class Store(Protocol):
    """The state, and the inbox beside it."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that commits at the end; a failure during COMMIT is a `Conflict`."""

    def load_fleet(self) -> AbstractAsyncContextManager[AsyncIterator[Feed]]:
        """All providers as of one moment, in portions, at least one; they share the horizon to refresh from."""

    async def probe(self) -> None:
        """Commit something. Raises `Outage`."""

    async def unconfirmed(self, older_than: timedelta, limit: int) -> list[SweptBatch]:
        """Batches whose events were left unconfirmed for longer than that."""

    async def confirm(self, batches: Sequence[int]) -> None:
        """All events of these batches are confirmed."""

    async def prune(self, older_than: timedelta, limit: int) -> int:
        """Delete old outcomes; how many it were."""


class Consumer(Protocol):
    """Deliveries of one queue. Raises `Outage`."""

    async def open(
        self,
        sink: Callable[[Delivery], None],
        lost: Callable[[BaseException | None], None],
        prefetch: int | None = None,
    ) -> int:
        """Begin to consume on a new channel, its epoch is returned; `lost` is called once when that dies.

        `prefetch`: how many messages may be unsettled, where it is not to be as many as usual.
        """

    def ack(self, epoch: int, tags: Sequence[int], multiple_up_to: int | None = None) -> None:
        """Settle deliveries of `epoch`; those of an older one are dropped."""

    async def cancel(self) -> None:
        """No new deliveries; those in hand can still be settled."""

    async def close(self) -> None:
        """Close the channel: what is not settled goes back to the queue."""


class Publisher(Protocol):
    """Messages out, confirmed. Raises `Outage` (`Unconfirmed` where their fate is unknown) and `Unroutable`."""

    async def open(self) -> None:
        """Connect, if not connected."""

    async def publish_all(self, messages: Sequence[Outgoing], mandatory: bool = False) -> None:
        """Returns once the broker has confirmed all of them."""

    async def reply(self, messages: Sequence[Outgoing]) -> int:
        """Send to queues by name, best effort; how many failed."""

    async def probe(self) -> None:
        """Publish something and wait for the confirm."""

    async def close(self) -> None:
        """Close the connection."""


class Clock(Protocol):
    """Time that tests can move."""

    def monotonic(self) -> float:
        """Seconds since some moment."""

    def now(self) -> str:
        """RFC 3339, UTC; for the headers of parked messages alone, never for a decision."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for the event, at most so long; whether it was set."""


class Pulse(Protocol):
    """Whom the loops tell that they turn."""

    def beat(self, loop: str) -> None:
        """`loop` has turned and is expected to turn again."""

    def dismiss(self, loop: str) -> None:
        """`loop` has ended, or waits for something that may take long."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every part of the engine may use: time, chance, metrics, a pulse."""

    clock: Clock
    random: Random
    telemetry: Telemetry
    pulse: Pulse
