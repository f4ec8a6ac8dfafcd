"""The first candidate of a fleet: requests of the same shape share what is remembered of the search."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import replace
from typing import Final

from worker.placement.explanation import Explanation, Left, Step
from worker.placement.fleet.explaining import explain
from worker.placement.fleet.shape import First, Shape, lone
from worker.placement.fleet.view import View
from worker.placement.ids import Amounts, ProviderId
from worker.placement.request import Candidate, Request, Strategy
from worker.placement.search.ask import Ask, ask_of, homed
from worker.placement.search.find import Found, has_candidate

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
        return self._choose_once(request, credit, seed, among)

    def promising(self, request: Request, credit: Amounts) -> list[ProviderId]:
        """Roots, sorted: at least all those under which there is a candidate."""
        roots = set(Shape(self._ask(request), self._view, within=self._named(request)).roots().tolist())
        return sorted(self._view.table.ids[root] for root in roots | self._view.roots_of(credit))

    def explain(self, request: Request, credit: Amounts) -> Explanation:
        """What `search.explain` tells."""
        here = homed(request, self._root_of)
        return explain(here, self._view, credit, tuple(self._anchors(here, credit)))

    def _anchors(self, request: Request, credit: Amounts) -> Iterator[Left]:
        """Anchors under which the groups can be met together; each step looks only at those left by the one before."""
        merged = replace(request, group_policy="none", same_subtree=())
        apart = self._view.roots_of(credit)
        left = set(Shape(ask_of(merged), self._view, within=self._named(merged)).roots().tolist()) | apart
        steps = (
            (Step.TREE_MERGE, merged),
            (Step.GROUP_POLICY, replace(request, same_subtree=())),
            (Step.SAME_SUBTREE, request),
        )
        for step, one in steps:
            left = {root for root in left if self._offers(one, root, {} if root not in apart else credit)}
            yield Left(step, len(left))

    def _offers(self, request: Request, root: int, credit: Amounts) -> bool:
        """Whether there is a candidate under a root that is promising."""
        if lone(request) and not credit and self._view.forest.plain.view[root]:
            return True
        return has_candidate(request, self._view.trees.tree(root), credit)

    def _choose_once(
        self, request: Request, credit: Amounts, seed: str, among: frozenset[ProviderId] | None
    ) -> Candidate | None:
        view = self._view
        apart = view.roots_of(credit)
        within = self._named(request)
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
        return ask_of(homed(request, self._root_of))

    def _root_of(self, provider: ProviderId) -> ProviderId | None:
        table = self._view.table
        slot = table.index.get(provider)
        return None if slot is None or not table.holds(slot) else table.ids[table.root.view[slot]]

    def _named(self, request: Request) -> set[int] | None:
        """The roots under which an `in_tree` of the request can be met; None: there is no `in_tree`."""
        view, named = self._view, None
        for group in request.groups.values():
            if group.in_tree is None:
                continue
            root = self._root_of(group.in_tree)
            here: set[int] = set()
            if root is not None:
                slot = view.table.index[root]
                served = [
                    view.roots_with(member) for member in view.forest.serves if view.table.root.view[member] == slot
                ]
                here = {slot}.union(*served)
            named = here if named is None else named & here
        return named

    def _roots(self) -> list[ProviderId]:
        table = self._view.table
        return [name for name, slot in table.index.items() if table.holds(slot) and table.root.view[slot] == slot]


def shape_key(request: Request) -> Hashable | None:
    """What two requests have in common that are searched for in the same way; None if a tree is named."""
    groups: list[Hashable] = []
    for name, group in request.groups.items():
        if group.in_tree is not None:
            return None
        amounts = frozenset(group.resources.items())
        groups.append((name, amounts, group.required, group.forbidden, group.member_of, group.not_member_of))
    return (
        tuple(groups), request.strategy, request.group_policy, request.same_subtree, request.root_required,
        request.root_forbidden, frozenset(request.preferred.items()),
    )  # fmt: skip


def _looked(found: Found | None) -> First | None:
    return None if found is None else First(found.rank, found.candidate.anchor, found.candidate)


_NOWHERE: Final[set[int]] = set()
