"""The view of all providers that a worker keeps in memory: a proposal where claims are placed, never the truth.

It is loaded when it is first needed. Each transaction that places claims is told what was committed since it was last
told, and what a batch grants is put into the view at once, so that the batch behind it is placed on that. Should a
batch fail after others may have relied on it, the view is thrown away and loaded anew.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

from worker.engine.ahead import Abandoned
from worker.engine.ports import Store, Transaction
from worker.placement.feed import Horizon
from worker.placement.fleet.columns import Columns
from worker.placement.plan import Plan, Version
from worker.placement.search.fleet import Fleet

RECENT_BATCHES = 2
"""Of this worker: the one behind may be told again of those that were still open when it was last told."""


class Resident:
    """A fleet that is kept up to date from one store. One user at a time, and whoever is placed behind that one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._fleet: Columns | None = None
        self._horizon = Horizon("")
        self._recent: deque[Sequence[Version]] = deque(maxlen=RECENT_BATCHES)

    async def told_by(self, transaction: Transaction, ahead: Fleet | None = None) -> Columns:
        """All providers with every change that is committed now, and what batches of this worker were granted.

        `ahead`: what the batch ahead was placed on, which is the only view that this one may use: should that batch
        fail, another is loaded for it. Raises `Abandoned`, `Conflict`, `Outage`.
        """
        fleet = self._fleet
        if ahead is not None and fleet is not ahead:
            raise Abandoned("the view of the batch ahead was thrown away")
        if fleet is None:
            return await self._load()
        known = [version for versions in self._recent for version in versions]
        feed = await transaction.refresh(self._horizon, known)
        if self._fleet is not fleet or (feed.whole and ahead is not None):
            raise Abandoned("the view of the batch ahead was thrown away")
        if feed.whole:
            return await self._load()
        fleet.refresh(feed.rows, feed.gone)
        self._horizon = feed.horizon
        return fleet

    async def _load(self) -> Columns:
        self._fleet = None
        fleet, horizon = Columns(), Horizon("")
        async with self._store.load_fleet() as portions:
            async for portion in portions:
                fleet.load(portion.rows)
                horizon = portion.horizon
        # together, once all of it is there: a view with a later horizon than its rows would never be mended
        self._fleet, self._horizon = fleet, horizon
        self._recent.clear()
        return fleet

    def remember(self, fleet: Fleet, plan: Plan) -> None:
        """What a batch has put into the view, so that the store need not send it back."""
        if self._fleet is fleet:
            self._recent.append([(one.row, one.generation_to) for one in plan.writes.providers_advanced])

    def forget(self, fleet: Fleet) -> None:
        """Load anew when it is next needed: `fleet` has what was not committed."""
        if self._fleet is fleet:
            self._fleet = None


class Views:
    """The view of whoever only looks: nothing is ever put into it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._resident = Resident(store)
        self._lock = asyncio.Lock()

    async def fleet(self) -> Fleet:
        """With every change that was committed before the call, until the next `await`. Raises `Conflict`, `Outage`."""
        async with self._lock, self._store.transaction() as transaction:
            return await self._resident.told_by(transaction)


class Trial:
    """What one batch puts into the view, until it is committed or was in vain."""

    def __init__(self, resident: Resident) -> None:
        self._resident = resident
        self._fleet: Columns | None = None
        self._stands = False

    async def fleet(self, transaction: Transaction, ahead: Fleet | None = None) -> Fleet:
        """All providers as of now; what an earlier decision of this batch has put there never happened."""
        self.undo()
        self._fleet = await self._resident.told_by(transaction, ahead)
        return self._fleet

    @property
    def used(self) -> Fleet | None:
        """The view that has been told of what this batch is granted."""
        return self._fleet

    def stand(self, plan: Plan) -> None:
        """The rows are locked and compared: the batch behind may rely on what was put."""
        if self._fleet is not None:
            self._fleet.keep()
            self._resident.remember(self._fleet, plan)
            self._stands = True

    def commit(self) -> None:
        """What was put is true."""
        self._fleet = None

    def distrust(self) -> None:
        """The view has proved wrong: load it anew."""
        if self._fleet is not None:
            self._resident.forget(self._fleet)

    def undo(self) -> None:
        """It was in vain, if it did not commit."""
        if self._fleet is None:
            return
        if self._stands:
            self.distrust()
        else:
            self._fleet.undo()
        self._fleet, self._stands = None, False
