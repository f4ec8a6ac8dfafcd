"""A batch on its way through its transaction, as the one behind it sees it.

The batch behind is decided on what this one will have written, while this one is being written. The rows compared
under the locks do not vouch for that alone: were this one rolled back, another worker could bring the same rows to the
same generations with another content. So what is decided behind is thrown away unless this one commits as it stood.
"""

import asyncio
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from worker.engine.intake import Incoming
from worker.faults import Conflict
from worker.placement.claims import AdjustAllocations, PlaceAllocations, ReleaseAllocations, SetAllocations
from worker.placement.ids import ClaimId
from worker.placement.plan import Plan
from worker.placement.search.fleet import Fleet
from worker.placement.touched import consumers_of


class Abandoned(Conflict):
    """The batch ahead did not commit as it stood."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a batch will have written once it commits: allocations alone, as `plan` says, for these claims.

    `catalogue`: by which names of classes the plan's rows are known. `fleet`: the view of all providers that has it, so
    that claims can be placed on it.
    """

    claims: Set[ClaimId]
    plan: Plan
    catalogue: int
    fleet: Fleet | None = None

    def bears(self, batch: Iterable[Incoming]) -> bool:
        """Whether a batch may be decided on it: allocations alone, of other consumers, and other claims."""
        for incoming in batch:
            claim = incoming.check()
            if incoming.claim in self.claims:
                return False
            if isinstance(claim, tuple):
                continue
            if not isinstance(claim, SetAllocations | AdjustAllocations | ReleaseAllocations | PlaceAllocations):
                return False
            if isinstance(claim, PlaceAllocations) and self.fleet is None:
                return False
            if not self.plan.consumers.keys().isdisjoint(consumers_of(claim)):
                return False
        return True


class InHand:
    """One batch. Each of its moments comes once; `fail` and `finish` bring on those that are still to come.

    `after`: the batch ahead, where this one began before that one was through; that one is then `followed`.
    `confirmed`: what its transaction marks as confirmed. `deferred`: what it leaves to be done before anything behind
    it. `failed`: it ended the session.
    """

    def __init__(self, after: "InHand | None" = None) -> None:
        self.after = after
        self.confirmed: Sequence[int] = ()
        self.deferred: list[Incoming] = []
        self.failed = False
        self.followed = False
        if after is not None:
            after.followed = True
        self._standing: asyncio.Future[Standing | None] = asyncio.get_running_loop().create_future()
        self._committed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._finished = asyncio.Event()

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
        if not self._standing.done():
            self._standing.set_result(None)
        if not self._committed.done():
            self._committed.set_result(committed)

    async def standing(self) -> Standing | None:
        """Waits until it stands; None where nothing may begin before it is through."""
        return await asyncio.shield(self._standing)

    @property
    def has_stood(self) -> bool:
        """Whether it once stood, so that a batch behind it was looked for; it may have been tried again since."""
        return self._standing.done() and self._standing.result() is not None

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
