"""One group's way through the steps of an explanation: of many providers at once, or of one that stands alone."""

from typing import Final, NamedTuple

import numpy as np

from worker.placement.explanation import Step
from worker.placement.fleet.offers import Offers
from worker.placement.fleet.plot import Plot
from worker.placement.fleet.table import Table
from worker.placement.fleet.vector import Flags, Numbers, Slots
from worker.placement.ids import Amounts, ResourceClass
from worker.placement.request import Group, GroupName
from worker.placement.search.fits import UNNAMED

FEW_SHARE: Final = 8
"""Where less than the eighth part is left when it comes to the classes, they alone are looked at further."""


class Lack(NamedTuple):
    """Who lacks nothing but room for one class, and which part of what is requested."""

    resource_class: ResourceClass
    amount: int
    slots: Slots
    parts: Numbers

    def without(self, slots: Slots) -> "Lack":
        """Those that are none of these slots."""
        others = ~np.isin(self.slots, slots)
        return self._replace(slots=self.slots[others], parts=self.parts[others])


class Way:
    """The steps of one group; its `in_tree` must be a root.

    `steps`: what is counted, in order. `links`: how many of the steps come before those of the classes.
    """

    __slots__ = ("_allowed", "_asked", "_group", "_joint", "_table", "_units_known", "links", "name", "steps")

    def __init__(self, name: GroupName, group: Group, table: Table) -> None:
        self.name, self._group, self._table = name, group, table
        self._joint = name == UNNAMED
        self._asked = sorted(group.resources.items())
        links = [Step.ALL, Step.ENABLED, Step.IN_TREE, Step.AGGREGATES, Step.TRAITS]
        if not (self._joint or group.resources):
            links.remove(Step.ENABLED)
        self.links: Final = len(links)
        self.steps: Final[list[tuple[Step, ResourceClass | None]]] = [(step, None) for step in links] + [
            (step, name) for step in (Step.INVENTORY, Step.UNITS, Step.CAPACITY) for name, _ in self._asked
        ]
        self._units_known = 0
        self._allowed: list[Flags] = []

    def walk(self, plot: Plot, credit: Amounts) -> tuple[Numbers, list[Lack]]:
        """By position, how many steps are survived; and who nearly has room."""
        self._learn_units()
        offers = Offers(self._table, plot, joint=self._joint, steps=len(self.steps))
        self._walk_links(offers, plot)
        if plot.grove is None and FEW_SHARE * np.count_nonzero(offers.left) < plot.size:
            positions = np.flatnonzero(offers.left)
            few = Plot(self._table, plot.slots(positions))
            further = Offers(self._table, few, joint=False, steps=len(self.steps))
            lacks = self._walk_classes(further, few, credit)
            offers.survived[positions] += further.survived
            return offers.survived, lacks
        return offers.survived, self._walk_classes(offers, plot, credit)

    def look(self, slot: int, lacks: list[tuple[ResourceClass, int, float]]) -> int:
        """How many steps the provider of a plain tree survives that survives all before the classes.

        What it nearly has room for is added to `lacks`: the class, its amount and the part of it that is lacking.
        """
        self._learn_units()
        columns = [self._table.classes.get(name) for name, _ in self._asked]
        survived = self.links
        for one in columns:
            if one is None or one.capacity.view[slot] < 0:
                return survived
            survived += 1
        for one, allowed in zip(columns, self._allowed, strict=True):
            assert one is not None  # noqa: S101
            if not allowed[one.units.view[slot]]:
                return survived
            survived += 1
        return survived + self._look_for_room(slot, lacks)

    def _look_for_room(self, slot: int, lacks: list[tuple[ResourceClass, int, float]]) -> int:
        fits, before = 0, len(lacks)
        for number, (name, amount) in enumerate(self._asked):
            columns = self._table.classes[name]
            free = columns.capacity.view[slot] - columns.used.view[slot]
            if max(free, 0) < amount:
                lacks.append((name, amount, (amount - free) / amount))
            elif fits == number:
                fits += 1
        if not self._joint and len(lacks) > before + 1:
            del lacks[before:]
        return fits

    def _walk_links(self, offers: Offers, plot: Plot) -> None:
        table, group = self._table, self._group
        offers.count()
        if self._joint or group.resources:
            offers.strike(plot.column(table.enabled))
            offers.count()
        if group.in_tree is not None:
            offers.strike(plot.column(table.root) == table.index.get(group.in_tree, _NO_ROOT))
        offers.count()
        for names in group.member_of:
            offers.strike(plot.members(names, by_root=self._joint))
        if group.not_member_of:
            offers.strike(~plot.members(group.not_member_of, by_root=self._joint))
        offers.count()
        if group.forbidden:
            offers.strike(~plot.having(group.forbidden))
        for any_of in group.required:
            having = plot.having(any_of)
            if self._joint:
                offers.need(having)
            else:
                offers.strike(having)
        offers.count()

    def _walk_classes(self, offers: Offers, plot: Plot, credit: Amounts) -> list[Lack]:
        offers.open_classes(self._group.resources)
        for name, _ in self._asked:
            offers.need_class(name)
            offers.count()
        for (name, amount), allowed in zip(self._asked, self._allowed, strict=True):
            columns = self._table.classes.get(name)
            if columns is not None and not (allowed.all() and not credit):
                offers.strike_class(name, allowed[plot.column(columns.units)] | (plot.held(credit, name) >= amount))
            offers.count()
        rooms = [self._room(plot, credit, name, amount) for name, amount in self._asked]
        lacks = self._lacks(offers, plot, rooms)
        for (name, _), (has, _) in zip(self._asked, rooms, strict=True):
            offers.strike_class(name, has)
            offers.count()
        return lacks

    def _room(self, plot: Plot, credit: Amounts, name: ResourceClass, amount: int) -> tuple[Flags, Numbers]:
        """Whether there is room for the amount, and what is free for the one that has the credit."""
        columns = self._table.classes.get(name)
        if columns is None:
            return np.zeros(plot.size, np.bool_), np.zeros(plot.size, np.int64)
        free = plot.column(columns.capacity) - plot.column(columns.used)
        if not credit:
            return free >= amount, free
        held = plot.held(credit, name)
        return np.maximum(free, 0) + held >= amount, free + held

    def _lacks(self, offers: Offers, plot: Plot, rooms: list[tuple[Flags, Numbers]]) -> list[Lack]:
        lacking = [offers.lacking(name, has) for (name, _), (has, _) in zip(self._asked, rooms, strict=True)]
        if not self._joint and len(lacking) > 1:
            several = np.add.reduce([lacks.view(np.int8) for lacks in lacking]) > 1
            lacking = [lacks & ~several for lacks in lacking]
        told: list[Lack] = []
        for (name, amount), lacks, (_, free) in zip(self._asked, lacking, rooms, strict=True):
            positions = np.flatnonzero(lacks)
            told.append(Lack(name, amount, plot.slots(positions), (amount - free[positions]) / amount))
        return told

    def _learn_units(self) -> None:
        kinds = self._table.units.values
        if len(kinds) != self._units_known:
            self._units_known = len(kinds)
            self._allowed = [
                np.array([least <= amount <= most and amount % step == 0 for least, most, step in kinds])
                for _, amount in self._asked
            ]


_NO_ROOT: Final = -2
"""The slot of no root, not even of those that have none."""
