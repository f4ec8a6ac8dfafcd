"""A request of one group, met by one provider that stands alone: ranked singly or all at once."""

import numpy as np

from worker.placement.fleet.sieve import Sieve
from worker.placement.fleet.stocks import ClassColumns
from worker.placement.fleet.table import Table
from worker.placement.fleet.vector import Numbers, Slots
from worker.placement.request import Candidate, Request, Strategy


class Alone:
    """What `request` comes down to where one provider is the whole tree and nothing is shared with it.

    Ranks are those of the search, to the last bit. It is good as long as `table.vocabulary` stays what it was;
    `sieve` is to be the one of now.
    """

    __slots__ = (
        "_allowed", "_columns", "_fills", "_likes", "_name", "_possible", "_resources", "_table", "_tree",
        "_units_known", "sieve",
    )  # fmt: skip

    def __init__(self, request: Request, table: Table, sieve: Sieve) -> None:
        ((self._name, group),) = request.groups.items()
        self._table, self.sieve = table, sieve
        self._tree = group.in_tree
        self._resources = dict(sorted(group.resources.items()))
        self._possible = self._resources.keys() <= table.classes.keys()
        self._columns: list[tuple[ClassColumns, int]] = [
            (table.classes[name], amount) for name, amount in self._resources.items() if self._possible
        ]
        self._likes = [
            (table.traits[name], weight) for name, weight in sorted(request.preferred.items()) if name in table.traits
        ]
        self._fills = {Strategy.PACK: 1, Strategy.SPREAD: -1}.get(request.strategy, 0)
        self._units_known = 0
        self._allowed: list[bytearray | None] = [None] * len(self._columns)

    def candidate(self, slot: int) -> Candidate:
        """The provider of the slot as a candidate."""
        provider = self._table.ids[slot]
        return Candidate(provider, {provider: self._resources}, {self._name: (provider,)})

    def rank(self, slot: int) -> float | None:
        """The rank of a slot that the sieve lets through, None where there is no room."""
        if len(self._table.units.values) != self._units_known:
            self._learn_units()
        if not self._possible:
            return None
        total = 0.0
        for (columns, amount), allowed in zip(self._columns, self._allowed, strict=True):
            capacity = columns.capacity.view[slot]
            used = columns.used.view[slot] + amount
            if used > capacity or (allowed is not None and not allowed[columns.units.view[slot]]):
                return None
            total += used / capacity
        likes = 0.0
        for vector, weight in self._likes:
            if vector.view[slot]:
                likes += weight
        return likes + self._fills * (total / len(self._columns)) if self._fills else likes

    def ranks(self, slots: Slots) -> tuple[Slots, Numbers]:
        """Those of the slots, all let through by the sieve, that have room, and the rank of each."""
        if not self._possible:
            return np.zeros(0, np.int64), np.zeros(0)
        if len(self._table.units.values) != self._units_known:
            self._learn_units()
        total = np.zeros(len(slots))
        for (columns, amount), allowed in zip(self._columns, self._allowed, strict=True):
            capacity, used = columns.capacity.array[slots], columns.used.array[slots] + amount
            fits = used <= capacity
            if allowed is not None:
                fits &= np.frombuffer(allowed, np.bool_)[columns.units.array[slots]]
            slots, total = slots[fits], total[fits]
            total += used[fits] / capacity[fits]
        fill = total / len(self._columns)
        likes = np.zeros(len(slots))
        for vector, weight in self._likes:
            likes += np.where(vector.array[slots], weight, 0.0)
        return slots, likes + self._fills * fill if self._fills else likes

    def passing(self, roots: set[int] | None) -> Slots:
        """The plain trees that the sieve lets through, of all or of these."""
        passing = self.sieve.slots
        if roots is not None:
            some = np.fromiter(roots, np.int64, len(roots))
            passing = some[self.sieve.flags[some]]
        if self._tree is not None:
            passing = passing[passing == self._table.index.get(self._tree, -1)]
        return passing

    def _learn_units(self) -> None:
        kinds = self._table.units.values
        for number, (_, amount) in enumerate(self._columns):
            allowed = bytearray(least <= amount <= most and amount % step == 0 for least, most, step in kinds)
            self._allowed[number] = None if all(allowed) else allowed
        self._units_known = len(kinds)
