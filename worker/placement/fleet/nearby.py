"""The misses of one request that lack the smallest part, kept in order while providers change."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from heapq import merge
from itertools import islice
from typing import Final

import numpy as np

from worker.placement.explanation import NEAREST_MAX
from worker.placement.fleet.leaders import foremost
from worker.placement.fleet.table import Table
from worker.placement.fleet.way import Lack
from worker.placement.ids import ProviderId, ResourceClass
from worker.placement.request import GroupName

COUNT_FIRST: Final = 2 * NEAREST_MAX
"""Misses kept of a request seen for the first time; each time too few of them are left there are `COUNT_GROWTH` times
as many."""
COUNT_GROWTH: Final = 4
COUNT_MAX: Final = 640
ORDER_MAX: Final = 4_096
"""Misses kept at most, those that came nearer included; with more of them the furthest are given up."""

Near = tuple[float, GroupName, ProviderId, ResourceClass, int, int]
"""A miss: what `misses.nearest` orders by, then the slot and the amount requested."""


class Nearby:
    """The nearest misses as of the last `take`, and those that came nearer since. What is not kept is further away
    than `_last`, unless that is None: then all are kept.

    `dirty`: those that are told may differ from when this was last set to False.
    """

    __slots__ = ("_by_slot", "_count", "_last", "_order", "_table", "dirty")

    def __init__(self, table: Table) -> None:
        self._table = table
        self._count = COUNT_FIRST
        self._order: list[Near] = []
        self._by_slot: dict[int, list[Near]] = {}
        self._last: Near | None = None
        self.dirty = True

    @property
    def spent(self) -> bool:
        """Whether a nearest one may be missing: then all are to be taken again."""
        return self._last is not None and len(self._order) < NEAREST_MAX

    def told(self) -> Sequence[Near]:
        """The nearest, in order, as many as are told of."""
        return self._order[:NEAREST_MAX]

    def take(self, lacks: Iterable[tuple[GroupName, Lack]], beyond: int) -> None:
        """Begin anew with the nearest of these, `beyond` more than usual."""
        keep = self._count + beyond
        self._count = min(self._count * COUNT_GROWTH, COUNT_MAX)
        total, firsts = 0, []
        for group, lack in lacks:
            total += len(lack.slots)
            first = foremost(self._table, lack.slots, lack.parts, keep)
            firsts.append(self._named(group, lack, first.tolist()))
        self._order = list(islice(merge(*firsts), keep))
        self._last = self._order[-1] if total > len(self._order) else None
        self._by_slot = {}
        for near in self._order:
            self._by_slot.setdefault(near[4], []).append(near)
        self.dirty = True

    def forget(self, slot: int) -> None:
        """What was known of a slot holds no more."""
        for near in self._by_slot.pop(slot, ()):
            at = bisect_left(self._order, near)
            del self._order[at]
            self.dirty |= at < NEAREST_MAX

    def see_all(self, group: GroupName, lack: Lack) -> None:
        """These lack something, who were forgotten before."""
        ahead: Iterable[int] = range(len(lack.slots))
        if self._last is not None:
            ahead = np.flatnonzero(lack.parts <= self._last[0]).tolist()
        for near in self._named(group, lack, ahead):
            self._see(near)

    def see(self, group: GroupName, slot: int, resource_class: ResourceClass, amount: int, part: float) -> None:
        """This one lacks something, who was forgotten before."""
        self._see((part, group, self._table.ids[slot], resource_class, slot, amount))

    def _see(self, near: Near) -> None:
        if self._last is not None and near > self._last:
            return
        insort(self._order, near)
        self._by_slot.setdefault(near[4], []).append(near)
        self.dirty |= bisect_left(self._order, near) < NEAREST_MAX
        if len(self._order) > ORDER_MAX:
            self._keep(self._order[:COUNT_MAX])

    def _keep(self, order: list[Near]) -> None:
        self._order, self._last = order, order[-1]
        self._by_slot = {}
        for near in order:
            self._by_slot.setdefault(near[4], []).append(near)

    def _named(self, group: GroupName, lack: Lack, positions: Iterable[int]) -> list[Near]:
        ids, name, amount = self._table.ids, lack.resource_class, lack.amount
        slots, parts = lack.slots, lack.parts
        places = [(float(parts[at]), int(slots[at])) for at in positions]
        return [(part, group, ids[slot], name, slot, amount) for part, slot in places]
