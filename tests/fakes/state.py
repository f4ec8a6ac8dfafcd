"""What the fake store holds: rows as the core reads them, by row id, and the inbox."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar
from zlib import crc32

import os_resource_classes
import os_traits

from worker.messages import Record, Recorded, SweptBatch
from worker.placement.feed import Feed, Horizon
from worker.placement.ids import AggregateId, ClaimId, ConsumerId, ProviderId, ResourceClass, RowId, Trait
from worker.placement.plan import Version
from worker.placement.snapshot import EXAMPLES_MAX, ConsumerRow, ProviderRow, Snapshot, Users, Wanted

_Name = TypeVar("_Name", bound=str)
_User = TypeVar("_User", ProviderId, ConsumerId)

STANDARD_CLASSES = frozenset(map(ResourceClass, os_resource_classes.STANDARDS))
STANDARD_TRAITS = frozenset(map(Trait, os_traits.get_traits()))


@dataclass(frozen=True, slots=True)
class Kept:
    """An outcome in the inbox."""

    record: Record
    batch: int
    recorded_at: datetime

    def recorded(self) -> Recorded:
        """As it is told."""
        one = self.record
        return Recorded(one.claim, one.fingerprint, one.types, one.bodies, one.correlation_id)


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction did to providers; `everything`: more than those named."""

    providers: frozenset[RowId]
    everything: bool


@dataclass(slots=True)
class State:
    """Everything that was committed; `classes` and `traits` are the custom ones."""

    providers: dict[RowId, ProviderRow] = field(default_factory=dict)
    consumers: dict[RowId, ConsumerRow] = field(default_factory=dict)
    classes: frozenset[ResourceClass] = frozenset()
    traits: frozenset[Trait] = frozenset()
    inbox: dict[ClaimId, Kept] = field(default_factory=dict)
    unconfirmed: dict[int, datetime] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()

    def copy(self) -> "State":
        """A state of its own; the rows are immutable."""
        return State(
            dict(self.providers),
            dict(self.consumers),
            self.classes,
            self.traits,
            dict(self.inbox),
            dict(self.unconfirmed),
            self.changes,
        )

    def provider(self, name: ProviderId) -> ProviderRow | None:
        return next((row for row in self.providers.values() if row.id == name), None)

    def consumer(self, name: ConsumerId) -> ConsumerRow | None:
        return next((row for row in self.consumers.values() if row.id == name), None)

    def fed(self, since: Horizon, known: Sequence[Version] = ()) -> Feed:
        """What the transactions after that horizon have changed, as it is now, without the rows that are as `known`."""
        news = self.changes[int(since) :]
        if any(change.everything for change in news):
            return Feed(horizon=self.horizon, whole=True)
        named = sorted({row for change in news for row in change.providers})
        there = [self.providers[row] for row in named if row in self.providers]
        return Feed(
            horizon=self.horizon,
            rows=[row for row in there if (row.row, row.generation) not in known],
            gone=[row for row in named if row not in self.providers],
        )

    @property
    def horizon(self) -> Horizon:
        """Everything committed so far; writers follow one another here."""
        return Horizon(str(len(self.changes)))

    def swept(self, before: datetime, limit: int) -> list[SweptBatch]:
        """Batches left unconfirmed since before that moment."""
        batches = sorted(batch for batch, at in self.unconfirmed.items() if at < before)[:limit]
        return [
            SweptBatch(batch, tuple(kept.recorded() for _, kept in sorted(self.inbox.items()) if kept.batch == batch))
            for batch in batches
        ]

    def prunable(self, before: datetime, limit: int) -> list[ClaimId]:
        """Confirmed outcomes from before that moment, the oldest first."""
        old = [kept for kept in self.inbox.values() if kept.recorded_at < before]
        settled = [kept for kept in old if kept.batch not in self.unconfirmed]
        settled.sort(key=lambda kept: (kept.recorded_at, kept.batch))
        return [kept.record.claim for kept in settled[:limit]]


def snapshot_of(state: State, wanted: Wanted, now: datetime, new_rows: tuple[RowId, ...]) -> Snapshot:
    """Exactly what `wanted` asks for, and what it says is loaded beside."""
    consumers = {row.id: row for row in state.consumers.values() if row.id in set(wanted.consumers)}
    rows = {row.id: row for row in state.providers.values()}
    roots = {rows[name].root for name in wanted.trees if name in rows}
    chosen = {*wanted.providers, *(name for row in consumers.values() for name in row.allocations)}
    none: frozenset[Trait] = frozenset()
    nobody: frozenset[AggregateId] = frozenset()
    classes = (STANDARD_CLASSES | state.classes) & set(wanted.classes)
    traits = (STANDARD_TRAITS | state.traits) & set(wanted.traits)
    renamed = sum(change.everything for change in state.changes)
    catalogue = crc32(",".join([*sorted(state.classes), *["renamed"] * renamed]).encode())
    known = wanted.known.rows if wanted.known and wanted.known.catalogue == catalogue else {}
    return Snapshot(
        now=now,
        catalogue=catalogue,
        providers={
            name: known[name]
            if name in known and _same_version(known[name], row)
            else row
            if name in wanted.linked
            else replace(row, traits=none, aggregates=nobody)
            for name, row in rows.items()
            if name in chosen or row.root in roots
        },
        consumers=consumers,
        names={row.name: row.id for row in rows.values() if row.name in set(wanted.names)},
        classes=classes,
        traits=traits,
        standard_classes=classes & STANDARD_CLASSES,
        standard_traits=traits & STANDARD_TRAITS,
        new_rows=new_rows,
        holders={name: held for name in wanted.held if name in rows and (held := _holders(state, name))},
        class_users=_used(
            {name: [p for p, row in rows.items() if name in row.inventories] for name in wanted.classes_used}
        ),
        trait_users=_used({name: [p for p, row in rows.items() if name in row.traits] for name in wanted.traits_used}),
    )


def _same_version(one: ProviderRow, other: ProviderRow) -> bool:
    return (one.row, one.generation) == (other.row, other.generation)


def _holders(state: State, provider: ProviderId) -> dict[ResourceClass, Users]:
    held: dict[ResourceClass, list[ConsumerId]] = {}
    for row in state.consumers.values():
        for name in row.allocations.get(provider, {}):
            held.setdefault(name, []).append(row.id)
    return _used(held)


def _used(users: dict[_Name, list[_User]]) -> dict[_Name, Users]:
    return {name: Users(len(found), tuple(sorted(found)[:EXAMPLES_MAX])) for name, found in users.items() if found}
