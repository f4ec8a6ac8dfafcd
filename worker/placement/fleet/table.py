"""All providers, one dense slot each: their columns, filled from complete rows and read back as such."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import numpy as np

from worker.placement.fleet.stocks import ClassColumns, Terms
from worker.placement.fleet.vector import SIZE_MIN, Block, Flags, Vector
from worker.placement.ids import AggregateId, ProviderId, ResourceClass, RowId, Trait
from worker.placement.snapshot import ProviderRow

NOBODY: Final = -1
"""No slot, and the row id of a slot that holds no provider."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LOW: Final = (1 << 64) - 1

Few = TypeVar("Few", frozenset[Trait], frozenset[AggregateId], tuple[ResourceClass, ...])


class Table:
    """Slots and their columns. A provider that is named as parent or root before it comes has an empty slot.

    `aggregates`: who is a member, by aggregate. `high` and `low` are the halves of the ids, which sort as the ids do.
    """

    __slots__ = (
        "_free", "_halves", "_layouts", "_places", "_size", "_terms", "aggregates", "aggregates_of",
        "classes", "created", "enabled", "generation", "high", "ids", "index", "layout_of", "low", "names",
        "parent", "root", "row_id", "traits", "traits_of", "units", "updated",
    )  # fmt: skip

    def __init__(self) -> None:
        size = SIZE_MIN
        self._size = size
        self._free: list[int] = []
        self._terms = Terms()
        self._layouts: dict[object, object] = {}
        self.units = self._terms.units
        self.index: dict[ProviderId, int] = {}
        self.ids: list[ProviderId] = []
        self.names: list[str] = []
        self.traits_of: list[frozenset[Trait]] = []
        self.aggregates_of: list[frozenset[AggregateId]] = []
        self.layout_of: list[tuple[ResourceClass, ...]] = []
        self.classes: dict[ResourceClass, ClassColumns] = {}
        self.traits: dict[Trait, Vector] = {}
        self.aggregates: dict[AggregateId, set[int]] = {}
        self._places = Block(size, np.int64, (NOBODY, 0, 0, 0, NOBODY, NOBODY))
        self.row_id, self.generation, self.created, self.updated, self.parent, self.root = self._places.vectors
        self._halves = Block(size, np.uint64, (0, 0))
        self.high, self.low = self._halves.vectors
        self.enabled = Vector(size, np.bool_)

    @property
    def size(self) -> int:
        """How many slots have been handed out, empty ones included."""
        return len(self.ids)

    @property
    def count(self) -> int:
        """How many providers there are."""
        return int(np.count_nonzero(self.row_id.array != NOBODY))

    @property
    def vocabulary(self) -> int:
        """How many classes and traits have columns; they never lose them."""
        return len(self.classes) + len(self.traits)

    def slot(self, provider: ProviderId) -> int:
        """Where a provider stands, or is to stand."""
        found = self.index.get(provider)
        return self._take(provider) if found is None else found

    def holds(self, slot: int) -> bool:
        """Whether there is a provider."""
        return self.row_id.view[slot] != NOBODY

    def slots_of(self, rows: Sequence[RowId]) -> list[int]:
        """Where the providers of these row ids stand; those that are not there are passed over."""
        return np.flatnonzero(np.isin(self.row_id.array, rows)).tolist() if rows else []

    def looks(self, slot: int) -> tuple[object, ...]:
        """All of the provider of a slot that matters to a search beside what it has and where it stands."""
        return self.ids[slot], self.enabled.view[slot], self.traits_of[slot], self.aggregates_of[slot]

    def having(self, any_of: frozenset[Trait]) -> Flags:
        """By slot, whether it has one of the traits."""
        having = np.zeros(self.size, np.bool_)
        for trait in any_of & self.traits.keys():
            having |= self.traits[trait].array[: self.size]
        return having

    def members(self, any_of: frozenset[AggregateId]) -> Flags:
        """By slot, whether it is a member of one of the aggregates."""
        members = np.zeros(self.size, np.bool_)
        for name in any_of & self.aggregates.keys():
            slots = self.aggregates[name]
            members[np.fromiter(slots, np.int64, len(slots))] = True
        return members

    def put(self, row: ProviderRow) -> int:
        """Write a row in place of what stood there."""
        slot = self.slot(row.id)
        if self.row_id.view[slot] != NOBODY:
            self._clear(slot)
        self.row_id.view[slot] = row.row
        self.generation.view[slot] = row.generation
        self.created.view[slot] = (row.created_at - _EPOCH) // _MICROSECOND
        self.updated.view[slot] = (row.updated_at - _EPOCH) // _MICROSECOND
        self.parent.view[slot] = NOBODY if row.parent is None else self.slot(row.parent)
        self.root.view[slot] = slot if row.root == row.id else self.slot(row.root)
        self.enabled.view[slot] = row.state == "enabled"
        self.names[slot] = row.name
        self._put_links(slot, row)
        return slot

    def drop(self, provider: ProviderId) -> int:
        """Empty the slot of a provider that is there, and free it."""
        slot = self.index.pop(provider)
        self._clear(slot)
        self.row_id.view[slot] = NOBODY
        self.root.view[slot] = self.parent.view[slot] = NOBODY
        self.enabled.view[slot] = False
        self.names[slot] = ""
        self._free.append(slot)
        return slot

    def row(self, slot: int) -> ProviderRow:
        """The provider as a row, equal to the one put, with what has moved since."""
        parent = self.parent.view[slot]
        return ProviderRow(
            row=RowId(self.row_id.view[slot]),
            id=self.ids[slot],
            name=self.names[slot],
            generation=self.generation.view[slot],
            state="enabled" if self.enabled.view[slot] else "draining",
            parent=None if parent == NOBODY else self.ids[parent],
            root=self.ids[self.root.view[slot]],
            created_at=_EPOCH + timedelta(microseconds=self.created.view[slot]),
            updated_at=_EPOCH + timedelta(microseconds=self.updated.view[slot]),
            inventories={name: self.classes[name].stock(slot) for name in self.layout_of[slot]},
            traits=self.traits_of[slot],
            aggregates=self.aggregates_of[slot],
        )

    def _put_links(self, slot: int, row: ProviderRow) -> None:
        self.layout_of[slot] = self._shared(tuple(row.inventories))
        for name, stock in row.inventories.items():
            columns = self.classes.get(name)
            if columns is None:
                columns = self.classes[name] = ClassColumns(self._size, self._terms)
            columns.put(slot, stock)
        self.traits_of[slot] = self._shared(row.traits)
        for trait in row.traits:
            if trait not in self.traits:
                self.traits[trait] = Vector(self._size, np.bool_)
            self.traits[trait].view[slot] = True
        self.aggregates_of[slot] = self._shared(row.aggregates)
        for aggregate in row.aggregates:
            self.aggregates.setdefault(aggregate, set()).add(slot)

    def _clear(self, slot: int) -> None:
        for name in self.layout_of[slot]:
            self.classes[name].clear(slot)
        for trait in self.traits_of[slot]:
            self.traits[trait].view[slot] = False
        for aggregate in self.aggregates_of[slot]:
            members = self.aggregates[aggregate]
            members.discard(slot)
            if not members:
                del self.aggregates[aggregate]
        self.layout_of[slot], self.traits_of[slot], self.aggregates_of[slot] = (), frozenset(), frozenset()

    def _shared(self, few: Few) -> Few:
        """One object for all that are equal: a fleet has few different sets of classes and of traits."""
        found = self._layouts.setdefault(few, few)
        assert type(found) is type(few)  # noqa: S101
        return found

    def _take(self, provider: ProviderId) -> int:
        number = int(provider.replace("-", ""), 16)
        if self._free:
            slot = self._free.pop()
            self.ids[slot] = provider
        else:
            slot = len(self.ids)
            if slot == self._size:
                self._grow()
            self.ids.append(provider)
            self.names.append("")
            self.traits_of.append(frozenset())
            self.aggregates_of.append(frozenset())
            self.layout_of.append(())
        self.high.view[slot], self.low.view[slot] = number >> 64, number & _LOW
        self.index[provider] = slot
        return slot

    def _grow(self) -> None:
        self._size *= 2
        self._places.grow(self._size)
        self._halves.grow(self._size)
        for vector in (self.enabled, *self.traits.values()):
            vector.grow(self._size)
        for columns in self.classes.values():
            columns.grow(self._size)
