"""The first candidate of a fleet: requests of the same shape share what is remembered of the search."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace
from typing import Final

from worker.placement.fleet.keys import shape_key
from worker.placement.fleet.shape import First, Shape
from worker.placement.fleet.view import View
from worker.placement.ids import Amounts, ProviderId
from worker.placement.request import Candidate, Request, Strategy
from worker.placement.search.ask import Ask, ask_of, homed
from worker.placement.search.find import Found

SHAPES_MAX: Final = 256
"""Shapes remembered, the latest used: some hundred kilobytes each at most."""
APART_MAX: Final = 64
"""Trees in which a consumer holds something that are looked at beside a remembered shape."""


class Chooser:
    """Chooses as `order.choose` does in a settled forest, from what phase one of it would find."""

    __slots__ = ("_last_among", "_shapes", "_view")

    def __init__(self, view: View) -> None:
        self._view = view
        self._shapes: OrderedDict[Hashable, Shape] = OrderedDict()
        self._last_among: tuple[frozenset[ProviderId] | None, int, set[int]] = None, -1, set()

    def choose(
        self, request: Request, credit: Amounts, seed: str, among: frozenset[ProviderId] | None
    ) -> Candidate | None:
        """The first candidate by the request's strategy, of those that differ in kind."""
        if not credit and among is None:
            shape = self._remembered(request)
            if shape is not None:
                first = shape.first(_NOWHERE)
                return None if first is None else first.candidate
            if self._barren(request):
                return None
            found = self._choose_once(request, credit, seed, among)
            if found is None:
                self._remembered(replace(request, strategy=Strategy.FIRST, preferred={}))
            return found
        return self._choose_once(request, credit, seed, among)

    def promising(self, request: Request, credit: Amounts) -> list[ProviderId]:
        """Roots, sorted: at least all those under which there is a candidate."""
        roots = set(Shape(self._ask(request), self._view, within=self._view.named(request)).roots().tolist())
        return sorted(self._view.table.ids[root] for root in roots | self._view.roots_of(credit))

    def _choose_once(
        self, request: Request, credit: Amounts, seed: str, among: frozenset[ProviderId] | None
    ) -> Candidate | None:
        view = self._view
        apart = view.roots_of(credit)
        within = self._view.named(request)
        if among is not None:
            within = self._roots_of(among) if within is None else within & self._roots_of(among)
        shape = self._remembered(request) if among is None and len(apart) <= APART_MAX else None
        if within is not None:
            apart &= within
        if shape is None:
            if len(apart) > APART_MAX and within is None:
                within = {view.table.index[name] for name in self._roots()} - apart
            seed = seed if request.seed is None else request.seed
            shape = Shape(self._ask(request), view, seed, None if within is None else within - apart, among)
        found = [shape.first(apart), *(_looked(shape.look(root, credit)) for root in apart)]
        firsts = [first for first in found if first is not None]
        return min(firsts, key=lambda first: (-first.rank, first.anchor)).candidate if firsts else None

    def _barren(self, request: Request) -> bool:
        """Whether it is known that nothing is found, as it was for the like of it: which is first does not matter."""
        key = shape_key(replace(request, strategy=Strategy.FIRST, preferred={}))
        shape = None if key is None else self._shapes.get(key)
        return shape is not None and shape.first(_NOWHERE) is None

    def _roots_of(self, among: frozenset[ProviderId]) -> set[int]:
        """Where these may give, remembered for the last set: a batch that is decided again asks for each claim."""
        known, looks, roots = self._last_among
        if known is not among or looks != self._view.looks:
            roots = self._view.roots_of(among)
            self._last_among = among, self._view.looks, roots
        return roots

    def _remembered(self, request: Request) -> Shape | None:
        """The shape of a request, made on first use; None if it is to be used once only."""
        if request.strategy is Strategy.RANDOM:
            return None
        key = shape_key(request)
        if key is None:
            return None
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = Shape(self._ask(request), self._view)
            if len(self._shapes) > SHAPES_MAX:
                self._shapes.popitem(last=False)
        else:
            self._shapes.move_to_end(key)
        return shape

    def _ask(self, request: Request) -> Ask:
        return ask_of(homed(request, self._view.root_of))

    def _roots(self) -> list[ProviderId]:
        table = self._view.table
        return [name for name, slot in table.index.items() if table.holds(slot) and table.root.view[slot] == slot]


def _looked(found: Found | None) -> First | None:
    return None if found is None else First(found.rank, found.candidate.anchor, found.candidate)


_NOWHERE: Final[set[int]] = set()
