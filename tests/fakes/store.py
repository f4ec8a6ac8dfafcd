"""The store in memory: transactions on a copy, row locks, a commit that is all or nothing or of unknown fate."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Protocol

from tests.fakes.clock import ManualClock
from tests.fakes.locks import Locks
from tests.fakes.signals import Steps, Watched
from tests.fakes.state import STANDARD_CLASSES, STANDARD_TRAITS, Kept, State, snapshot_of
from tests.fakes.writes import insert_consumer, write_plan
from worker.faults import Conflict
from worker.messages import Record, Recorded, SweptBatch
from worker.placement.feed import Feed, Horizon
from worker.placement.ids import ClaimId, ConsumerId, ProviderId, RowId
from worker.placement.plan import ConsumerPut, Locked, Version, Writes
from worker.placement.snapshot import ConsumerRow, ProviderRow, Snapshot, Wanted

WRITING = ("all", "writing")
"""Who writes holds this to the end: so two writers meet each other's unique keys as in a database, one by one."""

PORTION = 3
"""Providers of one portion of a full load: few, so that even small tests have several."""


class Moments(Protocol):
    """The database's clock."""

    def moment(self) -> datetime:
        """Now."""


class FakeStore(Watched):
    """`steps` are those of the port by name: load, begin, keep_fresh, refresh, read, lock, write, and so on."""

    def __init__(self, clock: Moments | None = None) -> None:
        super().__init__()
        self.steps = Steps()
        self.state = State()
        self.poison: dict[ClaimId, Exception] = {}
        self.locks = Locks()
        self.clock: Moments = clock or ManualClock()
        self.rows = count(1_000)
        self.batches = count(1)
        self._ticks = count(1)

    def now(self) -> datetime:
        """Later each time it is asked."""
        return self.clock.moment() + timedelta(microseconds=next(self._ticks))

    def next_row(self) -> RowId:
        """From a sequence, which no rollback sets back."""
        return RowId(next(self.rows))

    def seed(self, rows: Iterable[ProviderRow | ConsumerRow]) -> None:
        """Rows that are there from the start, with row ids below 1000; custom names they use are made."""
        for row in rows:
            if isinstance(row, ConsumerRow):
                self.state.consumers[row.row] = row
            else:
                self.state.providers[row.row] = row
                self.state.classes |= row.inventories.keys() - STANDARD_CLASSES
                self.state.traits |= row.traits - STANDARD_TRAITS

    def fail_next(self, step: str, error: Exception, *, after_effect: bool = False, times: int = 1) -> None:
        """See `Steps.fail_next`; a commit that fails after its effect is one of unknown fate."""
        self.steps.fail_next(step, error, after_effect=after_effect, times=times)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["FakeTransaction"]:
        await self.steps.begin("begin")
        transaction = FakeTransaction(self)
        try:
            yield transaction
            await transaction.commit()
        finally:
            self.locks.release(transaction)
            self.changed()

    @asynccontextmanager
    async def load_fleet(self) -> AsyncIterator[AsyncIterator[Feed]]:
        await self.steps.begin("load")
        yield self._loading()

    async def _loading(self) -> AsyncIterator[Feed]:
        """The step `portion` is taken after each, where a load may be cut off."""
        async for portion in _portions(self.state):
            yield portion
            await self.steps.begin("portion")

    async def probe(self) -> None:
        await self.steps.begin("probe")

    async def unconfirmed(self, older_than: timedelta, limit: int) -> list[SweptBatch]:
        await self.steps.begin("unconfirmed")
        return self.state.swept(self.now() - older_than, limit)

    async def confirm(self, batches: Sequence[int]) -> None:
        await self.steps.begin("confirm")
        async with self.transaction() as transaction:
            transaction.confirm(batches)

    async def prune(self, older_than: timedelta, limit: int) -> int:
        await self.steps.begin("prune")
        async with self.transaction() as transaction:
            state = await transaction.writable()
            old = state.prunable(self.now() - older_than, limit)
            for claim in old:
                del state.inbox[claim]
        return len(old)

    async def close(self) -> None:
        """Nothing is open."""


class FakeTransaction:
    """Reads see what is committed and what it wrote itself; all it writes appears at once, at the end."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self._now = store.now()
        self._mine: State | None = None
        self._inserted: dict[ConsumerId, tuple[RowId, ConsumerPut]] = {}
        self._confirmed: list[int] = []

    async def keep_fresh(self, claims: Sequence[ClaimId], confirmed: Sequence[int]) -> Mapping[ClaimId, Recorded]:
        await self._store.steps.begin("keep_fresh")
        for claim in claims:
            if claim in self._store.poison:
                raise self._store.poison[claim]
        self.confirm(confirmed)
        return {name: self._seen.inbox[name].recorded() for name in claims if name in self._seen.inbox}

    async def refresh(self, since: Horizon, known: Sequence[Version] = ()) -> Feed:
        await self._store.steps.begin("refresh")
        return self._store.state.fed(since, known)

    async def load_snapshot(self, wanted: Wanted) -> Snapshot:
        await self._store.steps.begin("read")
        new_rows = tuple(self._store.next_row() for _ in range(wanted.new_providers))
        return snapshot_of(self._seen, wanted, self._now, new_rows)

    async def lock(
        self, providers: Iterable[ProviderId], consumers: Iterable[ConsumerId], new: Sequence[ConsumerPut]
    ) -> Locked:
        await self._store.steps.begin("lock")
        found: dict[ProviderId, Version] = {}
        for name in sorted(providers):
            if self._seen.provider(name) is not None:
                await self._store.locks.take(self, ("provider", name))
            row = self._seen.provider(name)
            if row is not None:
                found[name] = (row.row, row.generation)
        asked = {put.id: put for put in new}
        held = {}
        for consumer in sorted({*consumers, *asked}):
            version = await self._consumer(consumer)
            if version is not None:
                held[consumer] = version
        for consumer in sorted(asked.keys() - held.keys()):
            await self._store.locks.take(self, ("consumer", consumer))
            version = await self._consumer(consumer)
            if version is None:
                self._inserted[consumer] = (self._store.next_row(), asked[consumer])
            else:
                held[consumer] = version
        return Locked(found, held)

    async def write_plan(self, writes: Writes, records: Sequence[Record] = ()) -> int | None:
        await self._store.steps.begin("write")
        state = await self.writable()
        for row, put in self._inserted.values():
            insert_consumer(state, row, put)
        write_plan(state, writes, self._inserted, self._now, self._store.next_row)
        self._inserted = {}
        return self._record(state, records) if records else None

    def _record(self, state: State, records: Sequence[Record]) -> int:
        batch = next(self._store.batches)
        known = [one.claim for one in records if one.claim in state.inbox]
        if known or len({one.claim for one in records}) < len(records):
            raise Conflict(f"{len(known)} of {len(records)} claims were decided by another worker")
        state.inbox |= {one.claim: Kept(one, batch, self._now) for one in records}
        state.unconfirmed[batch] = self._now
        return batch

    def confirm(self, batches: Sequence[int]) -> None:
        """These need no sweeping once the transaction is committed."""
        self._confirmed.extend(batches)

    async def writable(self) -> State:
        """The copy that this transaction writes to; nobody else writes until it ends."""
        if self._mine is None:
            await self._store.locks.take(self, WRITING)
            self._mine = self._store.state.copy()
        return self._mine

    async def commit(self) -> None:
        """Everything or nothing. Raises `Conflict` where a test wants its fate unknown."""
        late = await self._store.steps.begin("commit")
        if self._mine is not None or self._confirmed or self._inserted:
            state = await self.writable()
            for row, put in self._inserted.values():
                insert_consumer(state, row, put)
            for batch in self._confirmed:
                state.unconfirmed.pop(batch, None)
            self._store.state = state
        if late is not None:
            raise late

    @property
    def _seen(self) -> State:
        return self._store.state if self._mine is None else self._mine

    async def _consumer(self, name: ConsumerId) -> Version | None:
        """Lock a consumer if it exists; its version."""
        if self._seen.consumer(name) is not None:
            await self._store.locks.take(self, ("consumer", name))
        row = self._seen.consumer(name)
        return None if row is None else (row.row, row.generation)


async def _portions(state: State) -> AsyncIterator[Feed]:
    """A state that is replaced and never changed by those who commit."""
    rows = [row for _, row in sorted(state.providers.items())]
    for start in range(0, max(len(rows), 1), PORTION):
        yield Feed(horizon=state.horizon, rows=rows[start : start + PORTION])
