"""Why a request finds nothing or little, told from the columns: what `search.explain` tells, without a row each."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from worker.placement.explanation import NEAREST_MAX, Explanation, Left, Miss, Step
from worker.placement.fleet.leaders import foremost
from worker.placement.fleet.offers import Offers
from worker.placement.fleet.vector import Flags, Numbers
from worker.placement.fleet.view import View
from worker.placement.ids import AggregateId, Amounts, ResourceClass
from worker.placement.request import Group, GroupName, Request
from worker.placement.search.fits import UNNAMED
from worker.placement.search.misses import miss, nearest


def explain(request: Request, view: View, credit: Amounts, anchors: tuple[Left, ...]) -> Explanation:
    """What `search.explain` tells; `anchors`: the steps of the whole request. Each `in_tree` must be a root."""
    groups: dict[GroupName, tuple[Left, ...]] = {}
    misses: list[Miss] = []
    for name in sorted(request.groups):
        groups[name], near = Steps(name, request.groups[name], view, credit).told()
        misses.extend(near)
    return Explanation(groups, anchors, nearest(misses))


class Steps:
    """One group's way through the steps, in a settled forest; its `in_tree` must be a root."""

    __slots__ = ("_asked", "_credit", "_group", "_held", "_joint", "_name", "_offers", "_table", "_together", "_view")

    def __init__(self, name: GroupName, group: Group, view: View, credit: Amounts) -> None:
        self._name, self._group, self._view, self._table, self._credit = name, group, view, view.table, credit
        self._joint = name == UNNAMED
        # where every provider stands alone, meeting a group jointly is meeting it alone
        self._together = self._joint and bool(len(view.forest.real.roots))
        self._offers = Offers(view.table, view.forest.all, joint=self._together)
        self._asked = sorted(group.resources.items())
        self._held = {resource_class: self._held_of(resource_class) for resource_class, _ in self._asked}

    def told(self) -> tuple[tuple[Left, ...], list[Miss]]:
        """What is left after each step, and the nearest of those struck for want of room for one class."""
        told = [Left(Step.ALL, self._offers.count()), *self._links()]
        self._offers.open_classes(self._group.resources)
        for name, _ in self._asked:
            self._offers.need_class(name)
            told.append(Left(Step.INVENTORY, self._offers.count(), name))
        for name, amount in self._asked:
            self._offers.strike_class(name, self._units(name, amount))
            told.append(Left(Step.UNITS, self._offers.count(), name))
        misses = list(self._misses())
        for name, amount in self._asked:
            self._offers.strike_class(name, self._room(name, amount))
            told.append(Left(Step.CAPACITY, self._offers.count(), name))
        return tuple(told), misses

    def _links(self) -> Iterator[Left]:
        table, group, offers = self._table, self._group, self._offers
        if self._joint or group.resources:
            offers.strike(table.enabled.array[: table.size])
            yield Left(Step.ENABLED, offers.count())
        if group.in_tree is not None:
            offers.strike(table.root.array[: table.size] == table.index.get(group.in_tree, _NO_ROOT))
        yield Left(Step.IN_TREE, offers.count())
        for names in group.member_of:
            offers.strike(self._members(names))
        if group.not_member_of:
            offers.strike(~self._members(group.not_member_of))
        yield Left(Step.AGGREGATES, offers.count())
        if group.forbidden:
            offers.strike(~table.having(group.forbidden))
        for any_of in group.required:
            (offers.need if self._together else offers.strike)(table.having(any_of))
        yield Left(Step.TRAITS, offers.count())

    def _members(self, names: frozenset[AggregateId]) -> Flags:
        members = self._table.members(names)
        return members | members[self._table.root.array[: self._table.size]] if self._joint else members

    def _misses(self) -> Iterator[Miss]:
        lacks = {
            name: self._offers.left & self._offers.classes[name] & ~self._room(name, amount)
            for name, amount in self._asked
        }
        several = sum((lack.astype(np.int64) for lack in lacks.values()), np.zeros(self._table.size, np.int64)) > 1
        for name, amount in self._asked:
            slots = np.flatnonzero(lacks[name] if self._joint else lacks[name] & ~several)
            if not len(slots):
                continue
            columns = self._table.classes[name]
            free = columns.capacity.array[slots] - columns.used.array[slots] + self._held[name][slots]
            first = foremost(self._table, slots, (amount - free) / amount, NEAREST_MAX)
            for slot in slots[first].tolist():
                row = self._view.trees.row(slot)
                yield miss(self._name, row, name, amount, int(self._held[name][slot]))

    def _units(self, name: ResourceClass, amount: int) -> Flags:
        table = self._table
        if name not in table.classes:
            return np.zeros(table.size, np.bool_)
        kinds = table.units.values
        allowed = np.array([least <= amount <= most and amount % step == 0 for least, most, step in kinds])
        passing: Flags = allowed[table.classes[name].units.array[: table.size]] | (self._held[name] >= amount)
        return passing

    def _room(self, name: ResourceClass, amount: int) -> Flags:
        table = self._table
        if name not in table.classes:
            return np.zeros(table.size, np.bool_)
        columns = table.classes[name]
        free = columns.capacity.array[: table.size] - columns.used.array[: table.size]
        return np.asarray(np.maximum(free, 0) + self._held[name] >= amount)

    def _held_of(self, name: ResourceClass) -> Numbers:
        held = np.zeros(self._table.size, np.int64)
        for provider, amounts in self._credit.items():
            if provider in self._table.index:
                held[self._table.index[provider]] = amounts.get(name, 0)
        return held


_NO_ROOT: Final = -2
