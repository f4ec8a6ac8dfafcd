"""A request of one group, met by one provider that stands alone: tested and ranked singly or all at once."""

from typing import Final

import numpy as np

from worker.placement.fleet.stocks import ClassColumns
from worker.placement.fleet.table import Table
from worker.placement.fleet.vector import Flags, Numbers, Slots, Vector
from worker.placement.ids import AggregateId
from worker.placement.request import Candidate, Group, Request, Strategy

_NOBODY: Final[frozenset[int]] = frozenset()


class Alone:
    """What `request` comes down to where one provider is the whole tree and nothing is shared with it.

    Ranks are those of the search, to the last bit. It is good as long as `table.vocabulary` stays what it was.
    """

    __slots__ = (
        "_allowed", "_columns", "_fills", "_forbidden", "_group", "_likes", "_name", "_possible", "_required",
        "_sorted", "_table", "_units_known",
    )  # fmt: skip

    def __init__(self, request: Request, table: Table) -> None:
        ((self._name, group),) = request.groups.items()
        self._group: Group = group
        self._sorted = dict(sorted(group.resources.items()))
        self._table = table
        amounts = sorted(group.resources.items())
        self._possible = all(name in table.classes for name, _ in amounts)
        self._columns: list[tuple[ClassColumns, int]] = [
            (table.classes[name], amount) for name, amount in amounts if name in table.classes
        ]
        every = (*group.required, *(frozenset((trait,)) for trait in sorted(request.root_required)))
        self._required = [_vectors(table, any_of) for any_of in every]
        self._forbidden = _vectors(table, group.forbidden | request.root_forbidden)
        self._likes = [
            (table.traits[name], weight) for name, weight in sorted(request.preferred.items()) if name in table.traits
        ]
        self._fills = {Strategy.PACK: 1, Strategy.SPREAD: -1}.get(request.strategy, 0)
        self._units_known = 0
        self._allowed: list[bytearray | None] = [None] * len(self._columns)

    def candidate(self, slot: int) -> Candidate:
        """The provider of the slot as a candidate."""
        provider = self._table.ids[slot]
        return Candidate(provider, {provider: self._sorted}, {self._name: (provider,)})

    def rank(self, slot: int) -> float | None:
        """The rank of a slot of a plain tree, None where it does not meet the request."""
        for any_of in self._required:
            for vector in any_of:
                if vector.view[slot]:
                    break
            else:
                return None
        if len(self._table.units.values) != self._units_known:
            self._learn_units()
        if not self._possible or not self._table.enabled.view[slot]:
            return None
        total = 0.0
        for (columns, amount), allowed in zip(self._columns, self._allowed, strict=True):
            capacity = columns.capacity.view[slot]
            used = columns.used.view[slot] + amount
            if used > capacity or (allowed is not None and not allowed[columns.units.view[slot]]):
                return None
            total += used / capacity
        if self._forbidden and any(vector.view[slot] for vector in self._forbidden):
            return None
        return self._valued(slot, total / len(self._columns)) if self._member(slot) else None

    def ranks(self, among: Flags) -> tuple[Slots, Numbers]:
        """The slots that meet the request, of those marked, and the rank of each."""
        if not self._possible:
            return np.zeros(0, np.int64), np.zeros(0)
        slots = np.flatnonzero(self._mask(among))
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
        fill = total / max(len(self._columns), 1)
        likes = np.zeros(len(slots))
        for vector, weight in self._likes:
            likes += np.where(vector.array[slots], weight, 0.0)
        return slots, likes + self._fills * fill if self._fills else likes

    def _valued(self, slot: int, fill: float) -> float:
        likes = 0.0
        for vector, weight in self._likes:
            if vector.view[slot]:
                likes += weight
        return likes + self._fills * fill if self._fills else likes

    def _mask(self, among: Flags) -> Flags:
        size = min(len(among), self._table.size)
        mask = among[:size] & self._table.enabled.array[:size]
        for any_of in self._required:
            if len(any_of) == 1:
                mask &= any_of[0].array[:size]
            else:
                either = np.zeros(size, np.bool_)
                for vector in any_of:
                    either |= vector.array[:size]
                mask &= either
        for vector in self._forbidden:
            mask &= ~vector.array[:size]
        for names in self._group.member_of:
            mask &= self._members(names, size)
        if self._group.not_member_of:
            mask &= ~self._members(self._group.not_member_of, size)
        if self._group.in_tree is not None:
            home = self._table.index.get(self._group.in_tree)
            mask &= np.arange(size) == (-1 if home is None else home)
        return mask

    def _members(self, names: frozenset[AggregateId], size: int) -> Flags:
        mask = np.zeros(size, np.bool_)
        for name in names:
            members = self._table.aggregates.get(name, _NOBODY)
            mask[np.fromiter(members, np.int64, len(members))] = True
        return mask

    def _member(self, slot: int) -> bool:
        group, table = self._group, self._table
        if group.in_tree is not None and table.index.get(group.in_tree) != slot:
            return False
        own = table.aggregates_of[slot]
        return own.isdisjoint(group.not_member_of) and not any(own.isdisjoint(any_of) for any_of in group.member_of)

    def _learn_units(self) -> None:
        kinds = self._table.units.values
        for number, (_, amount) in enumerate(self._columns):
            allowed = bytearray(least <= amount <= most and amount % step == 0 for least, most, step in kinds)
            self._allowed[number] = None if all(allowed) else allowed
        self._units_known = len(kinds)


def _vectors(table: Table, names: frozenset[str]) -> list[Vector]:
    return [table.traits[name] for name in sorted(names) if name in table.traits]  # type: ignore[index]
