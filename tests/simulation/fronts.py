"""Stores with one part replaced by a broken one, each in front of a sound one."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from tests.fakes.state import State
from tests.fakes.store import FakeStore, FakeTransaction
from worker.engine.ports import Transaction
from worker.messages import Record
from worker.placement.ids import ConsumerId, ProviderId
from worker.placement.plan import ConsumerPut, Locked, Version, Writes
from worker.placement.snapshot import Snapshot, Wanted


@dataclass
class Through:
    """A store in front of another one, with transactions of its own making."""

    store: FakeStore

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self.store.transaction() as transaction:
            yield transaction


@dataclass
class Front:
    """A transaction in front of another one."""

    behind: FakeTransaction

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)


class RecordsLater(Through):
    """The outcomes are kept in a second transaction, after that of the effect."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self.store.transaction() as transaction:
            later = _Later(transaction)
            yield _typed(later)
        if later.records:
            async with self.store.transaction() as transaction:
                await transaction.write_plan(Writes(), later.records)


@dataclass
class _Later(Front):
    records: Sequence[Record] = ()

    async def write_plan(self, writes: Writes, records: Sequence[Record] = ()) -> int | None:
        self.records = records
        await self.behind.write_plan(writes)
        return 0


class Unguarded(Through):
    """Writes whatever generation the rows have; the comparison under the locks is then the only check."""

    front: Callable[[FakeTransaction], Any]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self.store.transaction() as transaction:
            yield _typed(type(self).front(transaction))


@dataclass
class _Overwriting(Front):
    """Its guarded statements meet the rows that are there, whatever their generation."""

    async def write_plan(self, writes: Writes, records: Sequence[Record] = ()) -> int | None:
        return await self.behind.write_plan(_unguarded(writes, await self.behind.writable()), records)


@dataclass
class _Trusting(_Overwriting):
    """Says of every row it has locked that it is as it was read."""

    read: Snapshot | None = None

    async def load_snapshot(self, wanted: Wanted) -> Snapshot:
        self.read = await self.behind.load_snapshot(wanted)
        return self.read

    async def lock(
        self, providers: Iterable[ProviderId], consumers: Iterable[ConsumerId], new: Sequence[ConsumerPut]
    ) -> Locked:
        locked = await self.behind.lock(providers, consumers, new)
        read = self.read
        if read is None:
            return locked
        return Locked(
            {name: _version(read.providers, name, version) for name, version in locked.providers.items()},
            {name: _version(read.consumers, name, version) for name, version in locked.consumers.items()},
        )


def _version(rows: Mapping[Any, Any], name: str, locked: Version) -> Version:
    row = rows.get(name)
    return locked if row is None or row.row != locked[0] else (row.row, row.generation)


def _unguarded(writes: Writes, state: State) -> Writes:
    at = {row.row: row.generation for row in state.providers.values()}
    at |= {row.row: row.generation for row in state.consumers.values()}
    return replace(
        writes,
        providers_advanced=tuple(
            one._replace(generation_from=at.get(one.row, one.generation_from)) for one in writes.providers_advanced
        ),
        consumers_put=tuple(
            one if one.row is None else one._replace(generation_from=at.get(one.row, one.generation_from))
            for one in writes.consumers_put
        ),
    )


class OverwritingStore(Unguarded):
    """See `_Overwriting`."""

    front = _Overwriting


class TrustingStore(Unguarded):
    """See `_Trusting`."""

    front = _Trusting


def _typed(transaction: Any) -> Transaction:
    """What passes most of itself on to another one."""
    typed: Transaction = transaction
    return typed
