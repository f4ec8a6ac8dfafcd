"""Under which roots the groups of a request can be met together: the last three steps of an explanation."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from worker.placement.explanation import Left, Step
from worker.placement.fleet.bounds import Bounds
from worker.placement.fleet.counted import Counted
from worker.placement.fleet.plot import Plot
from worker.placement.fleet.vector import Flags, Slots
from worker.placement.fleet.view import View
from worker.placement.ids import Amounts, ResourceClass
from worker.placement.request import Request
from worker.placement.search.ask import ask_of
from worker.placement.search.find import has_candidate
from worker.placement.search.fits import UNNAMED

_STEPS: Final = (Step.TREE_MERGE, Step.GROUP_POLICY, Step.SAME_SUBTREE)


class Anchors:
    """How far each root gets, for a request whose `in_tree` are roots; only those of `within` get anywhere.

    A plain tree is one provider: it gets there if it meets each group alone and has room for the sum of them.
    """

    __slots__ = ("_ask", "_counted", "_far", "_requests", "_sums", "_view", "_within", "simple")

    def __init__(self, request: Request, view: View, within: set[int] | None) -> None:
        self._view, self._within = view, within
        merged = replace(request, group_policy="none", same_subtree=())
        self._requests = (merged, replace(request, same_subtree=()), request)
        self._ask = ask_of(merged)
        self._counted = Counted(len(_STEPS))
        self._sums = _sums(request)
        alone = [name for name, group in request.groups.items() if name != UNNAMED and group.resources]
        self._far = 1 if request.group_policy == "isolate" and len(alone) > 1 else len(_STEPS)
        unnamed = request.groups.get(UNNAMED)
        self.simple = bool(self._ask.wishes) and (unnamed is None or bool(unnamed.resources))

    @property
    def changed(self) -> bool:
        """Whether a count changed since `told`."""
        return self._counted.changed

    def told(self) -> tuple[Left, ...]:
        """How many are left after each step."""
        self._counted.changed = False
        return tuple(Left(step, left) for step, left in zip(_STEPS, self._counted.left(), strict=True))

    def begin(self, met: Slots) -> None:
        """Look at all roots; `met`: those of plain trees that meet all groups one by one."""
        table, forest = self._view.table, self._view.forest
        self._counted.put_all(np.zeros(table.size, np.uint8))
        if self.simple:
            self.put_plain(Plot(table, met), np.ones(len(met), np.bool_))
        self.search((forest.real if self.simple else forest.all).roots.tolist(), _NOBODY)

    def put_plain(self, plot: Plot, met: Flags) -> None:
        """Providers that stand alone, and whether each meets all groups one by one."""
        table, request = self._view.table, self._requests[0]
        good = met.copy()
        for trait in request.root_required:
            good &= plot.having(frozenset((trait,)))
        if request.root_forbidden:
            good &= ~plot.having(request.root_forbidden)
        for name, amount in self._sums:
            columns = table.classes.get(name)
            if columns is not None:
                most = np.array([units[1] for units in table.units.values])[plot.column(columns.units)]
                free = plot.column(columns.capacity) - plot.column(columns.used)
                good &= np.minimum(free, most) >= amount
        self._counted.put(plot.slots(), np.where(good, self._far, 0))

    def put_one(self, slot: int, *, met: bool) -> None:
        """A provider that stands alone, and whether it meets all groups one by one."""
        self._counted.put_one(slot, self._far if met and self._fits(slot) else 0)

    def search(self, roots: Collection[int], credit: Amounts) -> None:
        """Look again at these roots; with credit, all of them are looked at exactly."""
        asked = roots if self._within is None else self._within.intersection(roots)
        hopeful = asked if credit else self._hopeful(asked)
        self._counted.put(np.fromiter(roots, np.int64, len(roots)), np.zeros(len(roots), np.int64))
        for root in hopeful:
            self._counted.put_one(root, self._survived(root, credit))

    def _fits(self, slot: int) -> bool:
        table, request = self._view.table, self._requests[0]
        traits = table.traits_of[slot]
        if not request.root_required <= traits or not request.root_forbidden.isdisjoint(traits):
            return False
        for name, amount in self._sums:
            columns = table.classes[name]
            most = table.units.values[columns.units.view[slot]][1]
            if min(columns.capacity.view[slot] - columns.used.view[slot], most) < amount:
                return False
        return True

    def _hopeful(self, roots: Collection[int]) -> Sequence[int]:
        """Those under which there may be a candidate, with no credit."""
        forest = self._view.forest
        grove = (forest.real if self.simple else forest.all).only(roots)
        hopeful: list[int] = grove.roots[Bounds(self._ask, self._view.table, grove).possible()].tolist()
        return hopeful

    def _survived(self, root: int, credit: Amounts) -> int:
        tree, before = self._view.trees.tree(root), None
        for survived, request in enumerate(self._requests):
            if request != before and not has_candidate(request, tree, credit):
                return survived
            before = request
        return len(self._requests)


def _sums(request: Request) -> list[tuple[ResourceClass, int]]:
    """What is asked for of classes that several groups ask for."""
    asking: dict[ResourceClass, list[int]] = {}
    for group in request.groups.values():
        for name, amount in group.resources.items():
            asking.setdefault(name, []).append(amount)
    return [(name, sum(amounts)) for name, amounts in asking.items() if len(amounts) > 1]


_NOBODY: Final[Amounts] = {}
