"""Which slots stand in which tree, and which trees are more than one provider that nothing is shared with."""

from typing import Final, NamedTuple

import numpy as np

from worker.placement.fleet.grove import Grove
from worker.placement.fleet.kin import Kin
from worker.placement.fleet.table import NOBODY, Table
from worker.placement.fleet.vector import SIZE_MIN, Slots, Vector
from worker.placement.ids import AggregateId
from worker.placement.search.tree import SHARES

_NONE: Final[Slots] = np.zeros(0, np.int64)


class Place(NamedTuple):
    """What decides to which trees a provider may give."""

    root: int
    parent: int
    aggregates: frozenset[AggregateId]
    shares: bool


class Forest:
    """Trees of the table as of the last `settle`, kept by `moved` as long as only plain trees come, change and go.

    `plain[slot]`: a root without children, with whose tree nothing is shared. `real`: all other trees.
    `serves`: by slot of a sharing provider the roots of the other trees that are attached to it.
    `version` advances with every change of `real`.
    """

    __slots__ = ("_all", "_jointly", "_kin", "_shared_by", "_stale", "_table", "plain", "real", "serves", "version")

    def __init__(self, table: Table) -> None:
        self._table = table
        self._stale = False
        self._all: Grove | None = None
        self._jointly: Grove | None = None
        self._kin: Kin | None = None
        self._shared_by: frozenset[AggregateId] = frozenset()
        self.plain = Vector(SIZE_MIN, np.bool_)
        self.real = Grove(_NONE, _NONE)
        self.serves: dict[int, Slots] = {}
        self.version = 0

    def place(self, slot: int) -> Place | None:
        """Where the provider of a slot stands now; None if there is none."""
        table = self._table
        if not table.holds(slot):
            return None
        shares = SHARES in table.traits_of[slot]
        return Place(table.root.view[slot], table.parent.view[slot], table.aggregates_of[slot], shares)

    def moved(self, slot: int, before: Place | None, known: bool) -> None:
        """A row came, changed or went. `known`: another row has named this provider, or it was there."""
        after = self.place(slot)
        if after == before or self._stale:
            return
        if self._table.size > len(self.plain.array):
            self.plain.grow(self._table.size * 2)
        was_alone = not known or bool(self.plain.view[slot] and (before is None or self._unshared(before)))
        alone = after is None or (after.root == slot and self._unshared(after))
        if not (was_alone and alone):
            self._stale = True
            return
        self.plain.view[slot] = after is not None
        self._all = None

    def unsettle(self) -> None:
        """Trees may have changed in any way."""
        self._stale = True

    def settle(self) -> None:
        """Bring everything up to what the table says now."""
        if not self._stale:
            return
        table, size = self._table, self._table.size
        there = table.row_id.array[:size] != NOBODY
        root = table.root.array[:size].astype(np.int64)
        present = np.flatnonzero(there & (root != NOBODY))
        present = present[there[root[present]]]
        shared, served = self._attach()
        plain = np.zeros(len(table.row_id.array), np.bool_)
        single = np.bincount(root[present], minlength=size) == 1
        plain[:size] = there & single & (root == np.arange(size))
        plain[served] = False
        members = present[~plain[root[present]]]
        self.plain.put(plain)
        self.real = Grove(np.concatenate([members, shared]), np.concatenate([root[members], served]))
        self._all = self._jointly = self._kin = None
        self._stale = False
        self.version += 1

    @property
    def all(self) -> Grove:
        """Every tree, plain ones too."""
        if self._all is None:
            plain = np.flatnonzero(self.plain.array)
            owners = np.repeat(self.real.roots, np.diff(self.real.starts))
            self._all = Grove(np.concatenate([plain, self.real.slots]), np.concatenate([plain, owners]))
        return self._all

    @property
    def jointly(self) -> Grove:
        """The trees in which several may meet something together, and those of all who serve them."""
        if self._jointly is None:
            plain = np.array([slot for slot in self.serves if self.plain.view[slot]], np.int64)
            owners = np.repeat(self.real.roots, np.diff(self.real.starts))
            self._jointly = Grove(np.concatenate([plain, self.real.slots]), np.concatenate([plain, owners]))
        return self._jointly

    @property
    def kin(self) -> Kin:
        """Which of the real trees are connected."""
        if self._kin is None:
            self._kin = Kin((self._table.root.view[slot], served) for slot, served in self.serves.items())
        return self._kin

    def _attach(self) -> tuple[Slots, Slots]:
        table = self._table
        sharing = table.traits[SHARES].array if SHARES in table.traits else _NONE
        self.serves = {}
        names: set[AggregateId] = set()
        for slot in np.flatnonzero(sharing).tolist():
            names |= table.aggregates_of[slot]
            members = {member for name in table.aggregates_of[slot] for member in table.aggregates[name]}
            roots = {table.root.view[member] for member in members} - {table.root.view[slot]}
            if roots:
                self.serves[slot] = np.array(sorted(roots), np.int64)
        self._shared_by = frozenset(names)
        shared = np.repeat(np.array(list(self.serves), np.int64), [len(roots) for roots in self.serves.values()])
        return shared, np.concatenate([_NONE, *self.serves.values()])

    def _unshared(self, place: Place) -> bool:
        return not (place.shares and place.aggregates) and self._shared_by.isdisjoint(place.aggregates)
