"""A batch on its way through its transaction, as the one behind it sees it.

The batch behind is decided on what this one will have written, while this one is being written. The rows compared
under the locks do not vouch for that alone: were this one rolled back, another worker could bring the same rows to the
same generations with another content. So what is decided behind is thrown away unless this one commits as it stood.
"""

import asyncio
from collections.abc import Sequence, Set
from dataclasses import dataclass

from worker.engine.intake import Incoming
from worker.faults import Conflict
from worker.placement.claims import PlaceAllocations
from worker.placement.cut import PLAIN
from worker.placement.ids import ClaimId, ConsumerId
from worker.placement.plan import Plan
from worker.placement.search.fleet import Fleet
from worker.placement.touched import consumers_of


class Abandoned(Conflict):
    """The batch ahead did not commit as it stood."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a batch is about, as far as its claims say: before it is begun, whatever will come of it.

    `plain`: allocations alone. `places`: providers have to be found for some of them.
    """

    claims: Set[ClaimId]
    consumers: Set[ConsumerId]
    plain: bool
    places: bool

    def bears(self, behind: "Named") -> bool:
        """Whether a batch may be decided on what this one will have written: other claims, of other consumers."""
        return (
            self.plain
            and behind.plain
            and (self.places or not behind.places)
            and self.claims.isdisjoint(behind.claims)
            and self.consumers.isdisjoint(behind.consumers)
        )


def named_by(batch: Sequence[Incoming]) -> Named:
    """What these claims name; those that break the contract name nothing."""
    plain, places = True, False
    consumers: set[ConsumerId] = set()
    for incoming in batch:
        claim = incoming.check()
        if isinstance(claim, tuple):
            continue
        plain = plain and isinstance(claim, PLAIN)
        places = places or isinstance(claim, PlaceAllocations)
        consumers.update(consumers_of(claim))
    return Named(frozenset(incoming.claim for incoming in batch), consumers, plain, places)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a batch will have written once it commits: allocations alone, as `plan` says.

    `catalogue`: by which names of classes the plan's rows are known. `fleet`: the view of all providers that has it, so
    that claims can be placed on it.
    """

    plan: Plan
    catalogue: int
    fleet: Fleet | None = None


class InHand:
    """One batch. Each of its moments comes once; `fail` and `finish` bring on those that are still to come.

    `after`: the batch ahead, where this one began before that one was through; that one is then `followed`, and the
    one behind answers for what it leaves over. `named`: what it is about, None where that cannot be told.
    `confirmed`: what its transaction marks as confirmed. `deferred`: what it leaves to be done before anything behind
    it. `failed`: it ended the session.
    """

    def __init__(self, after: "InHand | None" = None) -> None:
        self.after = after
        self.named: Named | None = None
        self.confirmed: Sequence[int] = ()
        self.deferred: list[Incoming] = []
        self.failed = False
        self.followed = False
        if after is not None:
            after.followed = True
        loop = asyncio.get_running_loop()
        self._begun: asyncio.Future[bool] = loop.create_future()
        self._standing: asyncio.Future[Standing | None] = loop.create_future()
        self._committed: asyncio.Future[bool] = loop.create_future()
        self._finished = asyncio.Event()

    def begin(self, confirmed: Sequence[int], *, promising: bool) -> None:
        """Its transaction is about to begin. `promising`: it may well come to stand, so that another one may begin."""
        self.confirmed = confirmed
        if not self._begun.done():
            self._begun.set_result(promising)

    def stand(self, standing: Standing) -> None:
        """Its rows are locked and compared, and it leaves nothing to be done before what is behind it."""
        if not self._standing.done():
            self._standing.set_result(standing)

    def commit(self) -> None:
        """Committed as it stood."""
        self._end(committed=True)

    def fail(self) -> None:
        """It did not commit as it stood, or never stood; it may be tried again, in pieces."""
        self._end(committed=False)

    def finish(self, *, failed: bool) -> None:
        """All of it is through, or given up."""
        self.failed = failed
        self.after = None
        self._end(committed=False)
        self._finished.set()

    def _end(self, *, committed: bool) -> None:
        if not self._begun.done():
            self._begun.set_result(False)
        if not self._standing.done():
            self._standing.set_result(None)
        if not self._committed.done():
            self._committed.set_result(committed)

    async def promising(self) -> bool:
        """Waits until it begins; whether the batch behind may begin before this one stands.

        Not where it never will: it has failed once, or what the one ahead of it left over has to go first.
        """
        begun = await asyncio.shield(self._begun)
        failed = self._standing.done() and self._standing.result() is None
        return begun and not failed and not (self.after and self.after.deferred)

    async def standing(self) -> Standing | None:
        """Waits until it stands; None where nothing may begin before it is through."""
        return await asyncio.shield(self._standing)

    async def committed(self) -> bool:
        """Waits until it is known whether it committed as it stood."""
        return await asyncio.shield(self._committed)

    async def finished(self) -> None:
        """Waits until all of it is through."""
        await self._finished.wait()

    @property
    def is_finished(self) -> bool:
        """Whether all of it is through."""
        return self._finished.is_set()
