"""Why one request finds nothing or little, remembered: after a change only the providers changed are looked at."""

from collections.abc import Collection, Mapping, Set
from typing import Final

import numpy as np

from worker.placement.explanation import Explanation, Left, Miss
from worker.placement.fleet.anchors import Anchors
from worker.placement.fleet.counted import Counted
from worker.placement.fleet.grove import Grove
from worker.placement.fleet.nearby import Nearby
from worker.placement.fleet.plot import Plot
from worker.placement.fleet.vector import Flags, Slots
from worker.placement.fleet.view import View
from worker.placement.fleet.way import Lack, Way
from worker.placement.ids import Amounts, ResourceClass
from worker.placement.request import GroupName, Request
from worker.placement.search.fits import UNNAMED
from worker.placement.search.misses import miss

SINGLY_MAX: Final = 24
"""Plain providers looked at one by one; with more of them all at once is as quick."""
ANEW_FIRST: Final = 256
ANEW_SHARE: Final = 32
"""With more changed than `ANEW_FIRST` and this part of all it is quicker to look at all anew."""


class Reasons:
    """The explanation of one request, whose `in_tree` are roots; only roots of `within` are anchors."""

    __slots__ = (
        "_anchors", "_counted", "_joint", "_lefts", "_looks", "_nearby", "_pending", "_position", "_told", "_version",
        "_view", "_ways",
    )  # fmt: skip

    def __init__(self, request: Request, view: View, within: set[int] | None = None) -> None:
        self._view = view
        self._ways = [Way(name, request.groups[name], view.table) for name in sorted(request.groups)]
        self._counted = [Counted(len(way.steps)) for way in self._ways]
        self._lefts: dict[GroupName, tuple[Left, ...]] = {}
        self._anchors = Anchors(request, view, within)
        self._nearby = Nearby(view.table)
        self._joint = UNNAMED in request.groups
        self._position = self._looks = self._version = -1
        self._pending: Set[int] = _NONE
        self._told: Explanation | None = None

    def told(self, credit: Amounts) -> Explanation:
        """The explanation as of now: the same object as last time where nothing of it has changed."""
        self._catch_up()
        apart = self._view.roots_of(credit) if credit else _NONE
        if apart:
            self._look_again(apart, credit)
        if self._nearby.spent:
            self._begin(self._lacks_max(apart))
            self._look_again(apart, credit)
        self._pending = apart
        return self._tell(credit)

    def _tell(self, credit: Amounts) -> Explanation:
        known = self._told
        changed = self._anchors.changed or any(counted.changed for counted in self._counted)
        if known is not None and not changed and not self._nearby.dirty:
            return known
        for way, counted in zip(self._ways, self._counted, strict=True):
            if counted.changed:
                steps = zip(way.steps, counted.left(), strict=True)
                self._lefts[way.name] = tuple(Left(step, left, name) for (step, name), left in steps)
                counted.changed = False
        anchors = self._anchors.told() if known is None or self._anchors.changed else known.trees
        nearest = self._misses(credit) if known is None or self._nearby.dirty else known.nearest
        self._nearby.dirty = False
        self._told = Explanation(dict(self._lefts), anchors, nearest)
        return self._told

    def _misses(self, credit: Amounts) -> tuple[Miss, ...]:
        trees = self._view.trees
        return tuple(
            miss(group, trees.row(slot), name, amount, credit.get(provider, _NOTHING).get(name, 0))
            for _, group, provider, name, slot, amount in self._nearby.told()
        )

    def _catch_up(self) -> None:
        view, before = self._view, self._looks
        log = view.changes.since(self._position)
        self._position, self._looks = view.changes.end, view.looks
        if log is None or self._version != view.forest.version:
            self._begin(0)
            return
        if before == self._looks and len(log):
            log = log[self._minds(log)]
        if not len(log) and not self._pending:
            return
        changed = {*log.tolist(), *self._pending}
        self._pending = _NONE
        if len(changed) > ANEW_FIRST + view.table.size // ANEW_SHARE:
            self._begin(0)
        elif before == self._looks:
            self._look_at_use(changed)
        else:
            self._look_again(changed, _NOBODY)

    def _minds(self, roots: Slots) -> Flags:
        """Where it may matter that inventories have changed: no plain trees, or such as get as far as the classes."""
        minds: Flags = ~self._view.forest.plain.array[roots]
        for way, counted in zip(self._ways, self._counted, strict=True):
            minds |= counted.survived.array[roots] >= way.links
        return minds

    def _begin(self, beyond: int) -> None:
        """Look at all there is, as if nobody had any credit."""
        view, whole = self._view, Plot(self._view.table)
        self._version = view.forest.version
        together = self._joint and len(view.forest.real.roots)
        jointly = Plot.of_trees(view.table, view.forest.jointly) if together else None
        met = view.forest.plain.array[: whole.size].copy()
        lacks: list[tuple[GroupName, Lack]] = []
        for way, counted in zip(self._ways, self._counted, strict=True):
            survived, lacking = way.walk(whole, _NOBODY)
            met &= survived == len(way.steps)
            if jointly is not None and way.name == UNNAMED:
                survived[jointly.slots()], more = way.walk(jointly, _NOBODY)
                lacking = [lack.without(jointly.slots()) for lack in lacking] + more
            counted.put_all(survived)
            lacks.extend((way.name, lack) for lack in lacking)
        self._nearby.take(lacks, beyond)
        self._anchors.begin(np.flatnonzero(met))

    def _look_at_use(self, changed: Collection[int]) -> None:
        """Look at the providers of these trees, of which nothing but inventories has changed."""
        forest = self._view.forest
        plain, serves = forest.plain.view, forest.serves
        lone = [root for root in changed if plain[root] and root not in serves]
        if len(lone) > SINGLY_MAX or not self._anchors.simple:
            self._look_again(changed, _NOBODY)
            return
        for slot in lone:
            self._look(slot)
        if len(lone) < len(changed):
            self._look_again(set(changed).difference(lone), _NOBODY)

    def _look(self, slot: int) -> None:
        met = True
        self._nearby.forget(slot)
        for way, counted in zip(self._ways, self._counted, strict=True):
            survived = counted.survived.view[slot]
            if survived >= way.links:
                lacks: list[tuple[ResourceClass, int, float]] = []
                survived = way.look(slot, lacks)
                counted.put_one(slot, survived)
                for name, amount, part in lacks:
                    self._nearby.see(way.name, slot, name, amount, part)
            met &= survived == len(way.steps)
        self._anchors.put_one(slot, met=met)

    def _look_again(self, roots: Collection[int], credit: Amounts) -> None:
        """Look at all of these trees, and at those connected with them where they matter to each other."""
        if not roots:
            return
        view = self._view
        lone, trees = self._parted(roots)
        if len(lone):
            plot = Plot(view.table, lone)
            met = self._walk(plot, credit)
            if self._anchors.simple and not credit:
                self._anchors.put_plain(plot, met & view.forest.plain.array[lone])
            else:
                self._anchors.search(lone.tolist(), credit)
        if len(trees):
            self._walk(Plot.of_trees(view.table, self._kin(trees)), credit)
            self._anchors.search(trees.tolist(), credit)

    def _walk(self, plot: Plot, credit: Amounts) -> Flags:
        """By position, whether all steps of all groups are survived."""
        slots = plot.slots()
        for slot in slots.tolist():
            self._nearby.forget(slot)
        met = np.ones(plot.size, np.bool_)
        for way, counted in zip(self._ways, self._counted, strict=True):
            survived, lacks = way.walk(plot, credit)
            counted.put(slots, survived)
            met &= survived == len(way.steps)
            for lack in lacks:
                self._nearby.see_all(way.name, lack)
        return met

    def _parted(self, roots: Collection[int]) -> tuple[Slots, Slots]:
        """The roots of real trees apart from the others."""
        some = np.fromiter(roots, np.int64, len(roots))
        real = self._view.forest.real.holds(some)
        return some[~real], some[real]

    def _kin(self, trees: Slots) -> Grove:
        forest = self._view.forest
        return forest.jointly.only(forest.kin.of(trees.tolist())) if self._joint else forest.real.only(trees.tolist())

    def _lacks_max(self, roots: Collection[int]) -> int:
        lone, trees = self._parted(roots)
        return (len(lone) + len(self._kin(trees).slots)) * sum(len(way.steps) for way in self._ways)


_NONE: Final[Set[int]] = frozenset()
_NOBODY: Final[Amounts] = {}
_NOTHING: Final[Mapping[ResourceClass, int]] = {}
